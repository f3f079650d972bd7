"""Text for people and for pipes: pages wrapped to a width, tables aligned, with a line a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice

from lossctl.errors import visible
from lossctl.render.cells import columns_for, row_texts
from lossctl.render.layout import cell_width, page_lines
from lossctl.report import Column, Page, Report, Table

SAMPLE = 1_000
"""Rows that decide the widths of columns; a wider cell further down sticks out."""


def render(report: Report, digits: int, width: int) -> Iterator[str]:
    """Yield the lines of a page, or of a table with its signatures below."""
    if isinstance(report, Page):
        for line in page_lines(report, width):
            yield "".join(text for text, _ in line).rstrip()
        return
    yield from _table(report, digits)
    if report.footer:
        yield ""
        yield from (visible(line) for line in report.footer)


def _table(table: Table, digits: int) -> Iterator[str]:
    places = columns_for("people", table)
    columns = [table.columns[place] for place in places]
    rows = (row_texts(table, row, places, digits) for row in table.rows)
    first = list(islice(rows, SAMPLE))
    heading = [visible(column.name) for column in columns]
    widths = [max(map(cell_width, cells)) for cells in zip(heading, *first, strict=True)]
    for cells in chain([heading], first, rows):
        yield _aligned(cells, widths, columns)


def _aligned(cells: Sequence[str], widths: Sequence[int], columns: Sequence[Column]) -> str:
    line = "  ".join(
        padded(cell, width, column)
        for cell, width, column in zip(cells, widths, columns, strict=True)
    )
    return line.rstrip()


def padded(cell: str, width: int, column: Column) -> str:
    """Fill a cell with spaces: numbers from the left, text from the right."""
    gap = " " * (width - cell_width(cell))
    return gap + cell if column.kind in ("count", "number") else cell + gap
