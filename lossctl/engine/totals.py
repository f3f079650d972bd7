"""What is kept of all blocks: sums by group, and the numbers that they make at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from lossctl.block import Array, Block, Codes, Words
from lossctl.engine.computation import Clipping, Computation, Tally
from lossctl.engine.sums import Sums
from lossctl.errors import DataError, listing, plural, quote
from lossctl.report import Note

Key: TypeAlias = tuple[str, ...]

NAMED = 3
"""So many of the units that a note is about are named."""


@dataclass(frozen=True)
class Numbers:
    """The values of some slices, with how many units and how much weight each is made of."""

    value: Array
    units: Array
    weight: Array


@dataclass(frozen=True)
class UnitValues:
    """The number of every unit, times its weight.

    Units are rows, or with `columns` the elements of a row; or they have names. `role` tells whose
    rows they are where roles have rows of their own.
    """

    value: Array
    slice: Codes | None = None
    weight: Array | None = None
    columns: int = 1
    unit: tuple[str, ...] | None = None
    role: str = ""


@dataclass(frozen=True)
class Outcome:
    """The result of one computation.

    `keys[i]` names slice i of `slices` by its values in the `--by` columns; `whole` is one slice,
    all rows. `each` is there with the reduction "none" only: one entry, or one a role.
    """

    computation: Computation
    keys: Sequence[Key]
    slices: Numbers
    whole: Numbers
    each: Sequence[UnitValues] = ()


class Groups:
    """The groups that rows are summed in: slices, units, or units within slices, numbered."""

    def __init__(self) -> None:
        """Start with none."""
        self._numbers: dict[Any, int] = {}
        self.sliced = False

    def of(self, block: Block) -> Codes | None:
        """Number the group of every row of a block; numbers stay the same from block to block."""
        unit = block.unit if block.lengths is None else None
        if block.slices is None and unit is None:
            return None
        self.sliced = block.slices is not None
        keys = _paired(block.slices, unit)
        used = np.unique(keys.codes)
        number = np.zeros(len(keys.words), dtype=np.intp)
        for index in used.tolist():
            number[index] = self._numbers.setdefault(keys.words[index], len(self._numbers))
        return number[keys.codes]

    @property
    def keys(self) -> list[tuple[Key, str]]:
        """The slice and the unit of each group; empty where rows have none."""
        return list(self._numbers)

    @property
    def slices(self) -> tuple[list[Key], Codes]:
        """The keys of all slices, and which of them each group belongs to."""
        return _distinct([slice_ for slice_, _ in self.keys])

    @property
    def units(self) -> tuple[list[str], Codes]:
        """The names of all units, and which of them each group belongs to."""
        return _distinct([unit for _, unit in self.keys])


def _distinct(keys: Sequence[Any]) -> tuple[list[Any], Codes]:
    numbers: dict[Any, int] = {}
    codes = [numbers.setdefault(key, len(numbers)) for key in keys]
    return list(numbers), np.array(codes, dtype=np.intp)


def _paired(slices: Words | None, unit: Words | None) -> Words:
    """Pair the slice of each row with its unit."""
    if unit is None and slices is not None:
        return Words(slices.codes, tuple((key, "") for key in slices.words))
    if slices is None and unit is not None:
        return Words(unit.codes, tuple(((), name) for name in unit.words))
    assert slices is not None and unit is not None  # noqa: S101, PT018
    used, codes = np.unique(slices.codes * len(unit.words) + unit.codes, return_inverse=True)
    pairs = (divmod(number, len(unit.words)) for number in used.tolist())
    return Words(codes, tuple((slices.words[one], unit.words[other]) for one, other in pairs))


@dataclass(frozen=True)
class Result:
    """What one computation makes of one block: sums of each part of its terms, and what it saw."""

    sums: Mapping[str, Sums]
    moved: Mapping[Clipping, int]
    marked: Mapping[str, tuple[int, list[str]]]
    each: UnitValues | None
    tallies: Mapping[str, Tally] = field(default_factory=dict)


class Total:
    """What one computation has made of all blocks so far."""

    def __init__(self, computation: Computation) -> None:
        """Start with nothing."""
        self.computation = computation
        self.sums: dict[str, Sums] = {}
        self.moved: Counter[Clipping] = Counter()
        self.marked: dict[str, tuple[int, list[str]]] = {}
        self.tallies: dict[str, Tally] = {}
        self.settled: set[str] = set()
        self.kept: dict[str, list[UnitValues]] = {}
        self.left_out = 0

    def add(self, result: Result) -> None:
        """Add what was made of one block."""
        self.moved.update(result.moved)
        for name, (count, names) in result.marked.items():
            before, known = self.marked.get(name, (0, []))
            self.marked[name] = before + count, [*known, *names][:NAMED]
        self._add_tallies(result.tallies)
        if result.each is not None:
            self.kept.setdefault(result.each.role, []).append(result.each)
        for part, sums in result.sums.items():
            if part in self.sums:
                self.sums[part].merge(sums)
            else:
                self.sums[part] = sums

    def _add_tallies(self, tallies: Mapping[str, Tally]) -> None:
        for data_note in self.computation.data_warnings:
            name = data_note.name
            if name in tallies and name not in self.settled:
                of_block, before = tallies[name], self.tallies.get(name)
                self.tallies[name] = of_block if before is None else before + of_block
                if self.tallies[name].is_settled(data_note):
                    self.settled.add(name)

    def outcome(self, groups: Groups) -> Outcome:
        """Make the numbers.

        Raises:
            DataError: no row counts, or a number is undefined.
        """
        if not self.sums:
            raise DataError("there are no rows")
        keys = groups.slices[0] if groups.sliced else []
        if self.computation.by_unit:
            return self._of_units(groups, keys)
        whole = self._numbers(self._merged(None), [])
        slices = self._numbers(self.sums, keys) if keys else NOTHING
        each = [_joined(parts) for parts in self.kept.values()]
        return Outcome(self.computation, keys, slices, whole, each)

    def _of_units(self, groups: Groups, keys: list[Key]) -> Outcome:
        """Reduce the numbers of units: those of each slice, and those of all rows."""
        of_slices, of_units = groups.slices[1], groups.units[1]
        names = groups.units[0]
        parts = self._single(self.sums, groups.keys)
        whole = parts
        if keys:
            whole = self._single(self._merged(of_units), [((), name) for name in names])
        slices = self._reduced(parts, of_slices, keys) if keys else NOTHING
        self.left_out = int(np.count_nonzero(whole.units == 0))
        number = self._reduced(whole, np.zeros(len(whole.value), dtype=np.intp), [])
        each = []
        if self.computation.reduction == "none":
            units = tuple(name for _, name in groups.keys)
            counted = parts.units > 0
            kept = tuple(name for name, is_kept in zip(units, counted, strict=True) if is_kept)
            of = of_slices[counted] if keys else None
            each = [UnitValues(parts.value[counted], of, unit=kept)]
        return Outcome(self.computation, keys, slices, number, each)

    def _single(self, sums: Mapping[str, Sums], keys: Sequence[tuple[Key, str]]) -> Numbers:
        """Make the number of each group; one in which no row counts has no units."""
        value = self._value(sums)
        count = np.ones(len(value))
        for role, each in sums.items():
            rows, weight = (_padded(of, len(value)) for of in (each.units(), each.weight()))
            if role and not rows.all():
                slice_, unit = keys[int(np.argmin(rows > 0))]
                raise DataError(f"unit {quote(unit)} has no row of {role}{_in(slice_)}")
            count[(rows == 0) | (weight == 0)] = 0.0
        wrong = np.isnan(value) & (count > 0)
        if wrong.any():
            slice_, unit = keys[int(np.argmax(wrong))]
            loss = self.computation.loss.name
            raise DataError(f"{loss} is undefined in unit {quote(unit)}{_in(slice_)}")
        return Numbers(np.where(count > 0, value, 0.0), count, count)

    def _reduced(self, units: Numbers, slices: Codes, keys: list[Key]) -> Numbers:
        sums = Sums(1)
        sums.add(units.value[:, None], None, slices, units.units == 0)
        counted = sums.units()
        if not counted.all():
            raise DataError(f"no row counts{_of(keys, counted)}")
        total = sums.terms()[:, 0]
        with np.errstate(all="ignore"):
            value = total if self.computation.reduction == "sum" else total / counted
        if np.isnan(value).any():
            where = _of(keys, ~np.isnan(value))
            raise DataError(f"{self.computation.loss.name} is undefined for these data{where}")
        return Numbers(value, counted, counted)

    def _merged(self, codes: Codes | None) -> dict[str, Sums]:
        """Merge the groups into those that the codes tell, or into one."""
        merged = {}
        for part, sums in self.sums.items():
            if codes is None:
                merged[part] = sums.whole()
            else:
                merged[part] = Sums(sums.width)
                merged[part].merge(sums, codes[: sums.slices])
        return merged

    def _value(self, parts: Mapping[str, Sums]) -> Array:
        """Make the numbers from the sums; roles with rows of their own each give a summand."""
        size = max(sums.slices for sums in parts.values())
        value = np.zeros(size)
        with np.errstate(all="ignore"):
            for sums in parts.values():
                each = self.computation.value(sums.terms(), sums.weight(), sums.units())
                value = value + _padded(each, size, np.nan)
        return value

    def _numbers(self, parts: Mapping[str, Sums], keys: list[Key]) -> Numbers:
        size = max(sums.slices for sums in parts.values())
        for role, sums in parts.items():
            of_role = f" of {role}" if role else ""
            for counted, why in (
                (sums.units(), "every one is ignored"),
                (sums.weight(), "the weights sum to 0"),
            ):
                there = _padded(counted, size)
                if not there.all():
                    reason = "" if role and why.startswith("every") else f": {why}"
                    raise DataError(f"no row{of_role} counts{_of(keys, there)}{reason}")
        value = self._value(parts)
        if np.isnan(value).any():
            where = _of(keys, ~np.isnan(value))
            raise DataError(f"{self.computation.loss.name} is undefined for these data{where}")
        units, weight = (
            np.sum([each for each in of_parts], axis=0)  # noqa: C416
            for of_parts in zip(*((s.units(), s.weight()) for s in parts.values()), strict=True)
        )
        return Numbers(value, units, weight)

    def notes(self, groups: Groups) -> list[Note]:
        """Say what was moved, marked, and stands beside the result."""
        loss = self.computation.loss
        marked = dict(self.marked)
        names = groups.units[0]
        by_unit = self.computation.by_unit
        whole = self._merged(groups.units[1] if by_unit else None)
        for data_note in loss.data_notes:
            if data_note.of_sums is not None:
                mask = data_note.of_sums(self.computation.value_of_sums, whole[""].terms())
                marked[data_note.name] = (
                    int(np.count_nonzero(mask)),
                    [names[place] for place in np.flatnonzero(mask)[:NAMED].tolist()]
                    if by_unit
                    else [],
                )
        if self.left_out:
            marked["units_left_out"] = self.left_out, []
        messages = {data_note.name: data_note.message for data_note in loss.data_notes}
        messages["units_left_out"] = f"{plural(self.left_out, 'unit')} in which no row counts"
        return [
            *(move.note(count, loss.name) for move, count in self.moved.items() if count),
            *(
                Note(name, count, _remarked(f"{loss.name}: {messages[name]}", count, units))
                for name, (count, units) in marked.items()
                if count
            ),
            *(
                Note("beside", 1, f"{loss.name} {said}: {float(number):.6g}")
                for said, number in self._beside()
            ),
        ]

    def warned(self) -> dict[tuple[str, str], int]:
        """Count what raised a doubt, by the note's name and what it says."""
        return {
            (data_note.name, data_note.message): self.tallies[data_note.name].marked
            for data_note in self.computation.data_warnings
            if data_note.name in self.tallies and self.tallies[data_note.name].raises(data_note)
        }

    def _beside(self) -> Iterator[tuple[str, float]]:
        for said, other in self.computation.report_also():
            (sums,) = self._merged(None).values()
            yield said, float(other.value(sums.terms(), sums.weight(), sums.units())[0])


