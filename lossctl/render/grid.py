"""Tables laid out for a width: in columns, with long texts folded, or else a block for each row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from lossctl.errors import visible
from lossctl.render.cells import columns_for, row_texts
from lossctl.render.layout import (
    GAP,
    Line,
    Piece,
    Style,
    cell_width,
    entry_lines,
    filled,
    line_width,
)
from lossctl.report import Column, Entries, Entry, Name, Table

FOLDED = 24
"""The least width to which a column of texts is folded."""


def table_lines(table: Table, digits: int, width: int) -> Iterator[Line]:
    """Lay a table out; words are never broken, and numbers stay on one line."""
    places = columns_for("people", table)
    columns = [table.columns[place] for place in places]
    names = [visible(column.name) for column in columns]
    rows = [row_texts(table, row, places, digits) for row in table.rows]
    widths = _fitting_widths(columns, [names, *rows], width)
    if widths is None:
        yield from _blocks(columns, rows, width)
        return
    yield from _row(names, ["heading"] * len(columns), widths, columns)
    for cells in rows:
        yield from _row(cells, _styles(table, columns, cells), widths, columns)


def _styles(table: Table, columns: Sequence[Column], cells: Sequence[str]) -> list[Style]:
    return [
        "failed"
        if column.kind == "flag" and cell == "FAILED"
        else "name"
        if column.kind == "text" and column.name == table.values
        else ""
        for column, cell in zip(columns, cells, strict=True)
    ]


def _fitting_widths(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int
) -> list[int] | None:
    """Return widths of columns with which a table fits; None where words would have to break."""
    texts_of_columns = list(zip(*rows, strict=True))
    widths = [max(map(cell_width, texts)) for texts in texts_of_columns]
    least = [
        max(min(widest, FOLDED), _longest_word(texts)) if column.kind == "text" else widest
        for column, texts, widest in zip(columns, texts_of_columns, widths, strict=True)
    ]
    room = width - GAP * (len(columns) - 1)
    if sum(least) > room:
        return None
    while sum(widths) > room:
        foldable = [place for place, widest in enumerate(widths) if widest > least[place]]
        widths[max(foldable, key=widths.__getitem__)] -= 1
    return widths


def _longest_word(texts: Sequence[str]) -> int:
    return max(cell_width(word) for text in texts for word in text.split(" "))


def _row(
    cells: Sequence[str], styles: Sequence[Style], widths: Sequence[int], columns: Sequence[Column]
) -> Iterator[Line]:
    """Lay a row out, in as many lines as its longest cell needs."""
    folded = [
        list(filled(cell, width, style))
        for cell, width, style in zip(cells, widths, styles, strict=True)
    ]
    for parts in zip_longest(*folded, fillvalue=[]):
        line: Line = []
        for part, width, column in zip(parts, widths, columns, strict=True):
            gap: Piece = (" " * (width - line_width(part)), "")
            line += [gap, *part] if column.kind in ("count", "number") else [*part, gap]
            line.append((" " * GAP, ""))
        yield line


def _blocks(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> Iterator[Line]:
    """Lay each row out as a block: its first cell, and below it the others with their names."""
    for first, *others in rows:
        pairs = zip(columns[1:], others, strict=True)
        entries = Entries(tuple(Entry(column.name, cell) for column, cell in pairs if cell))
        yield from entry_lines(Entries((Entry(Name(first), details=(entries,)),)), width)
