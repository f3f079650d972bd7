"""The one loop that turns blocks of rows into numbers, for every loss, slice and weight."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lossctl.block import Array, Block, Codes, Mask, Ragged, Words, check_weight, count, cut
from lossctl.catalogue.kinds import Kind, Validated
from lossctl.engine.computation import Computation
from lossctl.engine.groups import Groups
from lossctl.engine.images import Images
from lossctl.engine.outcomes import Outcome, UnitValues
from lossctl.engine.sums import Sums
from lossctl.engine.totals import NAMED, Result, Total, warning_notes
from lossctl.engine.validation import Validation
from lossctl.errors import OutOfDomain
from lossctl.parallel import in_order
from lossctl.report import Note

Place = Callable[[str, int, int, str], tuple[str, str]]
"""Finds a cell by role, row and column: returns where it is, in words, and its text.

The last argument tells whose weight is meant where roles have rows of their own; else it is empty.
"""


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
        place: finds a cell, for messages.

    Returns:
        The outcome of each computation, and the notes on all of them.

    Raises:
        DataError: the data do not suit a loss, or no row counts.
    """
    totals = [Total(computation) for computation in computations]
    seen: dict[tuple[str, Kind], Counter[str]] = {}
    groups = Groups()
    rows: Counter[tuple[str, str]] = Counter()

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
        # Each block counts its rows from 0.
        error = error.shifted(rows[error.role, error.of])
        if place is None:
            raise error from None
        raise error.at(*place(error.role, error.row, max(error.column, 0), error.of)) from None
    notes = [note for (role, kind), counts in seen.items() for note in kind.conclude(role, counts)]
    outcomes = [total.outcome(groups) for total in totals]
    notes += [note for total in totals for note in total.notes(groups)]
    return outcomes, notes + warning_notes(totals)


@dataclass(frozen=True)
class _Part:
    """The results of all computations for one block; threads can compute them independently.

    `rows` counts the rows of each role, and of the weights, by the name and `OutOfDomain.of`.
    """

    rows: Mapping[tuple[str, str], int]
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
        of = next(iter(block.roles)) if computations[0].loss.terms.of == "role" else ""
        if block.lengths is None:
            check_weight(block.weight, of)
        validation = Validation(block, names)
        results = [
            _result(computation, validation.arrays(computation), block, groups, warnings)
            for computation, warnings in zip(computations, settled, strict=True)
        ]
        seen = {key: validated.seen for key, validated in validation.validated.items()}
        rows = {(role, ""): count(array) for role, array in block.roles.items()}
        return cls({**rows, ("weight", of): block.rows}, results, seen)


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
        raise _counted_among_all_rows(error, validated, computation) from None
    marked = {name: _named(mask, block.unit) for name, mask in computation.marked(arrays).items()}
    summed = _summed(computation, terms, block, groups, ignored)
    counting = None if block.lengths is not None else _rows_that_count(block.weight, ignored)
    tallies = computation.tallies(arrays, counting, settled)
    clipped = computation.rows_clipped(arrays)
    return replace(summed, clipped=clipped, marked=marked, tallies=tallies)


def _result_of_role(
    computation: Computation,
    validated: Mapping[str, Validated],
    block: Block,
    groups: Codes | None,
) -> Result:
    """Sum the terms of the only role in the block."""
    (role,) = validated
    no_rows = np.zeros(0)
    arrays = dict.fromkeys(computation.kinds, no_rows) | {role: validated[role].array}
    terms = computation.terms(arrays)[list(computation.kinds).index(role)]
    summed = _summed(computation, terms, block, groups, None, role)
    return replace(summed, clipped=computation.rows_clipped(arrays))


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
        weight, groups, ignored = (
            _repeated(of_rows, columns) for of_rows in (weight, groups, ignored)
        )
    sums = Sums(terms.shape[1])
    sums.add(terms, weight, groups, ignored)
    unit_values = None
    if computation.reduction == "none" and not computation.by_unit:
        values = _weighted(computation, terms, _without_ignored(weight, ignored))
        unit = None if block.lengths is None or block.unit is None else _names(block.unit)
        unit_values = UnitValues(values, groups, weight, columns, unit, role)
    return Result({role: sums}, unit_values=unit_values)