def data_warnings(totals: Sequence[Total]) -> list[Note]:
    """Say what is doubted, once for all losses of which it is the same."""
    found: dict[tuple[str, str], tuple[int, list[str]]] = {}
    for total in totals:
        for said, count in total.warned().items():
            _, names = found.setdefault(said, (count, []))
            name = total.computation.loss.name
            names += [] if name in names else [name]
    return [
        Note(kind, count, f"{', '.join(names)}: {message}")
        for (kind, message), (count, names) in found.items()
    ]


NOTHING = Numbers(*[np.zeros(0)] * 3)


def _in(slice_: Key) -> str:
    return f" in slice {quote(', '.join(slice_))}" if slice_ else ""


def _remarked(message: str, count: int, names: list[str]) -> str:
    if not names:
        return message
    more = ", …" if count > len(names) else ""
    return f"{message}: {plural(count, 'unit')} ({listing(names)}{more})"


def _padded(array: Array, size: int, filling: float = 0.0) -> Array:
    return np.concatenate([array, np.full(size - len(array), filling)])


def _joined(parts: Sequence[UnitValues]) -> UnitValues:
    first = parts[0]
    return UnitValues(
        np.concatenate([part.value for part in parts]),
        None if first.slice is None else np.concatenate([part.slice for part in parts]),
        None if first.weight is None else np.concatenate([part.weight for part in parts]),
        first.columns,
        None if first.unit is None else tuple(name for part in parts for name in part.unit or ()),
        first.role,
    )


def _of(keys: list[Key], counted: npt.NDArray[Any]) -> str:
    """Name the first slice that has nothing in it."""
    if not keys:
        return ""
    return _in(keys[int(np.argmin(counted != 0))])
