"""What holds for every loss of the catalogue; a new one is held to it as soon as it is there."""

from __future__ import annotations

import doctest
import inspect
import math
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from strategies import (
    LARGE,
    assume_exact,
    cases,
    each,
    every_convention,
    foreign,
    illegal,
    outcome,
    perfect,
    same,
    value,
)

import lossctl
from lossctl.block import Block, Words
from lossctl.catalogue import find
from lossctl.computation import CONVENTIONS, prepare
from lossctl.errors import DataError, UsageError
from lossctl.sums import STRIDE, Sums

LOSSES = lossctl.losses()
MEANS = [name for name, loss in LOSSES.items() if loss.value is None]
ELEMENTWISE = [name for name, loss in LOSSES.items() if loss.terms.elements]
NARROW = [
    name
    for name in ELEMENTWISE
    if all(kind.columns != "several" for kind in LOSSES[name].roles.values())
]

every_loss = pytest.mark.parametrize("name", LOSSES)
every_mean = pytest.mark.parametrize("name", MEANS)
every_elementwise = pytest.mark.parametrize("name", ELEMENTWISE)
law = settings(deadline=None, max_examples=10, phases=set(Phase) - {Phase.explain})


# Sums: cutting, order, weights, slices


@every_loss
@law
@given(data=st.data())
def test_cutting_the_data_changes_nothing(name, data):
    conventions = data.draw(every_convention(name))
    case = data.draw(cases(name, conventions=conventions, ignoring=True, least=2))
    assume_exact(case)
    places = data.draw(st.lists(st.integers(1, case.rows - 1)))
    whole = outcome(case.computation, [case.block()])
    assert same(outcome(case.computation, case.cut(places)).whole, whole.whole)


@every_loss
@law
@given(data=st.data())
def test_cutting_the_data_changes_no_slice(name, data):
    case = data.draw(cases(name, least=2))
    assume_exact(case)
    codes = data.draw(st.lists(st.integers(0, 2), min_size=case.rows, max_size=case.rows))
    # Every weight counts, because a slice whose weights sum to 0 is an error.
    case = with_slices(case, codes, None if case.weight is None else case.weight + 1.0)
    places = data.draw(st.lists(st.integers(1, case.rows - 1)))
    one, cut = (outcome(case.computation, blocks) for blocks in ([case.block()], case.cut(places)))
    expected = dict(zip(one.keys, one.slices.value.tolist(), strict=True))
    assert dict(zip(cut.keys, cut.slices.value.tolist(), strict=True)) == expected


@every_loss
@law
@given(data=st.data())
def test_merging_the_sums_of_parts_is_summing_the_whole(name, data):
    case = data.draw(cases(name, ignoring=True, least=2))
    assume_exact(case)
    place = data.draw(st.integers(1, case.rows - 1))
    merged, rest = case.taken(slice(0, place)).sums(), case.taken(slice(place, None)).sums()
    merged.merge(rest)
    assert_same_sums(merged, case.sums())


@every_loss
@law
@given(data=st.data())
def test_empty_sums_are_neutral(name, data):
    case = data.draw(cases(name, ignoring=True))
    terms, _ = case.terms()
    before, after = Sums(terms.shape[1]), case.sums()
    before.merge(case.sums())
    after.merge(Sums(terms.shape[1]))
    assert_same_sums(before, case.sums())
    assert_same_sums(after, case.sums())


@every_loss
@law
@given(data=st.data())
def test_the_order_of_the_rows_changes_nothing(name, data):
    conventions = data.draw(every_convention(name))
    case = data.draw(cases(name, conventions=conventions, ignoring=True))
    assume_exact(case)
    order = data.draw(st.permutations(range(case.rows)))
    assert value(case.taken(order)) == value(case)


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
@law
@given(data=st.data())
def test_weight_2_is_the_row_twice_and_weight_0_its_absence(name, data):
    case = data.draw(cases(name, weighted=False, ignoring=True))
    assume_exact(case)
    times = data.draw(st.lists(st.sampled_from([0, 1, 2]), min_size=case.rows, max_size=case.rows))
    times[0] = max(times[0], 1)
    weighted = with_slices(case, None, np.array(times, dtype=float))
    assert value(weighted) == value(case.taken(np.repeat(np.arange(case.rows), times)))


