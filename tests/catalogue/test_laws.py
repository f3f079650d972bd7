"""What holds for every loss of the catalogue; a new one is held to it as soon as it is there.

Items are what a loss has a number of: rows, or whole units of rows. They stand in one line, or in
a line for each role where the rows of roles are apart; see `strategies.Case`.
"""

from __future__ import annotations

import doctest
import inspect
import itertools
import math
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from strategies import (
    FINEST,
    LARGE,
    assume_exact,
    belonging,
    cases,
    counts_of_items,
    cuts,
    each,
    every,
    every_convention,
    foreign,
    groupings,
    illegal,
    library,
    may_be_infinite,
    narrow_or_wide,
    of_lines,
    orders,
    outcome,
    perfect,
    repeated,
    same,
    slice_key,
    unit_name,
    value,
)

import lossctl
from lossctl.block import Block, Words
from lossctl.catalogue.definition import field_settings
from lossctl.catalogue.kinds import ImagesKind, NamesKind, VectorsKind
from lossctl.catalogue.names import find
from lossctl.engine.computation import prepare
from lossctl.engine.conventions import CONVENTIONS
from lossctl.engine.sums import LARGEST, STRIDE, Sums
from lossctl.errors import DataError, UsageError

LOSSES = lossctl.losses()
MEANS = [name for name, loss in LOSSES.items() if loss.value is None]
ELEMENTWISE = [name for name, loss in LOSSES.items() if loss.terms.elements]
NARROW = [
    name
    for name in ELEMENTWISE
    if all(kind.columns != "several" for kind in LOSSES[name].roles.values())
]
OF_ROWS = [name for name, loss in LOSSES.items() if loss.terms.of != "unit"]
OF_UNITS = [name for name, loss in LOSSES.items() if loss.terms.of == "unit"]
WEIGHING_ROWS = [
    name for name in OF_UNITS if all(kind.weighs_rows for kind in LOSSES[name].roles.values())
]
OF_PICTURES = [
    name
    for name in OF_UNITS
    if all(isinstance(kind, ImagesKind) for kind in LOSSES[name].roles.values())
]
APART = [
    name
    for name, loss in LOSSES.items()
    if len(loss.roles) > 1 and all(kind.apart for kind in loss.roles.values())
]
ALIGNED = [name for name in LOSSES if name not in APART]

every_loss = pytest.mark.parametrize("name", LOSSES)
every_mean = pytest.mark.parametrize("name", MEANS)
every_elementwise = pytest.mark.parametrize("name", ELEMENTWISE)
every_loss_of_rows = pytest.mark.parametrize("name", OF_ROWS)
quick_law = settings(deadline=None, max_examples=8, phases=set(Phase) - {Phase.explain})


def law(test):
    """Mark a law as slow: it takes seconds, as all losses are held to it."""
    return pytest.mark.slow(quick_law(test))


# Sums: cutting, order, weights, slices


@every_loss
@quick_law
@given(data=st.data())
def test_cutting_the_data_changes_nothing(name, data):
    conventions = data.draw(every_convention(name))
    case = data.draw(cases(name, conventions=conventions, ignoring=True, least=2))
    assume_exact(case)
    whole = outcome(case.computation, case.blocks())
    assert same(outcome(case.computation, case.blocks(data.draw(cuts(case)))).whole, whole.whole)


@every_loss
@law
@given(data=st.data())
def test_cutting_the_data_changes_no_slice(name, data):
    case = data.draw(cases(name, least=2))
    assume_exact(case)
    # Every weight counts, because a slice whose weights sum to 0 is an error.
    case = heavier(replace(case, slices=data.draw(groupings(case))))
    places = data.draw(cuts(case))
    one, cut = (
        outcome(case.computation, blocks) for blocks in (case.blocks(), case.blocks(places))
    )
    expected = dict(zip(one.keys, one.slices.value.tolist(), strict=True))
    assert dict(zip(cut.keys, cut.slices.value.tolist(), strict=True)) == expected


@every_loss
@law
@given(data=st.data())
def test_merging_the_sums_of_parts_is_summing_the_whole(name, data):
    case = data.draw(cases(name, ignoring=True, least=2))
    assume_exact(case)
    place = data.draw(of_lines(case, lambda count: st.integers(1, count - 1)))
    before, after = (part.sums() for part in case.parted(place))
    for line, whole in case.sums().items():
        before[line].merge(after[line])
        assert_same_sums(before[line], whole)


