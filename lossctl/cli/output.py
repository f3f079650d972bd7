"""Where results go: to standard output in one format, and to files, whole or not at all."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Annotated

import typer

from lossctl.cli import screen
from lossctl.cli.parameters import Only
from lossctl.errors import LossctlError, UsageError, alternatives, quote
from lossctl.render import SUFFIXES, Format, render
from lossctl.render.layout import WIDTH
from lossctl.report import Page, Report

PANEL = "Output"
DIGITS = 6

FormatOption = Annotated[
    Format | None,
    typer.Option(
        "--format",
        "-f",
        metavar="FORMAT",
        help=f"Format of standard output: {alternatives(Format)}.",
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
        help="Also write to this file, in the format of its suffix: "
        f"{alternatives(f'.{suffix}' for suffix in SUFFIXES)}. Repeatable.",
        rich_help_panel=PANEL,
    ),
]
DigitsOption = Annotated[
    int | None,
    typer.Option(
        "--digits",
        metavar="NUMBER",
        min=1,
        max=17,
        help="Significant digits in text and Markdown, 1 to 17; other formats have all.",
        show_default=str(DIGITS),
        rich_help_panel=PANEL,
    ),
]
QuietOption = Annotated[
    bool,
    typer.Option(
        "--quiet", "-q", help="Suppress notes and the progress bar.", rich_help_panel=PANEL
    ),
]


@dataclass(frozen=True)
class Output:
    """Where a result goes, as options of a command.

    Args:
        form: the format of standard output, if one is given.
        paths: the files to write.
        digits: the significant digits, if they are given.
        quiet: whether to leave out what is meant for people only.
    """

    form: FormatOption = None
    paths: FilesOption = None
    digits: DigitsOption = None
    quiet: QuietOption = False

    def check(self, inputs: Sequence[str] = ()) -> None:
        """Refuse, before any work, what cannot be done.

        Args:
            inputs: the files that are read, and must not be overwritten.

        Raises:
            UsageError: a file cannot be written, or digits are given where no format rounds.
        """
        formats = [self.form or Format.TEXT, *map(Format.of_suffix, self.paths or [])]
        if self.digits is not None and not any(form.rounds for form in formats):
            raise UsageError(f"--digits has no effect: {self.form} always has all digits")
        for path in self.paths or []:
            _check_writable(path, inputs)

    def emit(self, report: Report, *, long: bool = False) -> None:
        """Write a report to the files and to standard output, and its notes to standard error.

        Args:
            report: what to write.
            long: whether it is too long to be wanted on standard output when it went to a file,
                unless a format was asked for.
        """
        digits = self.digits or DIGITS
        form = self.form or Format.TEXT
        pieces = render(report, form, digits, shutil.get_terminal_size((WIDTH, 0)).columns)
        # A format that cannot show the report says so before anything is written.
        pieces = chain(list(islice(pieces, 1)), pieces)
        for path in self.paths or []:
            _write(path, render(report, Format.of_suffix(path), digits))
        if long and self.paths and self.form is None:
            if not self.quiet:
                screen.message(f"written to {', '.join(self.paths)}")
        elif not _drawn(report, form, digits):
            for piece in pieces:
                typer.echo(piece)
        if not isinstance(report, Page) and not form.holds_notes:
            self.note(note.message for note in report.notes)

    def note(self, notes: Iterable[str]) -> None:
        """Write notes to standard error, unless they are not wanted."""
        if not self.quiet:
            for message in notes:
                screen.note(message)


PageOutput = Annotated[Output, Only(("form", "paths"))]
"""The options of commands whose results have neither numbers nor notes."""

AdviceOutput = Annotated[Output, Only(("form", "paths", "quiet"))]
"""The options of commands whose results have no numbers to be rounded."""


def _check_writable(name: str, inputs: Sequence[str]) -> None:
    path = Path(name)
    for read in inputs:
        # A file that may not be looked at is reported where it is read or written.
        if os.path.exists(name) and os.path.exists(read) and path.samefile(read):  # noqa: PTH110
            raise UsageError(f"{quote(name)} is an input", "write to another file")
    try:
        reason = "it is a folder" if path.is_dir() else ""
        reason = reason or ("" if path.absolute().parent.is_dir() else "no such folder")
    except OSError as error:
        reason = str(error.strerror)
    if reason:
        raise UsageError(f"{quote(name)} cannot be written: {reason}")


def _drawn(report: Report, form: Format, digits: int) -> bool:
    """Draw text with styles, on a terminal or if colour is forced, unless it is too long."""
    styled = sys.stdout.isatty() or bool(os.environ.get("FORCE_COLOR"))
    if form is not Format.TEXT or not styled:
        return False
    from lossctl.render.terminal import draw  # noqa: PLC0415  # rich is slow to load

    return draw(report, digits)


def _write(name: str, pieces: Iterator[str]) -> None:
    """Write beside the file and rename, so that nobody ever sees half of it."""
    import tempfile  # noqa: PLC0415  # loaded only when files are written

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