@every_loss
@law
@given(data=st.data())
def test_the_unit_of_the_weights_changes_nothing(name, data):
    case = data.draw(cases(name, weighted=True))
    assume_exact(case, finite=True)
    unit = data.draw(st.floats(1e-3, 1e3))
    scaled = with_slices(case, None, case.weight * unit)
    assert value(scaled) == pytest.approx(value(case), rel=1e-12, abs=rounding(case))


@every_mean
@law
@given(data=st.data())
def test_a_weighted_sum_adds_each_term_times_its_weight(name, data):
    case = data.draw(cases(name, weighted=True, conventions={"reduction": "sum"}))
    assume_exact(case, finite=True)
    alone = each(with_slices(case, None, None))
    assert value(case) == pytest.approx(
        math.fsum(alone * case.weight), rel=1e-12, abs=rounding(case)
    )


@every_mean
@law
@given(data=st.data())
def test_divided_by_units_weights_do_not_stand_below(name, data):
    case = data.draw(cases(name, weighted=True, free=False))
    assume_exact(case)
    total = value(case, case.given(reduction="sum"))
    assert value(case, case.given(divide_by="units")) == total / case.rows


@every_loss
@law
@given(data=st.data())
def test_a_slice_is_the_loss_of_its_rows_and_the_whole_that_of_all(name, data):
    case = data.draw(cases(name))
    assume_exact(case)
    codes = data.draw(st.lists(st.integers(0, 2), min_size=case.rows, max_size=case.rows))
    sliced = with_slices(case, codes, None if case.weight is None else case.weight + 1.0)
    found = outcome(case.computation, [sliced.block()])
    assert float(found.whole.value[0]) == value(with_slices(sliced, None, sliced.weight))
    for key, number in zip(found.keys, found.slices.value, strict=True):
        rows = [row for row, code in enumerate(codes) if key == (f"slice {code}",)]
        assert float(number) == value(with_slices(sliced, None, sliced.weight).taken(rows))


# Reductions and conventions


@every_mean
@law
@given(data=st.data())
def test_the_mean_of_the_single_terms_is_the_value(name, data):
    case = data.draw(cases(name, weighted=False))
    assume_exact(case)
    assert value(case) == math.fsum(each(case)) / case.rows


@every_mean
@law
@given(data=st.data())
def test_the_sum_of_the_single_terms_is_the_sum(name, data):
    case = data.draw(cases(name))
    assume_exact(case)
    assert value(case, case.given(reduction="sum")) == math.fsum(each(case))


@every_mean
@law
@given(data=st.data())
def test_the_sum_is_the_mean_times_the_units(name, data):
    case = data.draw(cases(name, weighted=False))
    assume_exact(case, finite=True)
    total = value(case, case.given(reduction="sum"))
    assert total == pytest.approx(value(case) * case.rows, rel=1e-12)


@every_loss
@law
@given(data=st.data())
def test_there_is_one_single_number_a_row_the_loss_of_that_row(name, data):
    case = data.draw(cases(name, weighted=False))
    assume_exact(case)
    alone = [value(case.taken([row])) for row in range(case.rows)]
    assert each(case).tolist() == pytest.approx(alone, rel=1e-15)


@pytest.mark.parametrize("name", NARROW)
@law
@given(data=st.data())
def test_with_one_column_an_element_is_a_row(name, data):
    case = data.draw(cases(name, columns=st.just(1)))
    assume_exact(case)
    assert value(case, case.given(per="element")) == value(case)


