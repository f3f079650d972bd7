"""The same text, drawn on a terminal: folded to its width, and set off with style."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from lossctl.errors import visible
from lossctl.render.cells import audible, row_texts
from lossctl.render.text import SAMPLE, render
from lossctl.report import Page, Report, Table

NARROW = 36
"""Columns up to this width are never folded; wider ones share what is left."""


UNBOUNDED = 100_000
"""The width where there is no terminal: nothing is folded on its way to a file."""


def draw(report: Report, digits: int) -> bool:
    """Draw on the terminal, folded to its width; say no to what is better just printed."""
    if isinstance(report, Table) and not (
        isinstance(report.rows, Sequence) and len(report.rows) <= SAMPLE
    ):
        return False
    width = None if sys.stdout.isatty() else UNBOUNDED
    console = Console(highlight=False, emoji=False, markup=False, width=width)
    lines = list(render(report, digits))
    if isinstance(report, Page):
        for number, line in enumerate(lines):
            heading = number > 0 and not line.startswith(" ")
            console.print(Text(line, style="bold" if heading else ""))
        return True
    console.print(_grid(report, digits))
    if report.footer:
        console.print(Text("\n" + "\n".join(visible(line) for line in report.footer), style="dim"))
    return True


def _grid(table: Table, digits: int) -> Grid:
    places = audible(table, "people")
    grid = Grid(box=None, pad_edge=False, header_style="bold")
    rows = [row_texts(table, row, places, digits) for row in table.rows]
    for number, place in enumerate(places):
        column = table.columns[place]
        grid.add_column(
            Text(visible(column.name)),
            justify="right" if column.kind in ("count", "number") else "left",
            no_wrap=max((len(cells[number]) for cells in rows), default=0) < NARROW,
            overflow="fold",
        )
    for cells in rows:
        grid.add_row(*(Text(cell, style="bold red" if cell == "FAILED" else "") for cell in cells))
    return grid
