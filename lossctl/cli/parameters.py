"""Commands that take plain text as it is, without the library that Typer checks types with.

Typer hands every value, even one that was not given, to pydantic, and importing that takes longer
than all the rest of a short command. Text needs no check, and a word of a choice is checked by
looking it up; whatever else there is goes Typer's way, with Typer's messages.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

PLAIN = (str, list[str])


def _process(parameter: Any, checked: Callable[..., Any], ctx: Any, value: Any) -> Any:  # noqa: ANN401
    """Do what `process_value` does, without the check that text does not need."""
    kind = parameter.type_descriptor
    several = parameter.multiple or parameter.nargs == -1
    if value is None and several:
        value = ()
    choices = kind.choices or ()
    known = value in (None, (), parameter.default)
    if value in choices:
        value = choices[choices.index(value)]  # the member, where it is an enumeration
    elif not known and kind.annotation not in PLAIN:
        return checked(ctx, value)
    if parameter.required and parameter.value_is_missing(value):
        return checked(ctx, value)  # which says so
    return parameter.callback(ctx, parameter, value) if parameter.callback else value


class _Quick:
    def get_params(self, ctx: Any) -> Any:  # noqa: ANN401
        """Return the parameters, those that help adds among them."""
        parameters = super().get_params(ctx)  # type: ignore[misc]
        for each in parameters:
            if not isinstance(each.process_value, partial):
                each.process_value = partial(_process, each, each.process_value)
        return parameters


class Command(_Quick, TyperCommand):
    """A command whose parameters are checked as lightly as they can be."""


class Group(_Quick, TyperGroup):
    """A group of commands, likewise."""


def command_of(function: Callable[..., Any], name: str, **settings: Any) -> Any:  # noqa: ANN401
    """Make a command of a function: its parameters are the command's, its docstring the help."""
    single = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
    single.command(name, cls=Command, **settings)(function)
    return typer.main.get_command(single)
