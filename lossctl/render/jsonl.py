"""JSON Lines: the rows of a table, one object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator

from lossctl.render.cells import as_table
from lossctl.render.json import finite, record
from lossctl.report import Page, Report


def render(report: Report, digits: int, width: int) -> Iterator[str]:
    """Yield one object a row."""
    del digits, width
    if isinstance(report, Page) and report.table is None:
        yield json.dumps(finite(report.fields), allow_nan=False)
        return
    table = as_table(report)
    for row in table.rows:
        yield json.dumps(record(table.columns, row), allow_nan=False)
