"""How cells are written, for people and in full; shared by the formats that are tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from lossctl.errors import visible
from lossctl.report import Cell, Column, Report, Table


def as_table(report: Report) -> Table:
    """Return the table of a report; a page without one becomes a table of its fields."""
    if isinstance(report, Table):
        return report
    if report.table is not None:
        return report.table
    rows = [(name, flat(cell)) for name, cell in report.fields.items()]
    return Table("fields", (Column("field"), Column("value")), rows, "value")


def columns_for(audience: Literal["machines", "people"], table: Table) -> list[int]:
    """Return the indices of the columns for an audience; nested ones fit no table."""
    return [
        place
        for place, column in enumerate(table.columns)
        if column.audience in ("all", audience) and column.kind != "nested"
    ]


def flat(cell: Cell) -> str:
    """Write a cell as a single text in full precision."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        return repr(cell)
    if isinstance(cell, Mapping):
        return "; ".join(f"{name}: {flat(inner)}" for name, inner in cell.items())
    if isinstance(cell, Sequence) and not isinstance(cell, str):
        return ", ".join(flat(inner) for inner in cell)
    return str(cell)


def shown(cell: Cell, digits: int) -> str:
    """Write a cell for people: numbers rounded, counts grouped, hidden characters visible."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "passed" if cell else "FAILED"
    if isinstance(cell, float):
        return f"{cell:#.{digits}g}".removesuffix(".")
    if isinstance(cell, int):
        return f"{cell:,}"
    return visible(flat(cell))


def row_texts(table: Table, row: Sequence[Cell], places: Sequence[int], digits: int) -> list[str]:
    """Write some cells of a row for people; a slice without a name holds all rows."""
    return [
        "(all)"
        if row[place] is None and table.columns[place].within == "slice"
        else flat(row[place])
        if isinstance(row[place], bool) and table.columns[place].kind != "flag"
        else shown(row[place], digits)
        for place in places
    ]
