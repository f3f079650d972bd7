"""Blocks of rows in, numbers out: the one loop that every loss, slice and weight goes through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from lossctl.block import Array, Block, Codes, Mask, Ragged, Words, check_weight, count, cut
from lossctl.catalogue.kinds import Kind, Partners, Validated
from lossctl.catalogue.options import flag, is_on
from lossctl.engine.computation import Computation, Images
from lossctl.engine.sums import Sums
from lossctl.engine.totals import NAMED, Groups, Outcome, Result, Total, UnitValues, data_warnings
from lossctl.errors import DataError, OutOfDomain, plural
from lossctl.parallel import in_order
from lossctl.report import Note

Place = Callable[[str, int, int], tuple[str, str]]
"""Where a row and column of a role stand: the place in words, and the cell's text."""


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
        blocks: the rows or units.
        names: the names of the columns of each role, for labels that are class names.
        place: says where a cell stands, for messages.

    Raises:
        DataError: the data do not fit a loss, or no row counts.
    """
    totals = [Total(computation) for computation in computations]
    seen: dict[tuple[str, Kind], Counter[str]] = {}
    groups = Groups()
    rows: Counter[str] = Counter()

    def work() -> Iterator[tuple[Block, Codes | None]]:
        for block in blocks:
            yield block, groups.of(block)

    try:
        settled = [total.settled for total in totals]
        for part in in_order(
            lambda item: _Part.of(computations, *item, names or {}, settled), work()
        ):
            for total, of_block in zip(totals, part.results, strict=True):
                total.add(of_block)
            for key, counts in part.seen.items():
                seen.setdefault(key, Counter()).update(counts)
            rows.update(part.rows)
    except OutOfDomain as error:
        moved = error.shifted(rows[error.role])
        if place is None:
            raise moved from None
        raise moved.at(*place(error.role, moved.row, max(error.column, 0))) from None
    notes = [note for (role, kind), counts in seen.items() for note in kind.conclude(role, counts)]
    outcomes = [total.outcome(groups) for total in totals]
    notes += [note for total in totals for note in total.notes(groups)]
    return outcomes, notes + data_warnings(totals)


@dataclass(frozen=True)
class _Part:
    """What all computations make of one block; parts are independent, so threads can share them."""

    rows: Mapping[str, int]
    results: Sequence[Result]
    seen: Mapping[tuple[str, Kind], Mapping[str, int]]

    @classmethod
    def of(
        cls,
        computations: Sequence[Computation],
        block: Block,
        groups: Codes | None,
        names: Mapping[str, tuple[str, ...]],
        settled: Sequence[Collection[str]],
    ) -> _Part:
        weight = "weight"
        if computations[0].loss.terms.of == "role":
            weight = f"weight of {next(iter(block.roles))}"
        if block.lengths is None:
            check_weight(block.weight, weight)
        validation = _Validation(block, names)
        results = [
            _result(each, validation.arrays(each), block, groups, known)
            for each, known in zip(computations, settled, strict=True)
        ]
        seen = {key: validated.seen for key, validated in validation.validated.items()}
        rows = {role: count(array) for role, array in block.roles.items()}
        return cls({**rows, weight: block.rows}, results, seen)


@dataclass(frozen=True)
class _Validation:
    """Lets each array of a block in once per kind, however many losses ask for it."""

    block: Block
    names: Mapping[str, tuple[str, ...]]
    validated: dict[tuple[str, Kind], Validated] = field(default_factory=dict)

    def arrays(self, computation: Computation) -> dict[str, Validated]:
        """Admit the array of every role of a computation that is there."""
        partners = Partners()
        found: dict[str, Validated] = {}
        kinds = {role: kind for role, kind in computation.kinds.items() if role in self.block.roles}
        # Labels are read against the classes of another role, so they come last.
        for role, kind in sorted(kinds.items(), key=lambda item: item[1].text):
            try:
                found[role] = self._validate(role, kind, partners)
            except OutOfDomain as error:
                raise _advised(error, computation) from None
            array = found[role].array
            if not kind.text and array.ndim == 2:
                partners = Partners(array.shape[1], self.names.get(role, ()))
        _check_shapes(found, computation)
        return {role: found[role] for role in kinds}

    def _validate(self, role: str, kind: Kind, partners: Partners) -> Validated:
        key = role, kind
        if key not in self.validated:
            array = self.block.roles[role]
            self.validated[key] = kind.validate(role, array, partners)
        return self.validated[key]


def _advised(error: OutOfDomain, computation: Computation) -> OutOfDomain:
    """Suggest the option, if there is one, under which the role holds other values."""
    for each in computation.loss.settings.values():
        if error.role in each.option.turns and not is_on(computation.options[each.name]):
            value = True if each.type is bool else "|".join(each.choices) or each.name.upper()
            return error.advised(f"{flag(each.name, value)}: {each.option.help}")
    return error


def _result(
    computation: Computation,
    validated: Mapping[str, Validated],
    block: Block,
    groups: Codes | None,
    settled: Collection[str],
) -> Result:
    if computation.loss.terms.of == "role":
        return _result_of_role(computation, validated, block, groups)
    arrays, ignored = _gathered(computation, validated, block)
    try:
        (terms,) = computation.terms(arrays)
    except OutOfDomain as error:
        raise _among_all(error, validated, computation) from None
    marked = {name: _named(mask, block.unit) for name, mask in computation.marked(arrays).items()}
    summed = _summed(computation, terms, block, groups, ignored)
    counting = None if block.lengths is not None else _rows_that_count(block.weight, ignored)
    tallies = computation.tallies(arrays, counting, settled)
    moved = computation.rows_clipped(arrays)
    return replace(summed, moved=moved, marked=marked, tallies=tallies)


def _result_of_role(
    computation: Computation,
    validated: Mapping[str, Validated],
    block: Block,
    groups: Codes | None,
) -> Result:
    """Sum the terms of the one role that the block has."""
    (role,) = validated
    nothing = np.zeros(0)
    arrays = dict.fromkeys(computation.kinds, nothing) | {role: validated[role].array}
    terms = computation.terms(arrays)[list(computation.kinds).index(role)]
    summed = _summed(computation, terms, block, groups, None, role)
    return replace(summed, moved=computation.rows_clipped(arrays))


def _summed(
    computation: Computation,
    terms: Array,
    block: Block,
    groups: Codes | None,
    ignored: Mask | None,
    role: str = "",
) -> Result:
    weight, columns = block.weight, len(terms) // max(block.rows, 1)
    if columns > 1:
        weight, groups, ignored = (_repeated(each, columns) for each in (weight, groups, ignored))
    sums = Sums(terms.shape[1])
    sums.add(terms, weight, groups, ignored)
    each = None
    if computation.reduction == "none" and not computation.by_unit:
        values = _weighted(computation, terms, _counting(weight, ignored))
        unit = None if block.lengths is None or block.unit is None else _words(block.unit)
        each = UnitValues(values, groups, weight, columns, unit, role)
    return Result({role: sums}, {}, {}, each)


def _gathered(
    computation: Computation, validated: Mapping[str, Validated], block: Block
) -> tuple[dict[str, Any], Mask | None]:
    """Give each role's rows the form in which the loss takes them; mark rows that do not count."""
    if block.lengths is None:
        ignored = _either(each.ignored for each in validated.values())
        return {role: each.array for role, each in validated.items()}, ignored
    arrays: dict[str, Any] = {}
    kinds = computation.kinds
    shared = _shared_ignored(validated, computation)
    for role, each in validated.items():
        ignored = each.ignored if kinds[role].apart else shared
        rows = _kept(each.array, block.lengths[role], ignored, block.row_weight.get(role))
        arrays[role] = Images(rows) if kinds[role].gathers == "images" else rows
    return arrays, None


