"""Overlap losses: values that can be worked out by hand, at the edges too."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import lossctl
from lossctl.catalogue.families.segmentation.overlap import dice
from lossctl.errors import UsageError

LN2, LN3 = math.log(2), math.log(3)


SOFT, HARD = [0.5, 1.0, 0.25, 0.0], [1.0, 1.0, 0.0, 0.0]
"""Masks with the sums: overlap 1.5, prediction 1.75, target 2; of squares 1.3125 and 2."""


SHARES = [[0.5, 0.25, 0.25], [0.25, 0.5, 0.25], [1.0, 0.0, 0.0], [0.0, 0.125, 0.875]]
CLASSES = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
"""Sums by class: overlap 1.5, 0.5, 0.875; prediction 1.75, 0.875, 1.375; target 2, 1, 1."""


MASK_LOSSES = ["dice", "jaccard", "tversky", "focal_tversky", "generalised_dice"]
SMOOTHED = ["dice", "jaccard", "tversky", "focal_tversky", "dice_cross_entropy", "dice_focal"]
BESIDE = {"dice_cross_entropy": "cross_entropy_weight", "dice_focal": "focal_weight"}
"""The factors of what is added to Dice."""


def close(expected):
    """Equal but for a few rounding steps, however small the number."""
    return pytest.approx(expected, rel=4e-15, abs=0)


def noted(name, *sums, **options):
    """Tell which results a loss has a note on."""
    loss = lossctl.losses()[name]
    (data_note,) = loss.data_notes
    return data_note.of_sums(replace(loss.value, **options), np.array(sums)).tolist()


# One mask


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, 0.2),  # 1 - 3 / 3.75
        ({"smooth": 1.0}, 3 / 19),  # 1 - 4 / 4.75
        ({"eps": 0.25}, 0.25),  # 1 - 3 / 4
        ({"smooth": 1.0, "eps": 0.25}, 0.2),  # 1 - 4 / 5
        ({"squared": True}, 5 / 53),  # 1 - 3 / 3.3125
        ({"average": "macro"}, 0.2),  # the mean of one class
        ({"weight": [2.0, 0.0, 4.0, 1.0]}, 0.5),  # overlap 1, prediction 2, target 2
    ],
)
def test_dice_by_hand(options, expected):
    assert lossctl.compute("dice", SOFT, HARD, **options) == close(expected)


def test_dice_of_the_example_in_the_documentation_of_keras():
    prediction, target = [0, 1, 0, 1, 0.4, 0, 0, 0.9], [1, 1, 0, 0, 1, 1, 0, 0]
    assert lossctl.compute("dice", prediction, target) == pytest.approx(0.6164384, abs=5e-8)


def test_a_small_dice_keeps_its_digits():
    # 1 - 2 (1 - 2⁻⁵²) / (2 - 2⁻⁵²) = 2⁻⁵² / (2 - 2⁻⁵²)
    found = lossctl.compute("dice", [1 - 2**-52], [1.0])
    assert found == close(2**-53)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, 1 / 3),  # 1 - 1.5 / 2.25
        ({"smooth": 1.0}, 3 / 13),  # 1 - 2.5 / 3.25
        ({"eps": 0.25}, 0.4),  # 1 - 1.5 / 2.5
        ({"squared": True}, 5 / 29),  # 1 - 1.5 / 1.8125
    ],
)
def test_jaccard_by_hand(options, expected):
    assert lossctl.compute("jaccard", SOFT, HARD, **options) == close(expected)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        # in excess 0.25, missed 0.5
        ({}, 0.2),  # 0.375 / 1.875: Dice
        ({"fp_weight": 1.0, "fn_weight": 1.0}, 1 / 3),  # Jaccard
        ({"fp_weight": 1.0, "fn_weight": 2.0}, 5 / 11),  # 1.25 / 2.75
        ({"fp_weight": 2.0, "fn_weight": 1.0}, 0.4),  # 1 / 2.5
        ({"fp_weight": 0.0, "fn_weight": 1.0}, 0.25),  # 0.5 / 2: 1 less the recall
        ({"fp_weight": 1.0, "fn_weight": 0.0}, 1 / 7),  # 0.25 / 1.75: 1 less the precision
        ({"fp_weight": 0.0, "fn_weight": 0.0}, 0.0),
        ({"smooth": 0.625}, 0.15),  # 0.375 / 2.5
        ({"eps": 0.125}, 0.25),  # 0.5 / 2
    ],
)
def test_tversky_by_hand(options, expected):
    assert lossctl.compute("tversky", SOFT, HARD, **options) == close(expected)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"gamma": 1.0}, 17 / 77),  # 0.3 × 0.25 + 0.7 × 0.5 = 0.425; 0.425 / 1.925
        ({"fp_weight": 1.0, "fn_weight": 2.0, "gamma": 2.0}, 25 / 121),
        ({"fp_weight": 1.0, "fn_weight": 0.5, "gamma": 0.5}, 0.5),  # 0.5 / 2 = ¼
        ({"fp_weight": 0.0, "fn_weight": 0.2}, 0.125),  # 0.1 / 1.6 = 2⁻⁴, and 2⁻⁴ to the power ¾
    ],
)
def test_focal_tversky_by_hand(options, expected):
    assert lossctl.compute("focal_tversky", SOFT, HARD, **options) == close(expected)


@pytest.mark.parametrize("name", [*MASK_LOSSES, *BESIDE])
def test_a_mask_matches_itself_exactly(name):
    for mask in ([1.0, 0.0, 1.0], [1.0, 1.0], CLASSES):
        assert lossctl.compute(name, mask, mask) == pytest.approx(0.0, abs=3e-16)


@pytest.mark.parametrize("name", MASK_LOSSES)
def test_masks_without_overlap_have_loss_1(name):
    assert lossctl.compute(name, [1.0, 0.5, 0.0], [0.0, 0.0, 1.0]) == 1.0


@pytest.mark.parametrize("name", ["dice", "jaccard"])
def test_a_soft_mask_matches_itself_where_sums_are_squared(name):
    soft = [0.1, 0.3, 0.7, 0.9]
    assert lossctl.compute(name, soft, soft) > 0.1
    assert lossctl.compute(name, soft, soft, squared=True) == 0.0


@pytest.mark.parametrize("name", MASK_LOSSES)
def test_two_empty_masks_are_a_match(name):
    assert lossctl.compute(name, [0.0, 0.0], [0.0, 0.0]) == 0.0
    assert noted(name, [0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]) == [True, False, False]


@pytest.mark.parametrize("name", MASK_LOSSES)
def test_one_empty_mask_is_none(name):
    assert lossctl.compute(name, [0.0, 0.0], [0.0, 1.0]) == 1.0
    assert lossctl.compute(name, [1e-300, 0.0], [0.0, 0.0]) == 1.0


@pytest.mark.parametrize("name", SMOOTHED)
def test_what_is_added_decides_about_empty_masks(name):
    of_masks = {BESIDE[name]: 0.0} if name in BESIDE else {}
    masks = [0.0, 0.0], [0.0, 0.0]
    assert lossctl.compute(name, *masks, smooth=1e-5, **of_masks) == 0.0
    assert lossctl.compute(name, *masks, eps=1e-7, **of_masks) == 1.0  # as in Keras
    assert noted(name, [0.0, 0.0, 0.0], smooth=1e-5) == [False]
    assert noted(name, [0.0, 0.0, 0.0], eps=1e-7) == [False]


def test_errors_that_do_not_count_are_none():
    # nothing stands below the line, although one mask is empty and the other is not
    assert lossctl.compute("tversky", [1.0], [0.0], fp_weight=0.0) == 0.0
    assert lossctl.compute("tversky", [0.0], [1.0], fn_weight=0.0) == 0.0


# Several classes


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("dice", {}, 9 / 32),  # 1 - 5.75 / 8
        ("dice", {"average": "macro"}, 53 / 171),  # the mean of 1/5, 7/15 and 5/19
        ("dice", {"average": "macro", "ignore_class": "0"}, 104 / 285),
        ("dice", {"average": "macro", "ignore_class": "0, 2"}, 7 / 15),
        ("dice", {"ignore_class": "0"}, 6 / 17),  # 1 - 2.75 / 4.25
        ("dice", {"ignore_class": "2,1"}, 0.2),
        ("jaccard", {}, 9 / 20.5),  # 1 - 2.875 / 5.125
        # 1/3, 1 - 0.5 / 1.375 = 7/11, 1 - 0.875 / 1.5 = 5/12
        ("jaccard", {"average": "macro"}, (1 / 3 + 7 / 11 + 5 / 12) / 3),
        ("tversky", {"fp_weight": 1.0, "fn_weight": 1.0}, 9 / 20.5),
        # in excess 0.25, 0.375, 0.5 and missed 0.5, 0.5, 0.125: 0.5 / 2, 0.5 / 1, 0.125 / 1
        ("tversky", {"fp_weight": 0.0, "fn_weight": 1.0, "average": "macro"}, 0.875 / 3),
        # the powers of the classes, not that of their mean: 1/16, 1/4, 1/64
        (
            "focal_tversky",
            {"fp_weight": 0.0, "fn_weight": 1.0, "average": "macro", "gamma": 2.0},
            0.328125 / 3,
        ),
        # weights 1/4, 1, 1: 1 - 3.5 / 5.1875
        ("generalised_dice", {}, 27 / 83),
        # 1/2, 1, 1: 1 - 4.25 / 6.125
        ("generalised_dice", {"class_weighting": "simple"}, 15 / 49),
        ("generalised_dice", {"class_weighting": "uniform"}, 9 / 32),
        ("generalised_dice", {"ignore_class": "0"}, 6 / 17),  # the others have one size
        # MONAI 1.6.1: DiceLoss(smooth_nr=1, smooth_dr=1), DiceLoss(squared_pred=True, ...=0)
        ("dice", {"average": "macro", "smooth": 1.0}, 0.21580924937141568),
        ("dice", {"average": "macro", "squared": True}, 0.13859287048672575),
    ],
)
def test_classes_by_hand(name, options, expected):
    assert lossctl.compute(name, SHARES, CLASSES, **options) == close(expected)


def test_classes_may_be_given_by_their_numbers():
    found = lossctl.compute("dice", SHARES, [0.0, 1.0, 0.0, 2.0], average="macro")
    assert found == close(53 / 171)


def test_a_class_that_is_nowhere_counts_as_a_match_in_the_mean():
    masks = [[0.5, 0.0], [1.0, 0.0]], [[1.0, 0.0], [1.0, 0.0]]
    assert lossctl.compute("dice", *masks, average="macro") == close(1 / 14)  # (1 - 3 / 3.5) / 2
    assert lossctl.compute("dice", *masks) == close(1 / 7)
    sums = [1.5, 0.0, 1.5, 0.0, 2.0, 0.0]
    assert noted("dice", sums, average="macro") == [True]
    assert noted("dice", sums, average="macro", ignore_class="1") == [False]
    assert noted("dice", sums) == [False]


def test_generalised_dice_of_a_class_that_is_not_in_the_target():
    # sizes 2 and 0, so both have the weight 1/4: 1 - 3 / (3.5 + 0.5)
    masks = [[0.5, 0.5], [1.0, 0.0]], [[1.0, 0.0], [1.0, 0.0]]
    assert lossctl.compute("generalised_dice", *masks) == close(0.25)
    # no target at all
    assert lossctl.compute("generalised_dice", [[0.5, 0.0]], [[0.0, 0.0]]) == 1.0


def test_generalised_dice_of_a_tiny_class_is_finite():
    # 1 / 1e-400 is infinite, but only its ratio to the other weight counts
    found = lossctl.compute("generalised_dice", [[1.0, 1.0]], [[1e-200, 1.0]])
    assert found == 1.0


@pytest.mark.parametrize("name", [*MASK_LOSSES, *BESIDE])
@pytest.mark.parametrize(
    ("ignored", "message"),
    [
        ("3", "ignore_class '3' names classes that do not exist"),
        ("-1", "ignore_class '-1' names classes that do not exist"),
        ("0,,1", "ignore_class '0,,1' names classes that do not exist"),
        ("background", "ignore_class 'background' names classes that do not exist"),
        ("0,1,2", "ignore_class '0,1,2' leaves no class"),
    ],
)
def test_classes_that_cannot_be_ignored(name, ignored, message):
    with pytest.raises(UsageError) as caught:
        lossctl.compute(name, SHARES, CLASSES, ignore_class=ignored)
    assert caught.value.message == message


# Scores


@pytest.mark.parametrize("name", MASK_LOSSES)
def test_scores_stand_for_shares(name):
    # the sigmoid of 0, ln 3 and -ln 3; the softmax of ln 2, 0, 0 and of 0, 0, ln 6
    shares, scores, target = [0.5, 0.75, 0.25], [0.0, LN3, -LN3], [1.0, 1.0, 0.0]
    expected = close(lossctl.compute(name, shares, target))
    assert lossctl.compute(name, scores, target, activation="sigmoid") == expected
    assert lossctl.compute(name, scores, target, activation="softmax") == expected
    shares = [[0.5, 0.25, 0.25], [0.125, 0.125, 0.75]]
    scores = [[LN2, 0.0, 0.0], [0.0, 0.0, math.log(6)]]
    target = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    expected = close(lossctl.compute(name, shares, target))
    assert lossctl.compute(name, scores, target, activation="softmax") == expected


@pytest.mark.parametrize("activation", ["sigmoid", "softmax"])
@pytest.mark.parametrize("name", MASK_LOSSES)
def test_huge_scores_are_certain(name, activation):
    for huge in (1e4, 1e150):
        scores = np.array([[huge, -huge], [-huge, huge]])
        right, wrong = np.eye(2), np.eye(2)[::-1]
        assert lossctl.compute(name, scores, right, activation=activation) == 0.0
        assert lossctl.compute(name, scores, wrong, activation=activation) == 1.0


# Terms


def test_terms_are_overlap_prediction_and_target_of_each_class():
    terms = dice(np.array([[0.5, 0.25]]), np.array([[1.0, 0.5]]), squared=True)
    assert terms.tolist() == [[0.5, 0.125, 0.25, 0.0625, 1.0, 0.25]]


def test_each_term_is_one_line_in_memory():
    assert dice(np.zeros((5, 2)), np.zeros((5, 2))).flags.f_contiguous
