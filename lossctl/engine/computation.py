"""A loss that is ready to run: every option and every convention has a value."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from lossctl.block import Array, Mask, cut
from lossctl.catalogue.definition import DataNote, Loss, Twin, ValueOf, field_settings
from lossctl.catalogue.kinds import Kind
from lossctl.catalogue.options import Value, flag, is_on
from lossctl.engine.clipping import Clipping
from lossctl.engine.conventions import CONVENTIONS
from lossctl.engine.data_warnings import Tally, data_warnings
from lossctl.engine.images import batches, rows_of
from lossctl.engine.twins import twin_of_framework, twin_of_same_name
from lossctl.errors import UsageError, quote
from lossctl.lazy import np
from lossctl.version import __version__


@dataclass(frozen=True)
class Computation:
    """A loss with its options, its conventions, and the kinds of its roles under these options.

    With `by_unit`, rows are grouped into units, the loss is computed per unit, and the reduction
    is over units.
    """

    loss: Loss
    options: Mapping[str, Value]
    conventions: Mapping[str, Value]
    kinds: Mapping[str, Kind]
    twin: Twin | None = None
    by_unit: bool = False

    @property
    def reduction(self) -> Value:
        """The reduction: mean, sum or none."""
        return self.conventions["reduction"]

    @property
    def whole_units(self) -> bool:
        """Whether the loss needs all rows of a unit at once."""
        return self.loss.terms.of == "unit"

    def terms(self, arrays: Mapping[str, Any]) -> tuple[Array, ...]:
        """Return the terms, `(units, terms)`: in one array, or in one per role if roles are apart.

        With `per` "element", a row of several columns is as many units as it has columns.
        """
        # Infinity is a valid result; NaN is refused when the sums are read.
        with np.errstate(all="ignore"):
            parts = [self.call(self.loss.function, **batch) for batch in batches(arrays)]
            if self.loss.terms.of == "role":
                (roles,) = parts
                return tuple(terms[:, None] for terms in roles)
            terms = parts[0] if len(parts) == 1 else np.concatenate(parts)
            if terms.ndim == 1 or not self.loss.terms.columns:
                return (terms.reshape(len(terms), -1),)
            if self.conventions["per"] == "element":
                return (terms.reshape(-1, 1),)
            reduce = np.mean if self.loss.terms.columns == "mean" else np.sum
            return (reduce(terms, axis=1, keepdims=True),)

    @cached_property
    def value_of_sums(self) -> ValueOf | None:
        """The loss's own value with its options set; None where the number is a mean of terms."""
        names = field_settings(self.loss.value)
        options = {name: self.options[name] for name in names}
        return replace(self.loss.value, **options) if options else self.loss.value  # type: ignore[type-var]

    def value(self, sums: Array, weight: Array, units: Array) -> Array:
        """Compute the value of each slice from its sums, `(slices, terms)`."""
        with np.errstate(all="ignore"):
            if self.value_of_sums is not None:
                return self.value_of_sums(sums, weight)
            if self.reduction == "sum" and not self.by_unit:
                return sums[:, 0]
            by_units = self.conventions["divide_by"] == "units"
            return sums[:, 0] / (units if by_units else weight)

    def report_also(self) -> Iterator[tuple[str, Computation]]:
        """Yield what to report beside the result: an option, as typed, and its computation."""
        name = self.loss.report_also
        if name:
            for choice in self.loss.settings[name].choices:
                if choice != self.options[name]:
                    other = {**self.options, name: choice}
                    yield flag(name, choice), replace(self, options=other)

    def marked(self, arrays: Mapping[str, Any]) -> Mapping[str, Mask]:
        """Mark the units that a note on single units is about, by the note's name."""
        return {
            data_note.name: np.concatenate(
                [self.call(data_note.of_units, **batch) for batch in batches(arrays)]
            )
            for data_note in self.loss.data_notes
            if data_note.of_units is not None and not data_note.share
        }

    @cached_property
    def data_warnings(self) -> tuple[DataNote, ...]:
        """The warnings about the data that may apply."""
        return data_warnings(self.loss, self.kinds, self.options)

    @property
    def data_notes(self) -> tuple[DataNote, ...]:
        """The notes on single units, and the warnings about the data, that may apply."""
        return (*(note for note in self.loss.data_notes if not note.share), *self.data_warnings)

    def tallies(
        self, arrays: Mapping[str, Any], counting: Mask | None, settled: Collection[str]
    ) -> Mapping[str, Tally]:
        """Count the rows for and against each warning that is not settled, by its name.

        Args:
            arrays: the rows of each role, or the units.
            counting: marks the rows that count; None means all.
            settled: the names of warnings that no further block can trigger.
        """
        unsettled = [warning for warning in self.data_warnings if warning.name not in settled]
        if not unsettled:
            return {}
        rows = {role: rows_of(array) for role, array in arrays.items()}
        if counting is not None:
            rows = {role: cut(array, counting) for role, array in rows.items()}
        return {warning.name: self._tally(warning, rows) for warning in unsettled}

    def _tally(self, warning: DataNote, rows: Mapping[str, Any]) -> Tally:
        assert warning.of_units is not None  # noqa: S101
        with np.errstate(all="ignore"):
            mask = self.call(warning.of_units, **rows)
            seen, marked = mask.size, int(np.count_nonzero(mask))
            none = (False,) * len(warning.witnesses)
            tally = Tally(seen, marked, none)
            if tally.is_settled(warning):
                return tally
            witnesses = (self.call(witness, **rows).any() for witness in warning.witnesses)
            return Tally(seen, marked, tuple(map(bool, witnesses)))

    def call(self, function: Callable[..., Any], *given: Any, **arrays: Any) -> Any:  # noqa: ANN401
        """Call a function of the loss with the options that it declares."""
        own = {name: self.options[name] for name in function.__kwdefaults__ or {}}
        return function(*given, **arrays, **own)

    def rows_clipped(self, arrays: Mapping[str, Any]) -> Mapping[Clipping, int]:
        """Count the rows in which an option replaced a value by its limit."""
        counts = {}
        for clipping in self.clips():
            rows = arrays[clipping.role]
            array = np.asarray(getattr(rows, "values", rows), dtype=np.float64)
            if len(array):
                counts[clipping] = int(np.count_nonzero(clipping.rows(array)))
        return counts

    def clips(self) -> list[Clipping]:
        """List the options that clip values, with the roles that they clip."""
        return [
            Clipping(name, role, how, float(self.options[name]))  # type: ignore[arg-type]
            for name, setting in self.loss.settings.items()
            for role, how in setting.option.clips.items()
            if is_on(self.options[name]) and role not in self._turned(besides=name)
        ]

    def _turned(self, *, besides: str) -> set[str]:
        """Name the roles whose kind another option changes."""
        return {
            role
            for name, setting in self.loss.settings.items()
            for role in setting.option.turns
            if name != besides and is_on(self.options[name])
        }

    def signature(self, *, weight: str | None, missing: str, unit: str | None = None) -> str:
        """Describe all that the number depends on, in one line: `huber|delta:1.5|…`."""
        parts = [self.loss.name]
        parts += [f"{name}:{_written(value)}" for name, value in self.options.items()]
        parts.append(f"reduction:{self.reduction}")
        if self.reduction == "mean" and (self.loss.value is None or self.by_unit):
            parts.append(f"denominator:{self._denominator(weight)}")
        elif self.loss.terms.elements:
            parts.append(f"per:{self.conventions['per']}")
        if unit is not None:
            parts.append(f"unit:{unit}")
        parts.append(f"weight:{weight or 'none'}")
        if missing != "error":
            parts.append(f"missing:{missing}")
        return "|".join([*parts, f"lossctl:{__version__}"])

    def _denominator(self, weight: str | None) -> str:
        if self.by_unit:
            return "units"
        units = "units" if self.whole_units else f"{self.conventions['per']}s"
        if weight is None or self.conventions["divide_by"] == "units":
            return units
        return "weights of elements" if units == "elements" else "weights"