def _gathered(
    computation: Computation, validated: Mapping[str, Validated], block: Block
) -> tuple[dict[str, Any], Mask | None]:
    """Return each role's rows in the form that the loss takes, and a mask of the ignored rows.

    There is no mask with whole units: ignored rows are taken out of them.
    """
    if block.lengths is None:
        arrays = {role: of_role.array for role, of_role in validated.items()}
        return arrays, _either(of_role.ignored for of_role in validated.values())
    units: dict[str, Any] = {}
    for role, of_role in validated.items():
        ignored = _ignored(role, validated, computation)
        rows = _ragged(of_role.array, block.lengths[role], ignored, block.row_weight.get(role))
        units[role] = Images(rows) if computation.kinds[role].gathers == "images" else rows
    return units, None


def _counted_among_all_rows(
    error: OutOfDomain, validated: Mapping[str, Validated], computation: Computation
) -> OutOfDomain:
    """Correct the row number of an error from a loss, which does not see ignored rows."""
    ignored = _ignored(error.role, validated, computation)
    if ignored is None:
        return error
    return error.shifted(int(np.flatnonzero(~ignored)[error.row]) - error.row)


def _ignored(
    role: str, validated: Mapping[str, Validated], computation: Computation
) -> Mask | None:
    """Mark the ignored rows of a role; those ignored in one role are in all that line up."""
    kinds = computation.kinds
    if kinds[role].apart:
        return validated[role].ignored
    return _either(validated[other].ignored for other in validated if not kinds[other].apart)


def _ragged(array: Any, lengths: Codes, ignored: Mask | None, weight: Array | None) -> Ragged:  # noqa: ANN401
    """Split rows into units, without the ignored ones."""
    if ignored is None:
        return Ragged(array, lengths, weight)
    units = Ragged(array, lengths).units[~ignored]
    weights = None if weight is None else weight[~ignored]
    return Ragged(cut(array, ~ignored), np.bincount(units, minlength=len(lengths)), weights)


def _names(names: Words) -> tuple[str, ...]:
    return tuple(names.words[code] for code in names.codes.tolist())


def _named(mask: Mask, unit: Words | None) -> tuple[int, list[str]]:
    """Count the marked units, and return the names of the first ones."""
    marked = np.flatnonzero(mask)
    names = [] if unit is None else [unit.words[unit.codes[row]] for row in marked[:NAMED].tolist()]
    return len(marked), names


def _weighted(computation: Computation, terms: Array, weight: Array | None) -> Array:
    ones = np.ones(len(terms))
    values = computation.value(terms, ones, ones)
    if weight is None:
        return values
    with np.errstate(all="ignore"):
        # 0 times infinity would be NaN
        return np.where(weight == 0.0, 0.0, values * weight)


def _without_ignored(weight: Array | None, ignored: Mask | None) -> Array | None:
    """Set the weights of ignored units to 0."""
    if ignored is None:
        return weight
    weights: Array = np.where(ignored, 0.0, 1.0 if weight is None else weight)
    return weights


def _rows_that_count(weight: Array | None, ignored: Mask | None) -> Mask | None:
    """Mark the rows that count; None if all do."""
    without_weight = None if weight is None else weight == 0.0
    out = _either([ignored, without_weight])
    return None if out is None or not out.any() else ~out


def _either(masks: Iterable[Mask | None]) -> Mask | None:
    marked = [mask for mask in masks if mask is not None]
    return np.logical_or.reduce(marked) if marked else None


def _repeated(array: Any, times: int) -> Any:  # noqa: ANN401
    return None if array is None else np.repeat(array, times)
