"""Values of the losses of boxes that can be worked out by hand, at the edges too."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lossctl.catalogue.families.detection import ciou_box, diou_box, giou_box, iou_box

ALL = [iou_box, giou_box, diou_box, ciou_box]
RANGES = {iou_box: 1, giou_box: 2, diou_box: 2, ciou_box: 3}
ROOT3 = math.sqrt(3)


def of_one(loss, prediction, target, **options):
    """Compute the loss of a single pair of boxes."""
    pair = (np.array([box], dtype=float) for box in (prediction, target))
    (number,) = loss(*pair, **options).tolist()
    return number


def close(expected):
    """Equal but for a few rounding steps."""
    return pytest.approx(expected, rel=4e-15, abs=0)


@pytest.mark.parametrize(
    ("prediction", "target", "iou", "giou", "diou"),
    [
        # 1 of 7; 2 of 9 not covered; centres √2 apart in a diagonal of √18
        ([0, 0, 2, 2], [1, 1, 3, 3], 6 / 7, 6 / 7 + 2 / 9, 6 / 7 + 1 / 9),
        # the same beside the origin
        ([-3, -3, -1, -1], [-2, -2, 0, 0], 6 / 7, 6 / 7 + 2 / 9, 6 / 7 + 1 / 9),
        # one in a corner of the other: 4 of 16; nothing uncovered; √2 in √32
        ([0, 0, 4, 4], [0, 0, 2, 2], 3 / 4, 3 / 4, 3 / 4 + 1 / 16),
        # one in the middle of the other
        ([0, 0, 4, 4], [1, 1, 3, 3], 3 / 4, 3 / 4, 3 / 4),
        # side by side: nothing common, nothing uncovered; 2 in √20
        ([0, 0, 2, 2], [2, 0, 4, 2], 1, 1, 1 + 4 / 20),
        # apart: 4 of 4 × 1 less 2; 3 in √17
        ([0, 0, 1, 1], [3, 0, 4, 1], 1, 1 + 1 / 2, 1 + 9 / 17),
        # corner to corner: 2 of 4; √2 in √8
        ([0, 0, 1, 1], [1, 1, 2, 2], 1, 1 + 1 / 2, 1 + 1 / 4),
    ],
)
def test_boxes_of_one_aspect_ratio_by_hand(prediction, target, iou, giou, diou):
    for pair in ((prediction, target), (target, prediction)):
        assert of_one(iou_box, *pair) == close(iou)
        assert of_one(giou_box, *pair) == close(giou)
        assert of_one(diou_box, *pair) == close(diou)
        assert of_one(ciou_box, *pair) == close(diou)


@pytest.mark.parametrize(
    ("prediction", "target", "expected"),
    [
        # arctan 1 = π/4 and arctan √3 = π/3: v = 4/π² (π/12)² = 1/36; the centres are (√3 - 1) / 2
        # apart in a diagonal of √(3 + 1)
        (
            [0, 0, 1, 1],
            [0, 0, ROOT3, 1],
            (1 - 1 / ROOT3) + (ROOT3 - 1) ** 2 / 16 + (1 / 36) ** 2 / (1 - 1 / ROOT3 + 1 / 36),
        ),
        # a cross of √3 × 1 about one centre: 1 of 2 √3 - 1; arctan √3 = π/3, arctan 1/√3 = π/6:
        # v = 4/π² (π/6)² = 1/9
        (
            [-ROOT3 / 2, -0.5, ROOT3 / 2, 0.5],
            [-0.5, -ROOT3 / 2, 0.5, ROOT3 / 2],
            (1 - 1 / (2 * ROOT3 - 1)) + (1 / 81) / (1 - 1 / (2 * ROOT3 - 1) + 1 / 9),
        ),
        # a line across and a line down: IoU 0, v = 1, so ½; centres half a diagonal apart: ¼
        ([0, 0, 1e150, 1e-150], [0, 0, 1e-150, 1e150], 1 + 1 / 4 + 1 / 2),
    ],
)
def test_ciou_of_other_aspect_ratios_by_hand(prediction, target, expected):
    assert of_one(ciou_box, prediction, target) == close(expected)
    assert of_one(ciou_box, target, prediction) == close(expected)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        # with 1 added below: 1 of 8, 2 of 10, 2 of 19
        (iou_box, 7 / 8),
        (giou_box, 7 / 8 + 2 / 10),
        (diou_box, 7 / 8 + 2 / 19),
        (ciou_box, 7 / 8 + 2 / 19),
    ],
)
def test_eps_is_added_to_each_denominator(loss, expected):
    assert of_one(loss, [0, 0, 2, 2], [1, 1, 3, 3], eps=1.0) == close(expected)


def test_eps_is_added_in_the_factor_of_the_aspect_ratio_too():
    # 2 of 4 + ½; centres ½ apart: ¼ of 4 + 4 + ½; arctan 1 = π/4 and arctan ½
    v = 4 / math.pi**2 * (math.pi / 4 - math.atan(0.5)) ** 2
    expected = 5 / 9 + 1 / 34 + v * v / (5 / 9 + v + 0.5)
    assert of_one(ciou_box, [0, 0, 1, 2], [0, 0, 2, 2], eps=0.5) == close(expected)


BOXES = [
    [2.8, 4.6, 9.4, 5.1],
    [1.2, 5.2, 4.2, 6.4],
    [4.1, 0.7, 8.1, 5.8],
    [1.0, 9.9, 5.6, 11.4],
    [6.4, 2.7, 10.4, 5.4],
]
TRUE_BOXES = [
    [2.6, 6.2, 10.5, 8.8],
    [6.9, 7.0, 10.8, 9.8],
    [7.7, 1.8, 8.5, 4.1],
    [7.5, 2.5, 10.4, 7.3],
    [6.7, 2.9, 10.2, 5.1],
]
OF_TORCHVISION = {
    # torchvision 0.28.0: 1 - box_iou, and the losses with their eps of 1e-7
    iou_box: [1.0, 1.0, 0.9568480300187618, 1.0, 0.2870370370370374],
    giou_box: [
        1.281494875583198,
        1.6711956506539953,
        1.0067589034390292,
        1.7511355477514519,
        0.2870370436385461,
    ],
    diou_box: [
        1.0902560898310356,
        1.3934212845098648,
        1.046995704697364,
        1.3878080799738568,
        0.287251728051536,
    ],
    ciou_box: [
        1.090809402461142,
        1.3939730575170284,
        1.0489501864512394,
        1.4228446030675692,
        0.2872523723239174,
    ],
}


@pytest.mark.parametrize("loss", ALL)
def test_torchvision_has_the_same_numbers(loss):
    eps = 0.0 if loss is iou_box else 1e-7
    found = loss(np.array(BOXES), np.array(TRUE_BOXES), eps=eps)
    assert found.tolist() == pytest.approx(OF_TORCHVISION[loss], rel=2e-15)


@pytest.mark.parametrize("loss", ALL)
def test_the_same_box_costs_exactly_nothing(loss):
    corners = np.random.default_rng(2).normal(size=(300, 2))
    sizes = np.random.default_rng(3).exponential(size=(300, 2))
    boxes = np.hstack([corners, corners + sizes])
    for factor in (1.0, 1e150, 1e-150):
        assert not loss(factor * boxes, factor * boxes.copy()).any()


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e-9, 1e9, 1e150, 1e300])
@pytest.mark.parametrize("loss", ALL)
def test_the_unit_of_the_boxes_does_not_matter(loss, scale):
    # with areas that vanish or overflow, in units of scale²
    pair = np.array([[0.0, 1.0, 2.0, 3.0]]), np.array([[1.0, 0.5, 3.0, 1.5]])
    scaled = (scale * boxes for boxes in pair)
    assert loss(*scaled) == pytest.approx(loss(*pair), rel=1e-14)


@pytest.mark.parametrize("loss", [iou_box, giou_box])
def test_each_axis_may_have_its_own_unit(loss):
    pair = np.array([[0.0, 1.0, 2.0, 3.0]]), np.array([[1.0, 0.5, 3.0, 1.5]])
    stretched = (boxes * [1e-300, 1e300, 1e-300, 1e300] for boxes in pair)
    assert loss(*stretched) == pytest.approx(loss(*pair), rel=1e-14)


@pytest.mark.parametrize(
    ("loss", "expected"), [(iou_box, 1), (giou_box, 2), (diou_box, 2), (ciou_box, 2)]
)
def test_small_boxes_at_opposite_ends_of_the_plane(loss, expected):
    far = [1e150, 1e150, math.nextafter(1e150, math.inf), math.nextafter(1e150, math.inf)]
    assert of_one(loss, [0, 0, 1e-150, 1e-150], far) == close(expected)


@pytest.mark.parametrize("loss", ALL)
def test_a_line_across_and_a_line_down_share_nothing(loss):
    # The areas, the common one above all, are far below the least float.
    number = of_one(loss, [0, 0, 1e150, 5e-324], [0, 0, 5e-324, 1e150])
    assert number == close({iou_box: 1, giou_box: 2, diou_box: 1.25, ciou_box: 1.75}[loss])


@pytest.mark.parametrize("eps", [0.0, 1e-7, 1e3])
@pytest.mark.parametrize("loss", ALL)
def test_the_loss_stays_in_its_range(loss, eps):
    generator = np.random.default_rng(4)
    edges = [0.0, 5e-324, 1e-200, -1e-200, 1.0, -1.0, 1.5, 3.0, 1e9, 1e150, -1e150, 1e308, -1e308]
    drawn = np.sort(generator.choice(edges, size=(2, 4000, 2, 2)), axis=2).reshape(2, 4000, 4)
    whole = (drawn[..., 2:] > drawn[..., :2]).all(axis=(0, 2))
    prediction, target = drawn[:, whole]
    with np.errstate(over="ignore"):
        found = loss(prediction, target, eps=eps)
        swapped = loss(target, prediction, eps=eps)
    assert len(found) > 1000
    assert found.min() >= 0.0
    assert found.max() <= RANGES[loss]
    assert np.abs(found - swapped).max() <= 4e-16
