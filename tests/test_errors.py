"""Messages: what is quoted, counted, suggested, and made visible."""

from __future__ import annotations

import pytest

from lossctl.errors import (
    DataError,
    LossctlError,
    OutOfDomain,
    UsageError,
    alternatives,
    listing,
    nearest,
    plural,
    quote,
    visible,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("straße €", "straße €"),
        ("日本", "日本"),
        ("\x1b[31mred", "\\x1b[31mred"),  # ESC would colour the terminal
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\x00", "\\x00"),
        ("\x9b31m", "\\x9b31m"),  # CSI, the one-byte form of ESC [
        ("\u202eevil", "\\u202eevil"),  # right-to-left override
        ("\u2066x\u2069", "\\u2066x\\u2069"),
        ("a\u200bb", "a\\u200bb"),  # zero-width space
        ("\ufeffid", "\\ufeffid"),
        ("a\u00a0b", "a\\xa0b"),  # a space that is none
        ("\U000e0041", "\\U000e0041"),  # a tag character
        ("\ud800", "\\ud800"),
    ],
)
def test_what_a_terminal_would_obey_or_hide_is_shown(text, shown):
    assert visible(text) == shown


def test_long_text_is_cut():
    assert quote("x" * 60) == "'" + "x" * 60 + "'"
    assert quote("x" * 61) == "'" + "x" * 59 + "…'"
    assert quote("\x1b" * 60) == "'" + ("\\x1b" * 15)[:59] + "…'"
    assert quote("abcdef", longest=4) == "'abc…'"


@pytest.mark.parametrize(
    ("count", "noun", "text"),
    [
        (0, "row", "0 rows"),
        (1, "row", "1 row"),
        (2000, "row", "2,000 rows"),
        (1, "class", "1 class"),
        (3, "class", "3 classes"),
    ],
)
def test_things_are_counted(count, noun, text):
    assert plural(count, noun) == text


def test_a_listing_shows_the_first_twelve():
    assert listing(["a", "b"]) == "'a', 'b'"
    assert listing([]) == ""
    many = [str(number) for number in range(1012)]
    assert listing(many).endswith("'10', '11' and 1,000 more")


def test_an_error_is_its_message_and_its_hint():
    assert str(LossctlError("what")) == "what"
    assert str(LossctlError("what", "try this")) == "what\ntry this"


def test_each_kind_of_error_has_its_exit_code():
    assert UsageError("what").exit_code == 2
    assert DataError("what").exit_code == 3


@pytest.mark.parametrize(
    ("name", "known", "message"),
    [
        ("hubr", ["huber", "mse"], "unknown loss 'hubr'\ndid you mean 'huber'?"),
        (
            "mse2",
            ["huber", "mse", "mse1", "rmse"],
            "unknown loss 'mse2'\ndid you mean 'mse' or 'mse1'?",
        ),
        ("HUBR", ["Huber"], "unknown loss 'HUBR'\ndid you mean 'Huber'?"),
        ("zzz", ["b", "a"], "unknown loss 'zzz'\none of 'a', 'b'"),
        ("zzz", [], "unknown loss 'zzz'"),
        ("zzz", [f"name{number}" for number in range(13)], "unknown loss 'zzz'"),
        ("\x1b", ["a"], "unknown loss '\\x1b'\none of 'a'"),
    ],
)
def test_an_unknown_name_is_met_with_the_nearest_ones(name, known, message):
    assert str(UsageError.unknown("loss", name, known)) == message


def test_an_unknown_part_says_of_what():
    error = UsageError.unknown("option", "x", ["delta"], "huber")
    assert str(error) == "unknown option 'x' of huber\none of 'delta'"


@pytest.mark.parametrize(
    ("name", "known", "near"),
    [
        ("mea", ["mae", "mape", "mse", "rmse"], ["mae"]),  # two letters swapped
        ("cross_entropie", ["cross_entropy"], ["cross_entropy"]),  # one replaced, one too many
        ("smoth-l1", ["smooth_l1", "smooth_l1_loss"], ["smooth_l1"]),
        ("focal", ["binary_focal", "dice", "focal_tversky"], ["binary_focal", "focal_tversky"]),
        ("x", [f"x_{number}" for number in range(9)], ["x_0", "x_1", "x_2"]),
        # what only looks alike means something else
        ("accuracy", ["jaccard"], []),
        ("nce", ["cce", "gce", "sce"], []),
        ("precision", ["perplexity", "regression"], []),
        ("nope", ["mape", "info_nce"], []),
        ("categorical_accuracy", ["categorical_cross_entropy", "categorical_focal"], []),
    ],
)
def test_only_what_is_misspelt_or_a_part_is_near(name, known, near):
    assert nearest(name, known) == near


def test_alternatives_are_joined_as_people_do():
    assert alternatives(["a"]) == "a"
    assert alternatives(["a", "b"]) == "a or b"
    assert alternatives(["a", "b", "c"]) == "a, b or c"


def test_a_foreign_value_is_named_by_role_and_index():
    one = OutOfDomain("prediction", 3, -1, "nan", "a finite number")
    two = OutOfDomain("target", 3, 1, "2.0", "a probability", "a hint")
    assert str(one) == "prediction[3]: nan is not a finite number"
    assert str(two) == "target[3, 1]: 2.0 is not a probability\na hint"


def test_a_foreign_value_moves_with_the_rows_in_front_of_it():
    error = OutOfDomain("target", 3, 1, "2.0", "a probability", "a hint").shifted(100)
    assert str(error) == "target[103, 1]: 2.0 is not a probability\na hint"


def test_whoever_knows_the_file_says_where_it_stands():
    error = OutOfDomain("target", 3, 1, "2.0", "a probability", "a hint")
    found = error.at("t.csv:5, column 'p'", " 2.\x1b")
    assert str(found) == "t.csv:5, column 'p': ' 2.\\x1b' is not a probability\na hint"


def test_advice_can_be_replaced():
    error = OutOfDomain("target", 3, 1, "2.0", "a probability", "a hint").advised("better")
    assert error.hint == "better"
