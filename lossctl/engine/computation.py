"""One loss made ready to run: every option and every convention has its value."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Any, Literal

from lossctl.block import Array, Mask, Ragged, cut
from lossctl.catalogue.definition import DataNote, Loss, Twin, ValueOf, field_settings
from lossctl.catalogue.kinds import ENOUGH, Kind
from lossctl.catalogue.options import Option, Setting, Value, flag, is_on, setting
from lossctl.engine.data_warnings import data_warnings
from lossctl.errors import UsageError, plural, quote
from lossctl.lazy import np
from lossctl.report import Note
from lossctl.version import __version__

CONVENTIONS: Mapping[str, Setting] = {
    name: read
    for name, annotation, default in (
        (
            "reduction",
            Annotated[
                Literal["mean", "sum", "none"],
                Option("what becomes of the terms: mean, sum, or none for one number a unit"),
            ],
            "mean",
        ),
        (
            "per",
            Annotated[
                Literal["row", "element"],
                Option("the unit of a table with several columns: the row, or each element"),
            ],
            "row",
        ),
        (
            "divide_by",
            Annotated[
                Literal["weights", "units"],
                Option("what a weighted mean is divided by: the sum of weights, or their number"),
            ],
            "weights",
        ),
    )
    if (read := setting(name, annotation, default)) is not None
}
"""The options that every loss has; frameworks differ in them as they do in a loss's own."""


@dataclass(frozen=True)
class Clipping:
    """An option that replaces small values of a role by its limit."""

    option: str
    role: str
    how: str
    limit: float

    def rows(self, array: Array) -> Mask:
        """Mark the rows in which it does."""
        if self.how == "near_zero":
            moved = np.abs(array) < self.limit
        else:
            top = 1 - self.limit if self.how == "clipped" else np.inf
            if array.min() >= self.limit and array.max() <= top:
                return np.zeros(1, dtype=bool)
            moved = (array < self.limit) | (array > top)
        return np.logical_or.reduce(moved.reshape(len(moved), -1), axis=1)

    def note(self, count: int, loss: str) -> Note:
        """Say in how many rows it did."""
        rows = f"{loss}: {plural(count, 'row')} of {self.role}"
        done = {
            "clipped": f"clipped to [{self.limit:.3g}, 1 - {self.limit:.3g}]",
            "raised": f"raised to {self.limit:.3g}",
            "near_zero": f"nearer to 0 than {self.limit:.3g}, which stands in for them",
        }[self.how]
        return Note(self.how, count, f"{rows} {done} ({self.option})")


@dataclass(frozen=True)
class Images:
    """The lines of some pictures of one width, `(lines, width)` or `(lines, width, channels)`."""

    rows: Ragged

    def batch(self, start: int, end: int) -> Array:
        """Return some consecutive pictures of the same height as one array."""
        lines, height = self.rows.values, int(self.rows.lengths[start])
        first = int(self.rows.starts[start])
        some: Array = lines[first : first + (end - start) * height]
        return some.reshape(end - start, height, *lines.shape[1:])


@dataclass(frozen=True)
class Tally:
    """How many rows, or elements of rows, a doubt was held against, and how many it marked."""

    seen: int = 0
    marked: int = 0
    witnessed: tuple[bool, ...] = ()

    def __add__(self, other: Tally) -> Tally:
        """Put the tallies of two blocks together."""
        either = zip(self.witnessed, other.witnessed, strict=True)
        return Tally(
            self.seen + other.seen,
            self.marked + other.marked,
            tuple(one or another for one, another in either),
        )

    def is_settled(self, data_note: DataNote) -> bool:
        """Tell whether no further block can raise the doubt."""
        return data_note.share == 1.0 and self.marked < self.seen

    def raises(self, data_note: DataNote) -> bool:
        """Tell whether the doubt is to be told."""
        enough = self.seen >= ENOUGH and self.marked >= data_note.share * self.seen
        return enough and all(self.witnessed)


