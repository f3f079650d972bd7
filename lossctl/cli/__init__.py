"""The command line: one module a command, and the one place where errors become exit codes."""

from __future__ import annotations

import shlex
import sys
import traceback
import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any

import typer

from lossctl.cli import process, screen
from lossctl.cli.commands import Command, Group
from lossctl.errors import LossctlError, PluginSkipped, UsageError, nearest, quote, visible
from lossctl.version import __version__

BUG = 70
INTERRUPTED = 130

COMMANDS = {
    "compute": "Compute a loss from prediction and target files.",
    "recommend": "Recommend losses for a problem, with the reasons.",
    "inspect": "Infer facts about the problem from predictions and targets, with a confidence for "
    "each.",
    "list": "List all losses by family, with a summary of each.",
    "show": "Explain a loss: formula, inputs, options, and its equivalents in other frameworks.",
    "rules": "List, explain and check the rules behind recommend.",
}
"""The commands, in the order in which a user meets them, with their summaries in --help."""

HELP = "help"
"""The command that shows the help of another."""

MODULES = {"list": "catalogue"}
"""Modules that are not called as their command is."""

EXIT_CODES = {
    "0": "Success.",
    "1": "A check failed, or no loss is left to recommend.",
    "2": "Wrong usage.",
    "3": "Unusable data.",
    str(BUG): "A bug in lossctl.",
    str(INTERRUPTED): "Interrupted.",
}


class Later(Command):
    """Stands for a command until it is called, and only then loads its module."""

    def make_context(self, info_name: Any, args: Any, parent: Any = None, **extra: Any) -> Any:  # noqa: ANN401
        """Hand over to the command."""
        name = str(self.name)
        module = import_module(f"lossctl.cli.{MODULES.get(name, name)}")
        return module.command().make_context(info_name, args, parent=parent, **extra)


class Commands(Group):
    """All commands."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401
        """Make a stand-in for each."""
        super().__init__(**settings)
        self.commands = {name: Later(name, help=text) for name, text in COMMANDS.items()}
        self.commands[HELP] = Command(HELP, help="Show the help of a command.")

    def help_page(self, ctx: Any) -> Any:  # noqa: ANN401
        """Say what the help says, and what the exit codes mean."""
        from dataclasses import replace  # noqa: PLC0415

        from lossctl.cli.help_page import Row, Section  # noqa: PLC0415

        page = super().help_page(ctx)
        codes = Section("Exit codes", tuple(Row(code, text) for code, text in EXIT_CODES.items()))
        return replace(page, sections=[*page.sections, codes])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401
        """Find the command; `help COMMAND` is the same as `COMMAND --help`.

        Raises:
            UsageError: there is none.
        """
        if args[0] != HELP:
            return super().resolve_command(ctx, args)
        if ctx.resilient_parsing:  # the shell asks what the help can be of
            return HELP, self, args[1:]
        if args[1:2] in ([], ["-h"], ["--help"]):
            typer.echo(ctx.get_help(), color=ctx.color)
            raise typer.Exit
        return super().resolve_command(ctx, [*args[1:], "--help"])

    def unknown(self, ctx: Any, name: str, rest: Sequence[str]) -> UsageError:  # noqa: ANN401
        """Make the error for what is no command, but perhaps a loss or a score."""
        from lossctl.catalogue.names import UnknownLoss, look_up  # noqa: PLC0415
        from lossctl.catalogue.scores import find_score  # noqa: PLC0415
        from lossctl.cli.losses import unknown_loss  # noqa: PLC0415

        command = f"{ctx.command_path} {'compute' if rest else 'show'}"
        try:
            look_up(name)
        except UnknownLoss as no_loss:
            error = super().unknown(ctx, name, rest)
            if find_score(name):
                return unknown_loss(name, command, rest)
            if no_loss.instead and not nearest(name, list(self.commands)):
                return UsageError(error.message, unknown_loss(name, command, rest).hint)
            return error
        words = shlex.join([name, *rest])
        return UsageError(f"{quote(name)} is a loss, not a command", f"{command} {words}")


app = typer.Typer(
    name="lossctl",
    cls=Commands,
    help="Compute machine-learning losses from files, get advice on which to use, and gate CI on "
    "the result.",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lossctl {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", "-V", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show a traceback if lossctl itself crashes.")
    ] = False,
) -> None:
    del version, debug  # `main` sees --debug in the arguments before Typer reads them


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    0 done, 1 a check failed or no loss is left, 2 wrong usage, 3 unusable data, 70 a bug,
    130 interrupted.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    with warnings.catch_warnings():
        warnings.simplefilter("always", PluginSkipped)
        warnings.showwarning = lambda message, *_, **__: screen.note(str(message))
        return _run(arguments)


def _run(arguments: Sequence[str]) -> int:
    try:
        code = typer.main.get_command(app).main(
            arguments,
            prog_name="lossctl",
            standalone_mode=False,  # errors come here, and are not drawn by Typer
            color=screen.coloured(sys.stdout),
        )
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 0
    except LossctlError as error:
        screen.error(error.message, error.hint)
        return error.exit_code
    except typer.TyperException as error:
        screen.error(error.format_message(), "lossctl --help")
        return UsageError.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001  # whatever it is, the user gets one line and a code
        return _failed(error, arguments)
    return code or 0


def _failed(error: Exception, arguments: Sequence[str]) -> int:
    """Report what nothing else has caught; return its exit code."""
    if isinstance(error, OSError) and error.filename is None:  # files are named where they are read
        screen.error(f"the output cannot be written: {error.strerror}")
        return UsageError.exit_code
    if "--debug" in arguments[:1]:
        traceback.print_exc()
    what = f"{type(error).__name__}: {visible(str(error))}"
    screen.error(
        f"this is a bug in lossctl {__version__}: {what}",
        "lossctl --debug … and report what it prints",
    )
    return BUG


def entry() -> None:
    """Start from the shell."""
    process.start()
    sys.exit(main())
