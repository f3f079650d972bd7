"""The reader that is sure: cell by cell, with the physical line of everything that is wrong."""

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
    """One row of a text table: where it starts, and its cells."""

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
        fields: how many cells a row must have.
        delimiter: what stands between them.
        dropped: whether every line ends with one more delimiter.

    Raises:
        DataError: a row has another number of cells, or a quote stands where it should not.
    """
    blank = 0
    for line, cells in _cells(name, lines, first_line, delimiter):
        if not cells:
            blank += 1  # at the end of the file they are nothing
            continue
        for missed in range(blank):
            yield _blank(name, line - blank + missed, fields)
        blank = 0
        if dropped and len(cells) == fields + 1 and not cells[-1].strip():
            cells.pop()
        if len(cells) != fields:
            raise _fields_error(name, line, len(cells), fields, delimiter)
        yield Record(line, cells)


def _cells(
    name: str, lines: Iterable[str], first_line: int, delimiter: str
) -> Iterator[tuple[int, list[str]]]:
    """Cut lines into cells; quotes must stand around whole fields, which csv does not ask for."""
    seen: list[str] = []
    reader = csv.reader(_remembering(lines, seen), delimiter=delimiter, strict=True)
    shape = _shape(delimiter)
    while True:
        line = first_line + reader.line_num
        seen.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _quote_error(name, line, str(error)) from None
        raw = "".join(seen)
        if '"' in raw and not shape.fullmatch(raw.removesuffix("\n")):
            raise _quote_error(name, line, "")
        yield line, cells


def _blank(name: str, line: int, fields: int) -> Record:
    """A blank line is an empty cell where there is one column, and too short otherwise."""
    if fields > 1:
        raise DataError(f"{quote(name)}, line {line:,}: a blank line between rows")
    return Record(line, [""])


def _fields_error(name: str, line: int, found: int, fields: int, delimiter: str) -> DataError:
    hint = f"is {delimiter!r} really the delimiter? --delimiter"
    if fields == 1 and delimiter == ",":
        hint = "if the comma is a decimal point: --decimal ,"
    return DataError(
        f"{quote(name)}, line {line:,}: {plural(found, 'field')}, but the header has {fields}", hint
    )


def _quote_error(name: str, line: int, said: str) -> DataError:
    if "unexpected end" in said:
        return DataError(f"{quote(name)}, line {line:,}: a quote that is opened here is not closed")
    return DataError(
        f"{quote(name)}, line {line:,}: a quote inside a field",
        'write the field in quotes, and each quote in it twice: "a ""b"" c"',
    )


def _remembering(lines: Iterable[str], seen: list[str]) -> Iterator[str]:
    for line in lines:
        seen.append(line)
        yield line


def _shape(delimiter: str) -> re.Pattern[str]:
    mark = re.escape(delimiter)
    field = rf'(?:"(?:[^"]|"")*"|[^"{mark}\n]*)'
    return re.compile(rf"{field}(?:{mark}{field})*")
