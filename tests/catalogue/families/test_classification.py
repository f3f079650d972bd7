"""Values of the classification losses that can be worked out by hand, at the edges too."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

import numpy as np
import pandas as pd
import pytest

import lossctl
from lossctl.errors import DataError, UsageError

LN2, LN3 = math.log(2), math.log(3)
INF = math.inf
CLIPPED = 36.04365338911715
"""-ln 2⁻⁵² = 52 ln 2: what a probability of 0 costs where it is clipped."""


def of_one(name, prediction, target, **options):
    """Compute the loss of a single row."""
    return lossctl.compute(name, [prediction], [target], **options)


def close(expected):
    """Equal but for a few rounding steps, however small the number."""
    return pytest.approx(expected, rel=4e-15, abs=0)


def softplus(logit):
    """ln(1 + e^logit), in so many digits that none is lost."""
    with localcontext(prec=400):
        return float((1 + Decimal(logit).exp()).ln())


# Binary cross-entropy


@pytest.mark.parametrize(
    ("probability", "target", "options", "expected"),
    [
        (0.5, 1.0, {}, LN2),
        (0.5, 0.0, {}, LN2),
        (0.75, 0.0, {}, 2 * LN2),
        (0.75, 1.0, {}, 2 * LN2 - LN3),  # ln 4/3
        (0.5, 0.25, {}, LN2),
        (0.25, 0.75, {}, 0.75 * 2 * LN2 + 0.25 * (2 * LN2 - LN3)),
        # certain and wrong: 0 is clipped to 2⁻⁵², 1 to 1 - 2⁻⁵²
        (0.0, 1.0, {}, CLIPPED),
        (1.0, 0.0, {}, CLIPPED),
        (0.0, 0.0, {}, 2**-52),
        (1.0, 1.0, {}, 2**-52),
        (1e-300, 1.0, {}, CLIPPED),
        (0.0, 1.0, {"clip": 0.25}, 2 * LN2),
        (1.0, 0.0, {"clip": 0.25}, 2 * LN2),
        (0.0, 1.0, {"clip": 0.0}, INF),
        (1.0, 0.0, {"clip": 0.0}, INF),
        (0.0, 0.0, {"clip": 0.0}, 0),
        (1.0, 1.0, {"clip": 0.0}, 0),
        (0.0, 1.0, {"clip": 0.0, "log_floor": -100.0}, 100),
        (1.0, 0.0, {"clip": 0.0, "log_floor": -100.0}, 100),
        (0.0, 0.5, {"clip": 0.0, "log_floor": -3.0}, 1.5),
        (0.5, 1.0, {"log_floor": -3.0}, LN2),
        (5e-324, 1.0, {"clip": 0.0}, 1074 * LN2),
        # half of the target is spread: 1 becomes ¾
        (0.25, 1.0, {"label_smoothing": 0.5}, 0.75 * 2 * LN2 + 0.25 * (2 * LN2 - LN3)),
        (0.25, 0.0, {"label_smoothing": 0.5}, 0.25 * 2 * LN2 + 0.75 * (2 * LN2 - LN3)),
        (0.5, 1.0, {"label_smoothing": 1.0}, LN2),
    ],
)
def test_binary_cross_entropy_by_hand(probability, target, options, expected):
    assert of_one("binary_cross_entropy", probability, target, **options) == close(expected)


def test_a_clipped_probability_costs_52_ln_2_to_the_last_digit():
    assert of_one("binary_cross_entropy", 0.0, 1.0) == 36.04365338911715


@pytest.mark.parametrize(
    ("logit", "target", "expected"),
    [
        (0.0, 1.0, LN2),
        (0.0, 0.25, LN2),
        (1e4, 1.0, 0),  # e^-10000 is 0
        (1e4, 0.0, 1e4),
        (-1e4, 1.0, 1e4),
        (-1e4, 0.0, 0),
        (1e4, 0.25, 7.5e3),
        (1e150, 0.0, 1e150),
        (40.0, 1.0, softplus(-40)),  # about 4e-18, of which 1 - p would keep nothing
        (-700.0, 0.0, softplus(-700)),
        (3.0, 0.0, softplus(3)),
        (-3.0, 0.75, 0.75 * softplus(3) + 0.25 * softplus(-3)),
    ],
)
def test_binary_cross_entropy_of_logits_by_hand(logit, target, expected):
    assert of_one("binary_cross_entropy", logit, target, from_logits=True) == close(expected)


def test_smoothed_labels_go_with_logits_too():
    # 1 becomes ¾, and a logit of 1e4 costs nothing on the one side and itself on the other
    found = of_one("binary_cross_entropy", 1e4, 1.0, from_logits=True, label_smoothing=0.5)
    assert found == 2500


def test_several_labels_of_a_row_are_averaged():
    found = of_one("binary_cross_entropy", [0.5, 0.75], [1.0, 0.0])
    assert found == close(1.5 * LN2)


def test_logits_passed_as_probabilities_are_refused():
    with pytest.raises(DataError) as caught:
        lossctl.compute("bce", [0.5, 1.5], [1, 0])
    assert caught.value.message == "prediction[1]: 1.5 is not a probability (between 0 and 1)"
    assert caught.value.hint == "--from-logits: prediction holds logits, not probabilities"


# Categorical cross-entropy, with one-hot targets and with labels

HALVES = [0.5, 0.25, 0.25]

OF_CLASS = [
    # prediction, class, options, expected
    (HALVES, 0, {}, LN2),
    (HALVES, 1, {}, 2 * LN2),
    ([0.0, 1.0], 0, {}, CLIPPED),
    ([0.0, 1.0], 1, {}, 2**-52),
    ([0.0, 1.0], 0, {"clip": 0.0}, INF),
    ([0.0, 1.0], 1, {"clip": 0.0}, 0),
    ([0.0, 1.0], 0, {"clip": 0.125}, 3 * LN2),
    ([0.0, 1.0], 0, {"clip": 0.0, "label_smoothing": 1.0}, INF),
    # 0.3 over three classes: 0.8, 0.1, 0.1
    (HALVES, 0, {"label_smoothing": 0.3}, 1.2 * LN2),
    (HALVES, 2, {"label_smoothing": 0.3}, 1.9 * LN2),
    (HALVES, 2, {"label_smoothing": 1.0}, 5 / 3 * LN2),
    # a row that sums to ½
    ([0.25, 0.125, 0.125], 0, {"normalise": True}, LN2),
    ([0.25, 0.125, 0.125], 0, {}, 2 * LN2),
    ([0.25, 0.125, 0.125], 2, {"normalise": True, "label_smoothing": 0.3}, 1.9 * LN2),
    # logits
    ([0.0, 0.0, 0.0], 1, {"from_logits": True}, LN3),
    ([7.0, 7.0], 1, {"from_logits": True}, LN2),
    ([1e4, -1e4], 0, {"from_logits": True}, 0),
    ([1e4, -1e4], 1, {"from_logits": True}, 2e4),
    ([-1e4, 1e4, 0.0], 2, {"from_logits": True}, 1e4),
    ([1e150, -1e150], 1, {"from_logits": True}, 2e150),
    ([3.0, 0.0], 0, {"from_logits": True}, softplus(-3)),
    ([3.0, 0.0], 1, {"from_logits": True}, softplus(3)),
    ([1e4, -1e4], 0, {"from_logits": True, "label_smoothing": 0.5}, 5e3),  # ¼ of 20000
]


@pytest.mark.parametrize(("prediction", "label", "options", "expected"), OF_CLASS)
def test_categorical_cross_entropy_by_hand(prediction, label, options, expected):
    one_hot = [float(place == label) for place in range(len(prediction))]
    found = of_one("categorical_cross_entropy", prediction, one_hot, **options)
    assert found == close(expected)


@pytest.mark.parametrize(("prediction", "label", "options", "expected"), OF_CLASS)
def test_sparse_categorical_cross_entropy_by_hand(prediction, label, options, expected):
    found = of_one("sparse_categorical_cross_entropy", prediction, label, **options)
    assert found == close(expected)


def test_a_soft_target_keeps_its_entropy():
    # -(½ ln ½ + ¼ ln ¼ + ¼ ln ¼) = 1.5 ln 2
    found = of_one("categorical_cross_entropy", HALVES, HALVES)
    assert found == close(1.5 * LN2)


def test_a_logit_far_ahead_keeps_the_digits_of_a_small_loss():
    # ln(1 + e^-20) is 2e-9; half of its digits are lost where 1 is added before the logarithm
    found = of_one("sparse_categorical_cross_entropy", [20.0, 0.0], 0, from_logits=True)
    assert found == pytest.approx(softplus(-20), rel=1e-7)


def test_certain_rows_normalised_without_clipping_cost_nothing():
    found = of_one("scce", [1.0, 0.0], 0, normalise=True, clip=0.0)
    assert found == 0


def test_a_label_may_be_ignored():
    rows = [[0.5, 0.5], [0.25, 0.75], [0.0, 1.0]]
    # (ln 2 + ln 4/3) / 2; the third row would cost infinitely much
    expected = (3 * LN2 - LN3) / 2
    assert lossctl.compute("scce", rows, [0, 1, -100], ignore_index=-100, clip=0) == close(expected)
    assert lossctl.compute("scce", rows, [0, 1, -100], ignore_index="-100", clip=0) == close(
        expected
    )


def test_an_ignored_row_stays_in_the_list_as_0():
    found = lossctl.compute("scce", [[0.5, 0.5]] * 2, [0, -1], ignore_index=-1, reduction="none")
    assert found.tolist() == [LN2, 0.0]


def test_a_class_of_the_prediction_may_be_ignored():
    found = lossctl.compute("scce", [[0.5, 0.5], [0.25, 0.75]], [0, 1], ignore_index=1)
    assert found == close(LN2)


def test_it_is_an_error_if_every_label_is_ignored():
    with pytest.raises(DataError, match=r"^no row counts: every one is ignored$"):
        lossctl.compute("scce", [[0.5, 0.5]], [1], ignore_index=1)


def test_classes_may_be_numbered_from_1():
    found = lossctl.compute("scce", [HALVES, HALVES], [1, 3], first_label=1)
    assert found == close(1.5 * LN2)


def test_classes_may_be_numbered_from_1_in_a_frame_without_names():
    found = lossctl.compute("scce", pd.DataFrame([HALVES, HALVES]), [1, 3], first_label=1)
    assert found == close(1.5 * LN2)


def test_a_label_beyond_the_last_class_suggests_to_count_from_1():
    with pytest.raises(DataError) as caught:
        lossctl.compute("scce", [HALVES] * 3, [1, 2, 3])
    assert caught.value.message == "target[2]: '3' is not a class number from 0 to 2"
    assert caught.value.hint == "if the classes are numbered from 1: --first-label 1"


def test_a_label_that_is_no_class_suggests_to_ignore_it():
    with pytest.raises(DataError) as caught:
        lossctl.compute("scce", [HALVES] * 2, [1, -100])
    assert caught.value.message == "target[1]: '-100' is not a class number from 0 to 2"
    assert caught.value.hint == "to ignore rows with this label: --ignore-index -100"


def test_text_labels_are_the_columns_of_a_frame():
    frame = pd.DataFrame({"cat": [0.5, 0.25], "dog": [0.5, 0.75]})
    expected = (3 * LN2 - LN3) / 2  # ln 2 and ln 4/3
    assert lossctl.compute("scce", frame, ["cat", "dog"]) == close(expected)
    assert lossctl.compute("scce", frame, pd.Series(["cat", "dog"])) == close(expected)
    assert lossctl.compute("scce", frame, pd.Categorical(["cat", "dog"])) == close(expected)
    assert lossctl.compute("scce", frame, np.array(["cat", "dog"])) == close(expected)


def test_a_text_label_that_is_no_column_is_refused():
    frame = pd.DataFrame({"cat": [0.5], "dog": [0.5]})
    with pytest.raises(DataError) as caught:
        lossctl.compute("scce", frame, ["cow"])
    assert caught.value.message == (
        "target[0]: 'cow' is not a class of the prediction ('cat', 'dog') "
        "or a class number from 0 to 1"
    )


def test_names_and_numbers_of_classes_are_not_mixed():
    frame = pd.DataFrame({"cat": [0.5, 0.5], "dog": [0.5, 0.5]})
    with pytest.raises(DataError) as caught:
        lossctl.compute("scce", frame, ["cat", "1"])
    assert caught.value.message == "target mixes class names and class numbers"


def test_one_hot_rows_are_no_labels():
    with pytest.raises(DataError) as caught:
        lossctl.compute("scce", [[0.5, 0.5]], [[0, 1]])
    assert str(caught.value) == (
        "target has 2 columns, but labels take one\n"
        "for one column per class, use a loss that takes one-hot rows"
    )


def test_labels_are_no_one_hot_rows():
    with pytest.raises(DataError) as caught:
        lossctl.compute("cce", [[0.5, 0.5]], [1])
    assert caught.value.message == (
        "target has one column, but class probabilities need one column per class"
    )


# Kullback-Leibler divergence


@pytest.mark.parametrize(
    ("prediction", "target", "options", "expected"),
    [
        (HALVES, HALVES, {}, 0),
        ([0.5, 0.5], [1.0, 0.0], {}, LN2),
        ([0.25, 0.75], [0.5, 0.5], {}, LN2 - LN3 / 2),  # ½ ln 2 + ½ ln 2/3
        ([0.5, 0.5], [0.25, 0.75], {}, 0.75 * LN3 - LN2),  # ¼ ln ½ + ¾ ln 3/2
        ([1.0, 0.0], [0.0, 1.0], {}, CLIPPED),
        ([1.0, 0.0], [0.5, 0.5], {}, 25 * LN2),  # ½ ln ½ + ½ (ln ½ + 52 ln 2)
        ([1.0, 0.0], [0.0, 1.0], {"clip": 0.0}, INF),
        ([1.0, 0.0], [1.0, 0.0], {"clip": 0.0}, 0),  # 0 ln 0 is 0
        ([1.0, 0.0], [0.0, 1.0], {"clip": 0.125}, 3 * LN2),
        # the target becomes (1, ¼): ln 2 + ¼ ln ½
        ([0.5, 0.5], [1.0, 0.0], {"clip_target": 0.25}, 0.75 * LN2),
        ([0.5, 0.5], [1.0, 0.0], {"per": "element"}, LN2 / 2),
    ],
)
def test_kl_divergence_by_hand(prediction, target, options, expected):
    found = of_one("kl_divergence", prediction, target, **options)
    assert found == pytest.approx(expected, rel=4e-15, abs=1e-16)


def test_the_divergence_of_an_ignored_zero_does_not_count():
    # without its weight the first row would cost infinitely much
    found = lossctl.compute("kl", [[0, 1], [0.5, 0.5]], [[1, 0], [1, 0]], weight=[0, 1], clip=0)
    assert found == close(LN2)


def test_single_divergences_may_be_infinite():
    found = lossctl.compute("kl", [[0, 1], [1, 0]], [[1, 0], [1, 0]], clip=0, reduction="none")
    assert found.tolist() == [INF, 0.0]


# Hinge losses


@pytest.mark.parametrize(
    ("score", "label", "expected"),
    [
        (0.25, 1.0, 0.75),
        (1.0, 1.0, 0),
        (2.0, 1.0, 0),
        (1.0, -1.0, 2),
        (-0.5, -1.0, 0.5),
        (0.0, -1.0, 1),
        (1e4, 1.0, 0),
        (1e4, -1.0, 10001),
        (-1e4, 1.0, 10001),
        (-1e4, -1.0, 0),
    ],
)
def test_hinge_losses_by_hand(score, label, expected):
    assert of_one("hinge", score, label) == expected
    assert of_one("squared_hinge", score, label) == expected**2


@pytest.mark.parametrize("labels", [[0, 1], [-1, 1], [False, True]])
def test_0_means_minus_1(labels):
    # max(0, 1 + ½) and max(0, 1 - ¼)
    assert lossctl.compute("hinge", [0.5, 0.25], labels) == 1.125
    assert lossctl.compute("squared_hinge", [0.5, 0.25], labels) == (2.25 + 0.5625) / 2


def test_raw_labels_take_0_as_0():
    assert lossctl.compute("hinge", [5.0, 0.25], [0, 1], raw_labels=True) == 0.875
    assert lossctl.compute("squared_hinge", [5.0, 0.25], [0, 1], raw_labels=True) == 0.78125
    assert lossctl.compute("hinge", [5.0], [0.5], raw_labels=True) == 0


def test_0_mixed_with_minus_1_is_refused():
    with pytest.raises(DataError) as caught:
        lossctl.compute("hinge", [1.0, 1.0, 1.0], [0, -1, 1])
    assert str(caught.value) == (
        "target mixes 1 label of 0 with 1 label of -1\n"
        "code the two classes as 0 and 1, or as -1 and +1"
    )


def test_another_sign_is_refused():
    with pytest.raises(DataError) as caught:
        lossctl.compute("hinge", [1.0, 1.0], [1, 2])
    assert caught.value.message == "target[1]: 2.0 is not -1 or +1 (or 0 or 1)"


# Focal losses


@pytest.mark.parametrize(
    ("probability", "target", "options", "expected"),
    [
        (0.5, 1.0, {}, LN2 / 4),
        (0.5, 0.0, {}, LN2 / 4),
        (0.75, 1.0, {}, (2 * LN2 - LN3) / 16),  # ¼² ln 4/3
        (0.75, 0.0, {}, 9 / 16 * 2 * LN2),
        (0.75, 0.0, {"gamma": 0.0}, 2 * LN2),
        (0.75, 0.0, {"gamma": 0.5}, math.sqrt(3) * LN2),  # √¾ 2 ln 2
        (0.75, 0.0, {"gamma": 1000.0}, float(Decimal("0.75") ** 1000) * 2 * LN2),
        (0.5, 1.0, {"alpha": 0.25}, LN2 / 16),
        (0.5, 0.0, {"alpha": 0.25}, 3 / 16 * LN2),
        (0.5, 1.0, {"alpha": 0.0}, 0),
        (0.5, 1.0, {"alpha": 1.0}, LN2 / 4),
        # soft: q = ½ ¼ + ½ ¾ = ½, and the cross-entropy is ½ ln 4 + ½ ln 4/3
        (0.25, 0.5, {}, (2 * LN2 - LN3 / 2) / 4),
        (0.25, 0.5, {"alpha": 0.25}, (2 * LN2 - LN3 / 2) / 8),
        # smoothing makes ½ of 1 and of 0
        (0.25, 1.0, {"label_smoothing": 1.0}, (2 * LN2 - LN3 / 2) / 4),
        (0.0, 1.0, {}, CLIPPED),
        (1.0, 0.0, {}, CLIPPED),
        (0.0, 1.0, {"clip": 0.0}, INF),
        (1.0, 1.0, {"clip": 0.0}, 0),
        (0.0, 1.0, {"clip": 0.25, "gamma": 0.0}, 2 * LN2),
    ],
)
def test_binary_focal_by_hand(probability, target, options, expected):
    found = of_one("binary_focal", probability, target, **options)
    assert found == pytest.approx(expected, rel=1e-14, abs=0)


@pytest.mark.parametrize(
    ("logit", "target", "options", "expected"),
    [
        (0.0, 1.0, {}, LN2 / 4),
        (1e4, 1.0, {}, 0),
        (1e4, 0.0, {}, 1e4),
        (-1e4, 1.0, {}, 1e4),
        (-1e4, 1.0, {"alpha": 0.25}, 2500),
        (-1e4, 1.0, {"clip_logits": True}, CLIPPED),
        (LN3, 1.0, {}, (2 * LN2 - LN3) / 16),  # p = ¾
        (LN3, 0.0, {"gamma": 1.0}, 1.5 * LN2),  # ¾ ln 4
        (0.0, 1.0, {"clip_logits": True}, LN2 / 4),
    ],
)
def test_binary_focal_of_logits_by_hand(logit, target, options, expected):
    found = of_one("binary_focal", logit, target, from_logits=True, **options)
    assert found == pytest.approx(expected, rel=1e-14, abs=0)


@pytest.mark.parametrize(
    ("prediction", "target", "options", "expected"),
    [
        (HALVES, [1, 0, 0], {}, LN2 / 4),
        (HALVES, [0, 0, 1], {}, 9 / 16 * 2 * LN2),
        (HALVES, [0, 0, 1], {"gamma": 0.0}, 2 * LN2),
        (HALVES, [0, 0, 1], {"alpha": 0.25}, 9 / 64 * 2 * LN2),
        (HALVES, [0, 0, 1], {"alpha": 0.0}, 0),
        # ½ ¼ ln 2 + ½ 9/16 ln 4
        (HALVES, [0.5, 0.5, 0.0], {}, 11 / 16 * LN2),
        # all of it spread over three classes: (¼ + 9/16 × 2 + 9/16 × 2) / 3 ln 2
        (HALVES, [1, 0, 0], {"label_smoothing": 1.0}, 2.5 / 3 * LN2),
        ([0.25, 0.125, 0.125], [1, 0, 0], {"normalise": True}, LN2 / 4),
        ([0.0, 1.0], [0, 1], {"clip": 0.0}, 0),
        ([0.0, 1.0], [1, 0], {"clip": 0.0}, INF),
        ([0.0, 1.0], [1, 0], {}, CLIPPED),
        ([0.0, 0.0], [1, 0], {"from_logits": True}, LN2 / 4),
        ([LN3, 0.0], [0, 1], {"from_logits": True}, 9 / 16 * 2 * LN2),  # p = ¾, ¼
        ([1e4, -1e4], [1, 0], {"from_logits": True}, 0),
        ([1e4, -1e4], [0, 1], {"from_logits": True}, 2e4),
        ([1e4, -1e4], [0, 1], {"from_logits": True, "clip_logits": True}, CLIPPED),
    ],
)
def test_categorical_focal_by_hand(prediction, target, options, expected):
    found = of_one("categorical_focal", prediction, target, **options)
    assert found == pytest.approx(expected, rel=1e-14, abs=0)


# Losses for wrong labels

SCORES = [[2.0, 0.0, -1.0], [0.0, 1.0, 0.5], [1.0, 1.0, 1.0], [-3.0, 2.5, 4.0]]
CLASSES = [0, 2, 1, 0]


@pytest.mark.parametrize(
    ("prediction", "label", "options", "expected"),
    [
        ([0.25, 0.75], 0, {"q": 0.5}, 1),  # (1 - ½) / ½
        ([0.0625, 0.9375], 0, {"q": 0.25}, 2),  # (1 - ½) / ¼
        ([0.25, 0.75], 0, {"q": 1.0}, 0.75),
        ([2**-10, 1 - 2**-10], 0, {}, (127 / 128) / 0.7),  # the power is 2⁻⁷
        ([0.0, 1.0], 0, {}, 1 / 0.7),
        ([0.0, 1.0], 0, {"q": 0.125}, 8),
        ([0.0, 1.0], 1, {}, 0),
        ([0.5, 0.5], 1, {"q": 1e-300}, LN2),  # the limit is cross-entropy
        # 0.7 × 2⁻⁵³ is too small to be seen beside the 1 of 1 - p^q
        ([1 - 2**-53, 2**-53], 0, {}, 2**-53),
        ([0.125, 0.125, 0.125], 1, {"q": 1.0}, 0.875),  # no matter what the others are
        ([0.0, 0.0], 1, {"from_logits": True, "q": 0.5}, 2 - math.sqrt(2)),
        ([LN3, 0.0], 1, {"from_logits": True, "q": 0.5}, 1),  # p = ¼
        ([1e4, -1e4], 0, {"from_logits": True}, 0),
        ([1e4, -1e4], 1, {"from_logits": True}, 1 / 0.7),
        ([1e150, -1e150], 1, {"from_logits": True}, 1 / 0.7),
        # e^-40 is left of (1 - p^q) / q, less about its square
        ([40.0, 0.0], 0, {"from_logits": True}, math.exp(-40)),
    ],
)
def test_generalised_cross_entropy_by_hand(prediction, label, options, expected):
    assert of_one("generalised_cross_entropy", prediction, label, **options) == close(expected)


def test_generalised_cross_entropy_of_an_independent_implementation():
    # scipy 1.17: -scipy.special.boxcox(softmax, 0.7), averaged
    found = lossctl.compute("gce", SCORES, CLASSES, from_logits=True)
    assert found == close(0.7873054028955885)


@pytest.mark.parametrize(
    ("prediction", "label", "options", "expected"),
    [
        (HALVES, 0, {}, 0.1 * LN2 + 2),  # 4 (¼ + ¼)
        (HALVES, 1, {}, 0.2 * LN2 + 3),  # 4 (½ + ¼)
        (HALVES, 1, {"alpha": 1.0, "beta": 0.0}, 2 * LN2),
        (HALVES, 0, {"alpha": 0.0, "beta": 2.0, "log_of_zero": -3.0}, 3),
        (HALVES, 0, {"alpha": 6.0, "beta": 0.1}, 6 * LN2 + 0.2),
        ([0.0, 1.0], 0, {}, 0.1 * CLIPPED + 4),
        ([0.0, 1.0], 1, {}, 0.1 * 2**-52),
        ([0.0, 1.0], 0, {"clip": 0.0}, INF),
        ([0.0, 1.0], 0, {"clip": 0.0, "alpha": 0.0}, 4),
        # what the other classes have, also in a row that sums to ½
        ([0.25, 0.125, 0.125], 0, {}, 0.2 * LN2 + 1),
        ([0.0, 0.0], 1, {"from_logits": True}, 0.1 * LN2 + 2),
        ([LN3, 0.0], 1, {"from_logits": True}, 0.2 * LN2 + 3),
        ([1e4, -1e4], 0, {"from_logits": True}, 0),
        ([1e4, -1e4], 1, {"from_logits": True}, 2004),
        ([40.0, 0.0], 0, {"from_logits": True}, 4.1 * math.exp(-40)),
    ],
)
def test_symmetric_cross_entropy_by_hand(prediction, label, options, expected):
    assert of_one("symmetric_cross_entropy", prediction, label, **options) == close(expected)


@pytest.mark.parametrize(
    ("log_of_zero", "expected"),
    [
        (-4.0, 2.756203233211986),
        (math.log(1e-4), 6.032114955487087),  # 1e-4 in the place of the 0 of a label
    ],
)
def test_symmetric_cross_entropy_of_an_independent_implementation(log_of_zero, expected):
    # torch 2.13: 0.1 cross_entropy - (softmax × the logarithms of the one-hot rows).sum(1).mean()
    options = {"from_logits": True, "log_of_zero": log_of_zero}
    assert lossctl.compute("sce", SCORES, CLASSES, **options) == close(expected)


# Classes that are frequent and rare


@pytest.mark.parametrize(
    ("prediction", "label", "options", "expected"),
    [
        ([0.5, 0.5], 1, {"prior": "3,1"}, 2 * LN2),  # ¼
        ([0.5, 0.5], 0, {"prior": "3,1"}, 2 * LN2 - LN3),  # ¾
        ([0.5, 0.5], 1, {"prior": "0.75, 0.25"}, 2 * LN2),
        ([0.5, 0.5], 1, {"prior": "3e20,1e20"}, 2 * LN2),
        ([0.25, 0.75], 0, {"prior": "3,1"}, LN2),  # ¾ and ¾
        ([0.5, 0.5], 1, {"prior": "3,1", "tau": 2.0}, math.log(10)),  # 9 to 1
        ([0.5, 0.5], 1, {"prior": "4,1", "tau": 0.5}, LN3),  # 2 to 1
        ([0.5, 0.5], 1, {"prior": "3,1", "tau": 0.0}, LN2),
        (HALVES, 0, {"prior": "2,1,1"}, LN3 - LN2),  # 1 of 1, ¼ and ¼
        (HALVES, 2, {"prior": "2,1,1"}, LN2 + LN3),
        (HALVES, 1, {}, 2 * LN2),
        (HALVES, 1, {"tau": 7.0}, 2 * LN2),
        ([0.25, 0.125, 0.125], 0, {}, LN2),  # a row that sums to ½
        ([0.0, 1.0], 0, {"clip": 0.0, "prior": "1,2"}, INF),
        ([0.0, 1.0], 1, {"clip": 0.0, "prior": "1,2"}, 0),
        ([0.0, 1.0], 0, {"prior": "1,2"}, CLIPPED + LN2),
        ([0.0, LN3], 1, {"from_logits": True, "prior": "3,1"}, LN2),
        ([1e4, -1e4], 0, {"from_logits": True, "prior": "1,8"}, 0),
        ([1e4, -1e4], 1, {"from_logits": True, "prior": "1,1"}, 2e4),
        ([1e150, -1e150], 1, {"from_logits": True, "prior": "1,8"}, 2e150),
        # ln(1 + 8 e^-40): 8 e^-40, to all digits
        ([40.0, 0.0], 0, {"from_logits": True, "prior": "1,8"}, 8 * math.exp(-40)),
    ],
)
def test_logit_adjusted_cross_entropy_by_hand(prediction, label, options, expected):
    found = of_one("logit_adjusted_cross_entropy", prediction, label, **options)
    assert found == pytest.approx(expected, rel=2e-14, abs=0)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"prior": "70,25,5"}, 2.35718662244504),
        ({"prior": ".7,.25,.05", "tau": 1.5}, 2.506241041381016),
    ],
)
def test_logit_adjusted_cross_entropy_of_an_independent_implementation(options, expected):
    # torch 2.13: cross_entropy(scores + tau × prior.log(), classes)
    found = lossctl.compute("balanced_softmax", SCORES, CLASSES, from_logits=True, **options)
    assert found == close(expected)


@pytest.mark.parametrize(
    ("prior", "message"),
    [
        ("1,2,3", "prior has 3 numbers, but there are 2 classes"),
        ("1", "prior has 1 number, but there are 2 classes"),
        ("1,0", "prior must be numbers above 0, separated by commas, not '1,0'"),
        ("1,-2", "prior must be numbers above 0, separated by commas, not '1,-2'"),
        ("1;2", "prior must be numbers above 0, separated by commas, not '1;2'"),
        ("1,nan", "prior must be numbers above 0, separated by commas, not '1,nan'"),
        ("1,1e999", "prior must be numbers above 0, separated by commas, not '1,1e999'"),
        ("", "prior must be numbers above 0, separated by commas, not ''"),
    ],
)
def test_priors_that_make_no_sense(prior, message):
    with pytest.raises(UsageError) as caught:
        of_one("logit_adjusted_cross_entropy", [0.5, 0.5], 1, prior=prior)
    assert caught.value.message == message


# Several labels a row


@pytest.mark.parametrize(
    ("probability", "target", "options", "expected"),
    [
        (0.5, 1.0, {}, LN2 / 2),
        (0.75, 1.0, {}, (2 * LN2 - LN3) / 4),
        (0.55, 0.0, {}, LN2 / 16),  # ½⁴ ln 2
        (0.05, 0.0, {}, 0),
        (0.03, 0.0, {}, 0),
        (1.0, 0.0, {}, 0.95**4 * math.log(20)),
        (0.0, 1.0, {}, CLIPPED),
        (1.0, 1.0, {}, 0),
        (0.0, 0.0, {}, 0),
        (0.0, 1.0, {"clip": 0.0}, INF),
        (1.0, 1.0, {"clip": 0.0}, 0),
        (0.0, 1.0, {"clip": 0.25}, 2 * LN2),
        # without a shift, the negative's logarithm needs clipping too
        (1.0, 0.0, {"shift": 0.0}, CLIPPED),
        (1.0, 0.0, {"shift": 0.0, "clip": 2.0**-100}, 100 * LN2),
        (1.0, 0.0, {"shift": 0.0, "clip": 0.0}, INF),
        # neither shifted nor discounted it is binary cross-entropy
        (0.75, 0.0, {"shift": 0.0, "gamma_negative": 0.0}, 2 * LN2),
        (0.75, 1.0, {"gamma_positive": 0.0}, 2 * LN2 - LN3),
        (0.75, 1.0, {"gamma_positive": 2.0}, (2 * LN2 - LN3) / 16),
        (0.75, 0.0, {"shift": 0.25, "gamma_negative": 2.0}, LN2 / 4),
        (0.5, 0.0, {"shift": 0.25, "gamma_negative": 1.0}, (2 * LN2 - LN3) / 4),
        (0.75, 0.0, {"shift": 1.0}, 0),
        # soft: ¼ of the one and ¾ of the other
        (0.75, 0.25, {"shift": 0.25}, (2 * LN2 - LN3) / 16 + 0.75 * LN2 / 16),
    ],
)
def test_asymmetric_loss_by_hand(probability, target, options, expected):
    found = of_one("asymmetric_loss", probability, target, **options)
    assert found == pytest.approx(expected, rel=1e-14, abs=0)


@pytest.mark.parametrize(
    ("logit", "target", "options", "expected"),
    [
        (0.0, 1.0, {}, LN2 / 2),
        (LN3, 1.0, {}, (2 * LN2 - LN3) / 4),  # p = ¾
        (LN3, 0.0, {"shift": 0.25}, LN2 / 16),
        (-LN3, 0.0, {"shift": 0.25}, 0),
        (1e4, 1.0, {}, 0),
        (-1e4, 1.0, {}, 1e4),
        (1e4, 0.0, {}, 0.95**4 * math.log(20)),
        (1e4, 0.0, {"shift": 0.0}, 1e4),
        (-1e4, 0.0, {"shift": 0.0}, 0),
        (1e150, 0.0, {"shift": 0.0}, 1e150),
        # so little is added to the 0 of 1 - p that 1 - (p - shift) would lose half of the digits
        (1e4, 0.0, {"shift": 1e-9}, (1 - 1e-9) ** 4 * 9 * math.log(10)),
        (-40.0, 0.0, {"shift": 0.0, "gamma_negative": 0.0}, softplus(-40)),
        (40.0, 1.0, {"gamma_positive": 0.0}, softplus(-40)),
    ],
)
def test_asymmetric_loss_of_logits_by_hand(logit, target, options, expected):
    found = of_one("asymmetric_loss", logit, target, from_logits=True, **options)
    assert found == pytest.approx(expected, rel=1e-14, abs=0)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        # ½ ln 2 and ½⁴ ln 2, ½ ln 2 and 0
        ({}, (17 / 16) * LN2 / 2),
        ({"reduction": "sum"}, (17 / 16) * LN2),
        ({"per": "element"}, (17 / 16) * LN2 / 4),
    ],
)
def test_the_labels_of_a_row_are_added_up(options, expected):
    prediction, target = [[0.5, 0.55], [0.5, 0.05]], [[1.0, 0.0], [1.0, 0.0]]
    found = lossctl.compute("asymmetric_loss", prediction, target, **options)
    assert found == pytest.approx(expected, rel=1e-14)


def test_asymmetric_loss_of_an_independent_implementation():
    # torch 2.13, by the authors' formula, which adds all labels of all rows
    target = [[1, 0, 0], [0, 1, 1], [0, 0, 0], [0, 1, 0]]
    found = lossctl.compute("asl", SCORES, target, from_logits=True, reduction="sum")
    assert found == close(3.100102035739878)


# Hinge losses of several classes


@pytest.mark.parametrize(
    ("scores", "label", "options", "largest", "added"),
    [
        ([2.0, 0.5, 1.75], 0, {}, 0.75, 0.75),
        ([2.0, 1.5, 1.75], 0, {}, 0.75, 1.25),  # ½ and ¾
        ([2.0, 1.0, -9.0], 0, {}, 0, 0),
        ([1.0, 1.0], 0, {}, 1, 1),
        ([1.0, 1.0, 1.0], 2, {}, 1, 2),
        ([0.0, 3.0], 0, {}, 4, 4),
        ([-1.0, -5.0], 0, {}, 0, 0),  # ahead by 4, though below 0
        ([-1.0, -1.5], 1, {}, 1.5, 1.5),
        ([0.0, 3.0], 0, {"margin": 0.0}, 3, 3),
        ([0.0, 0.0], 0, {"margin": 0.0}, 0, 0),
        ([2.0, 0.5, 1.5], 0, {"margin": 2.0}, 1.5, 2),  # ½ and 1½
        ([1e4, -1e4], 0, {}, 0, 0),
        ([1e4, -1e4], 1, {}, 20001, 20001),
        ([1e150, -1e150], 1, {}, 2e150, 2e150),
    ],
)
def test_hinge_losses_of_classes_by_hand(scores, label, options, largest, added):
    assert of_one("multiclass_hinge", scores, label, **options) == largest
    assert of_one("weston_watkins_hinge", scores, label, **options) == added


@pytest.mark.parametrize(
    ("scores", "label", "expected"),
    [
        ([-1.0, -5.0], 0, 2),  # 1 + 1 + 0, and not 1 + 1 - 5
        ([2.0, -5.0], 0, 0),
        ([0.25, -5.0], 0, 0.75),
        ([-5.0, 0.5], 0, 6.5),
    ],
)
def test_the_other_scores_may_be_taken_as_0_at_least(scores, label, expected):
    assert of_one("multiclass_hinge", scores, label, floor_at_zero=True) == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"power": 2}, 0.8125),  # ½² + ¾²
        ({"divide_by_classes": True}, 1.25 / 3),
        ({"power": 2, "margin": 2.0, "divide_by_classes": True}, (2.25 + 3.0625) / 3),
    ],
)
def test_powers_and_shares_of_the_classes(options, expected):
    found = of_one("weston_watkins_hinge", [2.0, 1.5, 1.75], 0, **options)
    assert found == close(expected)


def test_hinge_losses_of_classes_of_independent_implementations():
    # sklearn 1.9: hinge_loss; torch 2.13: multi_margin_loss, of squares with margin=0.5
    assert lossctl.compute("multiclass_hinge", SCORES, CLASSES) == close(2.625)
    squares = {"power": 2, "margin": 0.5, "divide_by_classes": True}
    assert lossctl.compute("weston_watkins_hinge", SCORES, CLASSES, **squares) == close(7.8125)


def test_classes_of_scores_may_be_named():
    frame = pd.DataFrame({"cat": [2.0, 0.0], "dog": [1.5, 3.0]})
    # 1 - 2 + 1.5, and dog is ahead by 3
    assert lossctl.compute("multiclass_hinge", frame, ["cat", "dog"]) == 0.25
    with pytest.raises(DataError, match="is not a class of the prediction"):
        lossctl.compute("weston_watkins_hinge", frame, ["cat", "cow"])


@pytest.mark.parametrize("name", ["generalised_cross_entropy", "symmetric_cross_entropy"])
def test_logits_of_classes_passed_as_probabilities_are_refused(name):
    with pytest.raises(DataError) as caught:
        lossctl.compute(name, [[2.0, -1.0]], [0])
    assert caught.value.hint == "--from-logits: prediction holds logits, not probabilities"
