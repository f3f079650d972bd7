"""Data and options for any loss, drawn from nothing but what the loss declares.

A new loss or kind is drawn from as soon as it is in the catalogue. Every edge of a declared range
turns up often, because that is where formulas break.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from lossctl import losses
from lossctl.block import Array, Block, Words
from lossctl.computation import Computation, prepare
from lossctl.fold import Numbers, Outcome, fold
from lossctl.kinds import DistributionKind, Kind, LabelsKind, Partners, SignsKind, WholeKind
from lossctl.options import Interval, Setting
from lossctl.sums import LARGEST, Sums

LARGE = 1e150
"""Residuals up to twice this have a square, 4e300, that is still a float64."""

EXACT = 1e145
"""Up to here a square times a weight, in several columns, stays below `lossctl.sums.LARGEST`.

Beyond that the sums are plain ones, which may round, so laws about bits draw no larger numbers.
"""

IGNORED = -100
"""The label that does not count, where a case has one; no class is ever numbered so."""


@dataclass(frozen=True)
class Case:
    """A computation and the rows that it is to be made of."""

    computation: Computation
    arrays: Mapping[str, Array]
    weight: Array | None = None
    slices: Words | None = None

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Let Hypothesis write a failing case as the call that reproduces it."""
        del cycle
        arrays = ", ".join(repr(array.tolist()) for array in self.arrays.values())
        given = {"weight": None if self.weight is None else self.weight.tolist()}
        given |= {**self.computation.options, **self.computation.conventions}
        printer.text(f"lossctl.compute({self.computation.loss.name!r}, {arrays}, **{given!r})")

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(next(iter(self.arrays.values())))

    @property
    def columns(self) -> int:
        """The greatest number of columns that a role has."""
        return max(1 if array.ndim == 1 else array.shape[1] for array in self.arrays.values())

    def taken(self, rows: Any) -> Case:
        """Take some rows, by whatever numpy indexes with."""
        return Case(
            self.computation,
            {role: array[rows] for role, array in self.arrays.items()},
            None if self.weight is None else self.weight[rows],
            None if self.slices is None else Words(self.slices.codes[rows], self.slices.words),
        )

    def without(self, role: str, array: Array) -> Case:
        """Put another array in the place of a role's."""
        return replace(self, arrays={**self.arrays, role: array})

    def cut(self, places: Sequence[int]) -> list[Block]:
        """Cut the rows into blocks."""
        ends = [0, *sorted(set(places)), self.rows]
        return [self.taken(slice(start, end)).block() for start, end in itertools.pairwise(ends)]

    def block(self) -> Block:
        """Make one block of all rows."""
        contiguous = {role: np.ascontiguousarray(array) for role, array in self.arrays.items()}
        return Block(contiguous, self.rows, self.weight, self.slices)

    def given(self, **options: Any) -> Computation:
        """Make the same computation with other options or conventions."""
        before = {**self.computation.options, **self.computation.conventions}
        return prepare(self.computation.loss, {**before, **options})

    def terms(self) -> tuple[Array, Any]:
        """Compute the terms of all rows, and which of them are ignored."""
        partners = Partners(self.columns)
        admitted = {
            role: kind.admit(role, self.arrays[role], partners)
            for role, kind in self.computation.kinds.items()
        }
        masks = [each.ignored for each in admitted.values() if each.ignored is not None]
        terms = self.computation.terms({role: each.array for role, each in admitted.items()})
        return terms, masks[0] if masks else None

    def sums(self) -> Sums:
        """Sum the terms of all rows."""
        terms, ignored = self.terms()
        sums = Sums(terms.shape[1])
        sums.add(terms, self.weight, None if self.slices is None else self.slices.codes, ignored)
        return sums


def outcome(computation: Computation, blocks: Sequence[Block]) -> Outcome:
    """Fold one computation over some blocks."""
    (result,), _ = fold([computation], blocks)
    return result


def value(case: Case, computation: Computation | None = None) -> float:
    """Compute the number of a case, by another computation if one is given."""
    whole = outcome(computation or case.computation, [case.block()]).whole
    return float(whole.value[0])


def each(case: Case, **conventions: Any) -> Array:
    """Compute the number of each unit of a case."""
    found = outcome(case.given(reduction="none", **conventions), [case.block()]).each
    assert found is not None
    return found.value


def assume_exact(case: Case, *, finite: bool = False) -> None:
    """Leave out cases whose terms are so large that their sums are plain ones, or undefined.

    Args:
        case: the case.
        finite: leave out infinite terms too, with which a test cannot reckon.
    """
    terms, _ = case.terms()
    heaviest = 1.0 if case.weight is None else case.weight.max()
    sizes = np.abs(terms)
    assume(((sizes < LARGEST / 16 / heaviest) | ((sizes == math.inf) & (not finite))).all())


