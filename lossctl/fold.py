"""Blocks of rows in, numbers out: the one loop that every loss, slice and weight goes through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from lossctl.block import Array, Block, Codes, Mask, Words
from lossctl.computation import Computation, Move, flag, is_on
from lossctl.errors import DataError, OutOfDomain, plural, quote
from lossctl.kinds import Admitted, Kind, Partners
from lossctl.parallel import in_order
from lossctl.report import Note
from lossctl.sums import Sums

Place = Callable[[str, int, int], tuple[str, str]]
"""Where a row and column of a role stand: the place in words, and the cell's text."""


@dataclass(frozen=True)
class Numbers:
    """The values of some slices, with how many units and how much weight each is made of."""

    value: Array
    units: Array
    weight: Array


@dataclass(frozen=True)
class Each:
    """The number of every unit, times its weight; `columns` of them are one row."""

    value: Array
    slice: Codes | None
    weight: Array | None
    columns: int


@dataclass(frozen=True)
class Outcome:
    """The result of one computation.

    `keys[i]` names slice i of `slices` by its values in the `--by` columns; `whole` is one slice,
    all rows. `each` is there with the reduction "none" only.
    """

    computation: Computation
    keys: Sequence[tuple[str, ...]]
    slices: Numbers
    whole: Numbers
    each: Each | None = None


def fold(
    computations: Sequence[Computation],
    blocks: Iterable[Block],
    *,
    names: Mapping[str, tuple[str, ...]] | None = None,
    place: Place | None = None,
) -> tuple[list[Outcome], list[Note]]:
    """Run all computations in one pass over the blocks.

    Args:
        computations: what to compute; all have the same roles.
        blocks: the rows.
        names: the names of the columns of each role, for labels that are class names.
        place: says where a cell stands, for messages.

    Raises:
        DataError: the data do not fit a loss, or no row counts.
    """
    totals = [_Total(computation) for computation in computations]
    seen: dict[tuple[str, Kind], Counter[str]] = {}
    keys: dict[Any, int] = {}
    rows = 0

    def work() -> Iterator[tuple[Block, Codes | None]]:
        for block in blocks:
            yield block, None if block.slices is None else _numbered(block.slices, keys)

    try:
        for part in in_order(lambda item: _Part.of(computations, *item, names or {}), work()):
            for total, of_block in zip(totals, part.results, strict=True):
                total.add(of_block)
            for key, counts in part.seen.items():
                seen.setdefault(key, Counter()).update(counts)
            rows += part.rows
    except OutOfDomain as error:
        moved = error.moved(rows)
        if place is None:
            raise moved from None
        raise moved.at(*place(error.role, moved.row, max(error.column, 0))) from None
    notes = [note for (role, kind), counts in seen.items() for note in kind.conclude(role, counts)]
    outcomes = [total.outcome(list(keys)) for total in totals]
    return outcomes, notes + [note for total in totals for note in total.notes()]


@dataclass(frozen=True)
class _Result:
    """What one computation makes of one block."""

    sums: Sums
    moved: Mapping[Move, int]
    each: Each | None


@dataclass(frozen=True)
class _Part:
    """What all computations make of one block; parts are independent, so threads can share them."""

    rows: int
    results: Sequence[_Result]
    seen: Mapping[tuple[str, Kind], Mapping[str, int]]

    @classmethod
    def of(
        cls,
        computations: Sequence[Computation],
        block: Block,
        slices: Codes | None,
        names: Mapping[str, tuple[str, ...]],
    ) -> _Part:
        _check_weight(block.weight)
        admission = _Admission(block, names)
        results = [_result(each, admission.arrays(each), block, slices) for each in computations]
        seen = {key: admitted.seen for key, admitted in admission.admitted.items()}
        return cls(block.rows, results, seen)


@dataclass(frozen=True)
class _Admission:
    """Lets each array of a block in once per kind, however many losses ask for it."""

    block: Block
    names: Mapping[str, tuple[str, ...]]
    admitted: dict[tuple[str, Kind], Admitted] = field(default_factory=dict)

    def arrays(self, computation: Computation) -> dict[str, Admitted]:
        """Admit the array of every role of a computation."""
        partners = Partners()
        found: dict[str, Admitted] = {}
        # Labels are read against the classes of another role, so they come last.
        for role, kind in sorted(computation.kinds.items(), key=lambda item: item[1].text):
            try:
                found[role] = self._admit(role, kind, partners)
            except OutOfDomain as error:
                raise _advised(error, computation) from None
            array = found[role].array
            if array.ndim == 2 and not kind.text:
                partners = Partners(array.shape[1], self.names.get(role, ()))
        _check_shapes(found, computation)
        return {role: found[role] for role in computation.kinds}

    def _admit(self, role: str, kind: Kind, partners: Partners) -> Admitted:
        key = role, kind
        if key not in self.admitted:
            self.admitted[key] = kind.admit(role, self.block.roles[role], partners)
        return self.admitted[key]


def _advised(error: OutOfDomain, computation: Computation) -> OutOfDomain:
    """Suggest the option, if there is one, under which the role holds other values."""
    for each in computation.loss.settings.values():
        if error.role in each.option.turns and not is_on(computation.options[each.name]):
            example = True if each.type is bool else each.name.upper()
            return error.advised(f"{flag(each.name, example)}: {each.option.help}")
    return error