@every_elementwise
@law
@given(data=st.data())
def test_elements_add_up_to_rows_as_the_definition_says(name, data):
    case = data.draw(cases(name, columns=st.integers(2, 4)))
    assume_exact(case, finite=True)
    rows_to_elements = {"mean": 1, "sum": case.columns}[LOSSES[name].terms.columns]
    by_element = value(case, case.given(per="element"))
    single = each(case, per="element")
    assert value(case) == pytest.approx(
        by_element * rows_to_elements, rel=1e-12, abs=1e-12 * float(np.abs(single).max()) + 1e-300
    )


@every_elementwise
@law
@given(data=st.data())
def test_there_is_one_number_an_element(name, data):
    case = data.draw(cases(name, free=False, columns=st.integers(2, 4)))
    shape = lossctl.compute(name, *case.arrays.values(), per="element", reduction="none").shape
    assert shape == (case.rows, case.columns)


@pytest.mark.parametrize("name", sorted(LOSSES.keys() - ELEMENTWISE))
def test_a_loss_of_whole_rows_has_no_elements(name):
    with pytest.raises(UsageError) as caught:
        lossctl.compute(name, [[0.5, 0.5]], [[0.0, 1.0]], per="element")
    assert str(caught.value) == f"{name} has one term a row: per element makes no sense"


# Values


@every_loss
@law
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
@law
@given(data=st.data())
def test_the_loss_is_finite_on_its_whole_domain(name, data):
    case = data.draw(cases(name, free=False, largest=LARGE, weighted=False))
    assert math.isfinite(lossctl.compute(name, *case.arrays.values()))
    assert np.isfinite(each(case)).all()


@every_loss
@law
@given(data=st.data())
def test_no_option_makes_the_loss_undefined(name, data):
    case = data.draw(cases(name, largest=LARGE))
    assert not np.isnan(each(case)).any()


@every_loss
@law
@given(data=st.data())
def test_the_arrays_of_the_caller_stay_as_they_are(name, data):
    case = data.draw(cases(name))
    assume_exact(case)
    before = {role: array.copy() for role, array in case.arrays.items()}
    for array in case.arrays.values():
        array.flags.writeable = False
    lossctl.compute(name, *case.arrays.values(), **case.computation.options)
    assert all(np.array_equal(case.arrays[role], array) for role, array in before.items())


@every_loss
@law
@given(data=st.data())
def test_every_container_and_type_gives_the_same_number(name, data):
    # Eighths are the same number in every type of float.
    case = data.draw(cases(name, free=False, step=0.125))
    arrays, weight = list(case.arrays.values()), case.weight
    expected = lossctl.compute(name, *arrays, weight=weight)
    others = [
        (lambda array: array.tolist()),
        tuple,
        (lambda array: array.astype(np.float32)),
        (lambda array: np.asfortranarray(np.repeat(array, 2, axis=0))[::2]),
        (lambda array: pd.Series(array) if array.ndim == 1 else pd.DataFrame(array)),
    ]
    for other in others:
        assert lossctl.compute(name, *map(other, arrays), weight=weight) == expected
    for other in (others[0], others[-1]):
        given_weight = None if weight is None else other(weight)
        assert lossctl.compute(name, *arrays, weight=given_weight) == expected


@every_loss
@law
@given(data=st.data())
def test_whole_numbers_may_have_any_whole_type(name, data):
    case = data.draw(cases(name, free=False, step=1.0))
    arrays = list(case.arrays.values())
    expected = lossctl.compute(name, *arrays)
    for kind in (np.int64, np.int8, np.float16, np.float32):
        assert lossctl.compute(name, *(array.astype(kind) for array in arrays)) == expected
    boxed = (array.astype(int).astype(object) for array in arrays)
    assert lossctl.compute(name, *boxed) == expected


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
    case = data.draw(cases(name))
    role = data.draw(st.sampled_from(list(case.arrays)))
    array = case.arrays[role]
    bad = data.draw(st.sampled_from(foreign(case.computation.kinds[role], case.columns)))
    place = tuple(data.draw(st.integers(0, length - 1)) for length in array.shape)
    array[place] = bad
    with pytest.raises(DataError) as caught:
        lossctl.compute(name, *case.arrays.values(), **case.computation.options)
    index = ", ".join(map(str, place))
    assert caught.value.message.startswith(f"{role}[{index}]: ")


