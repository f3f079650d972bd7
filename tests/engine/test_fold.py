"""Blocks in, numbers and notes out: several losses, slices, ignored rows, places of errors."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lossctl.block import Block, Words
from lossctl.catalogue.names import find
from lossctl.engine.computation import prepare
from lossctl.engine.fold import fold
from lossctl.errors import DataError
from lossctl.report import Note


def ready(name, **options):
    """Prepare a loss."""
    return prepare(find(name)[0], options)


def block(prediction, target, weight=None, by=None):
    """Make a block; `by` holds the slice of each row."""
    roles = {"prediction": prediction, "target": target}
    words = sorted(set(by)) if by else []
    return Block(
        {
            role: given if isinstance(given, Words) else np.array(given, dtype=float)
            for role, given in roles.items()
        },
        len(prediction),
        None if weight is None else np.array(weight, dtype=float),
        Words(np.array([words.index(key) for key in by]), tuple((key,) for key in words))
        if by
        else None,
    )


def single(computation, *blocks, **more):
    """Fold one computation."""
    (outcome,), notes = fold([computation], blocks, **more)
    return outcome, notes


# Several losses, several slices


def test_several_losses_in_one_pass_equal_single_passes():
    computations = [
        ready("mse"),
        ready("rmse"),
        ready("huber", delta=0.5),
        ready("huber", delta=2.0),
        ready("poisson"),
        ready("poisson", log_input=True),
        ready("mae", reduction="none"),
    ]
    blocks = [
        block([1.0, 2.0], [0.5, 4.0], [1.0, 2.0], ["a", "b"]),
        block([3.0], [0.0], [0.5], ["a"]),
    ]
    outcomes, _ = fold(computations, blocks)
    for computation, outcome in zip(computations, outcomes, strict=True):
        alone, _ = single(computation, *blocks)
        assert outcome.keys == alone.keys
        assert outcome.whole.value.tolist() == alone.whole.value.tolist()
        assert outcome.slices.value.tolist() == alone.slices.value.tolist()


def test_losses_that_read_a_role_in_other_ways_go_together():
    prediction, target = [[0.25, 0.75], [0.5, 0.5]], [1.0, 0.0]
    (of_classes, of_logits), _ = fold(
        [ready("scce"), ready("scce", from_logits=True)], [block(prediction, target)]
    )
    assert of_classes.whole.value[0] == pytest.approx((math.log(4 / 3) + math.log(2)) / 2)
    assert of_logits.whole.value[0] == pytest.approx(
        (math.log(1 + math.exp(-0.5)) + math.log(2)) / 2
    )


def test_a_slice_has_its_value_units_and_weight():
    outcome, _ = single(
        ready("mae"),
        block([1.0, 2.0, 3.0], [0.0, 0.0, 0.0], [1.0, 3.0, 0.5], ["b", "a", "b"]),
        block([5.0], [0.0], [2.0], ["c"]),
    )
    found = {
        key: (value, units, weight)
        for key, value, units, weight in zip(
            outcome.keys,
            outcome.slices.value.tolist(),
            outcome.slices.units.tolist(),
            outcome.slices.weight.tolist(),
            strict=True,
        )
    }
    assert found == {
        ("b",): (2.5 / 1.5, 2.0, 1.5),
        ("a",): (2.0, 1.0, 3.0),
        ("c",): (5.0, 1.0, 2.0),
    }
    assert outcome.whole.value.tolist() == [18.5 / 6.5]
    assert outcome.whole.units.tolist() == [4.0]
    assert outcome.whole.weight.tolist() == [6.5]


def test_a_slice_keeps_its_number_where_blocks_know_other_words():
    first = block([1.0, 2.0], [0.0, 0.0], by=["b", "c"])
    second = block([3.0, 4.0], [0.0, 0.0], by=["a", "c"])
    outcome, _ = single(ready("mae"), first, second)
    assert dict(zip(outcome.keys, outcome.slices.value.tolist(), strict=True)) == {
        ("b",): 1.0,
        ("c",): 3.0,
        ("a",): 3.0,
    }


def test_without_slices_there_is_only_the_whole():
    outcome, notes = single(ready("mae"), block([1.0], [0.0]))
    assert outcome.keys == []
    assert outcome.slices.value.tolist() == []
    assert outcome.whole.value.tolist() == [1.0]
    assert not outcome.each
    assert notes == []


def test_elements_share_the_weight_and_slice_of_their_row():
    outcome, _ = single(
        ready("mae", per="element", reduction="none"),
        block([[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]], [2.0, 1.0], ["a", "b"]),
    )
    assert outcome.each[0].value.tolist() == [2.0, 4.0, 3.0, 4.0]
    assert outcome.each[0].weight.tolist() == [2.0, 2.0, 1.0, 1.0]
    assert outcome.each[0].slice.tolist() == [0, 0, 1, 1]
    assert outcome.each[0].columns == 2
    assert outcome.whole.units.tolist() == [4.0]
    assert outcome.whole.weight.tolist() == [6.0]
    assert outcome.slices.value.tolist() == [1.5, 3.5]


def test_single_numbers_of_several_blocks_stand_in_order():
    outcome, _ = single(
        ready("mae", reduction="none"), block([1.0, 2.0], [0.0, 0.0]), block([3.0], [0.0])
    )
    assert outcome.each[0].value.tolist() == [1.0, 2.0, 3.0]
    assert outcome.each[0].weight is None
    assert outcome.each[0].slice is None


# Ignored rows


def test_ignored_rows_do_not_count_in_whichever_block_they_are():
    computation = ready("scce", ignore_index=-1)
    prediction, labels = [[0.5, 0.5], [0.25, 0.75], [0.125, 0.875]], [0.0, 0.0, -1.0]
    expected = 3 * math.log(2) / 2
    for cut in (1, 2):
        outcome, notes = single(
            computation,
            block(prediction[:cut], labels[:cut]),
            block(prediction[cut:], labels[cut:]),
        )
        assert outcome.whole.value[0] == pytest.approx(expected, rel=1e-15)
        assert outcome.whole.units.tolist() == [2.0]
        assert outcome.whole.weight.tolist() == [2.0]
        assert notes == [Note("ignored", 1, "skipped 1 row with the ignored label")]


def test_ignored_rows_take_their_weight_with_them():
    outcome, _ = single(
        ready("scce", ignore_index=-1), block([[0.5, 0.5]] * 2, [0.0, -1.0], [3.0, 4.0])
    )
    assert outcome.whole.weight.tolist() == [3.0]


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        (
            "scce",
            block([[0.5, 0.5]] * 2, [0.0, -1.0], by=["a", "b"]),
            "no row counts in slice 'b': every one is ignored",
        ),
        (
            "scce",
            block([[0.5, 0.5]] * 2, [-1.0, -1.0], by=["a", "b"]),
            "no row counts: every one is ignored",
        ),
        (
            "scce",
            block([[0.5, 0.5]] * 2, [0.0, 1.0], [1.0, 0.0], ["a", "\x1b"]),
            "no row counts in slice '\\x1b': the weights sum to 0",
        ),
        (
            "scce",
            block([[0.5, 0.5]] * 2, [0.0, 1.0], [0.0, 0.0]),
            "no row counts: the weights sum to 0",
        ),
    ],
)
def test_a_slice_in_which_no_row_counts_is_refused(name, given, message):
    with pytest.raises(DataError) as caught:
        single(ready(name, ignore_index=-1), given)
    assert str(caught.value) == message


def test_a_number_that_is_undefined_is_refused():
    # A likelihood of ∞ in one row and of -∞ in another
    computation = ready("poisson", floor=0.0)
    with pytest.raises(DataError) as caught:
        single(computation, block([0.0, 1e308], [1.0, 1e308]))
    assert str(caught.value) == "poisson is undefined for these data"
    with pytest.raises(DataError) as caught:
        single(
            computation,
            block([1.0, 0.0, 1e308], [1.0, 1.0, 1e308], by=["a", "b", "b"]),
        )
    assert caught.value.message.startswith("poisson is undefined for these data")


def test_infinite_numbers_are_legal():
    outcome, _ = single(ready("kl", clip=0), block([[1.0, 0.0]] * 2, [[0.0, 1.0], [1.0, 0.0]]))
    assert outcome.whole.value.tolist() == [math.inf]


def test_no_blocks_are_no_rows():
    with pytest.raises(DataError, match=r"^there are no rows$"):
        single(ready("mae"))


# Notes


def test_clipped_rows_are_counted_over_all_blocks():
    _, notes = single(
        ready("bce"),
        block([0.0, 0.5, 1.0], [1.0, 1.0, 1.0]),
        block([[0.0], [0.25]], [1.0, 0.0]),
    )
    assert [(note.kind, note.count) for note in notes] == [("clipped", 3)]
    assert notes[0].message == (
        "binary_cross_entropy: 3 rows of prediction clipped to [2.22e-16, 1 - 2.22e-16] (clip)"
    )


@pytest.mark.parametrize(
    ("name", "options", "prediction", "target", "messages"),
    [
        ("bce", {}, [0.25, 0.5], [0.0, 1.0], []),
        ("bce", {"clip": 0.0}, [0.0, 1.0], [0.0, 1.0], []),
        ("bce", {"from_logits": True}, [0.0, 1e4], [1.0, 1.0], []),
        (
            "bce",
            {"clip": 0.125},
            [[0.0, 1.0], [0.5, 0.5]],
            [[0.0, 1.0], [0.0, 1.0]],
            ["binary_cross_entropy: 1 row of prediction clipped to [0.125, 1 - 0.125] (clip)"],
        ),
        (
            "kl",
            {"clip_target": 0.25},
            [[0.0, 1.0], [0.5, 0.5]],
            [[1.0, 0.0], [0.0, 1.0]],
            [
                "kl_divergence: 1 row of prediction raised to 2.22e-16 (clip)",
                "kl_divergence: 2 rows of target raised to 0.25 (clip_target)",
            ],
        ),
        (
            "poisson",
            {},
            [0.0, 1.0],
            [0.0, 1.0],
            ["poisson: 1 row of prediction raised to 2.22e-16 (floor)"],
        ),
        (
            "msle",
            {"floor": 0.0},
            [-5.0, 1.0],
            [1.0, 1.0],
            ["msle: 1 row of prediction raised to 0 (floor)"],
        ),
        (
            "mape",
            {"eps": 0.5},
            [1.0, 1.0, 1.0],
            [0.0, -0.25, 0.5],
            ["mape: 2 rows of target nearer to 0 than 0.5, which stands in for them (eps)"],
        ),
        ("hinge", {}, [1.0, 1.0], [0.0, 1.0], ["1 label of target mapped from 0 to -1"]),
        ("hinge", {}, [1.0, 1.0], [-1.0, 1.0], []),
        ("hinge", {"raw_labels": True}, [1.0, 1.0], [0.0, 1.0], []),
        (
            "cce",
            {},
            [[0.5, 0.4], [0.5, 0.5]],
            [[0.0, 1.0], [0.0, 1.0]],
            ["1 row of prediction does not sum to 1 (tolerance 0.001)"],
        ),
    ],
)
def test_what_a_reader_of_the_number_must_know_is_noted(
    name, options, prediction, target, messages
):
    _, notes = single(ready(name, **options), block(prediction, target))
    assert [note.message for note in notes] == messages


def test_two_losses_note_what_is_true_of_a_role_once():
    _, notes = fold([ready("hinge"), ready("squared_hinge")], [block([1.0], [0.0])])
    assert len(notes) == 1


def test_signs_that_differ_from_block_to_block_are_refused():
    with pytest.raises(DataError) as caught:
        single(ready("hinge"), block([1.0], [0.0]), block([1.0], [-1.0]))
    assert caught.value.message == "target mixes 1 label of 0 with 1 label of -1"


def test_names_in_one_block_and_numbers_in_another_are_refused():
    def words(*labels):
        return Words(np.arange(len(labels)), labels)

    with pytest.raises(DataError) as caught:
        single(
            ready("scce"),
            block([[0.5, 0.5]], words("cat")),
            block([[0.5, 0.5]], words("1")),
            names={"prediction": ("cat", "dog")},
        )
    assert caught.value.message == "target mixes class names and class numbers"


# Errors


def test_an_error_counts_the_rows_of_the_blocks_before():
    with pytest.raises(DataError) as caught:
        single(ready("mae"), block([1.0, 2.0], [0.0, 0.0]), block([3.0, math.nan], [0.0, 0.0]))
    assert str(caught.value) == "prediction[3]: nan is not a finite number"


def test_the_first_error_is_reported_even_if_later_blocks_have_some():
    sound, broken = block([1.0], [0.0]), block([math.nan], [0.0])
    with pytest.raises(DataError) as caught:
        single(ready("mae"), *[sound] * 3, *[broken] * 20)
    assert str(caught.value) == "prediction[3]: nan is not a finite number"


def test_an_error_says_where_the_cell_stands():
    def place(role, row, column):
        return f"{role}.csv, row {row}, column {column}", "n/a"

    with pytest.raises(DataError) as caught:
        single(
            ready("mae"),
            block([[1.0, 2.0]], [[0.0, 0.0]]),
            block([[1.0, math.nan]], [[0.0, 0.0]]),
            place=place,
        )
    assert str(caught.value) == "prediction.csv, row 1, column 1: 'n/a' is not a finite number"


def test_an_error_suggests_the_option_that_would_take_the_value():
    with pytest.raises(DataError) as caught:
        single(ready("bce"), block([2.0], [0.0]))
    assert caught.value.hint == "--from-logits: prediction holds logits, not probabilities"
    with pytest.raises(DataError) as caught:
        single(ready("bce", from_logits=True), block([math.nan], [0.0]))
    assert caught.value.hint == ""


@pytest.mark.parametrize("weight", [-1.0, math.nan, math.inf])
def test_a_weight_is_a_finite_number_of_at_least_0(weight):
    with pytest.raises(DataError) as caught:
        single(ready("mae"), block([1.0], [0.0], [1.0]), block([1.0], [0.0], [weight]))
    assert str(caught.value) == (
        f"weight[1]: {weight} is not a weight (a finite number, at least 0)"
    )


def test_roles_of_other_widths_are_refused():
    with pytest.raises(DataError) as caught:
        single(ready("mae"), block([[1.0, 2.0]], [[1.0, 2.0, 3.0]]))
    assert str(caught.value) == (
        "the roles do not fit: prediction has 2 columns, target has 3 columns\n"
        "arrays are never broadcast"
    )
