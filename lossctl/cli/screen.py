"""What is written for people: how wide, in colour or not, and messages on standard error."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from typing import TextIO

import typer

from lossctl.errors import visible

NARROWEST = 32
"""Lines are at least this long, however narrow the terminal."""


def width() -> int:
    """Return the width of lines: that of the terminal, but never too long to be read well."""
    from lossctl.render.layout import MEASURE, WIDTH  # noqa: PLC0415  # only for who asks for help

    columns = shutil.get_terminal_size((WIDTH, 0)).columns
    return min(max(columns, NARROWEST), MEASURE)


def coloured(stream: TextIO) -> bool:
    """Tell whether to write in colour: on a terminal, unless the environment says otherwise."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def heading(text: str) -> str:
    """Style the heading of a section."""
    return typer.style(text, bold=True)


def code(text: str) -> str:
    """Style something that can be typed."""
    return typer.style(text, fg="cyan")


def faint(text: str) -> str:
    """Style what matters least."""
    return typer.style(text, dim=True)


def error(message: str, hint: str = "") -> None:
    """Write what is wrong, and on a second line what to try.

    The exit code tells programs, even where nothing can be written.
    """
    mark = typer.style("error:", fg="red", bold=True)
    with contextlib.suppress(OSError):
        _write(f"{mark} {_visible_lines(message)}")
        if hint.startswith("did you mean"):
            _write(f"  {_visible_lines(hint)}")
        elif hint:
            _write(f"  {typer.style('try:', bold=True)} {_visible_lines(hint)}")


def failure(message: str) -> None:
    """Write which check failed."""
    _write(f"{typer.style('failed:', fg='red', bold=True)} {message}")


def message(text: str) -> None:
    """Write something to people that is no part of the result."""
    _write(visible(text))


def note(text: str) -> None:
    """Write something that a reader of the result should know."""
    with contextlib.suppress(OSError):
        _write(f"{typer.style('note:', bold=True)} {visible(text)}")


def _write(line: str) -> None:
    typer.echo(line, err=True, color=coloured(sys.stderr))


def _visible_lines(text: str) -> str:
    """Show all invisible characters but line ends; further lines are indented."""
    return "\n  ".join(visible(line) for line in text.split("\n"))
