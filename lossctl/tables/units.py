"""Whole units out of rows: those of one sentence, one picture, one sample, all at once.

The rows of a unit stand together in a file, in their order, so that files stream. Roles whose rows
are their own are matched by the names of the units, which follow each other in the same order.
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

IN_ORDER = "the units must follow each other in the same order in all files"


@dataclass(frozen=True)
class _Units:
    """Some whole units of one file: their names, how many rows each has, and the rows."""

    names: Sequence[str]
    lengths: Codes
    rows: Block

    @cached_property
    def starts(self) -> Codes:
        """The number of the first row of each unit."""
        return np.cumsum(self.lengths) - self.lengths


def whole_units(sides: Sequence[Rows], notes: list[Note]) -> Iterator[Block]:
    """Yield blocks of whole units, each with the rows of every role.

    Args:
        sides: the rows of the roles, apart where they do not line up.
        notes: what should be known is added here.

    Raises:
        DataError: the rows of a unit do not stand together, or the sides have other units, or in
            another order; or a unit has several weights or slices.
    """
    first, *others = sides
    followers = [_Follower(each) for each in others]
    seen: set[str] = set()
    for units in _units_of(first):
        seen.update(units.names)
        found = [units, *(follower.take(units.names) for follower in followers)]
        yield _block(sides, found)
    for follower in followers:
        follower.finish(seen, next(iter(first.roles)))
        notes += follower.notes()


class _Follower:
    """Gives the units of one side in the order of another."""

    def __init__(self, side: Rows) -> None:
        self._role = next(iter(side.roles.values()))
        self._batches = _units_of(side)
        self._batch: _Units | None = next(self._batches)
        self._empty = _cut(self._batch.rows, slice(0, 0))
        self._at = 0
        self._without = 0

    @property
    def _next(self) -> str | None:
        return None if self._batch is None else self._batch.names[self._at]

    def take(self, names: Sequence[str]) -> _Units:
        """Take the units of these names, which come next; one that does not has no rows."""
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
                    f"unit {quote(name)} has no rows of {self._role.name} here", IN_ORDER
                )
        if self._at > first:
            parts.append(self._taken(first))
        return _Units(names, lengths, _joined(parts or [self._empty]))

    def _taken(self, first: int) -> Block:
        """Cut out the rows of the units from the first to the one that comes next."""
        batch = self._batch
        assert batch is not None  # noqa: S101
        end = batch.starts[self._at] if self._at < len(batch.names) else batch.rows.rows
        return _cut(batch.rows, slice(int(batch.starts[first]), int(end)))

    def finish(self, seen: set[str], first: str) -> None:
        """Refuse units that have not been asked for."""
        name = self._next
        if name in seen:
            raise DataError(
                f"unit {quote(name or '')} of {self._role.name} stands elsewhere than in {first}",
                IN_ORDER,
            )
        if name is not None:
            raise DataError(
                f"unit {quote(name)} of {self._role.name} is none of {first}",
                "units are matched by their names in the unit column",
            )

    def notes(self) -> list[Note]:
        """Say how many units had no rows."""
        if not self._without:
            return []
        said = f"{plural(self._without, 'unit')} without rows of {self._role.name}, taken as empty"
        return [Note("units_without_rows", self._without, said)]


def _units_of(side: Rows) -> Iterator[_Units]:
    """Cut the rows where a unit ends, and yield all units that are complete."""
    held: list[Block] = []
    seen: set[str] = set()
    first = 0

    def units(blocks: Sequence[Block]) -> _Units:
        nonlocal first
        found = _grouped(_joined(blocks))
        for name, start in zip(found.names, found.starts.tolist(), strict=True):
            if name in seen:
                where, _ = side.place("unit", first + start)
                raise DataError(
                    f"{where}: unit {quote(name)} comes back after others",
                    "the rows of a unit must stand together, in their order: sort the file by unit",
                )
            seen.add(name)
        _check_weights(found.rows.weight, first, side)
        first += found.rows.rows
        return found

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
    """Find the row in which the last unit of a block begins."""
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


def _block(sides: Sequence[Rows], found: Sequence[_Units]) -> Block:
    """Put the rows of all sides of some units into one block."""
    roles: dict[str, Column] = {}
    lengths: dict[str, Codes] = {}
    row_weight: dict[str, Array] = {}
    weight: Array | None = None
    slices: Words | None = None
    for side, units in zip(sides, found, strict=True):
        for name, role in side.roles.items():
            roles[name], lengths[name] = units.rows.roles[name], units.lengths
            if units.rows.weight is not None and role.weighs_rows:
                row_weight[name] = units.rows.weight
            elif units.rows.weight is not None:
                weight = _one_a_unit(units, units.rows.weight, "weights")
        if units.rows.slices is not None:
            codes = _one_a_unit(units, units.rows.slices.codes, "slices")
            slices = Words(codes, units.rows.slices.words)
    names = found[0].names
    named = any(units.rows.unit is not None for units in found)
    unit = Words(np.arange(len(names)), tuple(names)) if named else None
    return Block(roles, len(names), weight, slices, unit, lengths, row_weight)


def _one_a_unit(units: _Units, values: np.ndarray, what: str) -> np.ndarray:
    """Take the value of each unit's first row, which all its rows must share.

    Raises:
        DataError: a unit has several.
    """
    firsts = values[units.starts]
    differs = np.repeat(firsts, units.lengths) != values
    if differs.any():
        name = units.names[int(np.searchsorted(units.starts, np.argmax(differs), "right")) - 1]
        raise DataError(
            f"unit {quote(name)} has several {what}", "a unit is one thing, and is never cut"
        )
    return firsts


def _cut(block: Block, rows: slice) -> Block:
    columns: Mapping[str, Column] = {role: cut(each, rows) for role, each in block.roles.items()}
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
        weight = np.concatenate([each.weight for each in blocks if each.weight is not None])
    slices, unit = (
        joined([words for each in blocks if (words := getattr(each, name)) is not None])
        if getattr(first, name) is not None
        else None
        for name in ("slices", "unit")
    )
    return Block(
        {role: joined([each.roles[role] for each in blocks]) for role in first.roles},
        sum(each.rows for each in blocks),
        weight,
        slices,  # type: ignore[arg-type]
        unit,  # type: ignore[arg-type]
    )
