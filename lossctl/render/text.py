"""Text for people: aligned columns, plain in a pipe and set off with style on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from lossctl.errors import visible
from lossctl.render.cells import audible, shown
from lossctl.report import Card, Cell, Column, Report, Table

SAMPLE = 1_000
"""Rows from which the widths of columns are taken; a wider cell further down sticks out."""


def render(report: Report, digits: int) -> Iterator[str]:
    """Yield a table with its signatures below, or a card with its fields."""
    if isinstance(report, Card):
        yield from _card(report)
        return
    yield from _table(report, digits)
    if report.footer:
        yield ""
        yield from (visible(line) for line in report.footer)


def draw(report: Report, digits: int) -> bool:
    """Draw on the terminal, folded to its width; say no to what is better just printed."""
    if isinstance(report, Table) and not (
        isinstance(report.rows, Sequence) and len(report.rows) <= SAMPLE
    ):
        return False
    console = Console(highlight=False, emoji=False, markup=False)
    lines = list(render(report, digits))
    if isinstance(report, Card):
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
    for place in places:
        column = table.columns[place]
        number = column.kind in ("count", "number")
        grid.add_column(
            Text(visible(column.name)), justify="right" if number else "left", no_wrap=number
        )
    for row in table.rows:
        cells = [_cell(row, place, digits) for place in places]
        grid.add_row(*(Text(cell, style="bold red" if cell == "FAILED" else "") for cell in cells))
    return grid


def _table(table: Table, digits: int) -> Iterator[str]:
    places = audible(table, "people")
    columns = [table.columns[place] for place in places]
    rows = ([_cell(row, place, digits) for place in places] for row in table.rows)
    first = list(islice(rows, SAMPLE))
    heading = [visible(column.name) for column in columns]
    widths = [max(map(len, cells)) for cells in zip(heading, *first, strict=True)]
    for cells in chain([heading], first, rows):
        yield _aligned(cells, widths, columns)


def _cell(row: Sequence[Cell], place: int, digits: int) -> str:
    cell = row[place]
    return "all" if cell is None else shown(cell, digits)


def _aligned(cells: Sequence[str], widths: Sequence[int], columns: Sequence[Column]) -> str:
    line = "  ".join(
        cell.rjust(width) if column.kind in ("count", "number") else cell.ljust(width)
        for cell, width, column in zip(cells, widths, columns, strict=True)
    )
    return line.rstrip()


def _card(card: Card) -> Iterator[str]:
    yield visible(card.title)
    for heading, text in card.sections.items():
        yield ""
        yield heading
        yield from ("  " + visible(line) if line else "" for line in text.splitlines())
