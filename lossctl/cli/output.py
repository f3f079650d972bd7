"""Where results go: to standard output in one format, and to files, whole or not at all."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Annotated

import typer

from lossctl.errors import LossctlError, UsageError, quote, visible
from lossctl.render import SUFFIXES, Format, render
from lossctl.report import Card, Report

PANEL = "Output"

FormatOption = Annotated[
    Format,
    typer.Option("--format", "-f", help="Format of standard output.", rich_help_panel=PANEL),
]
FilesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help=f"Write to a file as well, in the format of its suffix: .{', .'.join(SUFFIXES)}. "
        "Repeatable.",
        rich_help_panel=PANEL,
    ),
]
DigitsOption = Annotated[
    int,
    typer.Option(
        "--digits",
        min=1,
        max=17,
        help="Significant digits in text and Markdown; all other formats have all.",
        rich_help_panel=PANEL,
    ),
]
QuietOption = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="No notes and no progress.", rich_help_panel=PANEL),
]


def check_files(files: Sequence[str], inputs: Sequence[str]) -> None:
    """Refuse, before any work, files whose format is not known or that are an input.

    Raises:
        UsageError: a file cannot be written to.
    """
    for name in files:
        Format.of_suffix(name)
        path = Path(name)
        for read in inputs:
            if path.exists() and Path(read).exists() and path.samefile(read):
                raise UsageError(f"{quote(name)} is an input", "write to another file")
        if path.is_dir() or not path.absolute().parent.is_dir():
            raise UsageError(f"{quote(name)} cannot be written: there is no such folder")


def emit(
    report: Report, form: Format, files: Sequence[str], digits: int, *, quiet: bool = False
) -> None:
    """Write a report to the files and to standard output, and its notes to standard error."""
    first = _first(report, form, digits)
    for name in files:
        _write(name, render(report, Format.of_suffix(name), digits))
    if not _drawn(report, form, digits):
        for piece in first:
            typer.echo(piece)
    if not quiet and not isinstance(report, Card) and form is not Format.JSON:
        for note in report.notes:
            typer.echo(f"note: {visible(note.message)}", err=True)


def _drawn(report: Report, form: Format, digits: int) -> bool:
    """Draw text on a terminal, if there is one and it is worth it."""
    if form is not Format.TEXT or not sys.stdout.isatty():
        return False
    from lossctl.render.terminal import draw  # noqa: PLC0415  # rich is slow to load

    return draw(report, digits)


def _first(report: Report, form: Format, digits: int) -> Iterator[str]:
    """Start rendering, so that a format that cannot show the report says so before any output."""
    pieces = render(report, form, digits)
    return chain(list(islice(pieces, 1)), pieces)


def _write(name: str, pieces: Iterator[str]) -> None:
    """Write beside the file and rename, so that nobody ever sees half of it."""
    target = Path(os.path.realpath(name))
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=".lossctl-", dir=target.parent)
    except OSError as error:
        raise UsageError(f"{quote(name)} cannot be written: {error.strerror}") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.writelines(f"{piece}\n" for piece in pieces)
        Path(temporary).chmod(_mode(target))
        Path(temporary).replace(target)
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise UsageError(f"{quote(name)} cannot be written: {error.strerror}") from None
    except (LossctlError, KeyboardInterrupt):
        Path(temporary).unlink(missing_ok=True)
        raise


def _mode(target: Path) -> int:
    """Return the mode of the file that is replaced, or what a new file would get."""
    if target.exists():
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
