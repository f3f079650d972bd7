"""What a loss is: a pure function from arrays to terms, and the mark that says the rest.

The signature is the specification. Positional parameters are the roles, in the order in which the
command line takes files; keyword-only ones are the options; the return annotation tells what one
term stands for. A loss that is not the mean of its terms has a value as well: a function of the
sums, or a frozen dataclass with such a `__call__`, whose fields are further options. The mark holds
only what code cannot say.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from types import UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    TypeAlias,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from lossctl.block import Array, Mask
from lossctl.catalogue.kinds import Kind
from lossctl.catalogue.options import Option, Setting, Value, setting
from lossctl.errors import UsageError

Function = TypeVar("Function", bound=Callable[..., Any])
ValueOf: TypeAlias = Callable[[Array, Array], Array]
"""`value(sums, weight)`, with arrays `(slices, terms)` and `(slices,)`, makes the numbers."""


@dataclass(frozen=True)
class Terms:
    """What each number that a loss returns is for, and how columns become the term of a row.

    `columns` tells how the columns of a row make its one term: "mean", "sum", or "" if they are the
    several terms of a unit, whose sums the loss's own `value` combines. `of` tells whether there is
    one term per row, one per whole unit (a sentence, an image, a sample), or one array per role,
    whose means are added up.
    """

    elements: bool
    columns: str
    of: Literal["row", "unit", "role"] = "row"


MeanOfColumns: TypeAlias = Annotated[Array, Terms(elements=True, columns="mean")]
SumOfColumns: TypeAlias = Annotated[Array, Terms(elements=True, columns="sum")]
PerRow: TypeAlias = Annotated[Array, Terms(elements=False, columns="sum")]
SeveralTerms: TypeAlias = Annotated[Array, Terms(elements=False, columns="")]
PerUnit: TypeAlias = Annotated[Array, Terms(elements=False, columns="sum", of="unit")]
SeveralPerUnit: TypeAlias = Annotated[Array, Terms(elements=False, columns="", of="unit")]
PerRole: TypeAlias = Annotated[tuple[Array, ...], Terms(elements=False, columns="sum", of="role")]

METHODS = {"mean": ".mean()", "sum": ".sum()", "none": ""}
"""The reductions of a twin whose code makes an array."""

REDUCTIONS = {
    "torch": {"mean": '"mean"', "sum": '"sum"', "none": '"none"'},
    "keras": {"mean": '"sum_over_batch_size"', "sum": '"sum"', "none": "None"},
    "optax": METHODS,
    "sklearn": {"mean": ""},
    "scipy": {"mean": ""},
}
"""How each framework spells a reduction, where its twins say nothing else."""


PRECISION = {
    "keras": "Keras itself computes in float32 wherever types meet, to about 7 digits of this",
}
"""What a framework does to all its numbers; the formulas are compared without it."""


@dataclass(frozen=True)
class Twin:
    """The same loss in a framework, as code that runs there, and what makes it the same.

    In `code`, `{delta}` is replaced by the option delta, `{reduction}` by the framework's word for
    the reduction, and `{weight}` by the text in `weight` if rows are weighted.

    Args:
        framework: torch, keras, optax, sklearn, scipy, statsmodels or torchvision.
        code: an expression over the names of the roles, and `weight`.
        sets: the framework's conventions, as values of the loss's options and of `per` and
            `divide_by`.
        needs: option values without which there is no such twin.
        refuses: option values that the framework does not accept, each with one that it does, which
            stands in for it where the code is shown.
        weight: the argument that carries the weights; empty where the framework takes none.
        reductions: the framework's words for mean, sum and none; it has no others.
        kinds: what the framework accepts in a role, where that is less than the loss does.
        names: further names of the framework for the same thing.
        named: whether the framework's names lead to this loss; off where they mean another one.
        tolerance: relative difference up to which the two agree.
        note: why they do not agree better, or what else there is to know.
    """

    framework: str
    code: str
    sets: Mapping[str, Value] = field(default_factory=dict)
    needs: Mapping[str, Value] = field(default_factory=dict)
    refuses: Mapping[str, Mapping[Value, Value]] = field(default_factory=dict)
    weight: str = ""
    reductions: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    named: bool = True
    tolerance: float = 1e-12
    note: str = ""

    @property
    def name(self) -> str:
        """The framework's name for the loss: `torch.nn.HuberLoss`."""
        found = re.match(r"[A-Za-z_][\w.]*", self.code)
        return found.group() if found else self.code

    @property
    def all_names(self) -> tuple[str, ...]:
        """The names that lead to this loss."""
        return (self.name, *self.names) if self.named else self.names

    @property
    def spelling(self) -> Mapping[str, str]:
        """The framework's words for the reductions that it has."""
        return self.reductions or REDUCTIONS[self.framework]

    def accepted(self, options: Mapping[str, Value]) -> dict[str, Value]:
        """Return options with which the code is the loss, and runs: those given, if it may be."""
        needed = {**options, **self.needs}
        return {name: self.refuses.get(name, {}).get(needed[name], needed[name]) for name in needed}

    def filled(self, options: Mapping[str, Value], reduction: str, *, weighted: bool) -> str:
        """Return the code with the options filled in."""
        words = {name: repr(value) for name, value in options.items()}
        words |= {"reduction": self.spelling[reduction], "weight": self.weight if weighted else ""}
        return re.sub(r"\{(\w+)\}", lambda found: words[found.group(1)], self.code)


