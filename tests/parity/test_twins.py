"""Every twin's snippet, run in its framework, gives the number of the loss under `like`.

The data come from the domains that the losses declare, and from nothing else of lossctl: each test
has all combinations of a few chosen values of the roles, and rows that Hypothesis draws.
"""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import lossctl
from lossctl.catalogue import find
from lossctl.computation import CONVENTIONS, prepare
from lossctl.kinds import DistributionKind, LabelsKind, SignsKind, WholeKind

ORDINARY = (0.125, 0.5, 0.9, 1.0, 2.5, -2.5)
"""Chosen numbers none of which makes a loss so large that it hides the others."""

EDGES = (0.0, 1.0, -1.0, -0.999, 1e-9, 1e4, -1e4)
"""Chosen numbers at which formulas break; the ends of a range and the options are added."""

UNDEFINED_AT_ZERO = {
    # torch multiplies a target of 0 by the logarithm of 0, which is nan; here it is 0
    "torch.nn.functional.kl_div": {"prediction"},
    "torch.nn.functional.poisson_nll_loss": {"eps"},
}

pytestmark = pytest.mark.filterwarnings("ignore:reduction. 'mean' divides:UserWarning")

CASES = [
    pytest.param(
        loss, twin, reduction, edges, id=f"{loss.name}-{number}-{twin.name}-{reduction}-{kind}"
    )
    for loss in lossctl.losses().values()
    for number, twin in enumerate(loss.twins)
    for reduction in twin.spelling
    for edges, kind in ((False, "ordinary"), (True, "edges"))
]


def numbers(within, *, edges):
    """Draw numbers in a range."""
    reach = 1e4 if edges else 10.0
    low = max(-reach, within.at_least, within.above)
    high = min(reach, within.at_most, within.below)
    return st.floats(low, high, exclude_min=low == within.above, exclude_max=high == within.below)


def chosen(within, *, edges, extra=()):
    """List the numbers that every test has."""
    if not edges:
        return [number for number in ORDINARY if number in within]
    candidates = (*EDGES, *extra, within.at_least, within.at_most)
    return sorted({number for number in candidates if number in within})


def distributions(within, classes):
    """Draw rows that sum to 1; none of them holds a 0 where the range does not."""
    least = 0 if 0 in within else 1
    parts = st.lists(st.integers(least, 1000), min_size=classes, max_size=classes)
    return parts.filter(any).map(lambda row: [part / sum(row) for part in row])


def chosen_distributions(within, classes, *, edges):
    certain = np.eye(classes).tolist()
    halves = [[0.5, 0.5] + [0.0] * (classes - 2)]
    uneven = [[2.0 ** -(column + 1) for column in range(classes)]]
    uneven[0][-1] *= 2.0
    return (
        (certain + halves if edges and 0 in within else []) + uneven + [row[::-1] for row in uneven]
    )


def elements(kind, *, edges, extra, classes):
    """Return the chosen values of one row of a kind, and a strategy for more of them."""
    within = kind.within
    if isinstance(kind, LabelsKind):
        return list(range(classes)), st.integers(0, classes - 1)
    if isinstance(kind, SignsKind):
        return [-1.0, 1.0], st.sampled_from([-1.0, 1.0])
    if isinstance(kind, WholeKind):
        rows = np.eye(classes).tolist() if kind.columns == "several" else [0.0, 1.0]
        return rows, st.sampled_from(rows)
    if isinstance(kind, DistributionKind):
        return chosen_distributions(within, classes, edges=edges), distributions(within, classes)
    some, more = chosen(within, edges=edges, extra=extra), numbers(within, edges=edges)
    if kind.columns == "several":
        shifted = [
            [some[(start + step) % len(some)] for step in range(classes)]
            for start in range(len(some))
        ]
        return shifted, st.lists(more, min_size=classes, max_size=classes)
    return some, more


@st.composite
def option_values(draw, loss, twin):
    """Draw the options that the snippet shows; those that the twin needs are given."""
    given_options = {name: value for name, value in twin.needs.items() if name in loss.settings}
    for name, setting in loss.settings.items():
        if "{" + name + "}" in twin.code and name not in given_options:
            avoid = name in UNDEFINED_AT_ZERO.get(twin.name, ())
            given_options[name] = draw(values_of(setting, above_zero=avoid))
    return given_options