def _written(value: Value) -> str:
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value).lower()


def prepare(
    loss: Loss,
    chosen: Mapping[str, object],
    *,
    like: str | None = None,
    twin: Twin | None = None,
    by_unit: bool = False,
) -> Computation:
    """Set all options: to the user's choice, else to the framework's, else to the default.

    Args:
        loss: the loss to compute.
        chosen: the options and conventions that the user set, by name; None is not set.
        like: the framework whose conventions to adopt.
        twin: the twin whose conventions to adopt.
        by_unit: whether to compute the loss per unit, of rows grouped by a unit column.

    Raises:
        UsageError: an option does not exist, is out of range, or conflicts with another.

    >>> from lossctl.catalogue.names import find
    >>> prepare(find("huber")[0], {"delta": 2}).options
    {'delta': 2.0}
    """
    chosen = {name: value for name, value in chosen.items() if value is not None}
    conventions = {
        name: convention.checked(chosen.pop(name))
        for name, convention in CONVENTIONS.items()
        if name in chosen
    }
    options = loss.checked(chosen)
    if like is not None:
        names = chosen.keys() | conventions.keys()
        twin = twin_of_framework(loss, like, {**options, **conventions}, names)
    sets: dict[str, Value] = {}
    if twin is not None:
        twin = twin_of_same_name(loss, twin, {**chosen, **conventions})
        sets = {**twin.needs, **twin.sets}
    defaults = {name: convention.default for name, convention in CONVENTIONS.items()}
    conventions = {name: conventions.get(name, sets.get(name, defaults[name])) for name in defaults}
    options |= {
        name: value for name, value in sets.items() if name in options and name not in chosen
    }
    kinds = _kinds(loss, options, twin)
    by_unit = by_unit and loss.terms.of != "unit"  # losses of whole units need no grouping
    computation = Computation(loss, options, conventions, kinds, twin, by_unit)
    _check_conventions(computation)
    return computation


def _kinds(loss: Loss, options: Mapping[str, Value], twin: Twin | None) -> Mapping[str, Kind]:
    kinds = dict(loss.roles)
    for setting in loss.settings.values():
        if is_on(options[setting.name]):
            kinds |= setting.option.turns
    kinds |= dict(twin.kinds) if twin else {}
    return {
        role: kind.configured({n: options[n] for n in field_settings(kind) if n in options})
        for role, kind in kinds.items()
    }


def _check_conventions(computation: Computation) -> None:
    """Refuse conventions that the loss, or the framework, does not have."""
    loss, conventions, twin = computation.loss, computation.conventions, computation.twin
    if conventions["per"] == "element" and not loss.terms.elements:
        raise UsageError(
            f"--per element does not apply to {loss.name}, which has no value per element"
        )
    if loss.value is not None and computation.reduction == "sum" and not computation.by_unit:
        raise UsageError(
            f"--reduction sum does not apply to {loss.name}, which is not a plain mean"
        )
    if loss.value is not None and conventions["divide_by"] == "units":
        raise UsageError(
            f"--divide-by units does not apply to {loss.name}, which is not a plain mean"
        )
    if twin is not None and computation.reduction not in twin.spelling:
        raise UsageError(
            f"{twin.name} has no reduction {quote(str(computation.reduction))}",
            f"--reduction {'|'.join(twin.spelling)}",
        )