def same(one: Numbers, other: Numbers) -> bool:
    """Tell whether two results are the same to the bit, in their numbers and what they are of."""
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("value", "units", "weight")
    )


@st.composite
def cases(
    draw: st.DrawFn,
    name: str,
    *,
    free: bool = True,
    largest: float = EXACT,
    step: float | None = None,
    weighted: bool | None = None,
    ignoring: bool = False,
    conventions: Mapping[str, object] | None = None,
    columns: st.SearchStrategy[int] | None = None,
    least: int = 1,
) -> Case:
    """Draw a case of a loss.

    Args:
        draw: given by Hypothesis.
        name: of the loss.
        free: draw its options too; otherwise they have their defaults.
        largest: magnitude that numbers without a bound do not exceed.
        step: numbers are multiples of this.
        weighted: with weights, without, or either.
        ignoring: some rows, never all, may have a label that does not count.
        conventions: reduction, per and divide_by.
        columns: number of columns of the roles that may have several.
        least: smallest number of rows.
    """
    options = draw(options_of(name)) if free else {}
    computation = prepare(losses()[name], {**options, **(conventions or {})})
    rows = draw(st.integers(least, 7))
    width = draw(widths(computation) if columns is None else columns)
    found = {
        role: draw(values(kind, rows, width, largest=largest, step=step))
        for role, kind in computation.kinds.items()
    }
    for role, kind in computation.kinds.items():
        if ignoring and isinstance(kind, LabelsKind) and kind.ignore_index == str(IGNORED):
            found[role][draw(masks(rows))] = IGNORED
    has_weight = draw(st.booleans()) if weighted is None else weighted
    return Case(computation, found, draw(weights(rows)) if has_weight else None)


def widths(computation: Computation) -> st.SearchStrategy[int]:
    """Draw a number of columns that every role of a computation can have."""
    wide = [kind.columns for kind in computation.kinds.values() if kind.wide]
    least = 2 if "several" in wide else 1
    narrow = any(not kind.wide and not kind.text for kind in computation.kinds.values())
    return st.just(1) if narrow or not wide else st.integers(least, 3)


@cache
def masks(rows: int) -> st.SearchStrategy[Array]:
    """Draw which rows are meant; the first one never is, so that always one is left."""
    return st.lists(st.booleans(), min_size=rows, max_size=rows).map(
        lambda drawn: np.array([False, *drawn[1:]])
    )


@cache
def weights(rows: int) -> st.SearchStrategy[Array]:
    """Draw weights, some of them 0; the first one never is, so that they never sum to 0."""
    some = st.floats(1e-3, 1e3)
    rest = table(some | st.sampled_from([0.0, 1.0, 2.0]), rows, 1)
    return st.builds(lambda first, array: np.array([first, *array[1:]]), some, rest)


@cache
def table(elements: st.SearchStrategy[float], rows: int, width: int) -> st.SearchStrategy[Array]:
    """Draw an array `(rows,)`, or `(rows, width)` if there are several columns."""
    shape = rows if width == 1 else (rows, width)
    return st.lists(elements, min_size=rows * width, max_size=rows * width).map(
        lambda drawn: np.array(drawn, dtype=np.float64).reshape(shape)
    )


@cache
def values(
    kind: Kind, rows: int, width: int, *, largest: float = EXACT, step: float | None = None
) -> st.SearchStrategy[Array]:
    """Draw an array that a kind admits."""
    if isinstance(kind, LabelsKind):
        labels = st.integers(kind.first_label, kind.first_label + width - 1)
        return table(labels.map(float), rows, 1)
    if isinstance(kind, DistributionKind) or (
        isinstance(kind, WholeKind) and kind.columns == "several"
    ):
        certain = step is not None or isinstance(kind, WholeKind)
        row = one_hot(width) if certain else distributions(width)
        return st.lists(row, min_size=rows, max_size=rows).map(np.array)
    if isinstance(kind, SignsKind):
        both = table(st.sampled_from([-1.0, 1.0]), rows, width)
        return both | both.map(lambda signs: np.maximum(signs, 0.0))
    if isinstance(kind, WholeKind):
        return table(st.sampled_from([0.0, 1.0]), rows, width)
    return table(numbers(kind.within, largest, step), rows, width)


@cache
def one_hot(width: int) -> st.SearchStrategy[list[float]]:
    """Draw a row with a single 1."""
    return st.integers(0, width - 1).map(
        lambda one: [float(place == one) for place in range(width)]
    )


