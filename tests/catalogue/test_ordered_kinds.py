"""Ordered classes and cumulative scores: what they accept, and their messages."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lossctl.block import Words
from lossctl.catalogue.kinds import CUMULATIVE, RANKS, Partners
from lossctl.errors import DataError, UsageError

ALONE = Partners()
TWO_COLUMNS = Partners(2, ("above_1", "above_2"))


def validate(kind, values, partners=ALONE):
    """Admit an array, or words, to the role `x`."""
    array = values if isinstance(values, Words) else np.array(values, dtype=float)
    return kind.validate("x", array, partners)


def refusal(kind, values, partners=ALONE, error=DataError):
    with pytest.raises(error) as caught:
        validate(kind, values, partners)
    return str(caught.value)


def words(*texts):
    known = sorted(set(texts))
    return Words(np.array([known.index(text) for text in texts]), tuple(known))


def test_there_is_one_class_more_than_columns():
    assert validate(RANKS, [0.0, 2.0, 1.0], TWO_COLUMNS).array.tolist() == [0, 2, 1]
    assert validate(RANKS, [0.0, 1.0], ALONE).array.tolist() == [0, 1]


def test_classes_are_named_by_the_order_from_the_lowest():
    kind = RANKS.configured({"order": "low,mid ,high"})
    given = words("high", "low", "mid", "high")
    assert validate(kind, given, TWO_COLUMNS).array.tolist() == [2, 0, 1, 2]


def test_names_that_are_numbers_count_as_names():
    kind = RANKS.configured({"order": "3,2,1"})
    assert validate(kind, [1.0, 3.0], TWO_COLUMNS).array.tolist() == [2, 0]


def test_rows_with_the_ignored_label_do_not_count():
    kind = RANKS.configured({"order": "low,mid,high", "ignore_index": "?"})
    validated = validate(kind, words("?", "high"), TWO_COLUMNS)
    assert validated.ignored.tolist() == [True, False]
    assert validated.array.tolist() == [0, 2]


@pytest.mark.parametrize(
    ("order", "labels", "message"),
    [
        (
            None,
            words("3"),
            (
                "x[0]: '3' is not a class number from 0 to 2\n"
                "if the classes are numbered from 1: --first-label 1"
            ),
        ),
        (
            None,
            words("-1"),
            (
                "x[0]: '-1' is not a class number from 0 to 2\n"
                "to ignore rows with this label: --ignore-index -1"
            ),
        ),
        # the name of a column, which stands between two classes
        (
            None,
            words("above_1"),
            (
                "x[0]: 'above_1' is not a class number from 0 to 2\n"
                "if the classes have names: --order LOWEST,…,HIGHEST"
            ),
        ),
        (
            "low,mid,high",
            words("medium"),
            (
                "x[0]: 'medium' is not a class of the order ('low', 'mid', 'high') "
                "or a class number from 0 to 2\n"
                "to ignore rows with this label: --ignore-index medium"
            ),
        ),
    ],
)
def test_what_is_no_class_is_refused(order, labels, message):
    assert refusal(RANKS.configured({"order": order}), labels, TWO_COLUMNS) == message


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (
            "low,high",
            (
                "order has 2 names, but a prediction with 2 columns means 3 classes\n"
                "each column is a threshold between two neighbouring classes"
            ),
        ),
        ("low,low,high", "order lists a class twice: 'low,low,high'"),
    ],
)
def test_an_order_of_other_classes_is_refused(order, message):
    kind = RANKS.configured({"order": order})
    assert refusal(kind, words("low"), TWO_COLUMNS, UsageError) == message


def test_names_here_and_numbers_there_are_refused():
    with pytest.raises(DataError) as caught:
        RANKS.conclude("x", {"by_name": 1, "by_number": 1})
    assert str(caught.value) == (
        "x mixes class names and class numbers\n"
        "use the class names of --order in all rows, or numbers in all rows"
    )


@pytest.mark.parametrize(
    "values",
    [
        [[0.0, 0.0, 1.0], [-1e308, 0.0, 1e308]],
        [[-0.0, 0.0]],
        [2.0, 1.0],  # one column each
        [[2.0], [1.0]],
    ],
)
def test_scores_that_do_not_fall_are_admitted_as_they_are(values):
    expected = np.squeeze(np.array(values)) if np.shape(values)[-1:] == (1,) else np.array(values)
    assert np.array_equal(validate(CUMULATIVE, values).array, expected)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[0.0, 1.0], [1.0, math.nextafter(1, 0)]], "x[1, 1]: 0.9999999999999999 is not at least "),
        ([[0.0, 2.0, 1.0], [1.0, 0.0, 0.0]], "x[0, 2]: 1.0 is not at least 2.0, the score in "),
        ([[0.0, math.nan]], "x[0, 1]: nan is not a finite number"),
        ([[0.0, -math.inf]], "x[0, 1]: -inf is not a finite number"),
    ],
)
def test_scores_that_fall_are_refused(values, message):
    assert refusal(CUMULATIVE, values).startswith(message)