def values_of(setting, *, above_zero):
    if setting.optional:
        given_one = replace(setting, optional=False, default=0.0)
        return st.none() | values_of(given_one, above_zero=above_zero)
    if setting.type is bool:
        return st.booleans()
    if setting.choices:
        return st.sampled_from(setting.choices)
    within = setting.option.within
    low = max(within.at_least, within.above)
    # Exponents near 0 are left out: they make rounding errors of 1e-16 as large as 1.
    bounded = math.isfinite(min(within.at_most, within.below))
    inner = st.floats(low + 0.01, low + 0.99) if bounded else st.floats(low + 0.5, low + 5.0)
    ends = [end for end in (within.at_least, within.at_most) if end in within]
    if above_zero:
        ends = [end for end in ends if end]
    return st.one_of(inner, *(st.just(float(end)) for end in ends))


@st.composite
def data(draw, kinds, options, *, edges):
    """Draw the arrays of all roles: chosen values in all combinations, then drawn ones."""
    classes = draw(st.sampled_from([2, 4]))
    extra = [value for value in options.values() if isinstance(value, float)]
    parts = [elements(kind, edges=edges, extra=extra, classes=classes) for kind in kinds.values()]
    rows = list(itertools.product(*(some for some, _ in parts)))
    more = st.tuples(*(strategy for _, strategy in parts))
    columns = draw(st.sampled_from([None, 3])) if _element_wise(kinds) else None
    # The number of rows is a multiple of three, whatever it was, so that three columns fit.
    count = 6 + -len(rows) % 3
    rows += draw(st.lists(more, min_size=count, max_size=count))
    arrays = [np.array(role) for role in zip(*rows, strict=True)]
    if columns:
        arrays = [array.reshape(-1, columns) for array in arrays]
    return dict(zip(kinds, arrays, strict=True))


def _element_wise(kinds):
    return all(kind.columns == "any" for kind in kinds.values())


@st.composite
def weights(draw, rows):
    """Draw weights, one of which is 0 and one of which is not."""
    drawn = draw(st.lists(st.floats(0.0, 5.0), min_size=rows - 2, max_size=rows - 2))
    return np.array([0.0, 2.0, *drawn])


def scale(loss, expected, terms, reduction):
    """Tell the magnitude that differences are relative to."""
    if reduction == "none":
        return np.abs(expected[np.isfinite(expected)]).max(initial=0.0)
    if loss.optimum is None:
        # Terms of both signs cancel: the number may be far smaller than what is rounded.
        magnitudes = np.abs(terms)
        return magnitudes.mean() if reduction == "mean" else magnitudes.sum()
    return np.abs(expected)


def assert_agree(found, expected, tolerance, size):
    assert found.shape == expected.shape
    infinite = ~np.isfinite(expected)
    np.testing.assert_array_equal(found[infinite], expected[infinite])
    difference = np.abs(found[~infinite] - expected[~infinite]).max(initial=0.0)
    assert difference <= tolerance * size


@pytest.mark.parametrize(("loss", "twin", "reduction", "edges"), CASES)
def test_snippet_gives_the_number(frameworks, loss, twin, reduction, edges):
    frameworks.scope(twin.framework)

    @settings(max_examples=12, deadline=None, derandomize=True, database=None)
    @given(st.data())
    def check(drawn):
        given_options = drawn.draw(option_values(loss, twin))
        conventions = {name: value for name, value in twin.needs.items() if name in CONVENTIONS}
        asked = given_options | conventions | {"reduction": reduction}
        computation = prepare(loss, asked, like=twin.framework)
        assume(computation.twin is twin)  # its sibling is for other values of the options
        kinds = _kinds(computation, twin)
        arrays = drawn.draw(data(kinds, given_options, edges=edges))
        rows = len(arrays["target"])
        weight = drawn.draw(st.none() | weights(rows)) if twin.weight else None

        code = twin.filled(computation.options, reduction, weighted=weight is not None)
        expected = frameworks.run(twin.framework, code, **arrays, weight=weight)
        roles = tuple(arrays.values())
        found = lossctl.compute(loss.name, *roles, weight=weight, like=twin.framework, **asked)
        terms = expected
        if loss.optimum is None:
            terms = lossctl.compute(
                loss.name,
                *roles,
                weight=weight,
                like=twin.framework,
                **asked | {"reduction": "none"},
            )
        size = scale(loss, expected, terms, reduction)
        assert_agree(np.asarray(found), expected, twin.tolerance, size)
        for name in twin.all_names:
            assert find(name) == (loss, twin)
            named = lossctl.compute(name, *roles, weight=weight, **asked)
            np.testing.assert_array_equal(named, found)

    check()


def _kinds(computation, twin):
    """Take the kinds of the roles; without the 0 where the framework has no number there."""
    avoid = UNDEFINED_AT_ZERO.get(twin.name, ())
    return {
        role: replace(kind, within=replace(kind.within, above=0)) if role in avoid else kind
        for role, kind in computation.kinds.items()
    }