@every_loss
@law
@given(data=st.data())
def test_empty_sums_are_neutral(name, data):
    case = data.draw(cases(name, ignoring=True))
    expected, after = case.sums(), case.sums()
    for line, sums in case.sums().items():
        before = Sums(sums.width)
        before.merge(sums)
        after[line].merge(Sums(sums.width))
        assert_same_sums(before, expected[line])
        assert_same_sums(after[line], expected[line])


@every_loss
@law
@given(data=st.data())
def test_what_is_doubted_of_the_data_changes_no_number(name, data):
    conventions = data.draw(every_convention(name))
    case = data.draw(cases(name, conventions=conventions, ignoring=True))
    found, expected = (
        outcome(computation, case.blocks())
        for computation in (case.computation, undoubted(case.computation))
    )
    assert same(found.whole, expected.whole)


@every_loss
@law
@given(data=st.data())
def test_the_order_of_the_rows_changes_nothing(name, data):
    conventions = data.draw(every_convention(name))
    case = data.draw(cases(name, conventions=conventions, ignoring=True))
    assume_exact(case)
    assert value(case.taken(data.draw(orders(case)))) == value(case)


@pytest.mark.parametrize("name", ["mse", "binary_cross_entropy", "kl_divergence"])
@pytest.mark.parametrize("weighted", [False, True])
def test_long_data_may_be_cut_and_ordered_in_any_way(name, weighted):
    generator = np.random.default_rng(7)
    rows = 2 * STRIDE + 3
    shares = generator.dirichlet([0.5, 0.5, 0.5], size=(2, rows))
    computation = prepare(LOSSES[name], {})
    arrays = dict(zip(computation.kinds, shares, strict=True))
    weight = generator.random(rows) if weighted else None
    slices = Words(generator.integers(0, 5, rows), tuple((str(key),) for key in range(5)))
    order = generator.permutation(rows)
    cuts = [
        [],
        [1],
        [STRIDE - 1],
        [STRIDE],
        [STRIDE + 1],
        [2 * STRIDE],
        [5, STRIDE, 2 * STRIDE + 2],
    ]
    whole = outcome(computation, [Block(arrays, rows, weight, slices)])
    for places in cuts:
        blocks = [
            Block(
                {role: array[rows_of] for role, array in arrays.items()},
                len(rows_of),
                None if weight is None else weight[rows_of],
                Words(slices.codes[rows_of], slices.words),
            )
            for rows_of in np.split(order, places)
        ]
        cut = outcome(computation, blocks)
        assert same(cut.whole, whole.whole)
        assert dict(zip(cut.keys, cut.slices.value, strict=True)) == dict(
            zip(whole.keys, whole.slices.value, strict=True)
        )


@every_loss
@quick_law
@given(data=st.data())
def test_weight_2_is_the_row_twice_and_weight_0_its_absence(name, data):
    case = data.draw(cases(name, weighted=False, ignoring=True))
    assume_exact(case)
    times = data.draw(counts_of_items(case))
    assert value(case.with_integers(times)) == value(case.taken(repeated(times)))


@every_loss
@law
@given(data=st.data())
def test_the_unit_of_the_weights_changes_nothing(name, data):
    case = data.draw(cases(name, weighted=True))
    assume_exact(case, finite=True)
    units = {line: data.draw(st.floats(1e-3, 1e3)) for line in case.weight}
    scaled = replace(case, weight={line: case.weight[line] * units[line] for line in case.weight})
    # What is added to the sums of a ratio has their unit.
    added = {"smooth", "eps"} & field_settings(LOSSES[name].value).keys()
    in_unit = {option: case.computation.options[option] * units[""] for option in added}
    expected = pytest.approx(value(case), rel=1e-12, abs=rounding(case))
    assert value(scaled, case.given(**in_unit)) == expected


@every_mean
@law
@given(data=st.data())
def test_a_weighted_sum_adds_each_term_times_its_weight(name, data):
    case = data.draw(cases(name, weighted=True, conventions={"reduction": "sum"}))
    assume_exact(case, finite=True)
    alone = each(case.unsaid("weight"))
    weighted = np.concatenate([alone[line] * case.weight[line] for line in alone])
    assert value(case) == pytest.approx(math.fsum(weighted), rel=1e-12, abs=rounding(case))


