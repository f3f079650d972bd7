"""What each kind of input accepts, what it turns it into, and how it rejects the rest."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lossctl.block import Words
from lossctl.catalogue.kinds import (
    CLASS_SCORES,
    DISTRIBUTION,
    LABELS,
    ONE_HOT,
    PROBABILITIES,
    SCORES,
    SIGNS,
    VALUES,
    ZERO_OR_ONE,
    Partners,
    narrowed,
)
from lossctl.errors import DataError, OutOfDomain

ALONE = Partners()
OF_THREE = Partners(3)
OF_PETS = Partners(2, ("cat", "dog"))
COLUMN = narrowed(VALUES, columns="one")
RATE = narrowed(VALUES, at_least=0)


def validate(kind, values, partners=ALONE):
    """Admit an array, or words, to the role `x`."""
    array = values if isinstance(values, Words) else np.array(values, dtype=float)
    return kind.validate("x", array, partners)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (VALUES, [1e308, -1e308, 0.0]),
        (VALUES, [[1.0, 2.0], [3.0, 4.0]]),
        (SCORES, [-1e4, 1e4]),
        (PROBABILITIES, [0.0, 1.0, 5e-324]),
        (PROBABILITIES, [[0.9, 0.9]]),  # labels of their own: no sum
        (DISTRIBUTION, [[0.25, 0.75], [1.0, 0.0]]),
        (CLASS_SCORES, [[-5.0, 5.0]]),
        (ZERO_OR_ONE, [0.0, 1.0, -0.0]),
        (ONE_HOT, [[0.0, 1.0]]),
        (SIGNS, [-1.0, 1.0]),
        (COLUMN, [1.0, 2.0]),
        (RATE, [0.0, 1e308]),
    ],
)
def test_an_array_in_its_range_is_admitted_as_it_is(kind, values):
    assert validate(kind, values).array.tolist() == values


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (VALUES, [0.0, math.nan], "x[1]: nan is not a finite number"),
        (VALUES, [[0.0, 1.0], [0.0, math.inf]], "x[1, 1]: inf is not a finite number"),
        (VALUES, [-math.inf, math.nan], "x[0]: -inf is not a finite number"),
        (RATE, [0.0, -5e-324], "x[1]: -5e-324 is not a finite number of at least 0"),
        (PROBABILITIES, [1.5], "x[0]: 1.5 is not a probability (between 0 and 1)"),
        (
            PROBABILITIES,
            [math.nextafter(1, 2)],
            "x[0]: 1.0000000000000002 is not a probability (between 0 and 1)",
        ),
        (DISTRIBUTION, [[0.5, -0.5]], "x[0, 1]: -0.5 is not a probability (between 0 and 1)"),
        (ZERO_OR_ONE, [0.0, 0.5], "x[1]: 0.5 is not 0 or 1"),
        (ONE_HOT, [[0.0, math.nan]], "x[0, 1]: nan is not 0 or 1"),
        (SIGNS, [1.0, 2.0], "x[1]: 2.0 is not -1 or +1 (or 0 or 1)"),
        (SIGNS, [[1.0, math.nan]], "x[0, 1]: nan is not -1 or +1 (or 0 or 1)"),
        (
            COLUMN,
            [[1.0, 2.0, 3.0]],
            "x has 3 columns, but takes one\nname the column: --columns x=NAME",
        ),
        (
            DISTRIBUTION,
            [0.5, 0.5],
            (
                "x has one column, but class probabilities need one column per class\n"
                "name all of them: --columns x=A+B+C, or use the binary form of the loss"
            ),
        ),
        (
            CLASS_SCORES,
            [[0.5], [0.5]],
            (
                "x has one column, but class scores need one column per class\n"
                "name all of them: --columns x=A+B+C, or use the binary form of the loss"
            ),
        ),
        (VALUES, Words(np.array([0]), ("a",)), "x holds text where numbers are needed"),
        (SIGNS, Words(np.array([0]), ("a",)), "x holds text where numbers are needed"),
        (ONE_HOT, Words(np.array([0]), ("a",)), "x holds text where numbers are needed"),
    ],
)
def test_what_does_not_belong_is_refused(kind, values, message):
    with pytest.raises(DataError) as caught:
        validate(kind, values)
    assert str(caught.value) == message


@pytest.mark.parametrize("kind", [VALUES, PROBABILITIES, SIGNS, ZERO_OR_ONE, COLUMN])
def test_a_single_column_loses_its_axis(kind):
    assert validate(kind, [[1.0], [1.0]]).array.tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        (COLUMN, "(rows,)"),
        (VALUES, "(rows,) or (rows, columns)"),
        (DISTRIBUTION, "(rows, classes)"),
        (LABELS, "(rows,)"),
    ],
)
def test_a_kind_says_its_shape(kind, shape):
    assert kind.shape == shape


def test_a_narrowed_kind_keeps_what_is_not_narrowed():
    assert narrowed(PROBABILITIES, columns="one").within == PROBABILITIES.within
    assert narrowed(VALUES, above=-1).columns == VALUES.columns
    assert narrowed(VALUES, above=-1).noun == "a finite number above -1"


# Distributions


@pytest.mark.parametrize(
    ("rows", "count"),
    [
        ([[0.5, 0.5]], 0),
        ([[0.5, 0.5009]], 0),
        ([[0.5, 0.5011]], 1),
        ([[0.5, 0.4989], [0.2, 0.8], [0.0, 0.0]], 2),
    ],
)
def test_rows_that_do_not_sum_to_1_are_counted(rows, count):
    assert validate(DISTRIBUTION, rows).seen == {"row_sums": count}


def test_rows_that_do_not_sum_to_1_are_noted():
    (note,) = DISTRIBUTION.conclude("x", {"row_sums": 2000})
    assert (note.kind, note.count) == ("row_sums", 2000)
    assert note.message == "2,000 rows of x do not sum to 1 (tolerance 0.001)"
    assert DISTRIBUTION.conclude("x", {"row_sums": 0}) == []


# Signs


def test_zeros_become_minus_1():
    validated = validate(SIGNS, [0.0, 1.0, -0.0])
    assert validated.array.tolist() == [-1.0, 1.0, -1.0]
    assert validated.seen == {"zeros": 2, "minus_ones": 0}


def test_mapped_zeros_are_noted():
    (note,) = SIGNS.conclude("x", {"zeros": 1, "minus_ones": 0})
    assert (note.kind, note.count) == ("labels_mapped", 1)
    assert note.message == "1 label of x mapped from 0 to -1"
    assert SIGNS.conclude("x", {"zeros": 0, "minus_ones": 9}) == []


def test_zeros_and_minus_ones_together_are_refused():
    with pytest.raises(DataError) as caught:
        SIGNS.conclude("x", {"zeros": 2000, "minus_ones": 1})
    assert str(caught.value) == (
        "x mixes 2,000 labels of 0 with 1 label of -1\n"
        "code the two classes as 0 and 1, or as -1 and +1"
    )


# Labels


@pytest.mark.parametrize(
    ("kind", "labels", "codes"),
    [
        (LABELS, [0.0, 2.0, 1.0], [0, 2, 1]),
        (LABELS, [-0.0], [0]),
        (LABELS.configured({"first_label": 1}), [1.0, 3.0], [0, 2]),
        (LABELS.configured({"first_label": -1}), [-1.0, 1.0], [0, 2]),
        (LABELS, [[0.0], [2.0]], [0, 2]),
    ],
)
def test_class_numbers_become_codes(kind, labels, codes):
    assert validate(kind, labels, OF_THREE).array.tolist() == codes


def test_class_names_become_codes():
    words = Words(np.array([1, 0, 1]), ("cat", "dog"))
    assert validate(LABELS, words, OF_PETS).array.tolist() == [1, 0, 1]


def test_words_that_no_row_uses_do_not_matter():
    words = Words(np.array([2, 2]), ("cow", "-7", "dog"))
    assert validate(LABELS, words, OF_PETS).array.tolist() == [1, 1]


def test_a_class_name_goes_before_the_number_that_it_looks_like():
    words = Words(np.array([0, 1]), ("1", "0"))
    assert validate(LABELS, words, Partners(2, ("1", "0"))).array.tolist() == [0, 1]


def test_a_class_name_is_what_follows_a_beginning_that_all_have():
    """Of prob_cat and prob_dog; a number stays one, for proba_1 may be the second column."""
    words = Words(np.array([1, 0, 1]), ("cat", "dog"))
    names = Partners(2, ("prob_cat", "prob_dog"))
    assert validate(LABELS, words, names).array.tolist() == [1, 0, 1]
    with pytest.raises(OutOfDomain):
        validate(LABELS, words, Partners(2, ("prob_cat", "score_dog")))
    numbers = Words(np.array([0, 1, 0]), ("0", "1"))
    classes = Partners(3, ("proba_1", "proba_2", "proba_3"))
    assert validate(LABELS, numbers, classes).array.tolist() == [0, 1, 0]


def test_ignored_labels_are_marked():
    kind = LABELS.configured({"ignore_index": "-100"})
    validated = validate(kind, [-100.0, 2.0, -100.0], OF_THREE)
    assert validated.array.tolist() == [0, 2, 0]
    assert validated.ignored.tolist() == [True, False, True]
    assert validated.seen["ignored"] == 2


def test_without_ignored_labels_nothing_is_marked():
    kind = LABELS.configured({"ignore_index": "-100"})
    assert validate(kind, [2.0], OF_THREE).ignored is None


def test_ignored_labels_are_noted():
    (note,) = LABELS.conclude("x", {"by_number": 1, "ignored": 1000})
    assert (note.kind, note.count) == ("ignored", 1000)
    assert note.message == "skipped 1,000 rows with the ignored label"
    assert LABELS.conclude("x", {"by_number": 1}) == []


@pytest.mark.parametrize(
    ("kind", "labels", "partners", "message"),
    [
        (
            LABELS,
            [0.0, 3.0],
            OF_THREE,
            (
                "x[1]: '3' is not a class number from 0 to 2\n"
                "if the classes are numbered from 1: --first-label 1"
            ),
        ),
        (
            LABELS,
            [0.0, 4.0],
            OF_THREE,
            (
                "x[1]: '4' is not a class number from 0 to 2\n"
                "to ignore rows with this label: --ignore-index 4"
            ),
        ),
        (
            LABELS,
            [-1.0],
            OF_THREE,
            (
                "x[0]: '-1' is not a class number from 0 to 2\n"
                "to ignore rows with this label: --ignore-index -1"
            ),
        ),
        (
            LABELS.configured({"first_label": 1}),
            [0.0],
            OF_THREE,
            (
                "x[0]: '0' is not a class number from 1 to 3\n"
                "to ignore rows with this label: --ignore-index 0"
            ),
        ),
        (LABELS, [0.5], OF_THREE, "x[0]: 0.5 is not a class number"),
        (LABELS, [0.0, math.nan], OF_THREE, "x[1]: nan is not a class number"),
        (LABELS, [math.inf], OF_THREE, "x[0]: inf is not a class number"),
        (
            LABELS,
            Words(np.array([0]), ("cow",)),
            OF_PETS,
            (
                "x[0]: 'cow' is not a class of the prediction ('cat', 'dog') "
                "or a class number from 0 to 1\n"
                "to ignore rows with this label: --ignore-index cow"
            ),
        ),
        (
            LABELS,
            Words(np.array([0]), ("",)),
            Partners(7, tuple("abcdefg")),
            (
                "x[0]: '' is not a class of the prediction ('a', 'b', 'c', 'd', 'e', …) "
                "or a class number from 0 to 6\n"
                "to ignore rows with this label: --ignore-index ''"
            ),
        ),
        (
            LABELS,
            Words(np.array([0]), ("\x1b[2J",)),
            OF_THREE,
            (
                "x[0]: '\\x1b[2J' is not a class number from 0 to 2\n"
                "to ignore rows with this label: --ignore-index '\\x1b[2J'"
            ),
        ),
        (
            LABELS,
            [[0.0, 1.0]],
            OF_THREE,
            (
                "x has 2 columns, but labels take one\n"
                "for one column per class, use a loss that takes one-hot rows"
            ),
        ),
    ],
)
def test_what_is_no_label_is_refused(kind, labels, partners, message):
    with pytest.raises(DataError) as caught:
        validate(kind, labels, partners)
    assert str(caught.value) == message


def test_names_here_and_numbers_there_are_refused():
    with pytest.raises(DataError) as caught:
        LABELS.conclude("x", {"by_name": 1, "by_number": 1})
    assert str(caught.value) == (
        "x mixes class names and class numbers\n"
        "use the class names of the prediction's header in all rows, or numbers in all rows"
    )
