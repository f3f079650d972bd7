"""CSV in full precision, with text cells that no spreadsheet evaluates as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from lossctl.errors import visible
from lossctl.render.cells import as_table, columns_for, flat
from lossctl.report import Cell, Report

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def render(report: Report, digits: int, width: int) -> Iterator[str]:
    """Yield the heading and one line a row."""
    del digits, width
    table = as_table(report)
    columns = columns_for("machines", table)
    yield _line([protected(table.columns[place].name) for place in columns])
    for row in table.rows:
        yield _line([_cell(row[place]) for place in columns])


def _cell(cell: Cell) -> str:
    if isinstance(cell, str):
        return protected(cell)
    return flat(cell)


def protected(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would evaluate; numbers stay numbers."""
    if not text.startswith(FORMULA):
        return visible(text)
    try:
        float(text)
    except ValueError:
        return "'" + visible(text)
    return text


def _line(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()
