"""Text for people: aligned columns, complete and unwrapped, as a pipe wants them; folded titles."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import chain, islice

from lossctl.errors import visible
from lossctl.render.cells import audible, row_texts
from lossctl.report import Column, Page, Report, Table

SAMPLE = 1_000
"""Rows from which the widths of columns are taken; a wider cell further down sticks out."""

WIDTH = 80
"""Characters in a line of a title, which may be a long sentence."""


def render(report: Report, digits: int) -> Iterator[str]:
    """Yield a table with its signatures below, or a card with its fields."""
    if isinstance(report, Page):
        yield from _card(report)
        return
    yield from _table(report, digits)
    if report.footer:
        yield ""
        yield from (visible(line) for line in report.footer)


def _table(table: Table, digits: int) -> Iterator[str]:
    places = audible(table, "people")
    columns = [table.columns[place] for place in places]
    rows = (row_texts(table, row, places, digits) for row in table.rows)
    first = list(islice(rows, SAMPLE))
    heading = [visible(column.name) for column in columns]
    widths = [max(map(len, cells)) for cells in zip(heading, *first, strict=True)]
    for cells in chain([heading], first, rows):
        yield _aligned(cells, widths, columns)


def _aligned(cells: Sequence[str], widths: Sequence[int], columns: Sequence[Column]) -> str:
    line = "  ".join(
        cell.rjust(width) if column.kind in ("count", "number") else cell.ljust(width)
        for cell, width, column in zip(cells, widths, columns, strict=True)
    )
    return line.rstrip()


def _card(card: Page) -> Iterator[str]:
    yield from textwrap.wrap(
        visible(card.title), WIDTH, subsequent_indent="  ", break_on_hyphens=False
    )
    for heading, text in card.sections.items():
        yield ""
        yield heading
        yield from ("  " + visible(line) if line else "" for line in text.splitlines())
