"""Losses of distances from boundaries: values that can be worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

import lossctl
from lossctl.catalogue.families.segmentation.centre_lines import cldice
from lossctl.catalogue.families.segmentation.surface import _distances, boundary, hausdorff_distance
from lossctl.errors import UsageError

LN2, LN3 = math.log(2), math.log(3)
INF = math.inf


def close(expected):
    """Equal but for a few rounding steps, however small the number."""
    return pytest.approx(expected, rel=4e-15, abs=0)


OF_IMAGES = {"boundary": boundary, "hausdorff_distance": hausdorff_distance, "cldice": cldice}


def image(*lines):
    """Make a stack of one image of lines of digits."""
    return np.array([[[float(digit) for digit in line] for line in lines]])


BLOCK = image("00000", "01110", "01110", "01110", "00000")


def test_distances_by_hand():
    # the middle of the block is 2 away from what is around it; its rim 1
    inside = _distances(BLOCK[:, None] > 0.5)[0, 0]
    expected = [[0, 0, 0, 0, 0], [0, 1, 1, 1, 0], [0, 1, 2, 1, 0], [0, 1, 1, 1, 0], [0, 0, 0, 0, 0]]
    assert inside.tolist() == expected
    # a single pixel seen from elsewhere, where the way is a diagonal
    dot = image("1000", "0000", "0000")
    roots = [[0, 1, 4, 9], [1, 2, 5, 10], [4, 5, 8, 13]]
    assert _distances(dot[:, None] < 0.5)[0, 0].tolist() == np.sqrt(roots).tolist()


@pytest.mark.parametrize("share", [0.02, 0.2, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("shape", [(1, 9), (9, 1), (7, 12), (13, 5)])
def test_distances_are_those_to_the_nearest_of_all_pixels(shape, share):
    generator = np.random.default_rng(8)
    masks = generator.random((6, 2, *shape)) < share
    places = list(np.ndindex(shape))
    for mask, found in zip(
        masks.reshape(12, *shape), _distances(masks).reshape(12, *shape), strict=True
    ):
        others = [place for place in places if not mask[place]]
        if not others or len(others) == len(places):
            assert not found.any()  # there is no boundary
            continue
        expected = [min(math.dist(place, other) for other in others) for place in places]
        assert found.reshape(-1).tolist() == pytest.approx(expected, rel=2e-16, abs=0)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        # outside: corners √2, the other pixels of the frame 1; inside: rim 0, middle -1
        (["11111", "11111", "11111", "11111", "11111"], (4 * math.sqrt(2) + 12 - 1) / 25),
        (["00000", "01110", "01110", "01110", "00000"], -1 / 25),
        (["00000", "00000", "00100", "00000", "00000"], -1 / 25),
        (["00000", "00000", "00000", "00000", "00000"], 0.0),
        (["10000", "00000", "00100", "00000", "00000"], (math.sqrt(2) - 1) / 25),
    ],
)
def test_boundary_by_hand(lines, expected):
    assert boundary(image(*lines), BLOCK).tolist() == [close(expected)]


def test_boundary_of_shares_and_of_scores():
    # distances 2, 1, 0
    target = image("001")
    assert boundary(np.array([[[0.5, 0.25, 1.0]]]), target).tolist() == [close(1.25 / 3)]
    # the sigmoid of ln 3 is ¾
    scores = np.array([[[LN3, 0.0, -LN3]]])
    expected = [close((2 * 0.75 + 0.5) / 3)]
    assert boundary(scores, target, activation="sigmoid").tolist() == expected
    assert boundary(scores, target, activation="softmax").tolist() == expected
    assert boundary(scores[..., None], target[..., None], activation="softmax").tolist() == expected


def test_boundary_of_several_classes():
    # of the first class distances 0, 1, 2, of the second 1, 0, -1
    target = np.stack([image("100"), image("011")], axis=-1)
    thirds = np.full((1, 1, 3, 2), 0.5)
    assert boundary(thirds, target).tolist() == [close(1.5 / 6)]
    assert boundary(thirds, target, ignore_class="0").tolist() == [0.0]
    assert boundary(thirds, target, ignore_class="1").tolist() == [close(0.5)]
    scores = np.array([[[[LN2, 0.0], [0.0, 0.0], [0.0, LN3]]]])
    # softmax: ⅔ ⅓, ½ ½, ¼ ¾
    expected = (0.5 + 2 * 0.25 + 1 / 3 - 0.75) / 6
    assert boundary(scores, target, activation="softmax").tolist() == [close(expected)]
    with pytest.raises(UsageError, match="ignore_class '2' names classes that do not exist"):
        boundary(thirds, target, ignore_class="2")


@pytest.mark.parametrize("full", [0.0, 1.0])
def test_an_empty_or_full_mask_has_no_boundary(full):
    target = np.concatenate([BLOCK, 0 * BLOCK + full])
    prediction = np.concatenate([BLOCK, BLOCK])
    assert boundary(prediction, target).tolist() == [-1 / 25, 0.0]
    (data_note,) = lossctl.losses()["boundary"].data_notes
    assert data_note.of_units(prediction, target).tolist() == [False, True]
    (data_note,) = lossctl.losses()["hausdorff_distance"].data_notes
    assert data_note.of_units(prediction, target).tolist() == [False, True]
    assert data_note.of_units(target, prediction).tolist() == [False, True]


@pytest.mark.parametrize(
    ("alpha", "expected"),
    [
        # predicted 1, ½, 0 of a target 0, 0, 1: distances 1 1 2 and 2 1 1, squares 1, ¼, 1
        (2.0, 3.5),  # (5 + 2/4 + 5) / 3
        (1.0, 6.5 / 3),  # (3 + 2/4 + 3) / 3
        (3.0, 18.5 / 3),  # (9 + 2/4 + 9) / 3
    ],
)
def test_hausdorff_distance_by_hand(alpha, expected):
    prediction, target = np.array([[[1.0, 0.5, 0.0]]]), image("001")
    found = hausdorff_distance(prediction, target, alpha=alpha)
    assert found.tolist() == [close(expected)]


def test_hausdorff_distance_of_empty_masks():
    # only the distances from the target count: 2 1 1; squares ¼, 0, 1
    assert hausdorff_distance(np.array([[[0.5, 0.0, 0.0]]]), image("001")).tolist() == [2 / 3]
    assert hausdorff_distance(image("000"), image("000")).tolist() == [0]
    assert hausdorff_distance(image("000"), image("111")).tolist() == [0]


def test_hausdorff_distance_of_several_classes_and_of_scores():
    # wrong in the first class only: distances 1 1 2 and 2 1 1, squares 1 0 1
    prediction = np.stack([image("100"), image("011")], axis=-1)
    target = np.stack([image("001"), image("011")], axis=-1)
    assert hausdorff_distance(prediction, target).tolist() == [close(10 / 6)]
    assert hausdorff_distance(prediction, target, ignore_class="1").tolist() == [close(10 / 3)]
    scores = 1e4 * (2 * prediction - 1)
    assert hausdorff_distance(scores, target, activation="sigmoid").tolist() == [close(10 / 6)]
    # 2 to the power 10,000, and 0 where nothing is wrong
    assert lossctl.compute("hausdorff_distance", prediction, target, alpha=1e4) == INF
    assert lossctl.compute("hausdorff_distance", target, target, alpha=1e4) == 0.0


@pytest.mark.parametrize("name", OF_IMAGES)
def test_each_image_has_its_own_number(name):
    generator = np.random.default_rng(4)
    prediction, target = generator.random((2, 5, 6, 7))
    target = np.round(target)
    together = OF_IMAGES[name](prediction, target)
    alone = [
        OF_IMAGES[name](one[None], other[None])[0]
        for one, other in zip(prediction, target, strict=True)
    ]
    assert together.tolist() == alone


@pytest.mark.parametrize("name", OF_IMAGES)
def test_masks_of_images_may_be_written_as_0_and_255(name):
    prediction, target = BLOCK[:, ::-1, 1:], BLOCK[:, :, :-1]
    expected = lossctl.compute(name, prediction, target)
    assert lossctl.compute(name, 255 * prediction, 255 * target) == expected