@dataclass(frozen=True)
class Computation:
    """A loss with its options, conventions and the kinds that its roles have under these.

    With `by_unit` rows are grouped, the loss of each group is a term, and the reduction is that of
    the groups.
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
        """Return the terms of some rows or units, `(units, terms)`; where they are, one a role.

        A row with several columns is one unit, or as many as it has columns, as `per` says.
        """
        # Infinities are legal results, and an undefined one is refused when the sums are read.
        with np.errstate(all="ignore"):
            parts = [self.call(self.loss.function, **each) for each in _of_one_size(arrays)]
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
        """Make the numbers of some slices from their sums, `(slices, terms)`."""
        with np.errstate(all="ignore"):
            if self.value_of_sums is not None:
                return self.value_of_sums(sums, weight)
            if self.reduction == "sum" and not self.by_unit:
                return sums[:, 0]
            by_units = self.conventions["divide_by"] == "units"
            return sums[:, 0] / (units if by_units else weight)

    def report_also(self) -> Iterator[tuple[str, Computation]]:
        """Yield what else is to be said beside the result: the flag, and the computation."""
        name = self.loss.report_also
        if name:
            for choice in self.loss.settings[name].choices:
                if choice != self.options[name]:
                    other = {**self.options, name: choice}
                    yield flag(name, choice), replace(self, options=other)

    def marked(self, arrays: Mapping[str, Any]) -> Mapping[str, Mask]:
        """Mark the units that a remark is about, by the remark's name."""
        return {
            data_note.name: np.concatenate(
                [self.call(data_note.of_units, **each) for each in _of_one_size(arrays)]
            )
            for data_note in self.loss.data_notes
            if data_note.of_units is not None and not data_note.share
        }

    @cached_property
    def data_warnings(self) -> tuple[DataNote, ...]:
        """What may be doubted of the data."""
        return data_warnings(self.loss, self.kinds, self.options)

    @property
    def data_notes(self) -> tuple[DataNote, ...]:
        """What may be noted of single units, and of the data."""
        return (*(each for each in self.loss.data_notes if not each.share), *self.data_warnings)

    def tallies(
        self, arrays: Mapping[str, Any], counting: Mask | None, settled: Collection[str]
    ) -> Mapping[str, Tally]:
        """Hold the data against the doubts that are not settled, by their names.

        Args:
            arrays: the rows of each role, or the units.
            counting: marks the rows that count; all do where it is left out.
            settled: the names of doubts that no further block can raise.
        """
        open_doubts = [each for each in self.data_warnings if each.name not in settled]
        if not open_doubts:
            return {}
        rows = {role: _rows(array) for role, array in arrays.items()}
        if counting is not None:
            rows = {role: cut(array, counting) for role, array in rows.items()}
        return {each.name: self._tally(each, rows) for each in open_doubts}

    def _tally(self, data_note: DataNote, rows: Mapping[str, Any]) -> Tally:
        assert data_note.of_units is not None  # noqa: S101
        with np.errstate(all="ignore"):
            mask = self.call(data_note.of_units, **rows)
            seen, marked = mask.size, int(np.count_nonzero(mask))
            none = (False,) * len(data_note.witnesses)
            tally = Tally(seen, marked, none)
            if tally.is_settled(data_note):
                return tally
            witnesses = (self.call(each, **rows).any() for each in data_note.witnesses)
            return Tally(seen, marked, tuple(map(bool, witnesses)))

    def call(self, function: Callable[..., Any], *given: Any, **arrays: Any) -> Any:  # noqa: ANN401
        """Call a function of the loss with the options that it declares."""
        own = {name: self.options[name] for name in function.__kwdefaults__ or {}}
        return function(*given, **arrays, **own)

    def rows_clipped(self, arrays: Mapping[str, Any]) -> Mapping[Clipping, int]:
        """Count the rows in which an option replaced a value by its limit."""
        counts = {}
        for move in self.clips():
            rows = arrays[move.role]
            array = np.asarray(getattr(rows, "values", rows), dtype=np.float64)
            if len(array):
                counts[move] = int(np.count_nonzero(move.rows(array)))
        return counts

    def clips(self) -> list[Clipping]:
        """List what the options do to small values of which roles."""
        return [
            Clipping(name, role, how, float(self.options[name]))  # type: ignore[arg-type]
            for name, each in self.loss.settings.items()
            for role, how in each.option.clips.items()
            if is_on(self.options[name]) and role not in self._turned(besides=name)
        ]

    def _turned(self, *, besides: str) -> set[str]:
        """Name the roles that another option has given another meaning."""
        return {
            role
            for name, each in self.loss.settings.items()
            for role in each.option.turns
            if name != besides and is_on(self.options[name])
        }

    def signature(self, *, weight: str | None, missing: str, unit: str | None = None) -> str:
        """Name everything that decides the number, in one line: `huber|delta:1.5|…`."""
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


def _rows(array: Any) -> Any:  # noqa: ANN401
    """Return the rows of units, or the lines of pictures, one after the other."""
    ragged = array.rows if isinstance(array, Images) else array
    return ragged.values if isinstance(ragged, Ragged) else ragged