@every_loss
@law
@given(data=st.data())
def test_a_weight_out_of_range_is_named_by_its_index(name, data):
    case = data.draw(cases(name, free=False, weighted=True))
    row = data.draw(st.integers(0, case.rows - 1))
    bad = data.draw(st.sampled_from([math.nan, math.inf, -math.inf, -5e-324, -1.0]))
    case.weight[row] = bad
    with pytest.raises(DataError) as caught:
        lossctl.compute(name, *case.arrays.values(), weight=case.weight)
    assert str(caught.value) == (
        f"weight[{row}]: {bad!r} is not a weight (a finite number, at least 0)"
    )


@every_loss
@law
@given(data=st.data())
def test_arrays_of_other_lengths_are_never_broadcast(name, data):
    case = data.draw(cases(name, free=False, least=2, weighted=True))
    names = [*case.arrays, "weight"]
    short = data.draw(st.sampled_from(names))
    length = data.draw(st.integers(0, case.rows - 1))
    given_arrays = {**case.arrays, "weight": case.weight}
    given_arrays[short] = given_arrays[short][:length]
    weight = given_arrays.pop("weight")
    with pytest.raises(DataError, match="the arrays do not fit") as caught:
        lossctl.compute(name, *given_arrays.values(), weight=weight)
    assert caught.value.hint == "arrays are never broadcast"


@every_loss
@law
@given(data=st.data())
def test_arrays_of_other_widths_are_never_broadcast(name, data):
    case = data.draw(cases(name, free=False, weighted=False))
    last = list(case.arrays)[-1]
    array = np.atleast_2d(case.arrays[last].T).T
    wider = case.without(last, np.concatenate([array, array[:, :1]], axis=1))
    with pytest.raises(DataError, match="column"):
        lossctl.compute(name, *wider.arrays.values())


@every_loss
@law
@given(data=st.data())
def test_one_column_is_the_same_with_and_without_its_axis(name, data):
    case = data.draw(cases(name, free=False))
    upright = {
        role: array[:, None] if array.ndim == 1 else array for role, array in case.arrays.items()
    }
    expected = lossctl.compute(name, *case.arrays.values(), reduction="none")
    found = lossctl.compute(name, *upright.values(), reduction="none")
    assert np.array_equal(found, expected)


@every_loss
def test_arrays_without_rows_or_columns_are_refused(name):
    loss = LOSSES[name]
    shapes = [(0,), (0, 2), (2, 0)]
    for shape in shapes:
        with pytest.raises(DataError):
            lossctl.compute(loss.name, *[np.zeros(shape)] * len(loss.roles))


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
        assert setting.option.moves.keys() <= loss.roles.keys()


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


def with_slices(case, codes, weight):
    """Give a case other slices and other weights, or none."""
    slices = (
        None
        if codes is None
        else Words(np.array(codes), tuple((f"slice {code}",) for code in range(3)))
    )
    return type(case)(case.computation, case.arrays, weight, slices)


def rounding(case):
    """How much rounding may change a mean of terms of both signs, or of the least numbers."""
    return 1e-12 * float(np.abs(each(case)).max()) + 1e-300


def assert_same_sums(one, other):
    for found, expected in zip(
        (one.terms(), one.weight(), one.units()),
        (other.terms(), other.weight(), other.units()),
        strict=True,
    ):
        assert np.array_equal(found, expected, equal_nan=True)
