"""The table of results: slices in order, limits, signatures, notes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lossctl.engine.outcomes import Numbers, Outcome, UnitValues
from lossctl.errors import plural, visible
from lossctl.report import Cell, Column, Note, Table


@dataclass(frozen=True)
class Limits:
    """The smallest and the largest value that a loss may have."""

    at_least: float = -math.inf
    at_most: float = math.inf

    def __bool__(self) -> bool:
        """Tell whether there is any limit."""
        return self != Limits()

    def passed(self, value: float) -> bool | None:
        """Tell whether a value is within the limits; None if there are none."""
        return self.at_least <= value <= self.at_most if self else None

    def failure(self, value: float) -> str:
        """Return the message on a value that is beyond a limit."""
        if value > self.at_most:
            return f"{value!r} is above the maximum {self.at_most!r}"
        return f"{value!r} is below the minimum {self.at_least!r}"


@dataclass(frozen=True)
class Setup:
    """How the numbers were computed, besides the losses' own options."""

    by: tuple[str, ...] = ()
    unit: str | None = None
    weight: str | None = None
    missing: str = "error"
    limits: tuple[Limits, ...] = ()


def table(outcomes: Sequence[Outcome], notes: Sequence[Note], setup: Setup) -> Table:
    """Make the table of results: one row per loss and slice, with the overall result last.

    Args:
        outcomes: the results of the losses.
        notes: the notes on them.
        setup: how they were computed.

    Returns:
        The table.
    """
    names = _names(outcomes)
    return Table(
        name="results",
        columns=(
            Column("loss"),
            *_slice_columns(setup),
            Column("value", "number"),
            Column("units", "count"),
            Column("weight", "number", audience="all" if setup.weight else "machines"),
            Column("passed", "flag", audience="all" if any(setup.limits) else "machines"),
            Column("options", "nested", audience="machines"),
            Column("signature", audience="machines"),
        ),
        rows=[
            row
            for outcome, name, limits in zip(outcomes, names, setup.limits, strict=True)
            for row in _rows(outcome, name, limits, setup)
        ],
        values="value",
        footer=tuple(_signature(outcome, setup) for outcome in outcomes),
        notes=(*notes, *_infinite(outcomes)),
    )


def _slice_columns(setup: Setup) -> list[Column]:
    """Make the columns that name a slice; JSON has the key even without slices."""
    columns = [Column(column, within="slice") for column in setup.by]
    return columns or [Column("slice", "nested", audience="machines")]


def units_table(outcomes: Sequence[Outcome], notes: Sequence[Note], setup: Setup) -> Table:
    """Make the table of the values of all units, each times its weight.

    Args:
        outcomes: the results of the losses, with the reduction "none".
        notes: the notes on them.
        setup: how they were computed.

    Returns:
        The table.
    """
    parts = [values for outcome in outcomes for values in outcome.unit_values]
    named = any(values.unit for values in parts)
    return Table(
        name="results",
        columns=(
            Column("loss"),
            *([Column("role")] if any(values.role for values in parts) else []),
            *([Column("unit")] if named else [Column("row", "count")]),
            *([Column("column", "count")] if _has_elements(outcomes) else []),
            *_slice_columns(setup),
            Column("value", "number"),
            *([Column("weight", "number")] if any(_weights(values) for values in parts) else []),
        ),
        rows=_Units(outcomes, setup),
        values="value",
        footer=tuple(_signature(outcome, setup) for outcome in outcomes),
        notes=tuple(notes),
    )


def failures(outcomes: Sequence[Outcome], setup: Setup) -> list[str]:
    """Return a message for each result, overall or of a slice, that is beyond its limits.

    Args:
        outcomes: the results of the losses.
        setup: how they were computed, with the limits of each.

    Returns:
        The messages; none if every result passed.
    """
    messages = []
    for outcome, name, limits in zip(outcomes, _names(outcomes), setup.limits, strict=True):
        if limits:
            messages += [
                f"{name}{_where(key, setup)}: {limits.failure(value)}"
                for key, value, _, _ in _slices(outcome)
                if not limits.passed(value)
            ]
    return messages