def _of_one_size(arrays: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the arrays as they are, or, of pictures, those of one height after the other."""
    images = {role: each for role, each in arrays.items() if isinstance(each, Images)}
    if not images:
        yield arrays
        return
    lengths = next(iter(images.values())).rows.lengths
    for start, end in pairwise([0, *(np.flatnonzero(np.diff(lengths)) + 1), len(lengths)]):
        yield {role: each.batch(int(start), int(end)) for role, each in images.items()}


def _written(value: Value) -> str:
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value).lower()


def prepare(
    loss: Loss,
    given: Mapping[str, object],
    *,
    like: str | None = None,
    twin: Twin | None = None,
    by_unit: bool = False,
) -> Computation:
    """Set all options: those given, then those of the framework to be like, then the defaults.

    Args:
        loss: the loss to compute.
        given: options and conventions by name.
        like: a framework whose conventions hold.
        twin: the very twin whose conventions hold.
        by_unit: whether rows have been grouped.

    Raises:
        UsageError: an option does not exist, is out of range, or does not go with another.

    >>> from lossctl.catalogue.names import find
    >>> prepare(find("huber")[0], {"delta": 2}).options
    {'delta': 2.0}
    """
    given = {name: value for name, value in given.items() if value is not None}
    conventions = {
        name: each.checked(given.pop(name)) for name, each in CONVENTIONS.items() if name in given
    }
    options = loss.checked(given)
    if like is not None:
        twin = twin_like(loss, like, {**options, **conventions}, given.keys() | conventions.keys())
    sets: dict[str, Value] = {}
    if twin is not None:
        twin = _namesake(loss, twin, {**given, **conventions})
        sets = {**twin.needs, **twin.sets}
    defaults = {name: each.default for name, each in CONVENTIONS.items()}
    conventions = {name: conventions.get(name, sets.get(name, defaults[name])) for name in defaults}
    options |= {
        name: value for name, value in sets.items() if name in options and name not in given
    }
    kinds = _kinds(loss, options, twin)
    by_unit = by_unit and loss.terms.of != "unit"  # others have no need of being grouped
    computation = Computation(loss, options, conventions, kinds, twin, by_unit)
    _refuse_nonsense(computation)
    return computation


def twin_like(loss: Loss, framework: str, options: Mapping[str, Value], given: set[str]) -> Twin:
    """Choose the framework's twin that goes with the options; the closest to those given.

    Raises:
        UsageError: the framework has no such loss, or none with these options.
    """
    frameworks = list(dict.fromkeys(twin.framework for twin in loss.twins))
    of_framework = [twin for twin in loss.twins if twin.framework == framework]
    if not of_framework:
        there = ", ".join(frameworks) or "none"
        raise UsageError(f"{framework} has no {loss.name}", f"frameworks that have it: {there}")
    defaults = {name: each.default for name, each in CONVENTIONS.items()} | dict(options)
    fitting = [
        twin
        for twin in of_framework
        if all(defaults[name] == value for name, value in twin.needs.items())
    ]
    if not fitting:
        needs = " or ".join(_needs(twin) for twin in of_framework)
        raise UsageError(f"{framework} has {loss.name} only with {needs}")
    return max(fitting, key=lambda twin: len(given & twin.needs.keys()))


def _needs(twin: Twin) -> str:
    return " ".join(flag(name, value) for name, value in twin.needs.items())


def _namesake(loss: Loss, twin: Twin, given: Mapping[str, object]) -> Twin:
    """Return the twin, or one of the same name in the framework that goes with what was given."""
    same = [each for each in loss.twins if {each.name, *each.names} & {twin.name, *twin.names}]
    for each in [twin, *same]:
        if all(given.get(name, value) == value for name, value in each.needs.items()):
            return each
    name, value = next((n, v) for n, v in twin.needs.items() if given.get(n, v) != v)
    raise UsageError(
        f"{twin.name} means {flag(name, value)}, not {flag(name, given[name])}",  # type: ignore[arg-type]
        "use the loss's own name to set it freely",
    )


def _kinds(loss: Loss, options: Mapping[str, Value], twin: Twin | None) -> Mapping[str, Kind]:
    kinds = dict(loss.roles)
    for each in loss.settings.values():
        if is_on(options[each.name]):
            kinds |= each.option.turns
    kinds |= dict(twin.kinds) if twin else {}
    return {
        role: kind.configured({n: options[n] for n in field_settings(kind) if n in options})
        for role, kind in kinds.items()
    }


def _refuse_nonsense(computation: Computation) -> None:
    loss, conventions, twin = computation.loss, computation.conventions, computation.twin
    if conventions["per"] == "element" and not loss.terms.elements:
        unit = "unit" if loss.terms.of == "unit" else "row"
        raise UsageError(f"{loss.name} has one term a {unit}: per element makes no sense")
    if loss.value is not None and computation.reduction == "sum" and not computation.by_unit:
        raise UsageError(f"{loss.name} is not a mean of terms, so it has no sum")
    if loss.value is not None and conventions["divide_by"] == "units":
        raise UsageError(f"{loss.name} is not a mean of terms: nothing is divided by units")
    if twin is not None and computation.reduction not in twin.spelling:
        has = ", ".join(twin.spelling)
        raise UsageError(
            f"{twin.name} has no reduction {quote(str(computation.reduction))}", f"it has: {has}"
        )