@every_mean
@law
@given(data=st.data())
def test_divided_by_units_weights_do_not_stand_below(name, data):
    case = data.draw(cases(name, weighted=True, free=False))
    assume_exact(case)
    expected = [math.fsum(weighted) / len(weighted) for weighted in each(case).values()]
    assert value(case, case.given(divide_by="units")) == sum(expected)


@every_loss
@law
@given(data=st.data())
def test_a_slice_is_the_loss_of_its_rows_and_the_whole_that_of_all(name, data):
    case = data.draw(cases(name))
    assume_exact(case)
    sliced = heavier(replace(case, slices=data.draw(groupings(case))))
    found = outcome(sliced.computation, sliced.blocks())
    plain = sliced.unsaid("slices")
    assert float(found.whole.value[0]) == value(plain)
    alone = {
        slice_key(code): value(plain.taken(belonging(sliced.slices, code)))
        for code in range(len(found.keys))
    }
    assert dict(zip(found.keys, found.slices.value.tolist(), strict=True)) == alone


# Units of rows: the loss of each, and their mean


@every_loss_of_rows
@law
@given(data=st.data())
def test_with_units_the_number_is_the_mean_of_their_own_numbers(name, data):
    case = data.draw(cases(name, conventions=data.draw(by_unit(name)), ignoring=True, least=2))
    case = replace(case, units=data.draw(groupings(case)))
    alone = own_numbers(case)
    assume_summable(alone)
    for reduction, expected in {
        "mean": math.fsum(alone) / len(alone),
        "sum": math.fsum(alone),
    }.items():
        computation = case.given(by_unit=True, reduction=reduction)
        assert value(case, computation) == expected
        elsewhere = case.taken(data.draw(orders(case)))
        found = outcome(computation, elsewhere.blocks(data.draw(cuts(elsewhere))))
        assert float(found.whole.value[0]) == expected


@every_loss_of_rows
@law
@given(data=st.data())
def test_with_units_there_is_one_single_number_a_unit(name, data):
    case = data.draw(cases(name, ignoring=True, least=2))
    case = replace(case, units=data.draw(groupings(case)))
    alone = own_numbers(case)
    assume_summable(alone)
    computation = case.given(by_unit=True, reduction="none")
    (found,) = outcome(computation, case.blocks()).unit_values
    assert sorted(found.value.tolist()) == sorted(alone)
    assert set(found.unit) <= {unit_name(code) for code in range(3)}


@every_loss_of_rows
@law
@given(data=st.data())
def test_with_units_a_slice_has_the_units_of_its_rows(name, data):
    case = heavier(data.draw(cases(name, least=2)))
    groups = data.draw(groupings(case))
    # Each group is what a unit has in a slice; a unit may have rows in several slices.
    slice_of, unit_of = (np.array(data.draw(THREE_CODES)) for _ in range(2))
    slices, units = ({line: of[groups[line]] for line in groups} for of in (slice_of, unit_of))
    case = replace(case, slices=slices, units=units)
    assume_summable(own_numbers(case.unsaid("slices")))
    computation = case.given(by_unit=True)
    found = outcome(computation, case.blocks(data.draw(cuts(case))))
    whole = case.unsaid("slices")
    assert float(found.whole.value[0]) == value(whole, computation)
    alone = {
        slice_key(code): value(whole.taken(belonging(slices, code)), computation)
        for code in set(np.concatenate(list(slices.values())).tolist())
    }
    assert dict(zip(found.keys, found.slices.value.tolist(), strict=True)) == alone


# Whole units: what is within one


@pytest.mark.parametrize("name", WEIGHING_ROWS)
@law
@given(data=st.data())
def test_within_a_unit_weight_2_is_the_row_twice_in_any_order(name, data):
    case = data.draw(cases(name, weighted=False))
    lengths = {role: [len(item) for item in array] for role, array in case.arrays.items()}
    counts, arrays = {}, {}
    for role, array in case.arrays.items():
        counts[role], arrays[role] = array.copy(), array.copy()
        for place, length in enumerate(lengths[role]):
            some = st.lists(st.integers(0, 2), min_size=length, max_size=length)
            times = counts[role][place] = np.array(data.draw(some), dtype=int)
            rows = data.draw(st.permutations(np.repeat(np.arange(length), times).tolist()))
            arrays[role][place] = array[place][np.array(rows, dtype=int)]
    weighted = replace(case, row_weight={role: counts[role] * 1.0 for role in counts})
    assert np.array_equal(every(weighted), every(case.with_roles(**arrays)))


