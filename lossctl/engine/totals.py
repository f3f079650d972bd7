"""The totals over all blocks: sums by group, and the numbers that are computed from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from lossctl.block import Array, Codes
from lossctl.engine.clipping import Clipping
from lossctl.engine.computation import Computation
from lossctl.engine.data_warnings import Tally
from lossctl.engine.groups import Groups
from lossctl.engine.outcomes import NOTHING, Key, Numbers, Outcome, UnitValues
from lossctl.engine.sums import Sums
from lossctl.errors import DataError, listing, plural, quote
from lossctl.report import Note

NAMED = 3
"""How many of the units that a note is about it names."""


@dataclass(frozen=True)
class Result:
    """The result of one computation for one block.

    Args:
        sums: the sums of its terms; by role if roles have rows of their own.
        clipped: the number of rows that each option clipped.
        marked: how many units each note on single units marked, and the names of the first.
        unit_values: the value of each unit, if the reduction is "none".
        tallies: the rows for and against each warning about the data.
    """

    sums: Mapping[str, Sums]
    clipped: Mapping[Clipping, int] = field(default_factory=dict)
    marked: Mapping[str, tuple[int, list[str]]] = field(default_factory=dict)
    unit_values: UnitValues | None = None
    tallies: Mapping[str, Tally] = field(default_factory=dict)


class Total:
    """The results of one computation, added up over the blocks so far."""

    def __init__(self, computation: Computation) -> None:
        """Start without blocks."""
        self.computation = computation
        self.sums: dict[str, Sums] = {}
        self.clipped: Counter[Clipping] = Counter()
        self.marked: dict[str, tuple[int, list[str]]] = {}
        self.tallies: dict[str, Tally] = {}
        self.settled: set[str] = set()
        self.unit_values: dict[str, list[UnitValues]] = {}
        self.left_out = 0

    def add(self, result: Result) -> None:
        """Add the result for one block."""
        self.clipped.update(result.clipped)
        for name, (count, units) in result.marked.items():
            before, first_units = self.marked.get(name, (0, []))
            self.marked[name] = before + count, [*first_units, *units][:NAMED]
        self._add_tallies(result.tallies)
        if result.unit_values is not None:
            self.unit_values.setdefault(result.unit_values.role, []).append(result.unit_values)
        for role, sums in result.sums.items():
            if role in self.sums:
                self.sums[role].merge(sums)
            else:
                self.sums[role] = sums

    def _add_tallies(self, tallies: Mapping[str, Tally]) -> None:
        for warning in self.computation.data_warnings:
            name = warning.name
            if name in tallies and name not in self.settled:
                of_block, before = tallies[name], self.tallies.get(name)
                self.tallies[name] = of_block if before is None else before + of_block
                if self.tallies[name].is_settled(warning):
                    self.settled.add(name)

    def outcome(self, groups: Groups) -> Outcome:
        """Compute the numbers of all slices and of the whole.

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
        unit_values = [UnitValues.joined(parts) for parts in self.unit_values.values()]
        return Outcome(self.computation, keys, slices, whole, unit_values)

    def _of_units(self, groups: Groups, keys: list[Key]) -> Outcome:
        """Reduce the values of units: within each slice, and over all rows."""
        of_slices = groups.slices[1]
        names, of_units = groups.units
        in_slices = self._per_group(self.sums, groups.keys)
        units = in_slices
        if keys:
            units = self._per_group(self._merged(of_units), [((), name) for name in names])
        slices = self._reduced(in_slices, of_slices, keys) if keys else NOTHING
        self.left_out = int(np.count_nonzero(units.units == 0))
        whole = self._reduced(units, np.zeros(len(units.value), dtype=np.intp), [])
        unit_values = []
        if self.computation.reduction == "none":
            counts = in_slices.units > 0
            counted_names = tuple(
                name for (_, name), counted in zip(groups.keys, counts, strict=True) if counted
            )
            slice_ = of_slices[counts] if keys else None
            unit_values = [UnitValues(in_slices.value[counts], slice_, unit=counted_names)]
        return Outcome(self.computation, keys, slices, whole, unit_values)

    def _per_group(self, sums: Mapping[str, Sums], keys: Sequence[tuple[Key, str]]) -> Numbers:
        """Compute the value of each group; a group in which no row counts has 0 units."""
        value = self._value(sums)
        count = np.ones(len(value))
        for role, of_role in sums.items():
            rows, weight = (_padded(of, len(value)) for of in (of_role.units(), of_role.weight()))
            if role and not rows.all():
                slice_, unit = keys[int(np.argmin(rows > 0))]
                raise DataError(f"unit {quote(unit)} has no rows of {role}{_in(slice_)}")
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
            where = _first_without(keys, counted)
            raise DataError(f"every row{where} is ignored or has weight 0")
        total = sums.terms()[:, 0]
        with np.errstate(all="ignore"):
            value = total if self.computation.reduction == "sum" else total / counted
        if np.isnan(value).any():
            raise self._undefined(keys, value)
        return Numbers(value, counted, counted)

    def _merged(self, codes: Codes | None) -> dict[str, Sums]:
        """Merge the groups that have the same code; without codes, all of them."""
        merged = {}
        for role, sums in self.sums.items():
            if codes is None:
                merged[role] = sums.whole()
            else:
                merged[role] = Sums(sums.width)
                merged[role].merge(sums, codes[: sums.slices])
        return merged

    def _value(self, sums: Mapping[str, Sums]) -> Array:
        """Compute the values from the sums; values of roles with rows of their own are added."""
        size = max(of_role.slices for of_role in sums.values())
        value = np.zeros(size)
        with np.errstate(all="ignore"):
            for of_role in sums.values():
                summand = self.computation.value(of_role.terms(), of_role.weight(), of_role.units())
                value = value + _padded(summand, size, np.nan)
        return value

    def _numbers(self, sums: Mapping[str, Sums], keys: list[Key]) -> Numbers:
        size = max(of_role.slices for of_role in sums.values())
        for role, of_role in sums.items():
            rows, weight = (_padded(of, size) for of in (of_role.units(), of_role.weight()))
            if not rows.all():
                where = _first_without(keys, rows)
                raise DataError(
                    f"no rows of {role}{where}" if role else f"every row{where} is ignored"
                )
            if not weight.all():
                of = f" of {role}" if role else ""
                raise DataError(f"the weights{of}{_first_without(keys, weight)} sum to 0")
        value = self._value(sums)
        if np.isnan(value).any():
            raise self._undefined(keys, value)
        units = np.sum([of_role.units() for of_role in sums.values()], axis=0)
        weights = np.sum([of_role.weight() for of_role in sums.values()], axis=0)
        return Numbers(value, units, weights)

    def _undefined(self, keys: list[Key], value: Array) -> DataError:
        where = _first_without(keys, ~np.isnan(value))
        return DataError(f"{self.computation.loss.name} is undefined for these data{where}")

    def notes(self, groups: Groups) -> list[Note]:
        """Return the notes on clipped rows, on single units, and on values beside the result."""
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
        messages["units_left_out"] = (
            f"{plural(self.left_out, 'unit')} left out, with every row ignored or of weight 0"
        )
        return [
            *(clipping.note(count, loss.name) for clipping, count in self.clipped.items() if count),
            *(
                Note(name, count, _with_units(f"{loss.name}: {messages[name]}", count, units))
                for name, (count, units) in marked.items()
                if count
            ),
            *(
                Note("beside", 1, f"{loss.name} {option}: {value:.6g}")
                for option, value in self._beside()
            ),
        ]

    def warnings(self) -> dict[tuple[str, str], int]:
        """Count the rows that triggered each warning, by its name and message."""
        return {
            (warning.name, warning.message): self.tallies[warning.name].marked
            for warning in self.computation.data_warnings
            if warning.name in self.tallies and self.tallies[warning.name].triggers(warning)
        }

    def _beside(self) -> Iterator[tuple[str, float]]:
        for option, other in self.computation.report_also():
            (sums,) = self._merged(None).values()
            yield option, float(other.value(sums.terms(), sums.weight(), sums.units())[0])


def warning_notes(totals: Sequence[Total]) -> list[Note]:
    """Return the notes that warn about the data; losses with the same warning share a note."""
    warnings: dict[tuple[str, str], tuple[int, list[str]]] = {}
    for total in totals:
        for warning, count in total.warnings().items():
            _, losses = warnings.setdefault(warning, (count, []))
            loss = total.computation.loss.name
            losses += [] if loss in losses else [loss]
    return [
        Note(kind, count, f"{', '.join(losses)}: {message}")
        for (kind, message), (count, losses) in warnings.items()
    ]


def _in(slice_: Key) -> str:
    return f" in slice {quote(', '.join(slice_))}" if slice_ else ""


def _with_units(message: str, count: int, units: list[str]) -> str:
    if not units:
        return message
    more = ", …" if count > len(units) else ""
    return f"{message}: {plural(count, 'unit')} ({listing(units)}{more})"


def _padded(array: Array, size: int, filling: float = 0.0) -> Array:
    return np.concatenate([array, np.full(size - len(array), filling)])


def _first_without(keys: list[Key], counts: npt.NDArray[Any]) -> str:
    """Name the first slice whose count is 0; empty without slices."""
    if not keys:
        return ""
    return _in(keys[int(np.argmin(counts != 0))])
