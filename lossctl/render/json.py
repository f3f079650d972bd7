"""JSON that every parser reads: no NaN, no infinity, a schema version in every document."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence

from lossctl.report import Cell, Column, Page, Report
from lossctl.version import __version__

SCHEMA_VERSION = 1

HEAD: Mapping[str, Cell] = {"schema_version": SCHEMA_VERSION, "lossctl": __version__}


def document(fields: Mapping[str, Cell]) -> dict[str, Cell]:
    """Return the object that is the JSON of a page with these fields."""
    return {name: finite(cell) for name, cell in {**HEAD, **fields}.items()}


def render(report: Report, digits: int, width: int) -> Iterator[str]:
    """Yield one document, with one line for each row."""
    del digits, width
    if isinstance(report, Page):
        yield json.dumps(document(report.fields), indent=2, allow_nan=False)
        return
    yield json.dumps(HEAD)[:-1] + f", {json.dumps(report.name)}: ["
    line = ""
    for row in report.rows:
        if line:
            yield line + ","
        line = "  " + json.dumps(record(report.columns, row), allow_nan=False)
    if line:
        yield line
    notes = [{"kind": n.kind, "count": n.count, "message": n.message} for n in report.notes]
    yield f'], "notes": {json.dumps(notes)}}}'


def record(columns: Sequence[Column], row: Sequence[Cell]) -> dict[str, Cell]:
    """Return one row as an object; columns within the same key become one object, or null."""
    cells: dict[str, Cell] = {}
    for column, cell in zip(columns, row, strict=True):
        if not column.within:
            cells[column.name] = finite(cell)
        elif cell is None:
            cells.setdefault(column.within, None)
        else:
            inner = cells.setdefault(column.within, {})
            if isinstance(inner, dict):
                inner[column.name] = finite(cell)
    return cells


def finite(cell: Cell) -> Cell:
    """Replace what JSON cannot express by null, however deep."""
    if isinstance(cell, float) and not math.isfinite(cell):
        return None
    if isinstance(cell, Mapping):
        return {key: finite(inner) for key, inner in cell.items()}
    if isinstance(cell, Sequence) and not isinstance(cell, str):
        return [finite(inner) for inner in cell]
    return cell
