"""Lovász extensions: values that can be worked out by hand, and from their definition."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

import lossctl
from lossctl.block import Ragged
from lossctl.catalogue.families.segmentation.lovasz import lovasz_hinge, lovasz_softmax

LN3 = math.log(3)


def close(expected):
    """Equal but for a few rounding steps, however small the number."""
    return pytest.approx(expected, rel=4e-15, abs=0)


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
