"""Sums to numbers: by unit and slice, of roles apart, with what is left out and noted."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from lossctl.block import Block, Words
from lossctl.catalogue.names import find
from lossctl.engine.computation import prepare
from lossctl.engine.fold import fold
from lossctl.engine.totals import Groups
from lossctl.errors import DataError


def ready(name, *, by_unit=False, **options):
    """Prepare a loss."""
    return prepare(find(name)[0], options, by_unit=by_unit)


def words(names):
    """Put names into codes; the words in the order of the alphabet, with one that is not used."""
    known = [*sorted(set(names)), "unused" if isinstance(names[0], str) else ("unused",)]
    return Words(np.array([known.index(name) for name in names]), tuple(known))


def block(roles, *, weight=None, by=None, unit=None):
    """Make a block of rows."""
    arrays = {role: np.array(given, dtype=float) for role, given in roles.items()}
    return Block(
        arrays,
        len(next(iter(arrays.values()))),
        None if weight is None else np.array(weight, dtype=float),
        None if by is None else words([(key,) for key in by]),
        None if unit is None else words(unit),
    )


def errors(given, **more):
    """Make a block whose absolute errors are these."""
    return block({"prediction": given, "target": np.zeros(len(given))}, **more)


def single(computation, *blocks):
    (outcome,), notes = fold([computation], blocks)
    return outcome, notes


def refusal(computation, *blocks):
    with pytest.raises(DataError) as caught:
        single(computation, *blocks)
    return caught.value.message


def by_key(outcome):
    """List what each slice has: value, units and weight."""
    numbers = outcome.slices
    columns = numbers.value.tolist(), numbers.units.tolist(), numbers.weight.tolist()
    return dict(zip(outcome.keys, zip(*columns, strict=True), strict=True))


MAE = ready("mae", by_unit=True)


# The numbering of groups


def test_groups_keep_their_numbers_from_block_to_block():
    groups = Groups()
    assert groups.of(errors([1, 2, 3], unit=["b", "a", "b"])).tolist() == [1, 0, 1]
    assert groups.of(errors([1, 2, 3], unit=["c", "b", "a"])).tolist() == [2, 1, 0]
    assert groups.units[0] == ["a", "b", "c"]
    assert not groups.sliced


def test_units_in_slices_are_groups_of_their_own():
    groups = Groups()
    codes = groups.of(errors([1, 2, 3, 4], unit=["a", "a", "b", "a"], by=["x", "y", "y", "x"]))
    assert codes.tolist() == [0, 1, 2, 0]
    assert groups.keys == [(("x",), "a"), (("y",), "a"), (("y",), "b")]
    names, of_units = groups.units
    keys, of_slices = groups.slices
    assert (names, of_units.tolist()) == (["a", "b"], [0, 0, 1])
    assert (keys, of_slices.tolist()) == ([("x",), ("y",)], [0, 1, 1])


def test_rows_without_anything_are_one_group():
    assert Groups().of(errors([1.0])) is None


def test_whole_units_are_not_grouped_by_their_own_name():
    lengths = {role: np.array([1, 1]) for role in ("first", "second")}
    roles = {"first": np.array([1.0, 5.0]), "second": np.array([2.0, 8.0])}
    given = Block(roles, 2, unit=words(["a", "b"]), lengths=lengths)
    assert Groups().of(given) is None
    outcome, _ = single(ready("earth_mover"), given)
    assert outcome.whole.value.tolist() == [2.0]  # (1 + 3) / 2
    assert outcome.whole.units.tolist() == [2.0]


# Losses of rows by unit


def test_the_mean_of_units_by_hand():
    # Unit a has (1 + 3) / 2, unit b has 5.
    outcome, notes = single(MAE, errors([1, 3, 5], unit=["a", "a", "b"]))
    assert outcome.whole.value.tolist() == [3.5]
    assert outcome.whole.units.tolist() == outcome.whole.weight.tolist() == [2.0]
    assert (outcome.keys, notes) == ([], [])


@pytest.mark.parametrize(("reduction", "expected"), [("mean", 3.5), ("sum", 7.0), ("none", 3.5)])
def test_the_reduction_is_that_of_units(reduction, expected):
    computation = ready("mae", by_unit=True, reduction=reduction)
    outcome, _ = single(computation, errors([1, 3, 5], unit=["a", "a", "b"]))
    assert outcome.whole.value.tolist() == [expected]


def test_a_unit_of_several_blocks_is_one():
    outcome, _ = single(
        MAE,
        errors([1], unit=["a"]),
        errors([5, 3], unit=["b", "a"]),
        errors([2], unit=["a"]),
    )
    assert outcome.whole.value.tolist() == [3.5]
    assert outcome.whole.units.tolist() == [2.0]


def test_weights_count_within_a_unit_and_not_among_units():
    # a: (3 × 1 + 1 × 5) / 4 = 2; b: 10, whatever it weighs
    given = errors([1, 5, 10], weight=[3, 1, 100], unit=["a", "a", "b"])
    outcome, _ = single(MAE, given)
    assert outcome.whole.value.tolist() == [6.0]


def test_a_loss_that_is_no_mean_is_the_mean_of_its_units():
    # a: √((1 + 49) / 2) = 5; b: 2; there is no mean of squares that would give 3.5
    given = errors([1, 7, 2], unit=["a", "a", "b"])
    outcome, _ = single(ready("rmse", by_unit=True), given)
    assert outcome.whole.value.tolist() == [3.5]
    outcome, _ = single(ready("rmse", by_unit=True, reduction="sum"), given)
    assert outcome.whole.value.tolist() == [7.0]


def test_slices_hold_the_parts_of_units_that_lie_in_them():
    # x: a 1, b 6; y: a 3. All rows: a 2, b 6.
    given = errors([1, 3, 6], unit=["a", "a", "b"], by=["x", "y", "x"])
    outcome, _ = single(MAE, given)
    assert by_key(outcome) == {("x",): (3.5, 2.0, 2.0), ("y",): (3.0, 1.0, 1.0)}
    assert outcome.whole.value.tolist() == [4.0]
    assert outcome.whole.units.tolist() == [2.0]


def test_single_units_have_their_names_and_slices():
    computation = ready("mae", by_unit=True, reduction="none")
    given = errors([1, 3, 6], unit=["a", "a", "b"], by=["x", "y", "x"])
    outcome, _ = single(computation, given)
    (each,) = outcome.each
    found = zip(each.unit, each.slice.tolist(), each.value.tolist(), strict=True)
    assert sorted((unit, outcome.keys[code], value) for unit, code, value in found) == [
        ("a", ("x",), 1.0),
        ("a", ("y",), 3.0),
        ("b", ("x",), 6.0),
    ]
    assert each.weight is None


def test_units_without_weight_are_left_out_of_all_numbers():
    computation = ready("mae", by_unit=True, reduction="none")
    given = errors([1, 3, 6], weight=[0, 0, 2], unit=["a", "a", "b"])
    outcome, notes = single(computation, given)
    assert outcome.whole.value.tolist() == [6.0]
    assert outcome.each[0].unit == ("b",)
    assert [(note.kind, note.count, note.message) for note in notes] == [
        ("units_left_out", 1, "mae: 1 unit in which no row counts")
    ]


def test_a_unit_that_has_weight_in_one_slice_only_is_not_left_out():
    # x: a has no weight, b is 6; y: a is 3. All rows: a 3, b 6.
    given = errors([1, 3, 6], weight=[0, 1, 1], unit=["a", "a", "b"], by=["x", "y", "x"])
    outcome, notes = single(MAE, given)
    assert by_key(outcome) == {("x",): (6.0, 1.0, 1.0), ("y",): (3.0, 1.0, 1.0)}
    assert outcome.whole.value.tolist() == [4.5]
    assert notes == []


def test_a_slice_in_which_no_unit_counts_is_named():
    given = errors([1, 3], weight=[0, 1], unit=["a", "b"], by=["x", "y"])
    assert refusal(MAE, given) == "no row counts in slice 'x'"


def test_where_nothing_counts_there_is_no_number():
    assert refusal(MAE, errors([1, 3], weight=[0, 0], unit=["a", "b"])) == "no row counts"


def test_without_blocks_there_are_no_rows():
    assert refusal(MAE) == "there are no rows"


def test_ignored_rows_make_a_unit_smaller_or_leave_it_out():
    # unit a: -ln 1/2 and one ignored; b: ignored
    computation = ready("scce", by_unit=True, ignore_index="9")
    roles = {"prediction": [[0.5, 0.5]] * 3, "target": [0, 9, 9]}
    outcome, notes = single(computation, block(roles, unit=["a", "a", "b"]))
    assert outcome.whole.value.tolist() == pytest.approx([math.log(2)])
    assert outcome.whole.units.tolist() == [1.0]
    assert sorted(note.kind for note in notes) == ["ignored", "units_left_out"]


def test_an_infinite_unit_makes_the_mean_infinite_and_the_sum_too():
    roles = {"prediction": [[0.0, 1.0], [0.5, 0.5]], "target": [0, 0]}
    for reduction in ("mean", "sum"):
        computation = ready("scce", by_unit=True, clip=0, reduction=reduction)
        outcome, _ = single(computation, block(roles, unit=["a", "b"]))
        assert outcome.whole.value.tolist() == [math.inf]


def test_elements_are_averaged_within_a_unit():
    # a: elements 1, 2, 3, 6; b: 5, 7
    roles = {
        "prediction": [[1.0, 2.0], [3.0, 6.0], [5.0, 7.0]],
        "target": np.zeros((3, 2)),
    }
    computation = ready("mae", by_unit=True, per="element", reduction="none")
    outcome, _ = single(computation, block(roles, unit=["a", "a", "b"]))
    assert outcome.each[0].value.tolist() == [3.0, 6.0]
    assert outcome.whole.value.tolist() == [4.5]


def test_dice_of_each_unit_and_of_all_rows_differ():
    # Units: a 1 - 2 × 1 / (2 + 1), b 0; all rows: 1 - 2 × 2 / (3 + 2)
    roles = {"prediction": [1, 1, 1, 0], "target": [1, 0, 1, 0]}
    by_unit, _ = single(ready("dice", by_unit=True), block(roles, unit=["a", "a", "b", "b"]))
    assert by_unit.whole.value.tolist() == pytest.approx([(1 / 3 + 0) / 2], rel=1e-15)
    together, _ = single(ready("dice"), block(roles))
    assert together.whole.value.tolist() == pytest.approx([1 / 5], rel=1e-15)


def test_a_remark_about_units_names_them():
    # Both masks of b and d are empty.
    roles = {"prediction": [1, 0, 1, 0], "target": [1, 0, 0, 0]}
    _, notes = single(ready("dice", by_unit=True), block(roles, unit=["a", "b", "c", "d"]))
    (note,) = notes
    assert (note.kind, note.count) == ("empty_masks", 2)
    assert note.message == (
        "dice: prediction and target are both empty, treated as a perfect match: 2 units ('b', 'd')"
    )


def test_a_remark_about_many_units_names_the_first():
    names = [f"u{number}" for number in range(7)]
    roles = {"prediction": [0.0] * 7, "target": [0.0] * 7}
    _, notes = single(ready("dice", by_unit=True), block(roles, unit=names))
    assert notes[0].message.endswith("7 units ('u0', 'u1', 'u2', …)")


def test_a_remark_about_units_of_several_blocks_looks_at_the_whole_unit():
    first = block({"prediction": [0], "target": [0]}, unit=["a"])
    second = block({"prediction": [1], "target": [1]}, unit=["a"])
    _, notes = single(ready("dice", by_unit=True), first, second)
    assert notes == []


# Roles whose rows are apart


CRITIC = ready("wasserstein_critic")
CRITIC_BY_UNIT = ready("wasserstein_critic", by_unit=True)


def real(given, **more):
    return block({"real": given}, **more)


def fake(given, **more):
    return block({"fake": given}, **more)


def test_the_means_of_the_roles_are_added():
    outcome, _ = single(CRITIC, real([1, 3]), fake([2, 4, 6]))
    assert outcome.whole.value.tolist() == [2.0]
    assert outcome.whole.units.tolist() == [5.0]


def test_roles_of_several_blocks_in_any_order():
    outcome, _ = single(CRITIC, fake([2]), real([1]), fake([4, 6]), real([3]))
    assert outcome.whole.value.tolist() == [2.0]


def test_each_role_is_divided_by_its_own_weights():
    # (2 + 4 + 2 × 6) / 4 - (1 + 3 × 3) / 4
    outcome, _ = single(CRITIC, real([1, 3], weight=[1, 3]), fake([2, 4, 6], weight=[1, 1, 2]))
    assert outcome.whole.value.tolist() == [2.0]
    assert outcome.whole.weight.tolist() == [8.0]


def test_slices_of_roles_apart():
    # x: 2 - 1; y: (4 + 6) / 2 - 3, whatever order they come in
    outcome, _ = single(CRITIC, real([3, 1], by=["y", "x"]), fake([2, 4, 6], by=["x", "y", "y"]))
    assert by_key(outcome) == {("x",): (1.0, 2.0, 2.0), ("y",): (2.0, 3.0, 3.0)}


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ([real([1, 2], by=["x", "y"]), fake([1], by=["x"])], "no row of fake counts in slice 'y'"),
        ([real([1], by=["x"]), fake([1, 2], by=["x", "y"])], "no row of real counts in slice 'y'"),
        (
            [real([1]), fake([1, 2], weight=[0, 0])],
            "no row of fake counts: the weights sum to 0",
        ),
    ],
)
def test_a_role_without_rows_that_count_is_named(blocks, message):
    assert refusal(CRITIC, *blocks) == message


def test_units_of_roles_apart():
    # Unit a has 2 - 1, unit b has 5 - 3.
    blocks = [real([3, 1], unit=["b", "a"]), fake([2, 4, 6], unit=["a", "b", "b"])]
    outcome, _ = single(CRITIC_BY_UNIT, *blocks)
    assert outcome.whole.value.tolist() == [1.5]
    assert outcome.whole.units.tolist() == [2.0]


@pytest.mark.parametrize("lacking", ["real", "fake"])
def test_a_unit_that_lacks_a_role_is_named(lacking):
    make = {"real": (real, fake), "fake": (fake, real)}[lacking]
    blocks = [make[0]([1], unit=["a"]), make[1]([1, 2], unit=["a", "b"])]
    assert refusal(CRITIC_BY_UNIT, *blocks) == f"unit 'b' has no row of {lacking}"


def test_a_unit_that_lacks_a_role_in_a_slice_is_named_with_the_slice():
    # b has rows of both roles, but in no slice of both.
    blocks = [
        real([1, 2], unit=["a", "b"], by=["x", "x"]),
        fake([1, 2], unit=["a", "b"], by=["x", "y"]),
    ]
    message = refusal(CRITIC_BY_UNIT, *blocks)
    assert message.startswith("unit 'b' has no row of ")
    assert "in slice '" in message


def test_a_unit_whose_rows_of_a_role_weigh_nothing_is_left_out():
    # a is left out, since there is no mean of its real rows; b: 5 - 3
    blocks = [
        real([1, 3], weight=[0, 1], unit=["a", "b"]),
        fake([2, 5], weight=[1, 1], unit=["a", "b"]),
    ]
    outcome, notes = single(CRITIC_BY_UNIT, *blocks)
    assert outcome.whole.value.tolist() == [2.0]
    assert [note.kind for note in notes] == ["units_left_out"]


def test_single_rows_are_listed_by_role():
    computation = ready("wasserstein_critic", reduction="none")
    outcome, _ = single(computation, real([1]), fake([2, 4]), real([3]))
    assert {each.role: each.value.tolist() for each in outcome.each} == {
        "real": [-1.0, -3.0],
        "fake": [2.0, 4.0],
    }


def test_a_sum_is_that_of_all_roles():
    outcome, _ = single(ready("wasserstein_critic", reduction="sum"), real([1, 3]), fake([2, 6]))
    assert outcome.whole.value.tolist() == [4.0]


# Exactness


@pytest.mark.parametrize("seed", range(3))
def test_any_cut_into_blocks_gives_the_same_bits(seed):
    random = np.random.default_rng(seed)
    given = random.normal(size=200) * 10.0 ** random.integers(-8, 8, 200)
    names = [f"u{number}" for number in random.integers(0, 9, 200)]
    slices = [f"s{number}" for number in random.integers(0, 3, 200)]
    (whole,), _ = fold([MAE], [errors(given, unit=names, by=slices)])
    cuts = [0, *sorted(random.integers(1, 200, 6).tolist()), 200]
    blocks = [
        errors(given[start:end], unit=names[start:end], by=slices[start:end])
        for start, end in pairwise(cuts)
        if end > start
    ]
    (cut,), _ = fold([MAE], blocks)
    assert by_key(cut) == by_key(whole)
    assert cut.whole.value.tobytes() == whole.whole.value.tobytes()
