"""Data and options for any loss, drawn from nothing but what the loss declares.

A new loss or kind is drawn from as soon as it is in the catalogue. Every edge of a declared range
turns up often, because that is where formulas break.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache
from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

import lossctl
import lossctl.engine.fold as engine
from lossctl.block import Array, Block, Words
from lossctl.catalogue.definition import Loss
from lossctl.catalogue.kinds import (
    BinaryKind,
    BoxesKind,
    CumulativeKind,
    DirectionsKind,
    DistributionKind,
    ImagesKind,
    Kind,
    LabelsKind,
    MaskKind,
    NamesKind,
    RanksKind,
    SignsKind,
    TargetMaskKind,
    VectorsKind,
)
from lossctl.catalogue.options import Interval, Setting
from lossctl.engine.computation import Computation, prepare
from lossctl.engine.sums import LARGEST, Sums
from lossctl.engine.totals import Numbers, Outcome

LARGE = 1e150
"""Residuals up to twice this have a square, 4e300, that is still a float64."""

EXACT = 1e145
"""Up to here a square times a weight, in several columns, stays below `sums.LARGEST`.

Beyond that the sums are plain ones, which may round, so laws about bits draw no larger numbers.
"""

IGNORED = -100
"""The label that does not count, where a case has one; no class is ever numbered so."""

FOREGROUND = 1
"""The label that is the mask, where a target is given by labels."""

LAYERS = ("shallow", "deep")

FAR = 1e3
"""Farther off, or higher, than any number that is a multiple of 1."""

FINEST = {"ms_ssim": 16}
"""How many windows must fit in a side of a picture, where it is more than one."""

Places = Mapping[str, Any]
"""Of each line, some items: whatever numpy indexes with."""


@dataclass(frozen=True)
class Case:
    """A computation, and what it is to be made of.

    The items of a case are its rows; or, where a loss needs whole units, these, and then the entry
    of an array is itself an array. They stand in lines: one line, named "", that has all roles, or
    where rows are apart a line for each role. All that is said of items is said of those of a line:
    their weights, slices and units; in `row_weight` rows within units have weights of their own.
    """

    computation: Computation
    arrays: Mapping[str, Array]
    weight: Places = field(default_factory=dict)
    slices: Places = field(default_factory=dict)
    units: Places = field(default_factory=dict)
    row_weight: Mapping[str, Array] = field(default_factory=dict)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Let Hypothesis write a failing case as the call that reproduces it."""
        del cycle
        options = {**self.computation.options, **self.computation.conventions}
        given = {"weight": _listed(self.weighing), **options}
        arrays = ", ".join(repr(_listed(each)) for each in self.arguments)
        printer.text(f"lossctl.compute({self.loss.name!r}, {arrays}, **{given!r})")
        more = {
            name: {key: _listed(each) for key, each in getattr(self, name).items()}
            for name in ("weight", "slices", "units", "row_weight")
        }
        printer.text(f"  # {more}")

    @property
    def loss(self) -> Loss:
        """The loss."""
        return self.computation.loss

    @property
    def lines(self) -> Mapping[str, Sequence[str]]:
        """The roles of each line."""
        roles = list(self.arrays)
        return {role: [role] for role in roles} if self.loss.terms.of == "role" else {"": roles}

    @property
    def counts(self) -> Mapping[str, int]:
        """The number of items in each line."""
        return {line: len(self.arrays[roles[0]]) for line, roles in self.lines.items()}

    @property
    def least(self) -> int:
        """The number of items that every line has."""
        return min(self.counts.values())

    @property
    def columns(self) -> int:
        """The greatest number of columns that a role has."""
        found = (self.rows(role) for role in self.arrays)
        return max(1 if rows.ndim == 1 else rows.shape[1] for rows in found)

    def rows(self, role: str) -> Array:
        """Put the rows of all items one after the other."""
        array = self.arrays[role]
        return np.concatenate(list(array)) if self.computation.whole_units else array

    def taken(self, places: Places) -> Case:
        """Take some items of each line."""

        def some(of_lines: Places) -> Places:
            return {line: each[places[line]] for line, each in of_lines.items()}

        line_of = {role: line for line, roles in self.lines.items() for role in roles}
        arrays, row_weight = (
            {role: each[places[line_of[role]]] for role, each in of_roles.items()}
            for of_roles in (self.arrays, self.row_weight)
        )
        said = some(self.weight), some(self.slices), some(self.units)
        return Case(self.computation, arrays, *said, row_weight)

    def first(self, count: int) -> Case:
        """Take the first items of every line."""
        return self.taken(dict.fromkeys(self.lines, slice(0, count)))

    def parted(self, place: Mapping[str, int]) -> tuple[Case, Case]:
        """Cut each line in two."""
        before = self.taken({line: slice(0, end) for line, end in place.items()})
        return before, self.taken({line: slice(end, None) for line, end in place.items()})

    def with_roles(self, **arrays: Array) -> Case:
        """Put other arrays in the place of some roles'."""
        return replace(self, arrays={**self.arrays, **arrays})

    def unsaid(self, *names: str) -> Case:
        """Say no more of the weights, slices or units."""
        return replace(self, **{name: {} for name in names})

    def with_integers(self, times: Places) -> Case:
        """Let items have whole weights."""
        return replace(self, weight={line: np.array(each, float) for line, each in times.items()})

    def blocks(self, places: Mapping[str, Sequence[int]] | None = None) -> list[Block]:
        """Make blocks of the items, each line cut in some places; lines take turns."""
        parts = []
        for line, count in self.counts.items():
            ends = [0, *sorted(set((places or {}).get(line, ()))), count]
            steps = itertools.pairwise(ends)
            parts.append([self._block(line, slice(start, end)) for start, end in steps])
        return [each for turn in itertools.zip_longest(*parts) for each in turn if each is not None]

    def _block(self, line: str, some: slice) -> Block:
        roles, lengths, row_weight = {}, {}, {}
        for role in self.lines[line]:
            items = self.arrays[role][some]
            if self.computation.whole_units:
                lengths[role] = np.array([len(item) for item in items])
                if role in self.row_weight:
                    row_weight[role] = np.concatenate(list(self.row_weight[role][some]))
                items = np.concatenate(list(items))
            roles[role] = _column(items)
        said = [of_line.get(line) for of_line in (self.weight, self.slices, self.units)]
        weight, slices, units = (None if each is None else each[some] for each in said)
        return Block(
            roles,
            len(range(*some.indices(self.counts[line]))),
            weight,
            None if slices is None else Words(slices, tuple(map(slice_key, range(3)))),
            None if units is None else Words(units, tuple(map(unit_name, range(3)))),
            lengths if self.computation.whole_units else None,
            row_weight,
        )

    @property
    def arguments(self) -> list[Any]:
        """The roles as a Python program gives them."""
        whole = self.computation.whole_units
        return [list(array) if whole else array for array in self.arrays.values()]

    @property
    def weighing(self) -> Any:
        """The weights as a Python program gives them: of items, or of the rows in them."""
        if self.row_weight:
            return [np.concatenate(list(each)) for each in self.row_weight.values()]
        weights = list(self.weight.values())
        return weights if len(weights) > 1 else weights[0] if weights else None

    def given(self, *, by_unit: bool = False, **options: Any) -> Computation:
        """Make the same computation with other options or conventions."""
        before = {**self.computation.options, **self.computation.conventions}
        return prepare(self.loss, {**before, **options}, by_unit=by_unit)

    def terms(self) -> Mapping[str, Array]:
        """Compute the terms of all items, those of each line."""
        watched = _Watched(*(getattr(self.computation, each.name) for each in fields(Computation)))
        sums_of(watched, self)
        found = (dict(zip(self.arrays, each, strict=False)) for each in watched.seen)
        if self.loss.terms.of != "role":
            return {"": watched.seen[0][0]}
        return {line: of_roles[line] for line, of_roles in zip(self.lines, found, strict=True)}

    def sums(self) -> Mapping[str, Sums]:
        """Sum the terms of all items, those of each line."""
        return sums_of(self.computation, self)


