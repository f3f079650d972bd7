"""Rows gathered into whole units: all rows of a sentence, an image or a sample at once.

The rows of a unit are adjacent in a file, so that files can stream. Roles whose rows do not line up
are matched by the names of their units, which are in the same order in all files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lossctl.block import Array, Block, Codes, Column, Words, check_weight, cut, joined
from lossctl.errors import DataError, OutOfDomain, plural, quote
from lossctl.report import Note
from lossctl.tables.rows import Rows

SAME_ORDER = "put the units in the same order in all files"


@dataclass(frozen=True)
class _Units:
    """Whole units of one file: their names, the number of rows of each, and the rows."""

    names: Sequence[str]
    lengths: Codes
    rows: Block

    @cached_property
    def starts(self) -> Codes:
        """The index of the first row of each unit."""
        return np.cumsum(self.lengths) - self.lengths


def whole_units(sides: Sequence[Rows], notes: list[Note]) -> Iterator[Block]:
    """Yield blocks of whole units, each with the rows of every role.

    Args:
        sides: the rows of the roles: together if they line up, else separate.
        notes: notes on the units are added here.

    Yields:
        The blocks.

    Raises:
        DataError: the rows of a unit are not adjacent, the sides have different units or an
            other order of them, or a unit has several weights or slices.
    """
    first, *others = sides
    leader = next(iter(first.roles))
    followers = [_Follower(side, leader) for side in others]
    seen: set[str] = set()
    for units in _units_of(first):
        seen.update(units.names)
        yield _block(sides, [units, *(follower.take(units.names) for follower in followers)])
    for follower in followers:
        follower.finish(seen)
        notes += follower.notes()


class _Follower:
    """Yields the units of one side in the order of another, that of the leading role."""

    def __init__(self, side: Rows, leader: str) -> None:
        self._role = next(iter(side.roles.values()))
        self._leader = leader
        self._batches = _units_of(side)
        self._batch: _Units | None = next(self._batches)
        self._empty = _cut(self._batch.rows, slice(0, 0))
        self._at = 0
        self._without = 0

    @property
    def _next(self) -> str | None:
        return None if self._batch is None else self._batch.names[self._at]

    def take(self, names: Sequence[str]) -> _Units:
        """Return the units of these names, which must come next; those missing have no rows."""
        parts: list[Block] = []
        lengths = np.zeros(len(names), dtype=np.intp)
        first = self._at
        for place, name in enumerate(names):
            if self._next == name and self._batch is not None:
                lengths[place] = self._batch.lengths[self._at]
                self._at += 1
                if self._at == len(self._batch.names):
                    parts.append(self._taken(first))
                    self._batch, self._at = next(self._batches, None), 0
                    first = 0
            elif self._role.may_be_empty:
                self._without += 1
            else:
                raise DataError(
                    f"unit {quote(name)} of {self._leader} is missing or out of order in "
                    f"{self._role.name}",
                    SAME_ORDER,
                )
        if self._at > first:
            parts.append(self._taken(first))
        return _Units(names, lengths, _joined(parts or [self._empty]))

    def _taken(self, first: int) -> Block:
        """Return the rows of the units from the first one up to the one that comes next."""
        batch = self._batch
        assert batch is not None  # noqa: S101
        end = batch.starts[self._at] if self._at < len(batch.names) else batch.rows.rows
        return _cut(batch.rows, slice(int(batch.starts[first]), int(end)))

    def finish(self, seen: set[str]) -> None:
        """Refuse units that are left over."""
        name = self._next
        if name in seen:
            raise DataError(
                f"unit {quote(name or '')} of {self._leader} is out of order in {self._role.name}",
                SAME_ORDER,
            )
        if name is not None:
            raise DataError(
                f"unit {quote(name)} of {self._role.name} does not occur in {self._leader}",
                "name the units alike in the unit column of both",
            )

    def notes(self) -> list[Note]:
        """Return a note on the units without rows."""
        if not self._without:
            return []
        units = f"{plural(self._without, 'unit')} without rows of {self._role.name}"
        return [Note("units_without_rows", self._without, f"{units}, treated as empty")]


def _units_of(side: Rows) -> Iterator[_Units]:
    """Split the rows into units, and yield those that are complete."""
    held: list[Block] = []
    seen: set[str] = set()
    first = 0

    def units(blocks: Sequence[Block]) -> _Units:
        nonlocal first
        complete = _grouped(_joined(blocks))
        for name, start in zip(complete.names, complete.starts.tolist(), strict=True):
            if name in seen:
                where, _ = side.place("unit", first + start)
                raise DataError(
                    f"{where}: the rows of unit {quote(name)} are not adjacent",
                    "sort the file by unit, without changing the order of rows within a unit",
                )
            seen.add(name)
        _check_weights(complete.rows.weight, first, side)
        first += complete.rows.rows
        return complete

    for block in side.blocks():
        last = _last_start(block)
        if held and not last and _name(held[0], 0) == _name(block, 0):
            held.append(block)
            continue
        ready = [*held, _cut(block, slice(0, last))] if last else held
        if ready:
            yield units(ready)
        held = [_cut(block, slice(last, None))]
    yield units(held)


def _name(block: Block, row: int) -> str:
    return "" if block.unit is None else block.unit.words[block.unit.codes[row]]


def _last_start(block: Block) -> int:
    """Find the row on which the last unit of a block begins."""
    if block.unit is None:
        return 0
    other = np.flatnonzero(block.unit.codes != block.unit.codes[-1])
    return int(other[-1]) + 1 if len(other) else 0


def _grouped(rows: Block) -> _Units:
    if rows.unit is None:
        return _Units([""], np.array([rows.rows]), rows)
    codes = rows.unit.codes
    starts = np.concatenate([[0], np.flatnonzero(np.diff(codes)) + 1])
    names = [rows.unit.words[code] for code in codes[starts].tolist()]
    return _Units(names, np.diff(np.append(starts, len(codes))), rows)


def _check_weights(weight: Array | None, first: int, side: Rows) -> None:
    try:
        check_weight(weight)
    except OutOfDomain as error:
        raise error.at(*side.place("weight", first + error.row)) from None


def _block(sides: Sequence[Rows], units_of_sides: Sequence[_Units]) -> Block:
    """Combine the same units of all sides into one block."""
    roles: dict[str, Column] = {}
    lengths: dict[str, Codes] = {}
    row_weight: dict[str, Array] = {}
    weight: Array | None = None
    slices: Words | None = None
    for side, units in zip(sides, units_of_sides, strict=True):
        for name, role in side.roles.items():
            roles[name], lengths[name] = units.rows.roles[name], units.lengths
            if units.rows.weight is not None and role.weighs_rows:
                row_weight[name] = units.rows.weight
            elif units.rows.weight is not None:
                weight = _one_per_unit(units, units.rows.weight, "weight")
        if units.rows.slices is not None:
            codes = _one_per_unit(units, units.rows.slices.codes, "slice")
            slices = Words(codes, units.rows.slices.words)
    names = units_of_sides[0].names
    named = any(units.rows.unit is not None for units in units_of_sides)
    unit = Words(np.arange(len(names)), tuple(names)) if named else None
    return Block(roles, len(names), weight, slices, unit, lengths, row_weight)


def _one_per_unit(units: _Units, values: np.ndarray, what: str) -> np.ndarray:
    """Return the value of each unit's first row, which all its rows must share.

    Raises:
        DataError: a unit has several values.
    """
    firsts = values[units.starts]
    differs = np.repeat(firsts, units.lengths) != values
    if differs.any():
        name = units.names[int(np.searchsorted(units.starts, np.argmax(differs), "right")) - 1]
        raise DataError(
            f"the rows of unit {quote(name)} differ in their {what}",
            f"give all rows of a unit the same {what}",
        )
    return firsts


def _cut(block: Block, rows: slice) -> Block:
    columns: Mapping[str, Column] = {role: cut(array, rows) for role, array in block.roles.items()}
    count = len(range(*rows.indices(block.rows)))
    weight = None if block.weight is None else block.weight[rows]
    slices, unit = (None if w is None else cut(w, rows) for w in (block.slices, block.unit))
    return Block(columns, count, weight, slices, unit)  # type: ignore[arg-type]


def _joined(blocks: Sequence[Block]) -> Block:
    if len(blocks) == 1:
        return blocks[0]
    first = blocks[0]
    weight = None
    if first.weight is not None:
        weight = np.concatenate([block.weight for block in blocks if block.weight is not None])
    slices, unit = (
        joined([words for block in blocks if (words := getattr(block, name)) is not None])
        if getattr(first, name) is not None
        else None
        for name in ("slices", "unit")
    )
    return Block(
        {role: joined([block.roles[role] for block in blocks]) for role in first.roles},
        sum(block.rows for block in blocks),
        weight,
        slices,  # type: ignore[arg-type]
        unit,  # type: ignore[arg-type]
    )
