"""The parameters of commands: several as one value of a function, and the values that they take.

Typer hands every value, even one that was not given, to pydantic, and importing that takes longer
than all the rest of a short command. Text needs no check, and integers and choices are checked
here, with messages in the manner of all others; any other type goes Typer's way.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from lossctl.catalogue.options import Interval
from lossctl.errors import UsageError, alternatives, quote

PLAIN = (str, list[str], bool)


@dataclass(frozen=True)
class Bundle:
    """Several parameters of a command that its function takes as one value.

    Args:
        parameters: the parameters.
        value: makes the one value of theirs, which it gets by name.
    """

    parameters: Sequence[inspect.Parameter]
    value: Callable[..., Any]


class Only(tuple[str, ...]):
    """The names of the fields of a class of options that a command has; others keep defaults."""

    __slots__ = ()


def optional(name: str, kind: Any, information: Any) -> inspect.Parameter:  # noqa: ANN401
    """Make an option that may be left out, from its type and Typer's description of it."""
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[kind | None, information],
    )


def unbundled(
    function: Callable[..., Any], bundles: Mapping[str, Bundle]
) -> tuple[list[inspect.Parameter], Callable[..., Any]]:
    """Return the parameters of a command, and a function of them that calls the given one.

    Args:
        function: the function of the command. A parameter whose type is a dataclass
            means all fields of that class.
        bundles: what other parameters of the function consist of, by name.
    """
    parameters: list[inspect.Parameter] = []
    parts: dict[str, tuple[str, Bundle]] = {}
    for name, parameter in inspect.signature(function, eval_str=True).parameters.items():
        # A loss or a fact may have an option that is called as one of the command is.
        prefix = f"{name}_" if name in bundles else ""
        bundle = bundles.get(name) or _fields(parameter.annotation)
        if bundle is None:
            parameters.append(parameter)
        else:
            parts[name] = prefix, bundle
            parameters += [one.replace(name=prefix + one.name) for one in bundle.parameters]

    def call(**values: Any) -> Any:  # noqa: ANN401
        for name, (prefix, bundle) in parts.items():
            own = {one.name: values.pop(prefix + one.name) for one in bundle.parameters}
            values[name] = bundle.value(**own)
        return function(**values)

    return parameters, call


def _fields(annotation: Any) -> Bundle | None:  # noqa: ANN401
    """Bundle the fields of a dataclass, or only those that a mark names; None for other types."""
    options, *marks = get_args(annotation) if get_origin(annotation) is Annotated else [annotation]
    if not is_dataclass(options):
        return None
    hints = get_type_hints(options, include_extras=True)
    chosen = next((mark for mark in marks if isinstance(mark, Only)), hints)
    parameters = [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=field.default,
            annotation=hints[field.name],
        )
        for field in fields(options)
        if field.name in chosen
    ]
    return Bundle(parameters, options)  # type: ignore[arg-type]


def quick(parameter: Any, checked: Callable[..., Any], ctx: Any, value: Any) -> Any:  # noqa: ANN401
    """Do what Typer's `process_value` does, without loading a library for it.

    Args:
        parameter: the parameter, as Typer keeps it.
        checked: its own `process_value`.
        ctx: the context of the command.
        value: what was given; the default, where nothing was.

    Raises:
        UsageError: it is no value of the parameter's type, or a required one is missing.
    """
    if value is None and (parameter.multiple or parameter.nargs == -1):
        value = ()
    if value not in (None, (), parameter.default):
        kind = parameter.type_descriptor
        if kind.choices:
            value = _choice(parameter, kind.choices, value)
        elif kind.annotation is int:
            value = _integer(parameter, value)
        elif kind.annotation not in PLAIN:
            return checked(ctx, value)
    if parameter.required and parameter.value_is_missing(value):
        raise ctx.command.missing(ctx, parameter)
    return parameter.callback(ctx, parameter, value) if parameter.callback else value


def _choice(parameter: Any, choices: Sequence[Any], value: str) -> Any:  # noqa: ANN401
    if value not in choices:
        words = alternatives(map(str, choices))
        raise UsageError(f"{parameter.opts[0]} must be {words}, not {quote(value)}")
    return choices[choices.index(value)]  # the member, where they are an enumeration


def _integer(parameter: Any, text: str) -> int:  # noqa: ANN401
    low, high = parameter.min, parameter.max
    within = Interval(
        at_least=-math.inf if low is None else low, at_most=math.inf if high is None else high
    )
    if not re.fullmatch("[+-]?[0-9]{1,18}", text) or int(text) not in within:
        raise UsageError(f"{parameter.opts[0]} must be an integer {within}, not {quote(text)}")
    return int(text)