@dataclass(frozen=True)
class _Watched(Computation):
    """A computation that keeps the terms that it makes."""

    seen: list[tuple[Array, ...]] = field(default_factory=list)

    def terms(self, arrays: Mapping[str, Any]) -> tuple[Array, ...]:
        self.seen.append(super().terms(arrays))
        return self.seen[-1]


def _listed(given: Any) -> Any:
    if isinstance(given, list):
        return [_listed(each) for each in given]
    return given.tolist() if isinstance(given, np.ndarray) else given


def _column(array: Array) -> Array | Words:
    if array.dtype.kind != "U":
        return np.ascontiguousarray(array)
    words, codes = np.unique(array, return_inverse=True)
    return Words(codes.astype(np.intp), tuple(words.tolist()))


def slice_key(code: int) -> tuple[str, ...]:
    """Name a slice."""
    return (f"slice {code}",)


def unit_name(code: int) -> str:
    """Name a unit."""
    return f"unit {code}"


def sums_of(computation: Computation, case: Case) -> Mapping[str, Sums]:
    """Sum the terms that a computation makes of a case, without slices and units."""
    blocks = case.unsaid("slices", "units").blocks()
    parts = [engine._Part.of([computation], block, None, {}, [()]) for block in blocks]
    return {line: sums for part in parts for line, sums in part.results[0].sums.items()}


def outcome(computation: Computation, blocks: Sequence[Block]) -> Outcome:
    """Fold one computation over some blocks."""
    (result,), _ = engine.fold([computation], blocks)
    return result


