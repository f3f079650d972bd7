"""How a text table is written: its delimiter and its header."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import PurePath

from lossctl.errors import DataError, UsageError, listing, quote
from lossctl.tables.numbers import NotANumber, number

WORDS = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " ", "\\t": "\t"}
CANDIDATES = (",", ";", "\t", "|")
SUFFIXES = {".tsv": "\t", ".tab": "\t"}
PROBED = 50
"""Lines from which the delimiter is found out."""


@dataclass(frozen=True)
class Dialect:
    """The delimiter, the column names, and how many lines the header takes."""

    delimiter: str
    columns: tuple[str, ...]
    header_lines: int
    dropped: bool = False  # every line ends with a delimiter, so the last column is none


def find_dialect(
    name: str, start: str, *, delimiter: str | None, decimal: str, header: bool, complete: bool
) -> Dialect:
    """Find out how a table is written from its first lines.

    Args:
        name: the file's name, whose suffix may tell the delimiter.
        start: the first lines; `complete` tells that they are all.
        delimiter: what the user said, as a character or a word.
        decimal: the decimal point, which is no delimiter.
        header: whether the first line holds names.
        complete: whether `start` is the whole file.

    Raises:
        DataError: the lines do not agree on a delimiter, or the header is unusable.
    """
    lines = start.split("\n")
    if not complete:
        lines = lines[:-1] or lines
    sample = [line for line in lines if line][:PROBED]
    if not sample:
        raise DataError(f"{quote(name)} is empty")
    mark = _given(delimiter) or _by_suffix(name) or _detected(name, sample, decimal)
    first, taken = _first_record(name, lines, mark)
    dropped = len(first) > 1 and not first[-1].strip() and all(x.endswith(mark) for x in sample)
    if dropped:
        first = first[:-1]
    if not header:
        return Dialect(mark, tuple(str(place + 1) for place in range(len(first))), 0, dropped)
    columns = tuple(cell.strip() for cell in first)
    if _all_numbers(columns) and not _class_numbers(columns):
        raise DataError(
            f"{quote(name)}, line 1: the header is all numbers ({listing(columns)})",
            "if the first row is data: --no-header",
        )
    return Dialect(mark, columns, taken, dropped)


def _first_record(name: str, lines: list[str], delimiter: str) -> tuple[list[str], int]:
    """Read the first record, and count its lines; a quoted name may go on over several."""
    reader = csv.reader((line + "\n" for line in lines), delimiter=delimiter, strict=True)
    try:
        first = next(reader)
    except csv.Error:
        raise DataError(
            f"{quote(name)}, line 1: a quote in the header that is not closed, or not around a name"
        ) from None
    if not first:
        raise DataError(f"{quote(name)}, line 1: blank, where the header should be")
    return first, reader.line_num


def _given(delimiter: str | None) -> str | None:
    if delimiter is None:
        return None
    mark = WORDS.get(delimiter.lower(), delimiter)
    if len(mark) != 1 or not mark.isascii() or mark.isalnum() or mark in '"\n\r.+-':
        raise UsageError(
            f"the delimiter cannot be {quote(delimiter)}",
            "give one mark that no number has, or a word: tab, comma, semicolon, pipe, space",
        )
    return mark


def _by_suffix(name: str) -> str | None:
    return next((SUFFIXES[s] for s in PurePath(name.lower()).suffixes if s in SUFFIXES), None)


def _detected(name: str, sample: list[str], decimal: str) -> str:
    """Find the delimiter that cuts the header and every line alike; none means one column."""
    fitting = []
    possible = [mark for mark in CANDIDATES if mark != decimal]
    for mark in possible:
        fields = {len(next(csv.reader([line], delimiter=mark))) for line in sample}
        if len(fields) == 1 and fields != {1}:
            fitting.append(mark)
    if len(fitting) > 1:
        marks = " or ".join(quote(mark) for mark in fitting)
        raise DataError(f"{quote(name)}: the delimiter could be {marks}", "say which: --delimiter")
    if fitting:
        return fitting[0]
    in_header = [mark for mark in possible if mark in sample[0]]
    return in_header[0] if in_header else possible[0]


def _all_numbers(cells: tuple[str, ...]) -> bool:
    try:
        return all(cell != "" and number(cell) == number(cell) for cell in cells)
    except NotANumber:
        return False


def _class_numbers(cells: tuple[str, ...]) -> bool:
    """Tell whether the names are the numbers of classes: 0, 1, 2, … or 1, 2, 3, …."""
    return len(cells) > 1 and any(
        list(cells) == [str(place + first) for place in range(len(cells))] for first in (0, 1)
    )
