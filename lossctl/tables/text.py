"""Tables of text: fast where their structure is proven, exact where it is not."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pandas as pd

from lossctl.block import Words
from lossctl.errors import DataError, quote
from lossctl.parallel import in_order
from lossctl.tables import source as bytes_of
from lossctl.tables.dialect import Dialect, find_dialect
from lossctl.tables.exact import Record, records
from lossctl.tables.numbers import NotANumber, number
from lossctl.tables.reading import Reading
from lossctl.tables.source import Progress, Source
from lossctl.tables.structure import is_sound
from lossctl.tables.table import Column, Wanted

RECORDS = 65_536
"""Rows that the exact reader puts into one block."""


@dataclass(frozen=True)
class _Piece:
    """Some whole lines of the file, and the number of the first."""

    data: bytes
    line: int


class TextTable:
    """A delimited text file."""

    def __init__(self, source: Source, reading: Reading, progress: Progress | None) -> None:
        """Read the header, and leave the rows for later."""
        self.name, self.size = source.name, source.size
        self._source, self._reading, self._progress = source, reading, progress
        start, complete = self._start()
        bytes_of.check_text(source, start, 1)
        self._dialect: Dialect = find_dialect(
            self.name,
            start.decode(),
            delimiter=reading.delimiter,
            header=reading.header,
            complete=complete,
        )
        self.columns = self._dialect.columns

    def blocks(self, wanted: Sequence[Wanted]) -> Iterator[Mapping[Wanted, Column]]:
        """Yield the rows, several blocks being parsed at once."""
        pieces = self._pieces(self._progress)
        parsed = in_order(lambda piece: (piece, self._fast(piece, wanted)), pieces)
        for piece, columns in parsed:
            if columns is not None:
                yield columns
            elif b'"' in piece.data:
                # a quoted field may go on in the next piece, so the rest is read exactly
                rest = (later for later, _ in parsed)
                yield from self._exact(chain([piece], rest), wanted)
            else:
                yield from self._exact([piece], wanted)

    def place(self, row: int, column: str) -> tuple[str, str]:
        """Find a cell by reading the file again."""
        at = self.columns.index(column)
        for number_, record in enumerate(self._records(self._pieces(None))):
            if number_ == row:
                where = f"{quote(self.name)}, line {record.line:,}, column {quote(column)}"
                return where, record.cells[at]
        raise DataError(f"{quote(self.name)} changed while it was read")

    def _start(self) -> tuple[bytes, bool]:
        chunks = bytes_of.text_chunks(self._source, self._reading.encoding, None)
        first = next(chunks, b"")
        if not first.strip():
            raise DataError(f"{quote(self.name)} is empty")
        if len(first) <= 65_536:
            more = next(chunks, b"")
            return first, not more
        return first[:65_536].rpartition(b"\n")[0] + b"\n", False

    def _pieces(self, progress: Progress | None) -> Iterator[_Piece]:
        """Yield the rows' lines, cut at line ends; the last line gets its end if it has none."""
        line = 1
        skip = self._dialect.header_lines
        held: list[bytes] = []
        for chunk in chain(
            bytes_of.text_chunks(self._source, self._reading.encoding, progress), [b""]
        ):
            end = chunk.rfind(b"\n") + 1
            if chunk and not end:
                held.append(chunk)
                continue
            data = b"".join([*held, memoryview(chunk)[:end]])
            # Blank lines wait for what follows: at the very end of the file they are nothing.
            body = data.rstrip(b"\n")
            held = [data[len(body) + 1 :], chunk[end:]]
            data = body + b"\n" if body else b""
            while skip and data:
                data = data[data.index(b"\n") + 1 :]
                skip, line = skip - 1, line + 1
            if data:
                yield _Piece(data, line)
                line += data.count(b"\n")

    def _fast(self, piece: _Piece, wanted: Sequence[Wanted]) -> Mapping[Wanted, Column] | None:
        """Parse a piece with pandas if nothing about it can be read in two ways."""
        bytes_of.check_text(self._source, piece.data, piece.line)
        fields = len(self.columns) + self._dialect.dropped
        if self._reading.thousands or not is_sound(piece.data, self._dialect.delimiter, fields):
            return None
        places = {each: self.columns.index(each.name) for each in wanted}
        texts = {places[each] for each in wanted if each.text}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                frame = pd.read_csv(
                    io.BytesIO(piece.data),
                    sep=self._dialect.delimiter,
                    header=None,
                    names=range(fields),
                    usecols=sorted(set(places.values())),
                    index_col=False,
                    skip_blank_lines=False,
                    keep_default_na=False,
                    na_values={place: [] if place in texts else [""] for place in places.values()},
                    dtype=dict.fromkeys(texts, "category"),
                    decimal=self._reading.decimal,
                    encoding="utf-8",
                )
        except (ValueError, Warning):
            return None
        columns = {each: _column(frame[place], text=each.text) for each, place in places.items()}
        if any(column is None for column in columns.values()):
            return None
        return {each: column for each, column in columns.items() if column is not None}

    def _exact(
        self, pieces: Iterable[_Piece], wanted: Sequence[Wanted]
    ) -> Iterator[Mapping[Wanted, Column]]:
        places = [self.columns.index(each.name) for each in wanted]
        rows: list[list[float | str]] = []
        for record in self._records(pieces):
            rows.append(
                [
                    record.cells[place] if each.text else self._number(record, place)
                    for each, place in zip(wanted, places, strict=True)
                ]
            )
            if len(rows) == RECORDS:
                yield _columns(rows, wanted)
                rows = []
        if rows:
            yield _columns(rows, wanted)

    def _number(self, record: Record, place: int) -> float:
        cell = record.cells[place]
        try:
            return number(cell, self._reading.decimal, self._reading.thousands)
        except NotANumber as error:
            where = f"{quote(self.name)}, line {record.line:,}, column {quote(self.columns[place])}"
            raise DataError(f"{where}: {quote(cell)} is not {error.expected}", error.hint) from None

    def _records(self, pieces: Iterable[_Piece]) -> Iterator[Record]:
        pieces = iter(pieces)
        begun = next(pieces, None)
        if begun is None:
            return
        yield from records(
            self.name,
            (line for piece in chain([begun], pieces) for line in self._lines(piece)),
            begun.line,
            len(self.columns),
            self._dialect.delimiter,
            dropped=self._dialect.dropped,
        )

    def _lines(self, piece: _Piece) -> Iterator[str]:
        bytes_of.check_text(self._source, piece.data, piece.line)
        yield from io.StringIO(piece.data.decode(), newline="\n")


def _column(series: pd.Series, *, text: bool) -> Column | None:  # type: ignore[type-arg]
    """Take what pandas has read; None if it is not plainly numbers, or text."""
    if text:
        words = tuple(str(word) for word in series.cat.categories)
        codes = series.cat.codes.to_numpy().astype(np.intp)
        if (codes < 0).any():
            words = (*words, "")
            codes = np.where(codes < 0, len(words) - 1, codes)
        return Words(codes, words)
    if series.dtype.kind not in "iuf":
        return None
    values = series.to_numpy(dtype=np.float64)
    return None if np.isinf(values).any() else np.ascontiguousarray(values)


def _columns(
    rows: Sequence[Sequence[float | str]], wanted: Sequence[Wanted]
) -> Mapping[Wanted, Column]:
    made: dict[Wanted, Column] = {}
    for each, cells in zip(wanted, zip(*rows, strict=True), strict=True):
        if each.text:
            numbers: dict[str, int] = {}
            codes = [numbers.setdefault(str(cell), len(numbers)) for cell in cells]
            made[each] = Words(np.array(codes, dtype=np.intp), tuple(numbers))
        else:
            made[each] = np.array(cells, dtype=np.float64)
    return made
