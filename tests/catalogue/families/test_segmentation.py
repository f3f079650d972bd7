"""Values of the losses of masks that can be worked out by hand, at the edges too."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import lossctl
from lossctl.block import Ragged
from lossctl.catalogue.families.segmentation import (
    _distances,
    _skeleton,
    boundary,
    cldice,
    dice,
    hausdorff_distance,
    lovasz_hinge,
    lovasz_softmax,
)
from lossctl.errors import UsageError

LN2, LN3 = math.log(2), math.log(3)
INF = math.inf

SOFT, HARD = [0.5, 1.0, 0.25, 0.0], [1.0, 1.0, 0.0, 0.0]
"""Masks with the sums: overlap 1.5, prediction 1.75, target 2; of squares 1.3125 and 2."""

SHARES = [[0.5, 0.25, 0.25], [0.25, 0.5, 0.25], [1.0, 0.0, 0.0], [0.0, 0.125, 0.875]]
CLASSES = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
"""Sums by class: overlap 1.5, 0.5, 0.875; prediction 1.75, 0.875, 1.375; target 2, 1, 1."""

SCORES = [[2.0, 0.25, 1.0], [-1.0, 0.5, 0.25], [0.5, -3.0, 0.0], [0.0, 0.125, 0.875]]

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
        ("3", "ignore_class '3' names classes that there are not"),
        ("-1", "ignore_class '-1' names classes that there are not"),
        ("0,,1", "ignore_class '0,,1' names classes that there are not"),
        ("background", "ignore_class 'background' names classes that there are not"),
        ("0,1,2", "ignore_class '0,1,2' leaves no class that counts"),
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


# Dice and cross-entropy


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, 5 / 9 + 1.5 * LN2),  # 1 - 1 / 2.25; ln 2 and 2 ln 2
        ({"dice_weight": 2.0, "cross_entropy_weight": 0.5}, 10 / 9 + 0.75 * LN2),
        ({"dice_weight": 0.0}, 1.5 * LN2),
        ({"cross_entropy_weight": 0.0, "smooth": 1.0}, 5 / 13),  # 1 - 2 / 3.25
        ({"weight": [3.0, 1.0]}, 3 / 7 + 1.25 * LN2),  # 1 - 3 / 5.25
        ({"squared": True, "dice_weight": 1.0}, 13 / 29 + 1.5 * LN2),  # 1 - 1 / 1.8125
    ],
)
def test_dice_cross_entropy_by_hand(options, expected):
    found = lossctl.compute("dice_cross_entropy", [0.5, 0.75], [1.0, 0.0], **options)
    assert found == close(expected)


@pytest.mark.parametrize(
    ("activation", "expected"),
    [
        ("softmax", 2 / 3 + LN3),  # thirds
        ("sigmoid", 0.6 + LN2),  # halves: 1 - 1 / 2.5, and the mean of three ln 2
    ],
)
def test_dice_cross_entropy_of_several_classes(activation, expected):
    scores, target = [[0.0, 0.0, 0.0]], [[1.0, 0.0, 0.0]]
    found = lossctl.compute("dice_cross_entropy", scores, target, activation=activation)
    assert found == close(expected)


def test_dice_cross_entropy_of_shares_of_several_classes():
    # -ln ½, -ln ½, -ln 1 and -ln 7/8; the third is clipped to 1 - 2⁻⁵²
    expected = 9 / 32 + (2 * LN2 - math.log(0.875)) / 4
    found = lossctl.compute("dice_cross_entropy", SHARES, CLASSES)
    assert found == pytest.approx(expected, rel=1e-15)


def test_dice_cross_entropy_of_an_independent_implementation():
    # MONAI 1.6.1: DiceCELoss(softmax=True, smooth_nr=0, smooth_dr=0)
    options = {"activation": "softmax", "average": "macro"}
    found = lossctl.compute("dice_cross_entropy", SCORES, CLASSES, **options)
    assert found == close(1.0134783961107485)


def test_dice_cross_entropy_at_the_edges():
    wrong = [0.0, 1.0], [1.0, 0.0]
    assert lossctl.compute("dice_cross_entropy", *wrong) == close(1 + 52 * LN2)
    assert lossctl.compute("dice_cross_entropy", *wrong, clip=0.0) == INF
    # a part that does not count is not even infinite
    only_dice = {"clip": 0.0, "cross_entropy_weight": 0.0}
    assert lossctl.compute("dice_cross_entropy", *wrong, **only_dice) == 1.0
    found = lossctl.compute("dice_cross_entropy", [1e4], [0.0], activation="sigmoid")
    assert found == 10001.0


# Dice and the focal loss


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        # Dice 1 - 1 / 2.25; focal ½² ln 2 and ¾² × 2 ln 2, of which the mean is 11/16 ln 2
        ({}, 5 / 9 + 0.6875 * LN2),
        ({"gamma": 0.0}, 5 / 9 + 1.5 * LN2),  # cross-entropy
        ({"gamma": 1.0}, 5 / 9 + LN2),  # ½ ln 2 and ¾ × 2 ln 2
        ({"dice_weight": 2.0, "focal_weight": 0.5}, 10 / 9 + 0.34375 * LN2),
        ({"dice_weight": 0.0}, 0.6875 * LN2),
        ({"focal_weight": 0.0, "smooth": 1.0}, 5 / 13),  # 1 - 2 / 3.25
        # Dice 1 - 3 / 5.25; (3 × ¼ + 9/8) / 4
        ({"weight": [3.0, 1.0]}, 3 / 7 + 0.46875 * LN2),
        ({"squared": True}, 13 / 29 + 0.6875 * LN2),  # 1 - 1 / 1.8125
    ],
)
def test_dice_focal_by_hand(options, expected):
    found = lossctl.compute("dice_focal", [0.5, 0.75], [1.0, 0.0], **options)
    assert found == close(expected)


@pytest.mark.parametrize(
    ("activation", "expected"),
    [
        ("softmax", 2 / 3 + 4 / 9 * LN3),  # thirds: (2/3)² ln 3
        ("sigmoid", 0.6 + LN2 / 4),  # halves: the mean of three (½)² ln 2
    ],
)
def test_dice_focal_of_several_classes(activation, expected):
    scores, target = [[0.0, 0.0, 0.0]], [[1.0, 0.0, 0.0]]
    found = lossctl.compute("dice_focal", scores, target, activation=activation)
    assert found == close(expected)


def test_dice_focal_of_shares_of_several_classes():
    # ½² ln 2, ½² ln 2, 0 and (1/8)² ln 8/7
    expected = 53 / 171 + (LN2 / 2 - math.log(0.875) / 64) / 4
    found = lossctl.compute("dice_focal", SHARES, CLASSES, average="macro")
    assert found == pytest.approx(expected, rel=1e-15)


def test_dice_focal_at_the_edges():
    wrong = [0.0, 1.0], [1.0, 0.0]
    assert lossctl.compute("dice_focal", *wrong) == close(1 + 52 * LN2)
    assert lossctl.compute("dice_focal", *wrong, clip=0.0) == INF
    # a part that does not count is not even infinite
    only_dice = {"clip": 0.0, "focal_weight": 0.0}
    assert lossctl.compute("dice_focal", *wrong, **only_dice) == 1.0
    assert lossctl.compute("dice_focal", [1e4], [0.0], activation="sigmoid") == 10001.0


# Pixels


@pytest.mark.parametrize(
    ("labels", "options", "expected"),
    [
        ([0, 0], {}, 1.5 * LN2),  # ln 2 and ln 4
        ([0, 1], {}, (3 * LN2 - LN3) / 2),  # ln 2 and ln 4/3
        ([0, 1], {"class_weights": "1,3"}, (7 * LN2 - 3 * LN3) / 4),
        ([0, 1], {"class_weights": "0.5, 1.5"}, (7 * LN2 - 3 * LN3) / 4),
        ([0, 1], {"class_weights": "2,0"}, LN2),
        ([0, 0], {"class_weights": "7,0"}, 1.5 * LN2),
        ([1, 1], {"class_weights": "2,0"}, 0.0),
        ([0, 0], {"weight": [1.0, 3.0]}, 1.75 * LN2),
        ([0, 1], {"weight": [3.0, 1.0], "class_weights": "1,3"}, (9 * LN2 - 3 * LN3) / 6),
        ([0, 255], {"ignore_index": "255"}, LN2),
        ([0, 255], {"ignore_index": "255", "class_weights": "3,1"}, LN2),
    ],
)
def test_pixelwise_cross_entropy_by_hand(labels, options, expected):
    shares = [[0.5, 0.5], [0.25, 0.75]]
    found = lossctl.compute("pixelwise_cross_entropy", shares, labels, **options)
    assert found == close(expected)


def test_pixelwise_cross_entropy_of_an_independent_implementation():
    # torch 2.13: cross_entropy(weight=[1, 2.5, 0.5])
    options = {"from_logits": True, "class_weights": "1,2.5,.5"}
    found = lossctl.compute("pixelwise_cross_entropy", SCORES, [0, 1, 0, 2], **options)
    assert found == close(0.5957838755441178)


def test_a_class_without_weight_may_even_be_impossible():
    options = {"clip": 0.0, "class_weights": "0,1"}
    found = lossctl.compute("pixelwise_cross_entropy", [[0.0, 1.0], [0.5, 0.5]], [0, 1], **options)
    assert found == close(LN2)


def test_pixels_of_classes_without_weight_are_remarked_on():
    assert noted("pixelwise_cross_entropy", [0.0, 0.0], [2.0, 1.0]) == [True, False]
    assert noted("pixelwise_cross_entropy", [0.0]) == [False]  # no weights, a perfect match


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ("1,2,3", "class_weights has 3 numbers, but there are 2 classes"),
        ("1", "class_weights has 1 number, but there are 2 classes"),
        ("1;2", "class_weights must be numbers of at least 0"),
        ("1,-2", "class_weights must be numbers of at least 0"),
        ("1,nan", "class_weights must be numbers of at least 0"),
        ("1,1e999", "class_weights must be numbers of at least 0"),
        ("0,0", "class_weights must be numbers of at least 0"),
        ("", "class_weights must be numbers of at least 0"),
    ],
)
def test_class_weights_that_make_no_sense(weights, message):
    shares = [[0.5, 0.5], [0.25, 0.75]]
    with pytest.raises(UsageError) as caught:
        lossctl.compute("pixelwise_cross_entropy", shares, [0, 1], class_weights=weights)
    assert caught.value.message.startswith(message)


# Lovász extensions of the Jaccard loss


def ragged(*units):
    """Put units one after the other."""
    return Ragged(np.concatenate(units), np.array([len(unit) for unit in units]))


def of_thresholds(errors, true):
    """Integrate the Jaccard loss of the pixels whose error is above a threshold, over thresholds.

    This is what a Lovász extension is, without an order of pixels.
    """
    levels = sorted({0.0, *errors})
    total = Fraction(0)
    for low, high in itertools.pairwise(levels):
        wrong = {place for place, error in enumerate(errors) if error > low}
        union = wrong | {place for place, each in enumerate(true) if each}
        total += (Fraction(high) - Fraction(low)) * Fraction(len(wrong), len(union))
    return total


@pytest.mark.parametrize(
    ("labels", "classes", "expected"),
    [
        # First class: errors ½ in it and ¼ outside, J 1 and 2/2. Second: ½ outside, ¼ in it, J ½
        # and 2/2. The mean of ½ and ¼ + 1/8.
        ([0, 1], "present", 7 / 16),
        ([0, 1], "all", 7 / 16),
        # Errors ¾ and ½ in the class, J ½ and 1: 3/8 + ¼. The other class costs its highest, ¾.
        ([0, 0], "present", 5 / 8),
        ([0, 0], "all", 11 / 16),
        # First: ¾ in it, ½ outside: J 1 and 1. Second: ¾ outside, ½ in it: J ½ and 1.
        ([1, 0], "present", (3 / 4 + 3 / 8 + 1 / 4) / 2),
    ],
)
def test_lovasz_softmax_by_hand(labels, classes, expected):
    shares = np.array([[0.5, 0.5], [0.25, 0.75]])
    assert lossctl.compute("lovasz_softmax", shares, labels, classes=classes) == close(expected)


def test_lovasz_softmax_of_certain_predictions_is_1_less_the_mean_jaccard():
    shares, labels = np.eye(3)[[0, 0, 1, 2, 2, 2]], [0, 1, 1, 2, 2, 0]
    # intersections 1, 1, 2 and unions 3, 2, 3
    expected = (2 / 3 + 1 / 2 + 1 / 3) / 3
    assert lossctl.compute("lovasz_softmax", shares, labels) == close(expected)
    macro = lossctl.compute("jaccard", shares, np.eye(3)[labels], average="macro")
    assert macro == close(expected)


@pytest.mark.parametrize("classes", ["present", "all"])
def test_lovasz_softmax_is_an_integral_over_thresholds(classes):
    # Sixteenths, so that many errors are equal and all are exact.
    generator = np.random.default_rng(5)
    shares = generator.multinomial(16, [0.5, 0.3, 0.1, 0.1], size=40) / 16
    labels = generator.integers(0, 3, 40)  # no pixel has the last class
    losses = []
    for number in range(3 if classes == "present" else 4):
        true = labels == number
        losses.append(of_thresholds(np.abs(true - shares[:, number]).tolist(), true))
    found = lossctl.compute("lovasz_softmax", shares, labels, classes=classes)
    assert found == close(float(sum(losses) / len(losses)))


@pytest.mark.parametrize("name", ["lovasz_softmax", "lovasz_hinge"])
def test_the_order_of_pixels_changes_no_bit_of_a_lovasz_extension(name):
    generator = np.random.default_rng(3)
    scores = generator.integers(-3, 4, (50, 2)) / 7
    labels = generator.integers(0, 2, 50)
    predicted = scores if name == "lovasz_softmax" else scores[:, 0]
    options = {"from_logits": True} if name == "lovasz_softmax" else {}
    found = lossctl.compute(name, predicted, labels, **options)
    for _ in range(5):
        order = generator.permutation(50)
        assert lossctl.compute(name, predicted[order], labels[order], **options) == found


def test_lovasz_softmax_of_several_units():
    pixels = np.array([[0.5, 0.5], [0.25, 0.75], [0.0, 1.0], [0.75, 0.25]])
    prediction = Ragged(pixels, np.array([2, 0, 1, 1]))
    target = Ragged(np.array([0, 1, 1, 1]), np.array([2, 0, 1, 1]))
    assert lovasz_softmax(prediction, target).tolist() == [close(7 / 16), 0, 0, close(0.75)]
    (data_note,) = lossctl.losses()["lovasz_softmax"].data_notes
    assert data_note.of_units(prediction, target).tolist() == [False, True, False, False]


def test_lovasz_softmax_of_scores():
    # the softmax of ln 3, 0, 0 is 3/5, 1/5, 1/5: errors 2/5, and 1/5 where no pixel is of the class
    scores, options = np.array([[LN3, 0.0, 0.0]]), {"from_logits": True}
    assert lossctl.compute("lovasz_softmax", scores, [0], **options) == close(0.4)
    found = lossctl.compute("lovasz_softmax", scores, [0], classes="all", **options)
    assert found == close(0.8 / 3)
    # a small error keeps its digits, 1 / (1 + e^40), and a huge score is certain
    scores = np.array([[40.0, 0.0]])
    small = lossctl.compute("lovasz_softmax", scores, [0], **options)
    assert small == close(math.exp(-40))
    assert lossctl.compute("lovasz_softmax", 1e150 * scores, [1], **options) == 1.0


def test_pixels_that_do_not_count_are_not_in_a_lovasz_extension():
    shares = np.array([[0.5, 0.5], [1.0, 0.0], [0.25, 0.75]])
    found = lossctl.compute("lovasz_softmax", shares, [0, 255, 1], ignore_index="255")
    assert found == close(7 / 16)
    assert lossctl.compute("lovasz_softmax", shares, [9, 9, 9], ignore_index="9") == 0.0


@pytest.mark.parametrize(
    ("scores", "signs", "expected"),
    [
        # hinges 1.5 outside and 4 in the mask: J 1 and 2/2
        ([0.5, -3.0], [-1, 1], 4.0),
        # 4 outside and ½ in it: J ½ and 1
        ([3.0, 0.5], [-1, 1], 2.25),
        ([3.0, 0.5], [0, 1], 2.25),
        # 4, 2, 0 in the mask of three: J 1/3, 2/3, 1
        ([-3.0, -1.0, 5.0], [1, 1, 1], 2.0),
        # no mask: only the worst pixel counts
        ([-0.5, 2.0, 1.0], [-1, -1, -1], 3.0),
        ([1.0, -1.0, 7.0], [1, -1, 1], 0.0),
        ([1e150], [-1], 1e150),
    ],
)
def test_lovasz_hinge_by_hand(scores, signs, expected):
    assert lossctl.compute("lovasz_hinge", scores, signs) == close(expected)


def test_lovasz_hinge_is_an_integral_over_thresholds():
    generator = np.random.default_rng(6)
    scores, true = generator.integers(-32, 33, 60) / 16, generator.random(60) < 0.4
    signs = np.where(true, 1.0, -1.0)
    expected = of_thresholds(np.maximum(1 - scores * signs, 0).tolist(), true)
    assert lossctl.compute("lovasz_hinge", scores, signs) == close(float(expected))


def test_lovasz_hinge_of_several_units():
    scores = ragged([0.5, -3.0], [3.0, 0.5], [])
    signs = ragged([-1.0, 1.0], [-1.0, 1.0], [])
    assert lovasz_hinge(scores, signs).tolist() == [4.0, 2.25, 0.0]


# Masks that are pictures

OF_PICTURES = {"boundary": boundary, "hausdorff_distance": hausdorff_distance, "cldice": cldice}


def image(*lines):
    """Make a stack of one picture of lines of digits."""
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
    with pytest.raises(UsageError, match="ignore_class '2' names classes that there are not"):
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


def test_skeletons_by_hand():
    # A block of 3: one erosion leaves its middle, whose opening is the block, so that nothing is
    # taken off; the next erosion leaves nothing, so the middle is taken.
    found = _skeleton(BLOCK[:, None], 1)[:, 0]
    assert found.tolist() == image("00000", "00000", "00100", "00000", "00000").tolist()
    assert not _skeleton(BLOCK[:, None], 0).any()
    # a line of one pixel is its own skeleton, also at the border
    line = image("00100", "00100", "00010", "00000", "11100")
    for iterations in (0, 1, 5):
        assert _skeleton(line[:, None], iterations)[:, 0].tolist() == line.tolist()
    # what lies beyond the border does not erode: a full picture has no skeleton
    assert not _skeleton(np.ones((1, 1, 4, 4)), 3).any()


def test_soft_skeletons_of_an_independent_implementation():
    # the authors' soft_skel, in torch 2.13, of these 6 × 7 eighths after 2 erosions
    row, column = np.mgrid[0:6, 0:7]
    soft = ((row * row + 3 * column + row * column) % 9) / 8
    found = _skeleton(soft[None, None], 2)
    assert found.sum() == 10.845703125
    assert (found * np.arange(42).reshape(6, 7)).sum() == 213.623046875


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        # Both are their own skeletons, of which one pixel of 2 and one of 3 is in the other; with 1
        # added these are 2/3 and 2/4: 1 - 2 (1/3) / (7/6)
        ({}, 3 / 7),
        # without it ½ and 1/3: 1 - 2 (1/6) / (5/6)
        ({"smooth": 0.0}, 0.6),
        ({"iterations": 0}, 3 / 7),
    ],
)
def test_cldice_by_hand(options, expected):
    prediction = image("00000", "01000", "01000", "00000")
    target = image("00000", "01110", "00000", "00000")
    assert cldice(prediction, target, **options).tolist() == [close(expected)]


def test_cldice_does_not_count_widths():
    thick = image("000000", "111111", "111111", "111111", "000000")
    thin = image("000000", "000000", "111111", "000000", "000000")
    # the skeleton of the thick line is the thin one
    assert cldice(thick, thin).tolist() == [0]
    assert cldice(thin, thick).tolist() == [0]


def test_cldice_of_a_gap():
    # 4 pixels of the line of 5 are predicted, (4 + 1) / (5 + 1), and the other way all is inside,
    # which makes 1 - 2 (5/6) / (11/6)
    broken, whole = image("00000", "11011", "00000"), image("00000", "11111", "00000")
    assert cldice(broken, whole).tolist() == [close(1 / 11)]
    assert cldice(whole, broken).tolist() == [close(1 / 11)]


def test_cldice_at_the_edges():
    empty, line = image("000", "000", "000"), image("000", "111", "000")
    # nothing of the target's line is predicted, (0 + 1) / (3 + 1); an empty skeleton is not outside
    assert cldice(empty, line).tolist() == [close(0.6)]  # 1 - 2 (1/4) / (5/4)
    assert cldice(empty, line, smooth=0.0).tolist() == [1]
    assert cldice(empty, empty, smooth=0.0).tolist() == [0]
    apart = image("111", "000", "000"), image("000", "000", "111")
    assert cldice(*apart, smooth=0.0).tolist() == [1]  # both shares are 0


def test_cldice_of_several_classes_is_one_ratio():
    broken, whole = image("00000", "11011", "00000"), image("00000", "11111", "00000")
    right = image("00000", "00000", "11000")
    prediction, target = (np.stack([each, right], axis=-1) for each in (broken, whole))
    # 4 of 5 and 2 of 2 pixels are predicted, (6 + 1) / (7 + 1): 1 - 2 (7/8) / (15/8)
    assert cldice(prediction, target).tolist() == [close(1 / 15)]
    assert cldice(prediction, target, ignore_class="1").tolist() == [close(1 / 11)]
    assert cldice(prediction, target, ignore_class="0").tolist() == [0]


@pytest.mark.parametrize("name", OF_PICTURES)
def test_each_picture_has_its_own_number(name):
    generator = np.random.default_rng(4)
    prediction, target = generator.random((2, 5, 6, 7))
    target = np.round(target)
    together = OF_PICTURES[name](prediction, target)
    alone = [
        OF_PICTURES[name](one[None], other[None])[0]
        for one, other in zip(prediction, target, strict=True)
    ]
    assert together.tolist() == alone


@pytest.mark.parametrize("name", OF_PICTURES)
def test_masks_of_pictures_may_be_written_as_0_and_255(name):
    prediction, target = BLOCK[:, ::-1, 1:], BLOCK[:, :, :-1]
    expected = lossctl.compute(name, prediction, target)
    assert lossctl.compute(name, 255 * prediction, 255 * target) == expected


# Terms


def test_terms_are_overlap_prediction_and_target_of_each_class():
    terms = dice(np.array([[0.5, 0.25]]), np.array([[1.0, 0.5]]), squared=True)
    assert terms.tolist() == [[0.5, 0.125, 0.25, 0.0625, 1.0, 0.25]]


def test_each_term_is_one_line_in_memory():
    assert dice(np.zeros((5, 2)), np.zeros((5, 2))).flags.f_contiguous