def _among_all(
    error: OutOfDomain, validated: Mapping[str, Validated], computation: Computation
) -> OutOfDomain:
    """Name the row that a loss refuses by its number among all, not only those that count."""
    own = validated[error.role].ignored
    ignored = (
        own if computation.kinds[error.role].apart else _shared_ignored(validated, computation)
    )
    if ignored is None:
        return error
    return error.shifted(int(np.flatnonzero(~ignored)[error.row]) - error.row)


def _shared_ignored(validated: Mapping[str, Validated], computation: Computation) -> Mask | None:
    """Mark the rows that do not count in any of the roles that line up."""
    kinds = computation.kinds
    return _either(each.ignored for role, each in validated.items() if not kinds[role].apart)


def _kept(array: Any, lengths: Codes, ignored: Mask | None, weight: Array | None) -> Ragged:  # noqa: ANN401
    """Take the rows that do not count out of their units."""
    if ignored is None:
        return Ragged(array, lengths, weight)
    units = Ragged(array, lengths).units[~ignored]
    weights = None if weight is None else weight[~ignored]
    return Ragged(cut(array, ~ignored), np.bincount(units, minlength=len(lengths)), weights)


def _words(names: Words) -> tuple[str, ...]:
    return tuple(names.words[code] for code in names.codes.tolist())


def _named(mask: Mask, unit: Words | None) -> tuple[int, list[str]]:
    """Count the marked units, and name the first of them."""
    marked = np.flatnonzero(mask)
    names = [] if unit is None else [unit.words[unit.codes[row]] for row in marked[:NAMED].tolist()]
    return len(marked), names


def _weighted(computation: Computation, terms: Array, weight: Array | None) -> Array:
    ones = np.ones(len(terms))
    values = computation.value(terms, ones, ones)
    if weight is None:
        return values
    with np.errstate(all="ignore"):
        # 0 times infinity would not be a number
        return np.where(weight == 0.0, 0.0, values * weight)


def _counting(weight: Array | None, ignored: Mask | None) -> Array | None:
    """Return the weights with 0 where a unit is ignored."""
    if ignored is None:
        return weight
    counted: Array = np.where(ignored, 0.0, 1.0 if weight is None else weight)
    return counted


def _rows_that_count(weight: Array | None, ignored: Mask | None) -> Mask | None:
    """Mark the rows that count, unless all do."""
    without_weight = None if weight is None else weight == 0.0
    out = _either([ignored, without_weight])
    return None if out is None or not out.any() else ~out


def _check_shapes(found: Mapping[str, Validated], computation: Computation) -> None:
    shapes = {
        role: each.array.shape[1:] or (1,)
        for role, each in found.items()
        if computation.kinds[role].wide and len(each.array)
    }
    if len(set(shapes.values())) > 1:
        said = ", ".join(
            f"{role} has {plural(width, 'column')}{_channels(more)}"
            for role, (width, *more) in shapes.items()
        )
        raise DataError(f"the roles do not fit: {said}", "arrays are never broadcast")


def _channels(more: Sequence[int]) -> str:
    return f" of {plural(more[0], 'channel')}" if more else ""


def _either(masks: Iterable[Mask | None]) -> Mask | None:
    marked = [mask for mask in masks if mask is not None]
    return np.logical_or.reduce(marked) if marked else None


def _repeated(array: Any, times: int) -> Any:  # noqa: ANN401
    return None if array is None else np.repeat(array, times)
