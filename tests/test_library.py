"""`lossctl.compute`: any array in, a number out, or a sentence that says what is wrong."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

import lossctl
from lossctl.errors import DataError, UsageError

ONES = np.ones(2)


class Tensor:
    """What torch, jax and others give numpy."""

    def __array__(self, dtype=None, copy=None):
        del copy
        return np.array([1.0, 3.0], dtype=dtype)


@pytest.mark.parametrize(
    "prediction",
    [
        [1.0, 3.0],
        [1, 3],
        (1, 3),
        range(1, 4, 2),
        np.array([1, 3]),
        np.array([1, 3], dtype=np.uint8),
        np.array([1, 3], dtype=np.float16),
        np.array([1, 3], dtype=np.longdouble),
        np.array([1, 3], dtype=">f8"),
        np.array([1, 9, 3, 9])[::2],
        np.array([3, 1])[::-1],
        np.array([[1.0], [3.0]]),
        np.array([1, 3], dtype=object),
        np.ma.array([1.0, 3.0], mask=[False, False]),
        pd.Series([1.0, 3.0], index=[7, 5]),  # labels of rows do not matter: rows go by position
        pd.Series([1, 3], dtype="Int64"),
        pd.Series([1, 3], dtype="float32"),
        pd.Index([1, 3]),
        pd.DataFrame({"p": [1.0, 3.0]}),
        [Decimal(1), Decimal(3)],
        [Fraction(1), Fraction(3)],
        Tensor(),
    ],
)
def test_anything_that_numpy_reads_is_an_array(prediction):
    assert lossctl.compute("mse", prediction, ONES) == 2.0


def test_true_and_false_are_1_and_0():
    assert lossctl.compute("mae", [True, False], [False, False]) == 0.5


def test_columns_may_come_as_a_frame_or_an_array_of_any_layout():
    table = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    expected = lossctl.compute("mae", table, np.zeros((3, 2)))
    for other in (np.asfortranarray(table), pd.DataFrame(table), table.tolist(), table[::-1]):
        assert lossctl.compute("mae", other, np.zeros((3, 2))) == expected == 3.5


def test_the_number_is_a_plain_float():
    assert type(lossctl.compute("mse", ONES, ONES)) is float


@pytest.mark.parametrize(
    ("per", "expected"),
    [("row", [1.5, 7.0]), ("element", [[1.0, 2.0], [6.0, 8.0]])],
)
def test_single_numbers_come_as_an_array(per, expected):
    found = lossctl.compute(
        "mae",
        [[1.0, 2.0], [3.0, 4.0]],
        np.zeros((2, 2)),
        weight=[1.0, 2.0],
        reduction="none",
        per=per,
    )
    assert found.tolist() == expected


def test_a_single_row_of_elements_is_still_a_table():
    found = lossctl.compute("mae", [[1.0, 2.0]], [[0.0, 0.0]], reduction="none", per="element")
    assert found.tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, 2.5),  # (3 × 2 + 1 × 4) / 4
        ({"reduction": "sum"}, 10.0),
        ({"divide_by": "units"}, 5.0),
    ],
)
def test_weights_by_hand(options, expected):
    assert lossctl.compute("mae", [2.0, 4.0], [0.0, 0.0], weight=[3, 1], **options) == expected


def test_a_framework_s_name_gives_the_framework_s_number():
    # Two rows of two columns, weights 3 and 1. By element: (3 × 3 + 1 × 7) / (3 + 3 + 1 + 1);
    # keras: (3 × 1.5 + 1 × 3.5) / 2
    arrays = [[1.0, 2.0], [3.0, 4.0]], np.zeros((2, 2))
    weight = [3.0, 1.0]
    assert lossctl.compute("torch.nn.L1Loss", *arrays, weight=weight) == 2.0
    assert lossctl.compute("mae", *arrays, weight=weight, like="keras") == 4.0
    assert lossctl.compute("torch.nn.L1Loss", *arrays, weight=weight, like="keras") == 4.0


def test_the_role_of_an_array_is_its_place():
    assert lossctl.compute("quantile", [0.0], [8.0], tau=0.25) == 2.0
    assert lossctl.compute("quantile", [8.0], [0.0], tau=0.25) == 6.0


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (
            ([1.0, 2.0], [1.0]),
            (
                "the arrays do not match: prediction has 2 rows, target has 1 row\n"
                "give arrays of equal length"
            ),
        ),
        (([], []), "the arrays have no rows"),
        (
            (1.0, [1.0]),
            "prediction has 0 dimensions\ngive an array of shape (rows,) or (rows, columns)",
        ),
        (
            (np.zeros((1, 1, 1)), [1.0]),
            "prediction has 3 dimensions\ngive an array of shape (rows,) or (rows, columns)",
        ),
        ((np.zeros((1, 0)), [1.0]), "prediction has no columns"),
        ((["1.0"], [1.0]), "prediction holds <U3 where numbers are needed"),
        (([1j], [1.0]), "prediction holds complex128 where numbers are needed"),
        (
            (np.array(["2020-01-01"], dtype="datetime64[D]"), [1.0]),
            "prediction holds datetime64[D] where numbers are needed",
        ),
        ((pd.Series(["1.0"]), [1.0]), "prediction holds text where numbers are needed"),
        # Python would read 1_0 as 10, and the command line does not.
        (
            (np.array(["1_0"], dtype=object), [1.0]),
            "prediction holds text where numbers are needed",
        ),
        ((pd.Series([None], dtype="Int64"), [1.0]), "prediction[0]: nan is not a finite number"),
        (([None], [1.0]), "prediction[0]: nan is not a finite number"),
        (([math.nan], [1.0]), "prediction[0]: nan is not a finite number"),
        (
            (np.ma.array([1.0, 2.0], mask=[False, True]), ONES),
            "prediction has masked values\nremove these rows, or fill them and give them weight 0",
        ),
    ],
)
def test_what_is_no_array_of_numbers_is_refused(arrays, message):
    with pytest.raises(DataError) as caught:
        lossctl.compute("mse", *arrays)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "prediction",
    [
        [[1.0], [1.0, 2.0]],  # ragged
        np.array([{}, {}], dtype=object),
        [1.0, 10**400],  # more than a float64 holds
    ],
)
def test_what_numpy_cannot_make_a_number_is_refused(prediction):
    with pytest.raises(DataError, match=r"^prediction holds something that is not a number: "):
        lossctl.compute("mse", prediction, ONES)


def test_masked_labels_are_refused_as_masked_numbers_are():
    with pytest.raises(DataError, match=r"^target has masked values"):
        lossctl.compute("scce", [[0.5, 0.5]] * 2, np.ma.array([0, 1], mask=[False, True]))


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (
            [1.0],
            (
                "the arrays do not match: prediction has 2 rows, target has 2 rows, "
                "weight has 1 row\n"
                "give arrays of equal length"
            ),
        ),
        ([[1.0], [1.0]], "weight has 2 dimensions\ngive one number per row"),
        (2.0, "weight has 0 dimensions\ngive an array of shape (rows,) or (rows, columns)"),
        ([0.0, 0.0], "the weights sum to 0"),
        ([1.0, -1.0], "weight[1]: -1.0 is not a weight (a finite number, at least 0)"),
        (["a", "b"], "weight holds <U1 where numbers are needed"),
    ],
)
def test_what_is_no_weight_is_refused(weight, message):
    with pytest.raises(DataError) as caught:
        lossctl.compute("mse", ONES, ONES, weight=weight)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ((), "mse takes 2 arrays (prediction, target), not 0"),
        ((ONES,), "mse takes 2 arrays (prediction, target), not 1"),
        ((ONES, ONES, ONES), "mse takes 2 arrays (prediction, target), not 3"),
    ],
)
def test_the_number_of_arrays_is_that_of_the_roles(arrays, message):
    with pytest.raises(UsageError) as caught:
        lossctl.compute("mse", *arrays)
    assert str(caught.value) == message


def test_labels_in_two_dimensions_are_refused():
    with pytest.raises(DataError) as caught:
        lossctl.compute("scce", [[0.5, 0.5]], [["a", "b"]])
    assert str(caught.value) == "target has 2 dimensions\ngive one label per row"


def test_an_unknown_loss_or_option_is_refused():
    with pytest.raises(UsageError) as caught:
        lossctl.compute("hubr", ONES, ONES)
    assert str(caught.value) == "unknown loss 'hubr'\ndid you mean 'huber'?"
    with pytest.raises(UsageError) as caught:
        lossctl.compute("huber", ONES, ONES, beta=1)
    assert str(caught.value) == "unknown option 'beta' of huber\none of 'delta'"


def test_options_may_be_scalars_of_numpy():
    rows, labels = [[0.5, 0.5]] * 2, [0, -100]
    assert lossctl.compute("huber", [3.0], [0.0], delta=np.float32(1)) == 2.5
    assert lossctl.compute("scce", rows, labels, ignore_index=np.int64(-100)) == math.log(2)