@pytest.mark.parametrize("name", WEIGHING_ROWS)
@law
@given(data=st.data())
def test_the_unit_of_the_weights_within_a_unit_changes_nothing(name, data):
    case = data.draw(cases(name, weighted=True))
    factors = {role: data.draw(st.floats(1e-3, 1e3)) for role in case.arrays}
    scaled = {role: array * factors[role] for role, array in case.row_weight.items()}
    largest = max(np.abs(case.rows(role)).max(initial=0.0) for role in case.arrays)
    found = every(replace(case, row_weight=scaled))
    assert found.tolist() == pytest.approx(every(case).tolist(), rel=1e-12, abs=1e-12 * largest)


@pytest.mark.parametrize("name", WEIGHING_ROWS)
@law
@given(data=st.data())
def test_a_weight_within_a_unit_is_named_by_its_index(name, data):
    case = data.draw(cases(name, free=False, weighted=True))
    role = data.draw(
        st.sampled_from([role for role in case.arrays if len(case.rows(role))] or [""])
    )
    assume(role)
    weights = dict(zip(case.arrays, case.weighing, strict=True))
    row = data.draw(st.integers(0, len(weights[role]) - 1))
    weights[role][row] = bad = data.draw(NO_WEIGHT)
    with pytest.raises(DataError) as caught:
        library(case, weight=list(weights.values()))
    assert str(caught.value) == (
        f"weight of {role}[{row}]: {bad!r} is not a weight (a finite number, at least 0)"
    )


@pytest.mark.parametrize("name", OF_PICTURES)
@law
@given(data=st.data())
def test_a_stack_of_pictures_is_a_list_of_them(name, data):
    case = data.draw(cases(name))
    lines = min(len(image) for array in case.arrays.values() for image in array)
    images = [[image[:lines] for image in array] for array in case.arrays.values()]
    expected = library(case, *images, reduction="none")
    assert np.array_equal(library(case, *map(np.stack, images), reduction="none"), expected)


@pytest.mark.parametrize("name", OF_PICTURES)
@law
@given(data=st.data())
def test_one_channel_is_the_same_with_and_without_its_axis(name, data):
    narrowest = 11 * FINEST.get(name, 1)
    case = data.draw(cases(name, shapes=st.tuples(st.integers(narrowest, narrowest + 2))))
    deeper = [[image[..., None] for image in array] for array in case.arrays.values()]
    found = library(case, *deeper, reduction="none")
    assert np.array_equal(found, library(case, reduction="none"))


# Reductions and conventions


@every_mean
@law
@given(data=st.data())
def test_the_mean_of_the_single_terms_is_the_value(name, data):
    case = data.draw(cases(name, weighted=False))
    assume_exact(case)
    assert value(case) == sum(math.fsum(terms) / len(terms) for terms in each(case).values())


@every_mean
@law
@given(data=st.data())
def test_the_sum_of_the_single_terms_is_the_sum(name, data):
    case = data.draw(cases(name))
    assume_exact(case)
    expected = sum(math.fsum(terms) for terms in each(case).values())
    assert value(case, case.given(reduction="sum")) == expected


@every_mean
@law
@given(data=st.data())
def test_the_sum_is_the_mean_times_the_units(name, data):
    case = data.draw(cases(name, weighted=False))
    case = case.first(case.least)  # roles apart then have the same number of rows
    assume_exact(case, finite=True)
    total = value(case, case.given(reduction="sum"))
    assert total == pytest.approx(value(case) * case.least, rel=1e-12, abs=rounding(case))


@every_loss
@law
@given(data=st.data())
def test_there_is_one_single_number_a_row_the_loss_of_that_row(name, data):
    case = data.draw(cases(name, weighted=False))
    assume_exact(case)
    single = each(case)
    assert {line: len(of_line) for line, of_line in single.items()} == case.counts
    # Of roles apart, every row of one with every row of the others.
    ranges = [range(count)[:3] for count in case.counts.values()]
    for rows in itertools.product(*ranges):
        places = {line: [row] for line, row in zip(case.lines, rows, strict=True)}
        expected = sum(single[line][row] for line, (row,) in places.items())
        assert value(case.taken(places)) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("name", NARROW)
