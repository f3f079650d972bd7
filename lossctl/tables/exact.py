"""The exact reader: cell by cell, with the physical line of everything that is wrong."""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lossctl.errors import DataError, plural, quote

csv.field_size_limit(min(sys.maxsize, 2**31 - 1))


@dataclass(frozen=True)
class Record:
    """One row of a text table: the line on which it starts, and its cells."""

    line: int
    cells: Sequence[str]


def records(
    name: str, lines: Iterable[str], first_line: int, fields: int, delimiter: str, *, dropped: bool
) -> Iterator[Record]:
    """Yield the rows of some lines, each of which ends with a newline.

    Args:
        name: the file, for messages.
        lines: physical lines.
        first_line: the number of the first of them, from 1.
        fields: the number of cells that a row must have.
        delimiter: the delimiter.
        dropped: whether every line ends with one more delimiter.

    Yields:
        The rows.

    Raises:
        DataError: a row has another number of cells, or a misplaced quote.
    """
    blank = 0
    for line, cells in _cells(name, lines, first_line, delimiter):
        if not cells:
            blank += 1  # ignored at the end of the file
            continue
        for number in range(blank):
            yield _blank(name, line - blank + number, fields)
        blank = 0
        if dropped and len(cells) == fields + 1 and not cells[-1].strip():
            cells.pop()
        if len(cells) != fields:
            raise _fields_error(name, line, len(cells), fields, delimiter)
        yield Record(line, cells)


def _cells(
    name: str, lines: Iterable[str], first_line: int, delimiter: str
) -> Iterator[tuple[int, list[str]]]:
    """Split lines into cells; quotes must enclose whole fields, which csv does not check."""
    consumed: list[str] = []
    reader = csv.reader(_recorded(lines, consumed), delimiter=delimiter, strict=True)
    row = _row_pattern(delimiter)
    while True:
        line = first_line + reader.line_num
        consumed.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _quote_error(name, line, str(error)) from None
        raw = "".join(consumed)
        if '"' in raw and not row.fullmatch(raw.removesuffix("\n")):
            raise _quote_error(name, line, "")
        yield line, cells


def _blank(name: str, line: int, fields: int) -> Record:
    """Read a blank line as an empty cell; with several columns it is an error."""
    if fields > 1:
        raise DataError(f"{quote(name)}, line {line:,}: a blank line between rows")
    return Record(line, [""])


def _fields_error(name: str, line: int, count: int, fields: int, delimiter: str) -> DataError:
    hint = f"if the delimiter is not {delimiter!r}: --delimiter CHARACTER"
    if fields == 1 and delimiter == ",":
        hint = "if the comma is a decimal point: --decimal ,"
    return DataError(
        f"{quote(name)}, line {line:,}: {plural(count, 'field')}, but the header has {fields}", hint
    )


def _quote_error(name: str, line: int, reason: str) -> DataError:
    if "unexpected end" in reason:
        return DataError(f"{quote(name)}, line {line:,}: a quote that is opened here is not closed")
    return DataError(
        f"{quote(name)}, line {line:,}: a quote inside a field",
        'enclose the field in quotes and double the quotes inside it: "a ""b"" c"',
    )


def _recorded(lines: Iterable[str], consumed: list[str]) -> Iterator[str]:
    for line in lines:
        consumed.append(line)
        yield line


def _row_pattern(delimiter: str) -> re.Pattern[str]:
    mark = re.escape(delimiter)
    field = rf'(?:"(?:[^"]|"")*"|[^"{mark}\n]*)'
    return re.compile(rf"{field}(?:{mark}{field})*")
