"""`lossctl.compute` of units, roles apart, images and names that several losses share."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import lossctl
from lossctl.errors import DataError, LossctlError, UsageError

HALF = np.full((2, 2), 0.5)
CERTAIN = np.array([[1.0, 0.0]])


def refusal(name, *arrays, **options):
    with pytest.raises(LossctlError) as caught:
        lossctl.compute(name, *arrays, **options)
    return type(caught.value), caught.value.message, caught.value.hint


# Whole units


def test_arrays_of_one_unit():
    # Of the four equally likely paths three give the symbol 1.
    assert lossctl.compute("ctc", HALF, [1]) == pytest.approx(-math.log(0.75), rel=1e-15)


def test_lists_of_arrays_are_units():
    found = lossctl.compute("ctc", [HALF, CERTAIN], [[1], []], reduction="none")
    assert found.tolist() == pytest.approx([-math.log(0.75), 0.0])
    assert lossctl.compute("ctc", [HALF, CERTAIN], [[1], []]) == pytest.approx(-math.log(0.75) / 2)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ([[], [1], [1]], [-math.log(0.25), -math.log(0.75), -math.log(0.75)]),
        ([[1], [], [1]], [-math.log(0.75), -math.log(0.25), -math.log(0.75)]),
        ([[1], [1], []], [-math.log(0.75), -math.log(0.75), -math.log(0.25)]),
        ([[], [], []], [-math.log(0.25)] * 3),
    ],
)
def test_an_empty_unit_may_be_anywhere(target, expected):
    found = lossctl.compute("ctc", [HALF] * 3, target, reduction="none")
    assert found.tolist() == pytest.approx(expected, rel=1e-15)


def test_labels_may_be_words_of_a_frame():
    frame = pd.DataFrame(HALF, columns=["blank", "A"])
    assert lossctl.compute("ctc", frame, ["A"]) == pytest.approx(-math.log(0.75), rel=1e-15)


def test_labels_of_several_units_may_be_words():
    frame = pd.DataFrame(HALF, columns=["blank", "A"])
    found = lossctl.compute("ctc", [frame, frame], [["A"], ["A", "A"]], reduction="none")
    assert found.tolist() == pytest.approx([-math.log(0.75), math.inf])


def test_samples_of_any_size():
    # 0, 2 to 1, 1; and 5 to 8
    assert lossctl.compute("earth_mover", [0, 2], [1, 1]) == 1.0
    found = lossctl.compute("earth_mover", [[0, 2], [5]], [[1, 1], [8]], reduction="none")
    assert found.tolist() == [1.0, 3.0]
    assert lossctl.compute("earth_mover", [[0, 2], [5]], [[1, 1], [8]]) == 2.0


def test_units_are_averaged_with_their_weights():
    # (3 × 1 + 1 × 3) / 4
    found = lossctl.compute("psnr", np.zeros((2, 1, 1)), np.full((2, 1, 1), 0.1), weight=[3, 1])
    assert found == pytest.approx(-20.0)
    steps, symbols = [CERTAIN, HALF], [[], []]
    found = lossctl.compute("ctc", steps, symbols, weight=[3, 1])
    assert found == pytest.approx(-math.log(0.25) / 4)
    assert lossctl.compute("ctc", steps, symbols, weight=[3, 1], reduction="sum") == pytest.approx(
        -math.log(0.25)
    )


def test_samples_have_weights_of_their_rows():
    # 3/4 of the first are at 0 and 1/4 at 4; all of the second at 0
    found = lossctl.compute("earth_mover", [0, 4], [0], weight=[[3, 1], [1]])
    assert found == 1.0


@pytest.mark.parametrize(
    ("weight", "where"), [([[3, -1], [1]], "weight"), ([[3, 1], [math.nan]], "weight")]
)
def test_weights_of_rows_are_checked(weight, where):
    kind, message, _ = refusal("earth_mover", [0, 4], [0], weight=weight)
    assert kind is not UsageError
    assert where in message
    assert "is not a weight" in message


@pytest.mark.parametrize("weight", [[-1, 1], [math.inf, 1], [math.nan, 1]])
def test_weights_of_units_are_checked(weight):
    kind, message, _ = refusal("ctc", [HALF, HALF], [[1], [1]], weight=weight)
    assert issubclass(kind, DataError)
    assert message.startswith("weight[0]: ")


@pytest.mark.parametrize(
    ("arrays", "weight"),
    [
        (([HALF, HALF], [[1]]), None),
        (([HALF], [[1], [1]]), None),
        (([HALF, HALF], [[1], [1]]), [1, 2, 3]),
        (([HALF, HALF], [[1], [1]]), [[1, 1], [1, 1]]),
        (([HALF, np.full((2, 3), 1 / 3)], [[1], [1]]), None),
        (([], []), None),
        (([HALF, None], [[1], [1]]), None),
    ],
)
def test_units_that_do_not_fit_are_refused_in_a_sentence(arrays, weight):
    with pytest.raises(LossctlError):
        lossctl.compute("ctc", *arrays, weight=weight)


def test_a_unit_of_no_steps_and_no_symbols_is_certain():
    found = lossctl.compute("ctc", [HALF, np.zeros((0, 2))], [[1], []], reduction="none")
    assert found.tolist() == pytest.approx([-math.log(0.75), 0.0])


@pytest.mark.parametrize(
    ("prediction", "target"),
    [
        ([HALF, CERTAIN], [[1, 1], [0, 0]]),
        ([HALF, CERTAIN], [[1], [0, 0]]),  # three rows each, but in other units
        ([HALF], [[1]]),
        ([HALF], [[]]),
    ],
)
def test_rows_that_line_up_do_so_in_every_unit(prediction, target):
    kind, message, _ = refusal("sequence_cross_entropy", prediction, target)
    assert issubclass(kind, DataError)
    assert "do not match" in message


@pytest.mark.parametrize(
    "arrays",
    [
        ([1.0, 2.0], [0.0, 0.0, 0.0]),
        ([1.0, 2.0], [0.0]),  # never broadcast
        ([[1.0], [2.0, 3.0]], [[0.0, 0.0], [0.0]]),
        ([1.0, 2.0], [0.0, 0.0], ["p"]),
        ([[1.0], [2.0, 3.0]], [[0.0], [0.0, 0.0]], [["p", "p"], ["p"]]),
    ],
)
def test_features_line_up_in_every_image(arrays):
    kind, message, _ = refusal("perceptual", *arrays)
    assert issubclass(kind, DataError)
    assert "do not match" in message


def test_whole_units_are_lists_not_groups():
    kind, message, hint = refusal("ctc", HALF, [1], unit=["a", "a"])
    assert (kind, message) == (UsageError, "ctc takes whole units, so unit=… does not apply")
    assert hint == "give a list of arrays, one per unit"


@pytest.mark.parametrize("bad", [math.nan, 1.5])
def test_a_value_out_of_domain_is_named(bad):
    broken = HALF.copy()
    broken[1, 0] = bad
    kind, message, _ = refusal("ctc", [HALF, broken], [[1], [1]])
    assert issubclass(kind, DataError)
    assert message.startswith(f"prediction[3, 0]: {bad!r} is not")


# Groups


def test_rows_may_be_grouped_by_a_unit():
    # Unit a has (1 + 3) / 2, unit b has 5.
    unit = ["a", "b", "a"]
    zeros = np.zeros(3)
    assert lossctl.compute("mae", [1, 5, 3], zeros, unit=unit) == 3.5
    assert lossctl.compute("mae", [1, 5, 3], zeros, unit=unit, reduction="sum") == 7.0
    found = lossctl.compute("mae", [1, 5, 3], zeros, unit=unit, reduction="none")
    assert sorted(found.tolist()) == [2.0, 5.0]


@pytest.mark.parametrize(
    "unit",
    [
        [0, 1, 0],
        np.array([7, 2, 7]),
        pd.Series(["x", "y", "x"], index=[5, 6, 7]),
        pd.Categorical(["x", "y", "x"]),
        pd.to_datetime(["2020-01-01", "2020-01-02", "2020-01-01"]),
    ],
)
def test_units_may_be_anything_that_has_names(unit):
    assert lossctl.compute("mae", [1, 5, 3], np.zeros(3), unit=unit) == 3.5


@pytest.mark.parametrize("unit", [["a", "b"], ["a", "b", "c", "d"], [], [["a", "b", "c"]], "abc"])
def test_units_that_do_not_fit_are_refused(unit):
    assert refusal("mae", [1, 5, 3], np.zeros(3), unit=unit)[0] is not None


def test_weights_count_within_a_unit():
    # a: (1 + 3 × 5) / 4; b: 6
    found = lossctl.compute("mae", [1, 5, 6], np.zeros(3), weight=[1, 3, 9], unit=["a", "a", "b"])
    assert found == 5.0


def test_a_table_is_grouped_by_row():
    table = [[1.0, 3.0], [5.0, 7.0], [0.0, 2.0]]
    found = lossctl.compute("mae", table, np.zeros((3, 2)), unit=["a", "a", "b"], reduction="none")
    assert found.tolist() == [4.0, 1.0]


# Roles apart


def test_roles_apart_may_have_any_number_of_rows():
    assert lossctl.compute("wasserstein_critic", [1, 3], [2, 4, 6]) == 2.0
    assert lossctl.compute("wasserstein_critic", [1, 3], [2, 4, 6], reduction="sum") == 8.0


def test_roles_apart_have_weights_of_their_own():
    # (2 + 4 + 2 × 6) / 4 - (1 + 3 × 3) / 4
    weight = [[1, 3], [1, 1, 2]]
    assert lossctl.compute("wasserstein_critic", [1, 3], [2, 4, 6], weight=weight) == 2.0
    arrays = np.array([1.0, 3.0]), np.array([1.0, 1.0, 2.0])
    assert lossctl.compute("wasserstein_critic", [1, 3], [2, 4, 6], weight=arrays) == 2.0


def test_roles_apart_have_units_of_their_own():
    # Unit a has 2 - 1, unit b has 5 - 3.
    unit = [["a", "b"], ["a", "b", "b"]]
    assert lossctl.compute("wasserstein_critic", [1, 3], [2, 4, 6], unit=unit) == 1.5


@pytest.mark.parametrize("weight", [[1, 3], [[1, 3]], [[1], [1, 1, 2]], np.ones(2), 1.0])
def test_weights_that_do_not_fit_the_roles_are_refused(weight):
    kind, message, _ = refusal("wasserstein_critic", [1, 3], [2, 4, 6], weight=weight)
    assert issubclass(kind, LossctlError)
    assert "weight" in message


@pytest.mark.parametrize(("weight", "row"), [([[1, -3], [1, 1, 2]], 1), ([[1, 3], [1, 1, -2]], 2)])
def test_a_negative_weight_is_named_by_its_row(weight, row):
    _, message, _ = refusal("wasserstein_critic", [1, 3], [2, 4, 6], weight=weight)
    assert message.startswith("weight")
    assert f"[{row}]: " in message


def test_single_rows_come_role_after_role():
    found = lossctl.compute("wasserstein_critic", [1, 3], [2], reduction="none")
    assert found.tolist() == [-1.0, -3.0, 2.0]


# Roles that may be left out


def test_an_optional_role_is_the_last_array():
    assert lossctl.compute("margin_ranking", [1, 2], [2, 4]) == 1.5
    assert lossctl.compute("margin_ranking", [1, 2], [2, 4], [-1, -1]) == 0.0
    assert lossctl.compute("margin_ranking", [1, 2], [2, 4], [0, 1]) == 1.0


@pytest.mark.parametrize("count", [0, 1, 4])
def test_another_number_of_arrays_is_refused(count):
    kind, message, _ = refusal("margin_ranking", *[[1.0]] * count)
    assert kind is UsageError
    assert "positive, negative, order" in message


def test_names_of_rows_are_optional():
    assert lossctl.compute("perceptual", [1.0, 2.0], [0.0, 0.0]) == 5.0
    weights = {"layer_weights": "p=1,q=0.5"}
    assert lossctl.compute("perceptual", [1.0, 2.0], [0.0, 0.0], ["p", "q"], **weights) == 3.0
    found = lossctl.compute(
        "perceptual",
        [[1.0, 2.0], [3.0]],
        [[0.0, 0.0], [0.0]],
        [["p", "q"], ["p"]],
        reduction="none",
    )
    assert found.tolist() == [5.0, 9.0]


# Images


@pytest.mark.parametrize(
    "shape", [(2, 2), (1, 2, 2), (3, 2, 2), (3, 2, 2, 3), (1, 1, 1), (2, 1, 5, 1)]
)
def test_images_of_any_shape(shape):
    # each pixel is off by 0.1, so -10 log10(1 / 0.01)
    prediction, target = np.zeros(shape), np.full(shape, 0.1)
    assert lossctl.compute("psnr", prediction, target) == pytest.approx(-20.0)
    found = lossctl.compute("psnr", prediction, target, reduction="none")
    assert len(found) == (1 if len(shape) == 2 else shape[0])


def test_a_list_of_images_may_have_several_heights():
    prediction = [np.zeros((2, 3)), np.zeros((4, 3)), np.zeros((4, 3))]
    target = [np.full((2, 3), 0.1), np.full((4, 3), 1.0), np.full((4, 3), 0.1)]
    found = lossctl.compute("psnr", prediction, target, reduction="none")
    assert found.tolist() == pytest.approx([-20.0, 0.0, -20.0])


def test_a_nested_list_is_an_image():
    assert lossctl.compute("total_variation", [[0.0, 1.0], [2.0, 3.0]]) == 10.0


@pytest.mark.parametrize(
    ("prediction", "target"),
    [
        (np.zeros((2, 3, 4)), np.zeros((2, 4, 3))),
        (np.zeros((2, 1, 4)), np.zeros((2, 3, 4))),  # never broadcast
        (np.zeros((1, 4)), np.zeros((3, 4))),
        (np.zeros((3, 1)), np.zeros((3, 4))),
        (np.zeros((2, 3, 4)), np.zeros((3, 2, 4))),
        (np.zeros((2, 3, 4)), np.zeros((2, 3, 4, 1))),
        (np.zeros((2, 3, 4)), np.zeros((2, 3, 4, 3))),
        ([np.zeros((2, 3)), np.zeros((3, 3))], [np.zeros((3, 3)), np.zeros((2, 3))]),
        (np.zeros((2, 3, 4, 5, 6)), np.zeros((2, 3, 4, 5, 6))),
        (np.zeros((0, 3, 4)), np.zeros((0, 3, 4))),
        (np.zeros((2, 0, 4)), np.zeros((2, 0, 4))),
        (np.zeros((2, 3, 0)), np.zeros((2, 3, 0))),
        ([], []),
        (1.0, 1.0),
        (None, None),
    ],
)
def test_images_that_do_not_fit_are_refused(prediction, target):
    assert issubclass(refusal("psnr", prediction, target)[0], LossctlError)


def test_a_pixel_that_is_not_finite_is_refused():
    broken = np.zeros((2, 2, 2))
    broken[1, 1, 0] = math.nan
    _, message, _ = refusal("psnr", broken, np.ones((2, 2, 2)))
    assert message.startswith("prediction[3, 0]: nan")


def test_arrays_are_not_changed():
    prediction, target = np.zeros((1, 2, 2)), np.full((1, 2, 2), 255.0)
    lossctl.compute("psnr", prediction, target)
    lossctl.compute("dice", prediction[0], target[0])
    assert prediction.tolist() == [[[0.0, 0.0], [0.0, 0.0]]]
    assert target.tolist() == [[[255.0, 255.0], [255.0, 255.0]]]


def test_read_only_arrays_are_read():
    prediction = np.zeros((1, 2, 2))
    prediction.flags.writeable = False
    assert lossctl.compute("total_variation", prediction) == 0.0


# Names that several losses share


@pytest.mark.parametrize(
    ("prediction", "target"),
    [
        ([0.5, 0.25], [1, 0]),
        ([[0.5], [0.25]], [[1], [0]]),
        ([[0.5, 0.5], [0.25, 0.75]], [0, 1]),
        ([[0.5, 0.5], [0.25, 0.75]], [[1, 0], [0, 1]]),
        (pd.DataFrame({"a": [0.5, 0.25], "b": [0.5, 0.75]}), ["a", "b"]),
    ],
)
def test_cross_entropy_is_chosen_by_the_shapes(prediction, target):
    # (-ln 0.5 - ln 0.75) / 2
    expected = -(math.log(0.5) + math.log(0.75)) / 2
    assert lossctl.compute("cross_entropy", prediction, target) == pytest.approx(expected)


def test_a_choice_takes_the_options_of_what_it_chose():
    prediction, target = [[0.5, 0.5], [0.25, 0.75]], [0, 9]
    found = lossctl.compute("ce", prediction, target, ignore_index=9)
    assert found == pytest.approx(math.log(2))


def test_an_option_of_another_of_the_losses_is_refused():
    kind, message, _ = refusal("ce", [0.5], [1], ignore_index=9)
    assert (kind, message) == (
        UsageError,
        "unknown option 'ignore_index' of binary_cross_entropy",
    )


@pytest.mark.parametrize("arrays", [(), ([0.5],), ([0.5], [1], [1])])
def test_a_choice_needs_two_arrays(arrays):
    kind, message, _ = refusal("cross_entropy", *arrays)
    assert kind is UsageError
    assert "takes 2 arrays (prediction, target)" in message