@law
@given(data=st.data())
def test_with_one_column_an_element_is_a_row(name, data):
    case = data.draw(cases(name, shapes=st.just(())))
    assume_exact(case)
    assert value(case, case.given(per="element")) == value(case)


@every_elementwise
@law
@given(data=st.data())
def test_elements_add_up_to_rows_as_the_definition_says(name, data):
    case = data.draw(cases(name, shapes=narrow_or_wide(2, 4)))
    assume_exact(case, finite=True)
    rows_to_elements = {"mean": 1, "sum": case.columns}[LOSSES[name].terms.columns]
    by_element = value(case, case.given(per="element"))
    single = every(case, per="element")
    assert value(case) == pytest.approx(
        by_element * rows_to_elements, rel=1e-12, abs=1e-12 * float(np.abs(single).max()) + 1e-300
    )


@every_elementwise
@law
@given(data=st.data())
def test_there_is_one_number_an_element(name, data):
    case = data.draw(cases(name, free=False, shapes=narrow_or_wide(2, 4)))
    shape = library(case, per="element", reduction="none").shape
    assert shape == (case.least, case.columns)


@pytest.mark.parametrize("name", sorted(LOSSES.keys() - ELEMENTWISE))
def test_a_loss_of_whole_rows_has_no_elements(name):
    with pytest.raises(UsageError) as caught:
        lossctl.compute(name, [[0.5, 0.5]], [[0.0, 1.0]], per="element")
    expected = f"--per element does not apply to {name}, which has no value per element"
    assert str(caught.value) == expected


# Values


@every_loss
@quick_law
@given(data=st.data())
def test_a_perfect_prediction_reaches_the_optimum(name, data):
    # Certain targets: with soft ones the cross-entropies keep the entropy of the target.
    case = perfect(data.draw(cases(name, free=False, step=1.0)))
    # Where the optimum depends on the target, there is none to compare with; the next law holds.
    optimum = LOSSES[name].optimum
    expected = value(case) if optimum is None else optimum
    assert value(case) == pytest.approx(expected, abs=1e-12)


@every_loss
@law
@given(data=st.data())
def test_no_prediction_is_better_than_the_perfect_one(name, data):
    case = data.draw(cases(name, free=False, step=1.0))
    assert value(perfect(case)) <= value(case) + 1e-12


@every_loss
@quick_law
@given(data=st.data())
def test_the_loss_is_finite_on_its_whole_domain(name, data):
    case = data.draw(cases(name, free=False, largest=LARGE, weighted=False))
    finite = np.isfinite(every(case))
    if LOSSES[name].terms.of != "role":
        finite |= may_be_infinite(case)
    assert finite.all()
    assert math.isfinite(library(case)) or not np.isfinite(every(case)).all()


@every_loss
@law
@given(data=st.data())
def test_no_option_makes_the_loss_undefined(name, data):
    case = data.draw(cases(name, largest=LARGE))
    assert not np.isnan(every(case)).any()


@every_loss
@law
@given(data=st.data())
def test_the_arrays_of_the_caller_stay_as_they_are(name, data):
    case = data.draw(cases(name))
    assume_exact(case)
    given_arrays = [array for role in case.arguments for array in as_list(role)]
    before = [array.copy() for array in given_arrays]
    for array in given_arrays:
        array.flags.writeable = False
    library(case)
    assert all(map(np.array_equal, given_arrays, before))


@every_loss
@law
@given(data=st.data())
def test_every_container_and_type_gives_the_same_number(name, data):
    # Eighths are the same number in every type of float.
    case = data.draw(cases(name, free=False, step=0.125))
    assume(all(len(case.rows(role)) for role in case.arrays))  # empty lists have no columns
    expected = library(case)
    others = [
        (lambda array: array.tolist()),
        tuple,
        (lambda array: of_type(array, np.float32)),
        (lambda array: np.asfortranarray(np.repeat(array, 2, axis=0))[::2]),
        (lambda array: FRAMES[min(array.ndim, 3)](array)),
    ]
    for other in others:
        assert library(case, *changed(case.arguments, other)) == expected
    for other in (others[0], others[-1]):
        given_weight = None if case.weighing is None else changed([case.weighing], other)[0]
        assert library(case, weight=given_weight) == expected


