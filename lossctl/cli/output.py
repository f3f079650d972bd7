"""Where results go: to standard output in one format, and to files, whole or not at all."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Annotated

import typer

from lossctl.errors import LossctlError, UsageError, quote, visible
from lossctl.render import SUFFIXES, Format, render
from lossctl.render.layout import WIDTH
from lossctl.report import Page, Report

PANEL = "Output"

FormatOption = Annotated[
    Format | None,
    typer.Option(
        "--format",
        "-f",
        help="Format of standard output.",
        show_default="text",
        rich_help_panel=PANEL,
    ),
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
    int | None,
    typer.Option(
        "--digits",
        min=1,
        max=17,
        help="Significant digits in text and Markdown; all other formats have all.",
        show_default="6",
        rich_help_panel=PANEL,
    ),
]
QuietOption = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="No notes and no progress.", rich_help_panel=PANEL),
]


ROUNDED = (Format.TEXT, Format.MARKDOWN)


@dataclass(frozen=True)
class Output:
    """Where a result goes, checked before any work.

    Args:
        form: the format of standard output, if it was given.
        files: the files to write.
        digits: the significant digits, if they were given.
        inputs: the files that are read, and must not be written over.
        quiet: whether to leave out what is meant for people.

    Raises:
        UsageError: a file cannot be written, or digits are given where no format rounds.
    """

    form: Format | None
    files: Sequence[str]
    digits: int | None
    inputs: Sequence[str] = ()
    quiet: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be done."""
        formats = {self.form or Format.TEXT, *map(Format.of_suffix, self.files)}
        if self.digits is not None and not formats & set(ROUNDED):
            raise UsageError(
                f"--digits is for text and markdown; {self.form} always has all digits"
            )
        for name in self.files:
            path = Path(name)
            for read in self.inputs:
                # A file that may not be looked at is told where it is read or written.
                if os.path.exists(name) and os.path.exists(read) and path.samefile(read):  # noqa: PTH110
                    raise UsageError(f"{quote(name)} is an input", "write to another file")
            try:
                writable = not path.is_dir() and path.absolute().parent.is_dir()
            except OSError as error:
                raise UsageError(f"{quote(name)} cannot be written: {error.strerror}") from None
            if not writable:
                raise UsageError(f"{quote(name)} cannot be written: there is no such folder")

    def emit(self, report: Report, *, long: bool = False) -> None:
        """Write a report to the files and to standard output, and its notes to standard error.

        Args:
            report: what to write.
            long: whether it is too long to be wanted on standard output when it went to a file,
                unless a format was asked for.
        """
        digits = self.digits or 6
        form = self.form or Format.TEXT
        pieces = render(report, form, digits, shutil.get_terminal_size((WIDTH, 0)).columns)
        # A format that cannot show the report says so before anything is written.
        pieces = chain(list(islice(pieces, 1)), pieces)
        for name in self.files:
            _write(name, render(report, Format.of_suffix(name), digits))
        if long and self.files and self.form is None:
            self._tell(f"written to {', '.join(map(visible, self.files))}")
        elif not _drawn(report, form, digits):
            for piece in pieces:
                typer.echo(piece)
        if not isinstance(report, Page) and form is not Format.JSON:
            for note in report.notes:
                self._tell(f"note: {visible(note.message)}")

    def _tell(self, message: str) -> None:
        if not self.quiet:
            typer.echo(message, err=True)


def _drawn(report: Report, form: Format, digits: int) -> bool:
    """Draw text on a terminal, or where colour is wanted all the same, if it is worth it."""
    styled = sys.stdout.isatty() or bool(os.environ.get("FORCE_COLOR"))
    if form is not Format.TEXT or not styled:
        return False
    from lossctl.render.terminal import draw  # noqa: PLC0415  # rich is slow to load

    return draw(report, digits)


def _write(name: str, pieces: Iterator[str]) -> None:
    """Write beside the file and rename, so that nobody ever sees half of it."""
    import tempfile  # noqa: PLC0415  # only for who writes files

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
