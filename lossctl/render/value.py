"""The bare numbers, or names, one a line: for scripts."""

from __future__ import annotations

from collections.abc import Iterator

from lossctl.errors import UsageError
from lossctl.render.cells import as_table
from lossctl.report import Page, Report


def render(report: Report, digits: int, width: int) -> Iterator[str]:
    """Yield the cells of the column that is the result, in full precision."""
    del digits, width
    if isinstance(report, Page) and report.table is None:
        raise UsageError("the format value shows one number; this is a description", "use json")
    report = as_table(report)
    if any(column.within for column in report.columns):
        raise UsageError("the format value cannot name slices", "use csv or jsonl")
    if not report.values:
        raise UsageError(f"the format value cannot show {report.name}", "use json, jsonl or csv")
    names = [column.name for column in report.columns]
    place = names.index(report.values)
    for row in report.rows:
        cell = row[place]
        yield repr(cell) if isinstance(cell, float) else str(cell)