@cache
def distributions(width: int) -> st.SearchStrategy[list[float]]:
    """Draw a row of probabilities that sum to 1: even ones, certain ones, and very small ones."""
    parts = st.lists(st.integers(0, 1024), min_size=width - 1, max_size=width - 1).map(
        lambda cuts: [
            (end - start) / 1024
            for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), 1024], strict=True)
        ]
    )
    rare = st.integers(1, 1074).flatmap(
        lambda power: st.permutations([2.0**-power, 1 - 2.0**-power] + [0.0] * (width - 2))
    )
    return parts | one_hot(width) | rare


@cache
def numbers(
    within: Interval, largest: float = EXACT, step: float | None = None
) -> st.SearchStrategy[float]:
    """Draw numbers of a range, its edges often."""
    low, high = ends(within, largest)
    if step is not None:
        steps = st.integers(max(math.ceil(low / step), -9), min(math.floor(high / step), 9))
        return steps.map(lambda count: count * step)
    usual = [low, high, 0.0, 1.0, -1.0, 0.5, 1e-9, -1e-300]
    return st.floats(low, high) | st.sampled_from([each for each in usual if low <= each <= high])


def ends(within: Interval, largest: float = LARGE) -> tuple[float, float]:
    """Return the least and the greatest number of a range that has any bounds."""
    low = max(within.at_least, math.nextafter(within.above, math.inf), -largest)
    high = min(within.at_most, math.nextafter(within.below, -math.inf), largest)
    return low, high


@cache
def options_of(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """Draw legal values of all options of a loss."""
    settings = losses()[name].settings.items()
    return st.fixed_dictionaries({option: option_values(setting) for option, setting in settings})


def option_values(setting: Setting) -> st.SearchStrategy[Any]:
    """Draw legal values of one option."""
    if setting.choices:
        legal: st.SearchStrategy[Any] = st.sampled_from(setting.choices)
    elif setting.type is bool:
        legal = st.booleans()
    elif setting.type is str:
        legal = st.just(str(IGNORED))
    elif setting.type is int:
        low, high = ends(setting.option.within, 9)
        legal = st.integers(math.ceil(low), math.floor(high))
    else:
        legal = numbers(setting.option.within, 1e3)
    return st.none() | legal if setting.optional else legal


def illegal(setting: Setting) -> list[Any]:
    """List values that an option must refuse, each as close to its range as it can be."""
    if setting.choices:
        return ["nonsense", setting.choices[0][:-1]]
    if setting.type is bool:
        return ["maybe"]
    if setting.type is int:
        return [1.5, "one", math.inf]
    if setting.type is float:
        return [*just_outside(setting.option.within), math.nan, math.inf, -math.inf, "one"]
    return []


def just_outside(within: Interval) -> list[float]:
    """List the nearest numbers on the wrong side of each end of a range."""
    nearest = [
        math.nextafter(within.at_least, -math.inf),
        math.nextafter(within.at_most, math.inf),
        within.above,
        within.below,
    ]
    return [float(number) for number in nearest if math.isfinite(number) and abs(number) < 1e300]


def foreign(kind: Kind, width: int) -> list[float]:
    """List values that a kind must refuse."""
    never = [math.nan, math.inf, -math.inf]
    if isinstance(kind, LabelsKind):
        return [*never, kind.first_label - 1.0, float(kind.first_label + width), 0.5]
    if isinstance(kind, SignsKind):
        return [*never, 0.5, 2.0, math.nextafter(1, 2), 5e-324]
    if isinstance(kind, WholeKind):
        return [*never, 0.5, -1.0, 2.0]
    return [*never, *just_outside(kind.within)]


def perfect(case: Case) -> Case:
    """Replace the prediction by the one that leaves nothing to be wished for, given the target."""
    target, kind = case.arrays["target"], case.computation.kinds["target"]
    if isinstance(kind, LabelsKind):
        target = np.eye(case.columns)[target.astype(int)]
    if isinstance(kind, SignsKind):
        target = np.where(target == 0.0, -1.0, target)
    return case.without("prediction", target)


@cache
def every_convention(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """Draw conventions that make sense for a loss."""
    loss = losses()[name]
    own = loss.value is not None
    return st.fixed_dictionaries(
        {
            "reduction": st.sampled_from(["mean"] if own else ["mean", "sum"]),
            "per": st.sampled_from(["row", "element"] if loss.terms.elements else ["row"]),
            "divide_by": st.sampled_from(["weights"] if own else ["weights", "units"]),
        }
    )