@dataclass(frozen=True)
class DataNote:
    """Something that a reader of the number should know, counted while it is computed.

    With a share it is a doubt: it speaks of all data at once, not of single units, and is told only
    where at least so much of them is marked. Then `of_units` gets the plain rows of all roles, also
    where the loss takes whole units, and marks these rows, or the elements of them.

    Args:
        name: the note's name in JSON.
        message: what the counted units have in common: "both masks are empty".
        of_units: marks units, `of_units(arrays..., **options)`, as the loss's function is called,
            with those of the loss's options that it declares.
        of_sums: marks results, `of_sums(value, sums)` with `(slices, terms)`; the value is the
            loss's own, with its options set, so this is usually one of its methods.
        share: the share of what is marked from which on the remark is told; 1 is all, 0 any.
        witnesses: functions like `of_units`; the remark is told only where each marks something.
    """

    name: str
    message: str
    of_units: Callable[..., Mask] | None = None
    of_sums: Callable[[Any, Array], Mask] | None = None
    share: float = 0.0
    witnesses: tuple[Callable[..., Mask], ...] = ()


@dataclass(frozen=True)
class Loss:
    """A loss of the catalogue: its function, and all that can be read off it."""

    function: Callable[..., Any]
    aliases: tuple[str, ...] = ()
    twins: tuple[Twin, ...] = ()
    value: ValueOf | None = None
    optimum: float | None = 0.0
    data_notes: tuple[DataNote, ...] = ()
    report_also: str = ""

    @property
    def name(self) -> str:
        """The function's name."""
        return self.function.__name__

    @property
    def family(self) -> str:
        """The name of the module that holds the function, or of the package of such modules."""
        _, families, name = self.function.__module__.rpartition(".families.")
        return name.partition(".")[0] if families else name.rpartition(".")[2]

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    @cached_property
    def sections(self) -> Mapping[str, str]:
        """The parts of the docstring by heading: Helps, Hurts, Formula, Domain, Example, …."""
        found: dict[str, list[str]] = {}
        lines: list[str] = []
        for line in (inspect.getdoc(self.function) or "").splitlines():
            heading = re.fullmatch(r"([A-Z][a-z]+):", line)
            if heading:
                lines = found.setdefault(heading.group(1), [])
            else:
                lines.append(line)
        return {heading: inspect.cleandoc("\n".join(text)) for heading, text in found.items()}

    @cached_property
    def roles(self) -> Mapping[str, Kind]:
        """The kind of each role, in the order of the files."""
        return {
            name: _kind(self._hints[name])
            for name, parameter in inspect.signature(self.function).parameters.items()
            if parameter.kind is not inspect.Parameter.KEYWORD_ONLY
        }

    @cached_property
    def optional(self) -> frozenset[str]:
        """The roles that may be left out."""
        parameters = inspect.signature(self.function).parameters
        return frozenset(role for role in self.roles if parameters[role].default is None)

    @cached_property
    def terms(self) -> Terms:
        """What the returned numbers are one for."""
        return next(mark for mark in get_args(self._hints["return"]) if isinstance(mark, Terms))

    @cached_property
    def settings(self) -> Mapping[str, Setting]:
        """The options of the value, then those of the function, then those of its kinds."""
        of_function = (
            setting(name, self._hints[name], parameter.default)
            for name, parameter in inspect.signature(self.function).parameters.items()
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY
        )
        settings = dict(field_settings(self.value))
        settings |= {option.name: option for option in of_function if option is not None}
        for kind in self.roles.values():
            settings |= field_settings(kind)
        return settings

    @cached_property
    def _hints(self) -> Mapping[str, Any]:
        return get_type_hints(self.function, include_extras=True)

    def checked(self, given: Mapping[str, object]) -> dict[str, Value]:
        """Return all options: those given, checked, and the defaults of the others.

        Raises:
            UsageError: there is no such option, or its value is out of range.
        """
        for name in given:
            if name not in self.settings:
                raise UsageError.unknown("option", name, self.settings, self.name)
        return {
            name: each.checked(given[name]) if name in given else each.default
            for name, each in self.settings.items()
        }