def _result(
    computation: Computation,
    admitted: Mapping[str, Admitted],
    block: Block,
    slices: Codes | None,
) -> _Result:
    arrays = {role: each.array for role, each in admitted.items()}
    terms = computation.terms(arrays)
    ignored = _either(each.ignored for each in admitted.values())
    weight, columns = block.weight, len(terms) // block.rows
    if columns > 1:
        weight, slices, ignored = (_repeated(each, columns) for each in (weight, slices, ignored))
    sums = Sums(terms.shape[1])
    sums.add(terms, weight, slices, ignored)
    each = None
    if computation.reduction == "none":
        values = _weighted(computation, terms, _counting(weight, ignored))
        each = Each(values, slices, weight, columns)
    return _Result(sums, computation.rows_moved(arrays), each)


def _weighted(computation: Computation, terms: Array, weight: Array | None) -> Array:
    ones = np.ones(len(terms))
    values = computation.value(terms, ones, ones)
    if weight is None:
        return values
    with np.errstate(all="ignore"):
        # 0 times infinity would not be a number
        return np.where(weight == 0.0, 0.0, values * weight)


class _Total:
    """What one computation has made of all blocks so far."""

    def __init__(self, computation: Computation) -> None:
        self.computation = computation
        self.sums: Sums | None = None
        self.moved: Counter[Move] = Counter()
        self.kept: list[Each] = []

    def add(self, result: _Result) -> None:
        self.moved.update(result.moved)
        if result.each is not None:
            self.kept.append(result.each)
        if self.sums is None:
            self.sums = result.sums
        else:
            self.sums.merge(result.sums)

    def outcome(self, keys: list[tuple[str, ...]]) -> Outcome:
        if self.sums is None:
            raise DataError("there are no rows")
        whole = self._numbers(self.sums.whole(), [])
        slices = self._numbers(self.sums, keys) if keys else Numbers(*[np.zeros(0)] * 3)
        return Outcome(self.computation, keys, slices, whole, _joined(self.kept))

    def _numbers(self, sums: Sums, keys: list[tuple[str, ...]]) -> Numbers:
        units, weight = sums.units(), sums.weight()
        for counted, why in ((units, "every one is ignored"), (weight, "the weights sum to 0")):
            if not counted.all():
                raise DataError(f"no row counts{_of(keys, counted)}: {why}")
        value = self.computation.value(sums.terms(), weight, units)
        if np.isnan(value).any():
            where = _of(keys, ~np.isnan(value))
            raise DataError(f"{self.computation.loss.name} is undefined for these data{where}")
        return Numbers(value, units, weight)

    def notes(self) -> list[Note]:
        return [
            move.note(count, self.computation.loss.name)
            for move, count in self.moved.items()
            if count
        ]


def _counting(weight: Array | None, ignored: Mask | None) -> Array | None:
    """Return the weights with 0 where a unit is ignored."""
    if ignored is None:
        return weight
    counted: Array = np.where(ignored, 0.0, 1.0 if weight is None else weight)
    return counted


def _joined(parts: list[Each]) -> Each | None:
    if not parts:
        return None
    return Each(
        np.concatenate([part.value for part in parts]),
        None if parts[0].slice is None else np.concatenate([part.slice for part in parts]),
        None if parts[0].weight is None else np.concatenate([part.weight for part in parts]),
        parts[0].columns,
    )


def _numbered(slices: Words, keys: dict[Any, int]) -> Codes:
    """Give each slice a number that stays the same from block to block."""
    used = np.unique(slices.codes)
    number = np.zeros(len(slices.words), dtype=np.intp)
    for index in used.tolist():
        number[index] = keys.setdefault(slices.words[index], len(keys))
    return number[slices.codes]


def _of(keys: list[tuple[str, ...]], counted: npt.NDArray[Any]) -> str:
    """Name the first slice that has nothing in it."""
    if not keys:
        return ""
    return f" in slice {quote(', '.join(keys[int(np.argmin(counted != 0))]))}"


def _check_weight(weight: Array | None) -> None:
    if weight is None or (weight.min() >= 0 and weight.max() < np.inf):
        return
    row = int(np.flatnonzero(~((weight >= 0) & (weight < np.inf)))[0])
    raise OutOfDomain(
        "weight", row, -1, repr(float(weight[row])), "a weight (a finite number, at least 0)"
    )


def _check_shapes(found: Mapping[str, Admitted], computation: Computation) -> None:
    widths = {
        role: 1 if each.array.ndim == 1 else each.array.shape[1]
        for role, each in found.items()
        if computation.kinds[role].wide
    }
    if len(set(widths.values())) > 1:
        said = ", ".join(f"{role} has {plural(width, 'column')}" for role, width in widths.items())
        raise DataError(f"the roles do not fit: {said}", "arrays are never broadcast")


def _either(masks: Iterable[Mask | None]) -> Mask | None:
    marked = [mask for mask in masks if mask is not None]
    return np.logical_or.reduce(marked) if marked else None


def _repeated(array: Any, times: int) -> Any:  # noqa: ANN401
    return None if array is None else np.repeat(array, times)