@every_loss
@law
@given(data=st.data())
def test_whole_numbers_may_have_any_whole_type(name, data):
    case = data.draw(cases(name, free=False, step=1.0))
    expected = library(case)
    for kind in (np.int64, np.int8, np.float16, np.float32, object):
        whole = changed(case.arguments, lambda array, kind=kind: of_type(array, kind))
        assert library(case, *whole) == expected


# What is refused


@pytest.mark.parametrize(
    ("loss", "name", "bad"),
    [
        pytest.param(loss, name, bad, id=f"{loss.name}-{name}-{bad}")
        for loss in LOSSES.values()
        for name, setting in {**loss.settings, **CONVENTIONS}.items()
        for bad in illegal(setting)
    ],
)
def test_an_option_out_of_range_meets_the_same_sentence_everywhere(loss, name, bad):
    with pytest.raises(UsageError) as of_library:
        lossctl.compute(loss.name, *([[1.0]] * len(loss.roles)), **{name: bad})
    with pytest.raises(UsageError) as of_text:
        {**loss.settings, **CONVENTIONS}[name].parsed(str(bad))
    assert str(of_library.value) == str(of_text.value)
    assert name in of_library.value.message


@every_loss
@law
@given(data=st.data())
def test_a_value_out_of_range_is_named_by_role_and_index(name, data):
    case = data.draw(cases(name, ignoring=True))
    kinds = case.computation.kinds
    able = [r for r in case.arrays if len(case.rows(r)) and not isinstance(kinds[r], NamesKind)]
    assume(able)
    role = data.draw(st.sampled_from(able))
    arguments = dict(zip(case.arrays, case.arguments, strict=True))
    places = [
        (item, row)
        for item, array in enumerate(as_list(arguments[role]))
        for row in range(len(array))
    ]
    number = data.draw(st.integers(0, len(places) - 1))
    item, row = places[number]
    place, bad = data.draw(st.sampled_from(sorted(foreign(case, role, number).items())))
    as_list(arguments[role])[item][(row, *place)] = data.draw(st.sampled_from(bad))
    with pytest.raises(DataError) as caught:
        library(case, *arguments.values())
    if isinstance(kinds[role], VectorsKind | ImagesKind):
        place = (*place, 0)[:1]  # vectors always have coordinates, lines are named with a column
    index = ", ".join(map(str, (number, *place)))
    assert caught.value.message.startswith(f"{role}[{index}]: ")


@pytest.mark.parametrize("name", [name for name in LOSSES if name not in WEIGHING_ROWS])
@law
@given(data=st.data())
def test_a_weight_out_of_range_is_named_by_its_index(name, data):
    case = data.draw(cases(name, free=False, weighted=True))
    line = data.draw(st.sampled_from(list(case.lines)))
    row = data.draw(st.integers(0, case.counts[line] - 1))
    case.weight[line][row] = bad = data.draw(NO_WEIGHT)
    with pytest.raises(DataError) as caught:
        library(case)
    of_role = f" of {line}" if line else ""
    assert str(caught.value) == (
        f"weight{of_role}[{row}]: {bad!r} is not a weight (a finite number, at least 0)"
    )


@pytest.mark.parametrize("name", ALIGNED)
@law
@given(data=st.data())
def test_arrays_of_other_lengths_are_never_broadcast(name, data):
    case = data.draw(cases(name, free=False, least=2, weighted=True))
    given_arrays = {**dict(zip(case.arrays, case.arguments, strict=True)), "weight": case.weighing}
    short = data.draw(st.sampled_from(list(given_arrays)))
    length = data.draw(st.integers(1 if name in OF_UNITS else 0, case.least - 1))
    given_arrays[short] = given_arrays[short][:length]
    with pytest.raises(DataError, match="the arrays do not match") as caught:
        lossctl.compute(name, *list(given_arrays.values())[:-1], weight=given_arrays["weight"])
    assert caught.value.hint == "give arrays of equal length"


@pytest.mark.parametrize("name", [name for name in OF_UNITS if len(LOSSES[name].roles) > 1])
@law
@given(data=st.data())
def test_units_of_other_lengths_are_never_broadcast(name, data):
    case = data.draw(cases(name, free=False, weighted=False))
    arguments = dict(zip(case.arrays, case.arguments, strict=True))
    short = data.draw(st.sampled_from(list(arguments)))
    able = [item for item, array in enumerate(arguments[short]) if len(array) > 1]
    item = data.draw(st.sampled_from(able or [-1]))
    assume(item >= 0)
    arguments[short][item] = arguments[short][item][1:]
    if name in APART:  # the lengths of these are free
        assert not np.isnan(library(case, *arguments.values()))
    else:
        with pytest.raises(DataError, match=f"the arrays of unit {item} do not match") as caught:
            library(case, *arguments.values())
        assert caught.value.hint == "give arrays of equal length"