def _kind(hint: Any) -> Kind:  # noqa: ANN401
    """Read the kind off a role's annotation; one that may be left out is a union with None."""
    parts = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    marks = [mark for part in parts for mark in get_args(part) if isinstance(mark, Kind)]
    # The last mark counts, so that Annotated[Values, RATE] is narrower than Values.
    return marks[-1]


@dataclass(frozen=True)
class Choice:
    """One name in use for several losses; the shapes of the data choose the first that fits."""

    name: str
    summary: str
    of: tuple[Loss, ...]
    aliases: tuple[str, ...] = ()

    @property
    def family(self) -> str:
        """The family of the losses."""
        return self.of[0].family

    @property
    def roles(self) -> Mapping[str, Kind]:
        """The roles, which all of the losses share."""
        return self.of[0].roles

    @property
    def settings(self) -> Mapping[str, Setting]:
        """The options that all of the losses share."""
        first, *others = self.of
        return {
            name: each
            for name, each in first.settings.items()
            if all(name in other.settings for other in others)
        }

    def fitting(self, widths: Mapping[str, int]) -> Loss:
        """Choose by the number of columns of each role.

        Raises:
            UsageError: no loss takes such data.
        """
        for each in self.of:
            if all(kind.fits(widths[role]) for role, kind in each.roles.items()):
                return each
        names = ", ".join(each.name for each in self.of)
        raise UsageError(f"no loss that {self.name} stands for has such shapes: {names}")


@cache
def field_settings(owner: Kind | ValueOf | None) -> Mapping[str, Setting]:
    """Read the options of a kind or a value off its fields, its own before those it inherits.

    What has no such fields, as a function, has no options.
    """
    hints = get_type_hints(type(owner), include_extras=True)
    names = (name for part in type(owner).__mro__ for name in inspect.get_annotations(part))
    options = (
        setting(name, hints[name], getattr(owner, name, None)) for name in dict.fromkeys(names)
    )
    return {option.name: option for option in options if option is not None}


def loss(
    *,
    aliases: tuple[str, ...] = (),
    twins: tuple[Twin, ...] = (),
    value: ValueOf | None = None,
    optimum: float | None = 0.0,
    data_notes: tuple[DataNote, ...] = (),
    report_also: str = "",
) -> Callable[[Function], Function]:
    """Mark a function as a loss; the catalogue finds it by the mark.

    Args:
        aliases: other names in use.
        twins: the same loss in frameworks.
        value: how the sums of several terms make the number: a function, or a frozen dataclass with
            the options that this step has, and their defaults; the mean where it is left out.
        optimum: the value at a perfect prediction; None where that depends on the target.
        data_notes: what is to be counted and noted.
        report_also: the option whose other choices make numbers that are noted beside the result.
    """

    def mark(function: Function) -> Function:
        function.loss = Loss(  # type: ignore[attr-defined]
            function, aliases, twins, value, optimum, data_notes, report_also
        )
        return function

    return mark


__all__ = [
    "METHODS",
    "REDUCTIONS",
    "Choice",
    "DataNote",
    "Loss",
    "MeanOfColumns",
    "Option",
    "PerRole",
    "PerRow",
    "PerUnit",
    "SeveralPerUnit",
    "SeveralTerms",
    "SumOfColumns",
    "Terms",
    "Twin",
    "ValueOf",
    "field_settings",
    "loss",
]
