"""Cross-entropy of pixels, and Dice combined with it: values that can be worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import lossctl
from lossctl.errors import UsageError

LN2, LN3 = math.log(2), math.log(3)
INF = math.inf


SHARES = [[0.5, 0.25, 0.25], [0.25, 0.5, 0.25], [1.0, 0.0, 0.0], [0.0, 0.125, 0.875]]
CLASSES = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
"""Sums by class: overlap 1.5, 0.5, 0.875; prediction 1.75, 0.875, 1.375; target 2, 1, 1."""


SCORES = [[2.0, 0.25, 1.0], [-1.0, 0.5, 0.25], [0.5, -3.0, 0.0], [0.0, 0.125, 0.875]]


def close(expected):
    """Equal but for a few rounding steps, however small the number."""
    return pytest.approx(expected, rel=4e-15, abs=0)


def noted(name, *sums, **options):
    """Tell which results a loss has a note on."""
    loss = lossctl.losses()[name]
    (data_note,) = loss.data_notes
    return data_note.of_sums(replace(loss.value, **options), np.array(sums)).tolist()


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