@pytest.mark.parametrize("name", [name for name in APART if name not in OF_UNITS])
@law
@given(data=st.data())
def test_roles_apart_have_as_many_rows_as_they_like(name, data):
    case = data.draw(cases(name, free=False, weighted=True))
    ends = data.draw(of_lines(case, lambda count: st.integers(1, count)))
    fewer = case.taken({line: slice(0, end) for line, end in ends.items()})
    assert library(fewer) == value(fewer)


@every_loss
@law
@given(data=st.data())
def test_arrays_of_other_widths_are_never_broadcast(name, data):
    case = data.draw(cases(name, free=False, weighted=False))
    arguments = dict(zip(case.arrays, case.arguments, strict=True))
    assume(all(len(case.rows(role)) for role in case.arrays))
    last = [r for r in case.arrays if not isinstance(case.computation.kinds[r], NamesKind)][-1]
    legal = float(0.0 not in case.computation.kinds[last].within)
    arguments[last] = changed(
        [arguments[last]], lambda array: wider(array, case.columns + 1, legal)
    )[0]
    others = [
        kind for role, kind in LOSSES[name].roles.items() if role in arguments.keys() - {last}
    ]
    words = all(isinstance(kind, NamesKind) for kind in others)
    if words and LOSSES[name].roles[last].wide:  # there is nothing to fit
        assert not np.isnan(library(case, *arguments.values()))
    else:
        with pytest.raises(DataError, match="column"):
            library(case, *arguments.values())


@every_loss
@law
@given(data=st.data())
def test_one_column_is_the_same_with_and_without_its_axis(name, data):
    case = data.draw(cases(name, free=False))
    upright = changed(case.arguments, lambda array: array[:, None] if array.ndim == 1 else array)
    for role, kind in enumerate(LOSSES[name].roles.values()):
        if isinstance(kind, NamesKind) and role < len(upright):
            upright[role] = case.arguments[role]  # words stand in one column anyway
    expected = library(case, reduction="none")
    assert np.array_equal(library(case, *upright, reduction="none"), expected)


@every_loss
def test_arrays_without_rows_or_columns_are_refused(name):
    loss = LOSSES[name]
    for shape in [(0,), (0, 2), (2, 0)]:
        arrays = [np.zeros(shape)] * (len(loss.roles) - len(loss.optional))
        if name in OF_UNITS and all(has_no_rows(kind, shape) for kind in loss.roles.values()):
            assert lossctl.compute(name, *arrays) == (loss.optimum or 0.0)  # a unit without rows
        else:
            with pytest.raises(DataError):
                lossctl.compute(name, *arrays)


# What is said of a loss


@every_loss
def test_the_summary_is_one_short_sentence(name):
    loss = LOSSES[name]
    assert len(loss.summary) <= 100
    assert re.fullmatch(r"[A-Z][^\n]*\.", loss.summary)


@every_loss
def test_every_section_is_there(name):
    loss = LOSSES[name]
    assert list(loss.sections) == [
        "Helps",
        "Hurts",
        "Formula",
        "Domain",
        "Example",
        "References",
    ]
    assert all(loss.sections.values())
    assert ">>>" in loss.sections["Example"]


@every_loss
def test_the_example_runs_and_is_true(name):
    loss = LOSSES[name]
    module = inspect.getmodule(loss.function)
    examples = doctest.DocTestFinder(recurse=False).find(loss.function, loss.name, module)
    runner = doctest.DocTestRunner(verbose=False)
    for example in examples:
        runner.run(example)
    assert runner.tries > 0
    assert runner.failures == 0


@every_loss
def test_there_is_another_name_for_it(name):
    loss = LOSSES[name]
    assert loss.aliases or loss.twins


@every_loss
def test_every_name_leads_to_it(name):
    loss = LOSSES[name]
    of_twins = [each_name for twin in loss.twins for each_name in twin.all_names]
    for known in (loss.name, *loss.aliases, *of_twins):
        assert find(known)[0] is loss


