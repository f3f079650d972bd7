"""JSON Lines: the rows of a table, one object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator

from lossctl.render.json import finite, record
from lossctl.report import Card, Report


def render(report: Report, digits: int) -> Iterator[str]:
    """Yield one object a row."""
    del digits
    if isinstance(report, Card):
        yield json.dumps(finite(report.fields), allow_nan=False)
        return
    for row in report.rows:
        yield json.dumps(record(report.columns, row), allow_nan=False)
