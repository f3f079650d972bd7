"""What an option accepts, and the one sentence with which it refuses."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
import pytest

from lossctl.catalogue.options import Interval, Option, setting
from lossctl.errors import UsageError

ABOVE = setting("delta", Annotated[float, Option("x", Interval(above=0))], 1.0)
SHARE = setting("share", Annotated[float, Option("x", Interval(at_least=0, at_most=1))], 0.5)
FLOOR = setting("log_floor", Annotated[float | None, Option("x", Interval(below=0))], None)
REAL = setting("shift", Annotated[float, Option("x")], 0.0)
COUNT = setting("count", Annotated[int, Option("x", Interval(at_least=1))], 1)
FIRST = setting("first_label", Annotated[int, Option("x")], 0)
SWITCH = setting("half", Annotated[bool, Option("x")], False)
CHOICE = setting("average", Annotated[Literal["rows", "columns"], Option("x")], "rows")
TEXT = setting("ignore", Annotated[str | None, Option("x")], None)


@pytest.mark.parametrize(
    ("interval", "words"),
    [
        (Interval(), "any finite number"),
        (Interval(above=0), "above 0"),
        (Interval(below=0.5), "below 0.5"),
        (Interval(at_least=-1), "at least -1"),
        (Interval(at_most=700), "at most 700"),
        (Interval(at_least=0, at_most=1), "between 0 and 1"),
        (Interval(above=0, below=1), "above 0 and below 1"),
        (Interval(at_least=0, below=0.5), "at least 0 and below 0.5"),
        (Interval(above=0, at_most=1), "above 0 and at most 1"),
        (Interval(at_least=1, at_most=9, also=(0.0, -1.5)), "between 1 and 9 or 0 or -1.5"),
    ],
)
def test_an_interval_is_said_in_words(interval, words):
    assert str(interval) == words


@pytest.mark.parametrize(
    ("interval", "inside", "outside"),
    [
        (Interval(), [0.0, -1e308, 1e308], [math.nan, math.inf, -math.inf]),
        (Interval(above=0), [5e-324], [0.0, -0.0, math.inf]),
        (Interval(at_least=0), [0.0, -0.0], [-5e-324]),
        (Interval(below=1), [math.nextafter(1, 0)], [1.0]),
        (Interval(at_most=1), [1.0], [math.nextafter(1, 2)]),
        (Interval(at_least=1, also=(0.0,)), [0.0, 1.0, 1.5], [-5e-324, 5e-324, 0.5]),
    ],
)
def test_each_end_belongs_to_an_interval_or_not(interval, inside, outside):
    assert all(number in interval for number in inside)
    assert not any(number in interval for number in outside)


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (ABOVE, "a number above 0"),
        (SHARE, "a number between 0 and 1"),
        (REAL, "a number"),
        (COUNT, "an integer of at least 1"),
        (FIRST, "an integer"),
        (SWITCH, "on or off"),
        (CHOICE, "one of rows, columns"),
        (TEXT, "text"),
    ],
)
def test_an_option_says_what_it_accepts(option, words):
    assert option.range == words


@pytest.mark.parametrize(
    ("option", "text", "value"),
    [
        (ABOVE, "1.5", 1.5),
        (ABOVE, "1e-3", 0.001),
        (ABOVE, "2", 2.0),
        (SHARE, "0", 0.0),
        (SHARE, "1", 1.0),
        (FLOOR, "-100", -100.0),
        (FLOOR, "none", None),
        (FLOOR, "None", None),
        (FIRST, "-3", -3),
        (SWITCH, "on", True),
        (SWITCH, "True", True),
        (SWITCH, "no", False),
        (CHOICE, "columns", "columns"),
        (TEXT, "-100", "-100"),
        (TEXT, "cat", "cat"),
        (TEXT, "none", None),
    ],
)
def test_text_is_read_as_the_value_it_spells(option, text, value):
    parsed = option.parsed(text)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("option", "text", "message"),
    [
        (ABOVE, "0", "delta must be a number above 0, not '0'"),
        (ABOVE, "-1", "delta must be a number above 0, not '-1'"),
        (ABOVE, "nan", "delta must be a number above 0, not 'nan'"),
        (ABOVE, "inf", "delta must be a number above 0, not 'inf'"),
        (ABOVE, "one", "delta must be a number above 0, not 'one'"),
        (ABOVE, "", "delta must be a number above 0, not ''"),
        (ABOVE, "1,5", "delta must be a number above 0, not '1,5'"),
        (ABOVE, "none", "delta must be a number above 0, not 'none'"),
        (SHARE, "1.5", "share must be a number between 0 and 1, not '1.5'"),
        (FLOOR, "0", "log_floor must be a number below 0, not '0'"),
        (COUNT, "0", "count must be an integer of at least 1, not '0'"),
        (COUNT, "1.0", "count must be an integer of at least 1, not '1.0'"),
        (SWITCH, "maybe", "half must be on or off, not 'maybe'"),
        (
            CHOICE,
            "colums",
            "unknown value 'colums' of average\ndid you mean 'columns'?",
        ),
        (
            CHOICE,
            "x",
            "unknown value 'x' of average\none of 'columns', 'rows'",
        ),
    ],
)
def test_text_that_spells_no_legal_value_is_refused(option, text, message):
    with pytest.raises(UsageError) as caught:
        option.parsed(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("option", "given", "value"),
    [
        (ABOVE, 2, 2.0),
        (ABOVE, np.float32(0.5), 0.5),
        (ABOVE, np.int64(3), 3.0),
        (FIRST, np.int64(3), 3),
        (FLOOR, None, None),
        (SWITCH, True, True),
        (TEXT, -100, "-100"),
        (TEXT, np.int64(-100), "-100"),
        (TEXT, None, None),
        (FIRST, 10**400, 10**400),
    ],
)
def test_values_of_python_and_numpy_are_taken(option, given, value):
    checked = option.checked(given)
    assert checked == value
    assert type(checked) is type(value)


@pytest.mark.parametrize(
    ("option", "given", "message"),
    [
        (ABOVE, True, "delta must be a number above 0, not 'True'"),
        (ABOVE, -1, "delta must be a number above 0, not '-1'"),
        (ABOVE, np.float64(-1.5), "delta must be a number above 0, not '-1.5'"),
        (
            SHARE,
            math.nextafter(1, 2),
            "share must be a number between 0 and 1, not '1.0000000000000002'",
        ),
        (ABOVE, 10**400, "delta must be a number above 0, not '" + "1" + "0" * 58 + "…'"),
        (FIRST, 1.0, "first_label must be an integer, not '1.0'"),
        (TEXT, True, "ignore must be text, not 'True'"),
        (ABOVE, None, "delta must be a number above 0, not 'None'"),
        (ABOVE, [1.0, 2.0], "delta must be a number above 0, not '[1.0, 2.0]'"),
        (ABOVE, 1j, "delta must be a number above 0, not '1j'"),
        (SWITCH, 1, "half must be on or off, not '1'"),
        (SWITCH, "on", "half must be on or off, not 'on'"),
        (SWITCH, None, "half must be on or off, not 'None'"),
        (TEXT, 1.5, "ignore must be text, not '1.5'"),
    ],
)
def test_values_of_another_type_are_refused(option, given, message):
    with pytest.raises(UsageError) as caught:
        option.checked(given)
    assert str(caught.value) == message


def test_an_option_is_typed_with_hyphens():
    assert FIRST.flag == "--first-label"


def test_what_carries_no_option_is_no_setting():
    assert setting("name", float, 1.0) is None
    assert setting("name", Annotated[float, "a remark"], 1.0) is None