def _where(key: tuple[str, ...] | None, setup: Setup) -> str:
    if key is None:
        return ""
    pairs = (f"{visible(c)}={visible(v)}" for c, v in zip(setup.by, key, strict=True))
    return f" for {', '.join(pairs)}"


@dataclass(frozen=True)
class _Units:
    """The rows of a table of units, made on demand because there may be very many."""

    outcomes: Sequence[Outcome]
    setup: Setup

    def __iter__(self) -> Iterator[tuple[Cell, ...]]:
        for outcome, name in zip(self.outcomes, _names(self.outcomes), strict=True):
            yield from _unit_rows(outcome, name, with_column=_has_elements(self.outcomes))


def _unit_rows(outcome: Outcome, name: str, *, with_column: bool) -> Iterator[tuple[Cell, ...]]:
    for values in outcome.unit_values:
        slices = None if values.slice is None else values.slice.tolist()
        weights = _weights(values)
        for unit, value in enumerate(values.value.tolist()):
            row, column = divmod(unit, values.columns)
            yield (
                name,
                *([values.role] if values.role else []),
                values.unit[unit] if values.unit is not None else row + 1,
                *([column + 1] if with_column else []),
                *(outcome.keys[slices[unit]] if slices is not None else (None,)),
                value,
                *([weights[unit]] if weights else []),
            )


def _weights(values: UnitValues) -> list[float]:
    return [] if values.weight is None else values.weight.tolist()


def _has_elements(outcomes: Sequence[Outcome]) -> bool:
    return any(values.columns > 1 for outcome in outcomes for values in outcome.unit_values)


def _names(outcomes: Sequence[Outcome]) -> list[str]:
    """Name each loss; one that is computed twice, with the options that differ."""
    plain = [outcome.computation.loss.name for outcome in outcomes]
    return [
        name if plain.count(name) == 1 else f"{name}({_changed(outcome)})"
        for name, outcome in zip(plain, outcomes, strict=True)
    ]


def _changed(outcome: Outcome) -> str:
    computation = outcome.computation
    return ", ".join(
        f"{name}={value}"
        for name, value in computation.options.items()
        if value != computation.loss.settings[name].default
    )


def _rows(outcome: Outcome, name: str, limits: Limits, setup: Setup) -> Iterator[tuple[Cell, ...]]:
    options: Mapping[str, Cell] = {**outcome.computation.options, **outcome.computation.conventions}
    signature = _signature(outcome, setup)
    nothing = (None,) * max(1, len(setup.by))
    for key, value, units, weight in _slices(outcome):
        passed = limits.passed(value)
        yield (name, *(key or nothing), value, units, weight, passed, options, signature)


def _slices(outcome: Outcome) -> Iterator[tuple[tuple[str, ...] | None, float, int, float]]:
    """Yield key, value, units and weight of each slice in order, then of the whole, without key."""
    numbers = _listed(outcome.slices)
    for index in sorted(range(len(outcome.keys)), key=lambda index: _rank(outcome.keys[index])):
        yield outcome.keys[index], *numbers[index]
    yield None, *_listed(outcome.whole)[0]


def _listed(numbers: Numbers) -> list[tuple[float, int, float]]:
    columns = (numbers.value.tolist(), numbers.units.astype(int).tolist(), numbers.weight.tolist())
    return list(zip(*columns, strict=True))


def _rank(key: tuple[str, ...]) -> list[tuple[bool, float, str]]:
    """Return a sort key: numbers by size, before text."""
    ranks = []
    for part in key:
        try:
            number = float(part)
        except ValueError:
            number = math.nan
        ranks.append((math.isnan(number), 0.0 if math.isnan(number) else number, part))
    return ranks


def _signature(outcome: Outcome, setup: Setup) -> str:
    return outcome.computation.signature(
        weight=setup.weight, missing=setup.missing, unit=setup.unit
    )


def _infinite(outcomes: Sequence[Outcome]) -> list[Note]:
    count = sum(math.isinf(value) for outcome in outcomes for _, value, _, _ in _slices(outcome))
    if not count:
        return []
    are = "is" if count == 1 else "are"
    return [Note("infinite", count, f"{plural(count, 'value')} {are} infinite (null in JSON)")]
