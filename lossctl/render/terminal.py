"""The same text on a terminal: laid out for its width, and with style."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter

from rich.console import Console
from rich.text import Text as Styled

from lossctl.errors import visible
from lossctl.render.grid import table_lines
from lossctl.render.layout import WIDTH, Line, Style, page_lines
from lossctl.render.text import SAMPLE
from lossctl.report import Page, Report, Table

STYLES: Mapping[Style, str] = {
    "title": "bold",
    "heading": "bold",
    "name": "cyan",
    "code": "cyan",
    "dim": "dim",
    "failed": "bold red",
}

UNBOUNDED = 100_000
"""The width of tables where there is no terminal: no row is folded on its way to a file."""


def draw(report: Report, digits: int) -> bool:
    """Draw on the terminal; return False, without drawing, for what is better just printed."""
    if isinstance(report, Table) and not (
        isinstance(report.rows, Sequence) and len(report.rows) <= SAMPLE
    ):
        return False
    console = Console(highlight=False, emoji=False, markup=False, soft_wrap=True)
    for line in _lines(report, digits):
        console.print(_styled(line))
    return True


def _lines(report: Report, digits: int) -> Iterator[Line]:
    columns = shutil.get_terminal_size((WIDTH, 0)).columns
    if isinstance(report, Page):
        yield from page_lines(report, columns)
        return
    width = columns if sys.stdout.isatty() else UNBOUNDED
    yield from table_lines(report, digits, width)
    if report.footer:
        yield []
    for signature in report.footer:
        yield [(visible(signature), "dim")]


def _styled(line: Line) -> Styled:
    styled = Styled()
    for style, pieces in groupby(line, key=itemgetter(1)):
        styled.append("".join(text for text, _ in pieces), STYLES.get(style, ""))
    styled.rstrip()
    return styled