def value(case: Case, computation: Computation | None = None) -> float:
    """Compute the number of a case, by another computation if one is given."""
    whole = outcome(computation or case.computation, case.blocks()).whole
    return float(whole.value[0])


def each(case: Case, **conventions: Any) -> Mapping[str, Array]:
    """Compute the number of each item of a case, those of each line."""
    found = outcome(case.given(reduction="none", **conventions), case.blocks()).each
    return {of_line.role: of_line.value for of_line in found}


def every(case: Case, **conventions: Any) -> Array:
    """Compute the number of each item of a case."""
    return np.concatenate(list(each(case, **conventions).values()))


def library(case: Case, *arguments: Any, **more: Any) -> Any:
    """Compute a case as a Python program does, or with other arrays or options in its place."""
    given_arguments = arguments or case.arguments
    options = {"weight": case.weighing, **case.computation.options, **more}
    return lossctl.compute(case.loss.name, *given_arguments, **options)


def assume_exact(case: Case, *, finite: bool = False) -> None:
    """Leave out cases whose terms are so large that their sums are plain ones, or undefined.

    Args:
        case: the case.
        finite: leave out infinite terms too, and those so small that they have lost digits, with
            which a test cannot reckon.
    """
    for line, terms in case.terms().items():
        heaviest = case.weight[line].max() if line in case.weight else 1.0
        sizes = np.abs(terms)
        assume(((sizes < LARGEST / 16 / heaviest) | ((sizes == math.inf) & (not finite))).all())
        assume(not finite or ((sizes == 0.0) | (sizes > 1e-290)).all())


def same(one: Numbers, other: Numbers) -> bool:
    """Tell whether two results are the same to the bit, in their numbers and what they are of."""
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("value", "units", "weight")
    )


