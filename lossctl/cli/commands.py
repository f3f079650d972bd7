"""Commands and groups of commands, whose help and errors are those of lossctl, not of Typer."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from lossctl.cli.parameters import Bundle, quick, unbundled
from lossctl.errors import UsageError, nearest, quote


class _Shared:
    """What commands and groups have in common."""

    examples: Sequence[tuple[str, str]] = ()
    """What each example of its help does, and the command."""

    def get_params(self, ctx: Any) -> Any:  # noqa: ANN401
        """Return the parameters, those that help adds among them."""
        parameters = super().get_params(ctx)  # type: ignore[misc]
        for parameter in parameters:
            if not isinstance(parameter.process_value, partial):
                parameter.process_value = partial(quick, parameter, parameter.process_value)
        return parameters

    def get_help(self, ctx: Any) -> str:  # noqa: ANN401
        """Lay the help out for the terminal."""
        from lossctl.cli.help_page import drawn  # noqa: PLC0415  # only for who asks for help
        from lossctl.cli.screen import width  # noqa: PLC0415

        return drawn(self.help_page(ctx), width())

    def help_page(self, ctx: Any) -> Any:  # noqa: ANN401
        """Say what the help says."""
        from lossctl.cli.help_page import page  # noqa: PLC0415

        return page(
            ctx.command_path,
            str(self.help),  # type: ignore[attr-defined]
            parameters=self.get_params(ctx),
            examples=self.examples_of(ctx),
        )

    def examples_of(self, ctx: Any) -> Sequence[tuple[str, str]]:  # noqa: ANN401
        """Return its examples: its own, or those of the command of its name."""
        from lossctl.cli.examples import EXAMPLES  # noqa: PLC0415

        return self.examples or EXAMPLES[ctx.command_path]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401
        """Read the arguments.

        Raises:
            UsageError: an option is unknown, or its value is missing.
        """
        words = [*args]  # Typer empties the list as it reads
        try:
            return super().parse_args(ctx, args)  # type: ignore[misc]
        except typer.TyperException as error:
            if not hasattr(error, "option_name"):
                raise
            raise self.misused(ctx, error.option_name, words) from None

    def missing(self, ctx: Any, parameter: Any) -> UsageError:  # noqa: ANN401
        """Make the error for an argument that is not given."""
        from lossctl.cli.help_page import value_name  # noqa: PLC0415

        (_, command), *_ = self.examples_of(ctx)
        return UsageError(f"missing argument {value_name(parameter)}", command)

    def misused(self, ctx: Any, name: str, args: Sequence[str]) -> UsageError:  # noqa: ANN401, ARG002
        """Make the error for an option that is unknown, or whose value is missing or too much."""
        options = {flag: option for option in self.get_params(ctx) for flag in _flags(option)}
        help_command = f"{ctx.command_path} --help"
        if name in options and options[name].is_flag:
            return UsageError(f"{name} takes no value", name)
        if name in options:
            return UsageError(f"{name} needs a value", help_command)
        close = nearest(name, list(options)) if name.startswith("--") else []
        if close:
            return UsageError.unknown("option", name, close)
        return UsageError(f"unknown option {quote(name)}", help_command)


class Command(_Shared, TyperCommand):
    """A command."""

    allow_extra_args = True  # `parse_args` refuses them, with an error of ours

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401
        """Read the arguments.

        Raises:
            UsageError: they are not those of the command.
        """
        rest = super().parse_args(ctx, args)
        if rest and not ctx.resilient_parsing:
            raise UsageError(f"unexpected argument {quote(rest[0])}", f"{ctx.command_path} --help")
        return rest


class Group(_Shared, TyperGroup):
    """A group of commands."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401
        """Read the options before the name of a command; if there is none, show the help.

        Raises:
            UsageError: an option is unknown.
        """
        rest = super().parse_args(ctx, args)
        if not ctx._protected_args and not ctx.resilient_parsing:  # noqa: SLF001
            typer.echo(self.get_help(ctx), color=ctx.color)
            raise typer.Exit(UsageError.exit_code)
        return rest

    def help_page(self, ctx: Any) -> Any:  # noqa: ANN401
        """Say what the help says: first of all, the commands."""
        from lossctl.cli.help_page import page  # noqa: PLC0415

        return page(
            ctx.command_path,
            str(self.help),
            commands=[(name, _summary(command)) for name, command in self.commands.items()],
            parameters=self.get_params(ctx),
            examples=self.examples_of(ctx),
        )

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401
        """Find the command that the first argument names.

        Raises:
            UsageError: there is none.
        """
        name, *rest = args
        command = self.get_command(ctx, name)
        if command is None and not ctx.resilient_parsing:
            raise self.unknown(ctx, name, rest)
        return name if command else None, command, rest

    def unknown(self, ctx: Any, name: str, rest: Sequence[str]) -> UsageError:  # noqa: ANN401
        """Make the error for a command that does not exist, with the one that was meant."""
        close = nearest(name, self.list_commands(ctx))
        words = [*close[:1], *rest] if close else ["--help"]
        return UsageError(
            f"unknown command {quote(name)}", f"{ctx.command_path} {shlex.join(words)}"
        )


def command_of(
    function: Callable[..., Any],
    name: str,
    *,
    help: str | None = None,  # noqa: A002
    examples: Sequence[tuple[str, str]] = (),
    **bundles: Bundle,
) -> Command:
    """Make a command of a function: its parameters are the command's, its docstring the help.

    Args:
        function: the function. A parameter whose type is a dataclass means its fields.
        name: the name of the command.
        help: the help, if it is not the docstring.
        examples: what each example does, and its command.
        bundles: what a parameter of the function consists of, by its name.
    """
    parameters, call = unbundled(function, bundles)
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {one.name: one.annotation for one in parameters}
    app = typer.Typer(add_completion=False)
    app.command(name, cls=Command, help=help or inspect.getdoc(function))(call)
    command: Any = typer.main.get_command(app)
    command.examples = examples
    return command


def _summary(command: Any) -> str:  # noqa: ANN401
    return str(command.help).partition("\n\n")[0]


def _flags(parameter: Any) -> list[str]:  # noqa: ANN401
    if parameter.param_type_name != "option" or parameter.hidden:
        return []
    return [*parameter.opts, *parameter.secondary_opts]
