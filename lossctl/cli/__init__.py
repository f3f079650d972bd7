"""The command line: one module a command, and the one place where errors become exit codes."""

from __future__ import annotations

import contextlib
import sys
import traceback
import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any

import typer

from lossctl.cli import process
from lossctl.cli.parameters import Command, Group
from lossctl.errors import LossctlError, PluginSkipped, UsageError, visible
from lossctl.version import __version__

BUG = 70
INTERRUPTED = 130


COMMANDS = {
    "compute": "Compute a loss of prediction and target files.",
    "recommend": "Recommend losses for a problem, with the reasons.",
    "inspect": "Say what predictions and targets tell of the problem, and how sure that is.",
    "list": "List the losses, with their other names and the frameworks that have them.",
    "show": "Explain a loss: formula, roles, options, and the same in other frameworks.",
    "rules": "List, explain and check the rules behind recommend.",
}
"""The commands, in the order in which a user meets them, with what --help says of each."""

MODULES = {"list": "catalogue"}
"""Modules that are not called as their command is."""


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
        """Have a stand-in for each."""
        super().__init__(**settings)
        self.commands = {name: Later(name, help=said) for name, said in COMMANDS.items()}


app = typer.Typer(
    name="lossctl",
    cls=Commands,
    help="Compute machine-learning losses from files, exactly, be advised which one fits, and gate "
    "on them.",
    epilog=(
        "Exit codes: 0 done, 1 a check failed or no loss is left, 2 wrong usage, 3 unusable data, "
        "70 a bug in lossctl."
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
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
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback where lossctl itself fails.")
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
        warnings.showwarning = _note  # type: ignore[assignment]
        return _run(arguments)


def _run(arguments: Sequence[str]) -> int:
    try:
        app(args=arguments, prog_name="lossctl")
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 0
    except LossctlError as error:
        _tell(visible_lines(error.message), visible_lines(error.hint))
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001  # whatever it is, the user gets one line and a code
        return _failed(error, arguments)
    return 0


def _note(message: Warning | str, *_: object) -> None:
    """Show a warning as the note that it is to people."""
    with contextlib.suppress(OSError):
        typer.echo(f"note: {visible(str(message))}", err=True)


def _failed(error: Exception, arguments: Sequence[str]) -> int:
    """Say what nothing else has caught; return its exit code."""
    if isinstance(error, OSError) and error.filename is None:  # files are named where they are read
        _tell(f"the output cannot be written: {error.strerror}")
        return UsageError.exit_code
    if arguments[:1] == ["--debug"]:
        traceback.print_exc()
    what = f"{type(error).__name__}: {visible(str(error))}"
    _tell(
        f"this is a bug in lossctl {__version__}: {what}",
        "lossctl --debug … and report what it prints",
    )
    return BUG


def _tell(message: str, hint: str = "") -> None:
    """Tell what is wrong; the exit code says it even where nothing can be written."""
    with contextlib.suppress(OSError):
        typer.echo(f"error: {message}", err=True)
        if hint:
            typer.echo(f"  try: {hint}", err=True)


def visible_lines(text: str) -> str:
    """Make all but line ends visible; further lines are indented."""
    return "\n  ".join(visible(line) for line in text.split("\n"))


def entry() -> None:
    """Start from the shell."""
    process.start()
    sys.exit(main())
