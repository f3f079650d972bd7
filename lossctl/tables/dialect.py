"""The dialect of a text table: its delimiter and its header."""

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
"""Lines from which the delimiter is detected."""


@dataclass(frozen=True)
class Dialect:
    """The delimiter, the column names, and the number of lines of the header.

    With `dropped`, every line ends with a delimiter, so the last column is none.
    """

    delimiter: str
    columns: tuple[str, ...]
    header_lines: int
    dropped: bool = False


def find_dialect(
    name: str, start: str, *, delimiter: str | None, decimal: str, header: bool, complete: bool
) -> Dialect:
    """Detect the dialect of a table from its first lines.

    Args:
        name: the file's name, whose suffix may tell the delimiter.
        start: the first lines.
        delimiter: the user's choice, as a character or a word, if there is one.
        decimal: the decimal point, which cannot be the delimiter.
        header: whether the first line holds names.
        complete: whether `start` is the whole file.

    Returns:
        The dialect.

    Raises:
        UsageError: the user's choice cannot be a delimiter.
        DataError: the lines do not agree on a delimiter, or the header is unusable.
    """
    lines = start.split("\n")
    if not complete:
        lines = lines[:-1] or lines
    sample = [line for line in lines if line][:PROBED]
    if not sample:
        raise DataError(f"{quote(name)} is empty")
    mark = _checked(delimiter) or _by_suffix(name) or _detected(name, sample, decimal)
    first, header_lines = _first_record(name, lines, mark)
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
    return Dialect(mark, columns, header_lines, dropped)


def _first_record(name: str, lines: list[str], delimiter: str) -> tuple[list[str], int]:
    """Read the first record and count its lines; a quoted name may contain line ends."""
    reader = csv.reader((line + "\n" for line in lines), delimiter=delimiter, strict=True)
    try:
        first = next(reader)
    except csv.Error:
        raise DataError(
            f"{quote(name)}, line 1: a quote in the header that is not closed, or inside a name"
        ) from None
    if not first:
        raise DataError(f"{quote(name)}, line 1: a blank line instead of the header")
    return first, reader.line_num


def _checked(delimiter: str | None) -> str | None:
    if delimiter is None:
        return None
    mark = WORDS.get(delimiter.lower(), delimiter)
    if len(mark) != 1 or not mark.isascii() or mark.isalnum() or mark in '"\n\r.+-':
        raise UsageError(
            f"the delimiter cannot be {quote(delimiter)}",
            "give a character that no number contains, or tab, comma, semicolon, pipe or space",
        )
    return mark


def _by_suffix(name: str) -> str | None:
    return next((SUFFIXES[s] for s in PurePath(name.lower()).suffixes if s in SUFFIXES), None)


def _detected(name: str, sample: list[str], decimal: str) -> str:
    """Find the delimiter that splits all lines into equally many fields; the default if none."""
    fitting = []
    possible = [mark for mark in CANDIDATES if mark != decimal]
    for mark in possible:
        fields = {len(next(csv.reader([line], delimiter=mark))) for line in sample}
        if len(fields) == 1 and fields != {1}:
            fitting.append(mark)
    if len(fitting) > 1:
        marks = " or ".join(quote(mark) for mark in fitting)
        words = {mark: word for word, mark in reversed(WORDS.items())}
        options = " or ".join(f"--delimiter {words[mark]}" for mark in fitting)
        raise DataError(f"{quote(name)}: the delimiter could be {marks}", options)
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
    """Tell whether the names are class numbers: 0, 1, 2, … or 1, 2, 3, …."""
    return len(cells) > 1 and any(
        list(cells) == [str(place + first) for place in range(len(cells))] for first in (0, 1)
    )