def test_no_name_or_alias_is_given_twice():
    names = [name for loss in LOSSES.values() for name in (loss.name, *loss.aliases)]
    assert sorted(names) == sorted(set(names))


@every_loss
def test_every_option_has_a_help_text_and_a_legal_default(name):
    loss = LOSSES[name]
    for setting in loss.settings.values():
        assert setting.option.help
        assert setting.checked(setting.default) == setting.default


@every_loss
def test_options_speak_of_roles_that_exist(name):
    loss = LOSSES[name]
    for setting in loss.settings.values():
        assert setting.option.turns.keys() <= loss.roles.keys()
        assert setting.option.clips.keys() <= loss.roles.keys()


@pytest.mark.parametrize(
    ("loss", "twin"),
    [
        pytest.param(loss, twin, id=f"{loss.name}-{number}-{twin.framework}")
        for loss in LOSSES.values()
        for number, twin in enumerate(loss.twins)
    ],
)
def test_a_twin_speaks_of_options_and_roles_that_exist(loss, twin):
    known = {**loss.settings, **CONVENTIONS}
    for name, legal in {**twin.sets, **twin.needs}.items():
        assert known[name].checked(legal) == legal
    placeholders = re.findall(r"\{(\w+)\}", twin.code)
    assert set(placeholders) <= {*loss.settings, "reduction", "weight"}
    assert twin.kinds.keys() <= loss.roles.keys()
    assert prepare(loss, {}, twin=twin).twin is twin


THREE_CODES = st.lists(st.integers(0, 2), min_size=3, max_size=3)
NO_WEIGHT = st.sampled_from([math.nan, math.inf, -math.inf, -5e-324, -1.0])
FRAMES = {1: pd.Series, 2: pd.DataFrame, 3: np.ascontiguousarray}


def by_unit(name):
    """Draw conventions of the loss of a unit; what becomes of the units is another matter."""
    return every_convention(name).map(lambda drawn: {**drawn, "reduction": "mean"})


def own_numbers(case):
    """Compute the loss of the rows of each unit alone; units in which no row counts have none."""
    codes = set(np.concatenate(list(case.units.values())).tolist())
    units = [case.unsaid("units").taken(belonging(case.units, code)) for code in codes]
    return [value(unit) for unit in units if counts(unit)]


def counts(case):
    """Tell whether every line of a case has weight."""
    return all(sums.weight().all() for sums in case.sums().values())


def assume_summable(numbers):
    """Leave out numbers whose sum is a plain one, and no numbers; infinite ones are legal."""
    assume(numbers)
    assume(all(abs(number) < LARGEST / 16 or number == math.inf for number in numbers))


def undoubted(computation):
    """Return a computation that doubts nothing."""
    sure = replace(computation)
    vars(sure)["doubts"] = ()
    return sure


def heavier(case):
    """Add 1 to each weight, so that none is 0."""
    weight = {line: weights + 1.0 for line, weights in case.weight.items()}
    return replace(case, weight=weight)


def has_no_rows(kind, shape):
    """Tell whether a unit may come in an array of such a shape, and then has no rows."""
    return shape[0] == 0 and (isinstance(kind, VectorsKind) or (shape == (0,) and not kind.wide))


def as_list(argument):
    """List the arrays of an argument: one, or those of its units."""
    return argument if isinstance(argument, list) else [argument]


def changed(arguments, change):
    """Change every array that is given."""
    return [
        [change(array) for array in argument] if isinstance(argument, list) else change(argument)
        for argument in arguments
    ]


def of_type(array, kind):
    """Return the numbers in another type; words stay words."""
    if array.dtype.kind == "U":
        return array
    return array.astype(int).astype(object) if kind is object else array.astype(kind)


def wider(array, columns, number):
    """Give an array more columns than any has, of a number that is legal there."""
    return np.full((len(array), columns, *array.shape[2:]), number)


def rounding(case):
    """How much rounding may change a mean of terms of both signs, or of the least numbers."""
    return 1e-12 * float(np.abs(every(case)).max()) + 1e-300


def assert_same_sums(one, other):
    for found, expected in zip(
        (one.terms(), one.weight(), one.units()),
        (other.terms(), other.weight(), other.units()),
        strict=True,
    ):
        assert np.array_equal(found, expected, equal_nan=True)