# Cases


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
    shapes: st.SearchStrategy[tuple[int, ...]] | None = None,
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
        shapes: of a row of the roles that may have several columns: (), (columns,), ....
        least: smallest number of items.
    """
    loss = lossctl.losses()[name]
    options = {**(draw(options_of(name)) if free else {}), **(conventions or {})}
    computation = prepare(loss, options)
    shape = draw(row_shapes(computation) if shapes is None else shapes)
    if free:
        options |= draw(shaped_options(computation, shape))
        computation = prepare(loss, options)
    given_one = "layer_weights" in options and options["layer_weights"] is not None
    roles = [role for role in loss.roles if role not in loss.optional or given_one or draw(YES_NO)]
    most = 4 if computation.whole_units else 7
    counts = {line: draw(st.integers(least, most)) for line in _lines(loss, roles)}
    has_weight = draw(YES_NO) if weighted is None else weighted
    weight = {line: draw(weights(count)) for line, count in counts.items() if has_weight}
    some = _Drawing(draw, computation, shape, largest, step, ignoring=ignoring)
    arrays, row_weight = {}, {}
    if not computation.whole_units:
        for role in roles:
            arrays[role] = some.rows(role, counts.get(role, counts.get("", 0)))
        return Case(computation, arrays, weight)
    shared = some.lengths(counts[""])
    for role in roles:
        kind = computation.kinds[role]
        lengths = some.lengths(counts[""]) if kind.apart else shared
        arrays[role] = parts(some.rows(role, sum(lengths)), lengths)
        if given_one and isinstance(kind, NamesKind):
            arrays[role] = parts(np.array(_all_layers(lengths)), lengths)
        if has_weight and kind.weighs_rows:
            row_weight[role] = parts(draw(weights(sum(lengths))), lengths)
    return Case(computation, arrays, weight, row_weight=row_weight)


YES_NO = st.booleans()
SEEDS = st.integers(0, 255)
"""Of which order and choice are made, so that cases are drawn in little time; 0 is the plainest."""


def _lines(loss: Loss, roles: Sequence[str]) -> Sequence[str]:
    return roles if loss.terms.of == "role" else [""]


def _all_layers(lengths: Sequence[int]) -> list[str]:
    """Name layers so that every unit has all of them, or no rows."""
    return [LAYERS[row % len(LAYERS)] for length in lengths for row in range(length)]


def parts(rows: Array, lengths: Sequence[int]) -> Array:
    """Cut rows into items, which become the entries of an array."""
    items = np.empty(len(lengths), dtype=object)
    for place, part in enumerate(np.split(rows, np.cumsum(lengths)[:-1])):
        items[place] = part
    return items


@dataclass(frozen=True)
class _Drawing:
    """Draws the arrays of one case."""

    draw: st.DrawFn
    computation: Computation
    shape: tuple[int, ...]
    largest: float
    step: float | None
    ignoring: bool

    def lengths(self, units: int) -> list[int]:
        """Draw how many rows each unit has."""
        options = self.computation.options
        if any(isinstance(kind, ImagesKind) for kind in self.computation.kinds.values()):
            shortest = _shortest_side(self.computation)
            some = st.integers(shortest, shortest + 2)
        elif options.get("layer_weights") is not None:
            some = st.sampled_from([0, 2, 4])  # every unit has all layers
        else:
            some = st.integers(0, 4)
        return self.draw(st.lists(some, min_size=units, max_size=units))

    def rows(self, role: str, count: int) -> Array:
        """Draw so many rows of a role."""
        kind = self.computation.kinds[role]
        blank = self.computation.options.get("blank")
        found = self.draw(
            values(kind, count, self.shape, largest=self.largest, step=self.step, blank=blank)
        )
        ignores = isinstance(kind, LabelsKind) and kind.ignore_index == str(IGNORED)
        if self.ignoring and ignores and count:
            found[self.draw(masks(count))] = IGNORED
        return found


@cache
def masks(rows: int) -> st.SearchStrategy[Array]:
    """Draw which rows are meant; the first one never is, so that always one is left."""
    return SEEDS.map(lambda seed: _shuffled(np.arange(rows), seed) < seed % rows).map(
        lambda drawn: np.array([False, *drawn[1:]])
    )


@cache
def weights(rows: int) -> st.SearchStrategy[Array]:
    """Draw weights, some of them 0; the first one never is, so that they never sum to 0."""
    some = st.floats(1e-3, 1e3)
    rest = table(some | st.sampled_from([0.0, 1.0, 2.0]), rows)
    return st.builds(lambda first, array: np.array([first, *array[1:]][:rows]), some, rest)


@st.composite
def of_lines(draw: st.DrawFn, case: Case, some: Callable[[int], st.SearchStrategy[Any]]) -> Places:
    """Draw something for each line, given the number of its items."""
    return {line: draw(some(count)) for line, count in case.counts.items()}


def orders(case: Case) -> st.SearchStrategy[Places]:
    """Draw an order of the items."""
    return of_lines(case, _orders)


def cuts(case: Case) -> st.SearchStrategy[Places]:
    """Draw places where items are cut into blocks."""
    return of_lines(case, _cuts)


def counts_of_items(case: Case) -> st.SearchStrategy[Places]:
    """Draw how often an item counts; the first one does."""
    return of_lines(case, _counts)


@cache
def _orders(count: int) -> st.SearchStrategy[Array]:
    return SEEDS.map(lambda seed: _shuffled(np.arange(count), seed))


@cache
def _cuts(count: int) -> st.SearchStrategy[Sequence[int]]:
    return st.lists(st.integers(1, count - 1)) if count > 1 else st.just(())


@cache
def _counts(count: int) -> st.SearchStrategy[Array]:
    times = np.arange(count) % 3  # 0, 1, 2, ...
    return SEEDS.map(lambda seed: np.append(1 + seed % 2, _shuffled(times, seed)[1:]))


def _shuffled(array: Array, seed: int) -> Array:
    return np.random.default_rng(seed).permutation(array) if seed else array


@st.composite
def groupings(draw: st.DrawFn, case: Case, most: int = 3) -> Places:
    """Draw a group for each item; every line has items of every group."""
    number = draw(st.integers(1, min(most, case.least)))
    orders_of = draw(orders(case))
    return {line: order % number for line, order in orders_of.items()}


def repeated(times: Places) -> Places:
    """Take every item so often."""
    return {line: np.repeat(np.arange(len(each)), each) for line, each in times.items()}


def belonging(groups: Places, code: int) -> Places:
    """Take the items of one group."""
    return {line: np.flatnonzero(codes == code) for line, codes in groups.items()}


# Shapes and values


def row_shapes(computation: Computation) -> st.SearchStrategy[tuple[int, ...]]:
    """Draw the shape of a row of the roles that may have several columns."""
    kinds = computation.kinds.values()
    if any(isinstance(kind, ImagesKind) for kind in kinds):
        return lines_of_pictures(_shortest_side(computation))
    if any(isinstance(kind, BoxesKind) for kind in kinds):
        return st.just((4,))
    # Vectors have as many coordinates as they like, whatever stands beside them.
    wide = [kind for kind in kinds if kind.wide and not kind.text]
    if any(isinstance(kind, VectorsKind) for kind in wide):
        return ANY_DIMENSION
    narrow = any(not kind.wide and not isinstance(kind, LabelsKind | NamesKind) for kind in kinds)
    labelled = any(isinstance(kind, TargetMaskKind) and kind.text for kind in kinds)
    if not wide or labelled or narrow:
        return st.just(())
    return narrow_or_wide(2 if any(kind.columns == "several" for kind in wide) else 1, 3)


def _shortest_side(computation: Computation) -> int:
    """Return the pixels that a side of a picture has at least."""
    window = int(computation.options.get("window") or 1)  # type: ignore[arg-type]
    return window * FINEST.get(computation.loss.name, 1)


ANY_DIMENSION = st.just(()) | st.tuples(st.integers(1, 3))


@cache
def lines_of_pictures(narrowest: int) -> st.SearchStrategy[tuple[int, ...]]:
    """Draw the shape of a line of pictures, some of several channels."""
    width = st.integers(narrowest, narrowest + 2)
    return st.tuples(width) | st.tuples(width, st.integers(1, 3))


@cache
def narrow_or_wide(least: int, most: int) -> st.SearchStrategy[tuple[int, ...]]:
    """Draw the shape of a row of so many columns."""
    return st.integers(least, most).map(lambda width: () if width == 1 else (width,))


@cache
def table(
    elements: st.SearchStrategy[Any], rows: int, shape: tuple[int, ...] = ()
) -> st.SearchStrategy[Array]:
    """Draw an array `(rows, *shape)`, made of a few different elements, which may be rows."""
    few = st.lists(elements, min_size=1, max_size=5)
    return st.builds(lambda some, seed: _scattered(some, seed, rows, shape), few, SEEDS)


def _scattered(some: Sequence[Any], seed: int, rows: int, shape: tuple[int, ...]) -> Array:
    elements = np.array(some, dtype=np.float64)
    many = rows * math.prod(shape) // math.prod(elements.shape[1:])
    # The first ones as they come, so that few rows shrink to simple ones.
    chosen = np.random.default_rng(seed).integers(0, len(some), many) if seed else np.arange(many)
    return elements[chosen % len(some)].reshape(rows, *shape)


@cache
def values(
    kind: Kind,
    rows: int,
    shape: tuple[int, ...] = (),
    *,
    largest: float = EXACT,
    step: float | None = None,
    blank: int | None = None,
) -> st.SearchStrategy[Array]:
    """Draw an array that a kind admits; `blank` is the class that no label is."""
    if isinstance(kind, NamesKind):
        return table(st.integers(0, len(LAYERS) - 1), rows).map(
            lambda codes: np.array(LAYERS)[codes.astype(int)]
        )
    if isinstance(kind, LabelsKind):
        classes = [code for code in range(_classes(kind, math.prod(shape))) if code != blank]
        return table(st.sampled_from([float(kind.first_label + code) for code in classes]), rows)
    if isinstance(kind, SignsKind):
        both = table(SIGNS, rows, shape if kind.wide else ())
        return both | both.map(lambda signs: np.maximum(signs, 0.0))
    if isinstance(kind, MaskKind):
        return shares(kind, rows, shape, largest, step)
    found = table(elements(kind, shape, largest, step), rows, shape if kind.wide else ())
    return found.map(np.sort) if _rises(kind, shape) else found


def _classes(kind: LabelsKind, columns: int) -> int:
    """Count the classes of a prediction of so many columns."""
    return columns + isinstance(kind, RanksKind)


def _rises(kind: Kind, shape: tuple[int, ...]) -> bool:
    return isinstance(kind, CumulativeKind) and bool(shape)


SIGNS = st.sampled_from([-1.0, 1.0])
ZERO_OR_ONE = st.sampled_from([0.0, 1.0])


def elements(
    kind: Kind, shape: tuple[int, ...], largest: float, step: float | None
) -> st.SearchStrategy[Any]:
    """Draw one of the numbers that an array is made of, or one of its rows."""
    if isinstance(kind, BoxesKind):
        return boxes(kind, largest, step)
    if isinstance(kind, DistributionKind):
        return distributions(*shape) if step is None else one_hot(*shape)
    if isinstance(kind, BinaryKind):
        return one_hot(*shape) if kind.wide and shape else ZERO_OR_ONE
    return numbers(kind.within, largest, step)


def shares(
    kind: Kind, rows: int, shape: tuple[int, ...], largest: float, step: float | None
) -> st.SearchStrategy[Array]:
    """Draw masks: shares, zeros and ones, zeros and 255, labels, or class numbers of many masks."""
    if kind.text:
        return table(st.sampled_from([0.0, float(FOREGROUND), 2.0]), rows)
    certain = table(ZERO_OR_ONE, rows, shape)
    found = table(numbers(kind.within, largest, step), rows, shape) | certain
    if step is None:
        found |= certain.map(lambda mask: 255.0 * mask)
    if isinstance(kind, TargetMaskKind) and math.prod(shape) > 1:
        found |= table(st.integers(0, shape[0] - 1), rows)
    return found


@cache
def boxes(
    kind: BoxesKind, largest: float, step: float | None
) -> st.SearchStrategy[Sequence[float]]:
    """Draw a box, which may be tiny; others touch it, lie in it, or are far from it."""
    some = numbers(Interval(), largest, step)
    longest = st.sampled_from([1.0, 2.0, 3.0]) if step else st.sampled_from([1.0, 0.5, 1e-9, 3e100])

    def sized(drawn: Sequence[float]) -> list[float]:
        x, y, width, height = drawn
        if kind.box_format != "xyxy":
            # So large a box has a size also where it is far off.
            far = max(abs(x), abs(y)) * 2.0**-40
            return [x, y, max(width, far), max(height, far)]
        return [x, y, _beyond(x, width), _beyond(y, height)]

    return st.tuples(some, some, longest, longest).map(sized)


def _beyond(start: float, length: float) -> float:
    return max(start + length, math.nextafter(start, math.inf))


@cache
def one_hot(width: int) -> st.SearchStrategy[list[float]]:
    """Draw a row with a single 1."""
    return st.integers(0, width - 1).map(
        lambda one: [float(place == one) for place in range(width)]
    )


@cache
def distributions(width: int) -> st.SearchStrategy[list[float]]:
    """Draw a row of probabilities that sum to 1: even ones, certain ones, and very small ones."""
    cut = st.lists(st.integers(0, 1024), min_size=width - 1, max_size=width - 1).map(
        lambda places: [
            (end - start) / 1024
            for start, end in zip([0, *sorted(places)], [*sorted(places), 1024], strict=True)
        ]
    )
    rare = st.integers(1, 1074).flatmap(
        lambda power: st.permutations([2.0**-power, 1 - 2.0**-power] + [0.0] * (width - 2))
    )
    return cut | one_hot(width) | rare


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
    edges = [each for each in usual if low <= each <= high]
    return st.floats(low, high) | st.sampled_from([*edges, *within.also])


def ends(within: Interval, largest: float = LARGE) -> tuple[float, float]:
    """Return the least and the greatest number of a range that has any bounds."""
    low = max(within.at_least, math.nextafter(within.above, math.inf), -largest)
    high = min(within.at_most, math.nextafter(within.below, -math.inf), largest)
    return low, high


# Options


SHAPED = ("blank", "ignore_class", "class_weights", "task_weights", "prior")
"""Options that speak of classes, so that their legal values depend on how many there are."""

LEGAL: Mapping[str, st.SearchStrategy[Any]] = {
    "ignore_index": st.just(str(IGNORED)),
    "foreground": st.just(str(FOREGROUND)),
    "layer_weights": st.sampled_from(
        [",".join(f"{name}={factor}" for name in LAYERS) for factor in (0, 1, 0.5)]
    ),
    "window": st.sampled_from([1, 3, 5]),
}
"""Legal values of options whose range the declaration does not tell."""


@cache
def options_of(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """Draw legal values of all options of a loss, but of those that speak of classes."""
    settings = lossctl.losses()[name].settings.items()
    return st.fixed_dictionaries(
        {option: option_values(setting) for option, setting in settings if option not in SHAPED}
    )


def shaped_options(
    computation: Computation, shape: tuple[int, ...]
) -> st.SearchStrategy[dict[str, Any]]:
    """Draw legal values of the options that speak of classes."""
    images = any(isinstance(kind, ImagesKind) for kind in computation.kinds.values())
    classes = math.prod(shape[1:] if images else shape)
    legal = {
        "blank": st.integers(0, classes - 1),
        "ignore_class": st.sampled_from([None, *map(str, range(classes))][: classes or 1]),
        "class_weights": st.sampled_from([None, ",".join(["1", "0", "0.5"][:classes])]),
        "prior": st.sampled_from([None, ",".join(["1", "300", "0.5"][:classes])]),
        "task_weights": st.sampled_from([None, ",".join(["1", "0", "0.5"][:classes])]),
    }
    settings = computation.loss.settings
    return st.fixed_dictionaries({name: legal[name] for name in SHAPED if name in settings})


def option_values(setting: Setting) -> st.SearchStrategy[Any]:
    """Draw legal values of one option."""
    if setting.choices:
        legal: st.SearchStrategy[Any] = st.sampled_from(setting.choices)
    elif setting.name in LEGAL or setting.type is str:
        legal = LEGAL.get(setting.name, st.none())
    elif setting.type is bool:
        legal = YES_NO
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


@cache
def every_convention(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """Draw conventions that make sense for a loss."""
    loss = lossctl.losses()[name]
    own = loss.value is not None
    return st.fixed_dictionaries(
        {
            "reduction": st.sampled_from(["mean"] if own else ["mean", "sum"]),
            "per": st.sampled_from(["row", "element"] if loss.terms.elements else ["row"]),
            "divide_by": st.sampled_from(["weights"] if own else ["weights", "units"]),
        }
    )


# What no role can hold


def foreign(case: Case, role: str, row: int) -> dict[tuple[int, ...], list[float]]:
    """List values that a row of a role must not have, by the place in the row."""
    kind, rows = case.computation.kinds[role], case.rows(role)
    places = list(itertools.product(*map(range, rows.shape[1:])))
    never = [math.nan, math.inf, -math.inf, *_out_of_range(kind, rows, case)]
    bad = {place: list(never) for place in places}
    if isinstance(kind, BoxesKind):
        for place in (2, 3):
            least = float(rows[row, place - 2]) if kind.box_format == "xyxy" else 0.0
            bad[(place,)] += [least, math.nextafter(least, -math.inf)]
    if isinstance(kind, CumulativeKind):
        for place in range(1, rows[row].size):
            bad[(place,)].append(math.nextafter(float(rows[row, place - 1]), -math.inf))
    return bad


def _out_of_range(kind: Kind, rows: Array, case: Case) -> list[float]:
    if isinstance(kind, LabelsKind):
        blank = case.computation.options.get("blank")
        blanks = [] if blank is None else [float(kind.first_label + int(blank))]
        beyond = float(kind.first_label + _classes(kind, case.columns))
        return [kind.first_label - 1.0, beyond, 0.5, *blanks]
    if isinstance(kind, TargetMaskKind) and kind.text:
        return [0.5]
    if isinstance(kind, MaskKind) and rows.ndim == 1 and case.columns > 1:
        return [-1.0, float(case.columns), 0.5]
    if isinstance(kind, SignsKind):
        return [0.5, 2.0, math.nextafter(1, 2), 5e-324]
    if isinstance(kind, BinaryKind):
        return [0.5, -1.0, 2.0]
    return just_outside(kind.within)


# Perfect predictions


BEST: Mapping[str, Mapping[str, float]] = {
    "gaussian_kl": {"mean": 0.0, "variance": 1.0},
    "gan_discriminator": {"real": 1.0, "fake": 0.0},
    "gan_minimax": {"real": 0.0, "fake": 1.0},
    "gan_generator": {"fake": 1.0},
    "gan_generator_minimax": {"fake": 1.0},
    "gan_hinge_discriminator": {"real": 1.0, "fake": -1.0},
    "gan_hinge_generator": {"fake": FAR},
    "lsgan_discriminator": {"real": 1.0, "fake": 0.0},
    "lsgan_generator": {"fake": 1.0},
    "wasserstein_critic": {"real": FAR, "fake": -FAR},
    "wasserstein_distance": {"real": -FAR, "fake": FAR},
    "wasserstein_generator": {"fake": FAR},
    "wgan_gp": {"real": FAR, "fake": -FAR, "gradient_norm": 1.0},
    "total_variation": {"image": 0.5},
}
"""The best numbers where nothing is given that they should be like; scores have no best one."""


def perfect(case: Case) -> Case:
    """Replace what is predicted by what leaves nothing to be wished for, given the rest."""
    roles = case.arrays.keys()
    if case.loss.name in BEST_FOR:
        return case.with_roles(**BEST_FOR[case.loss.name](case))
    if case.loss.name in BEST:
        best = BEST[case.loss.name]
        return case.with_roles(**{role: case.arrays[role] * 0.0 + best[role] for role in roles})
    telling = [role for role in WISHED if role in roles]
    if telling:
        return case.with_roles(**WISHED[telling[0]](case))
    if {"positive", "negative"} <= roles:
        order = np.where(case.arrays.get("order", np.ones(case.least)) > 0.0, 1.0, -1.0)
        return case.with_roles(positive=FAR * order, negative=-FAR * order)
    if "target" not in roles:
        first = next(iter(roles))
        like_first = (
            dict.fromkeys(each, each.get(first)) for each in (case.arrays, case.row_weight)
        )
        arrays, row_weight = like_first
        return replace(case, arrays=arrays, row_weight=row_weight)
    guess = next(role for role in ("prediction", "mean", "location") if role in roles)
    certain = {role: 0.0 * case.arrays[role] for role in ("variance", "scale") if role in roles}
    if case.computation.whole_units:
        exact = case.arrays["target"].copy()
        for place, items in enumerate(case.arrays["target"]):
            exact[place] = _predicted(case, guess, items, case.arrays[guess][place])
    else:
        exact = _predicted(case, guess, case.arrays["target"], case.arrays[guess])
    return case.with_roles(**{guess: exact}, **certain)


def _predicted(case: Case, role: str, target: Array, prediction: Array) -> Array:
    """Return the prediction that says what the target is, or comes as near as it may."""
    kind, options = case.computation.kinds["target"], case.computation.options
    if "blank" in options:
        return _spelled(target, int(options["blank"]), case.columns)  # type: ignore[arg-type]
    if isinstance(kind, RanksKind):
        above = target[:, None] > np.arange(case.columns)
        sign = -1.0 if isinstance(case.computation.kinds["prediction"], CumulativeKind) else 1.0
        return (sign * np.where(above, FAR, -FAR)).reshape(prediction.shape)
    numbered = isinstance(kind, MaskKind) and prediction.ndim > target.ndim
    if numbered or isinstance(kind, LabelsKind):
        return np.eye(case.columns)[target.astype(int)]
    if isinstance(kind, SignsKind):
        return np.where(target == 0.0, -1.0, target)
    if isinstance(kind, DirectionsKind):
        assume(target.reshape(len(target), -1).any(axis=1).all())  # others have no direction
    if prediction.ndim > target.ndim:  # several forecasts of one number
        return np.repeat(target, prediction.shape[1]).reshape(prediction.shape)
    within = case.computation.kinds[role].within
    return np.clip(target, *ends(within)) if within != Interval() else target


def _spelled(target: Array, blank: int, classes: int) -> Array:
    """Spell out a target, a blank before and after each of its labels."""
    steps = np.full(2 * len(target) + 1, blank)
    steps[1::2] = target.astype(int)
    return np.eye(classes)[steps]


def _spread(case: Case) -> Array:
    """Give each batch as many vectors as it has rows, as far from each other as they can be."""
    lengths = [len(rows) for rows in next(iter(case.arrays.values()))]
    columns = max(2, *lengths)
    vectors = [
        np.eye(count, columns) - np.where(np.arange(columns) < count, 1.0 / max(count, 2), 0.0)
        for count in lengths
    ]
    return parts(np.concatenate(vectors), lengths)


def _poles(labels: Array) -> Array:
    """Give the two labels opposite vectors."""
    lengths = [len(words) for words in labels]
    signs = np.where(np.concatenate(list(labels)) == LAYERS[0], 1.0, -1.0)
    return parts(signs[:, None], lengths)


def _near_or_far(case: Case) -> dict[str, Array]:
    """Make what is similar equal, and what is not far apart."""
    similar = case.arrays["similar"] > 0.0
    if "distance" in case.arrays:
        return {"distance": np.where(similar, 0.0, FAR)}
    first = np.ones(case.arrays["first"].shape)
    factor = np.where(similar, 1.0, -FAR).reshape(-1, *[1] * (first.ndim - 1))
    return {"first": first, "second": first * factor}


def _around_anchor(case: Case) -> dict[str, Array]:
    """Make what belongs to the anchor equal to it, and what does not far from it."""
    anchor = case.arrays["anchor"]
    return {"positive": anchor, "negative": anchor + FAR}


def _awaited(case: Case) -> dict[str, Array]:
    """Predict times that say when events happen, or risks that say in which order."""
    guess, time, event = (case.arrays[role] for role in ("prediction", "target", "event"))
    if not case.computation.whole_units:
        return {"prediction": np.where(event > 0.0, np.log(time), FAR)}
    risks = guess.copy()
    for place in range(case.least):
        # Who is last seen at the time of an event comes after it.
        later = time[place] + 0.5 * (1.0 - event[place])
        risks[place] = -FAR * np.searchsorted(np.unique(later), later)
    return {"prediction": risks}


WISHED = {"similar": _near_or_far, "anchor": _around_anchor, "event": _awaited}
"""What makes a case perfect that has a role of such a name."""


BEST_FOR: Mapping[str, Callable[[Case], Mapping[str, Array]]] = {
    "info_nce": lambda case: dict.fromkeys(case.arrays, _spread(case)),
    "nt_xent": lambda case: dict.fromkeys(case.arrays, _spread(case)),
    "supcon": lambda case: {"prediction": _poles(case.arrays["target"])},
    "lambdarank": lambda case: {"prediction": case.arrays["target"] * FAR},
    **dict.fromkeys(
        ("contrastive", "contrastive_distance", "hinge_embedding", "cosine_embedding"), _near_or_far
    ),
}
"""What is best for losses of vectors, which depends on what should be like what, and of lists."""


def may_be_infinite(case: Case) -> Array:
    """Mark the items whose loss is infinite at the default options, as its domain says."""
    name, arrays = case.loss.name, case.arrays
    found = np.zeros(case.least, dtype=bool)
    for place in range(case.least):
        if name == "psnr":
            found[place] = np.array_equal(arrays["prediction"][place], arrays["target"][place])
        if name == "earth_mover":
            found[place] = bool(len(arrays["first"][place])) != bool(len(arrays["second"][place]))
        if name == "ctc":
            steps, labels = arrays["prediction"][place], arrays["target"][place]
            needed = len(labels) + np.count_nonzero(labels[1:] == labels[:-1])
            found[place] = len(steps) < needed or (steps == 0.0).any()
        if name == "cumulative_link":
            columns = np.atleast_1d(arrays["prediction"][place])
            number = int(arrays["target"][place])
            found[place] = 0 < number < len(columns) and columns[number - 1] == columns[number]
    return found
