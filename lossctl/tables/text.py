"""Tables of text: read fast if their structure is proven, and exactly if it is not."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain

import numpy as np
import pandas as pd

from lossctl.block import Column, Words
from lossctl.errors import DataError, quote
from lossctl.parallel import in_order
from lossctl.tables import source as files
from lossctl.tables.dialect import Dialect, find_dialect
from lossctl.tables.encoding import check_text, is_plain_text, text_chunks
from lossctl.tables.exact import Record, records
from lossctl.tables.numbers import NotANumber, number
from lossctl.tables.reading import Reading
from lossctl.tables.source import Progress, Source
from lossctl.tables.spans import first_row, spans
from lossctl.tables.structure import count_fits, is_sound
from lossctl.tables.table import Wanted, length

START = 65_536
"""Bytes from which the delimiter and the header are detected."""

RECORDS = 65_536
"""Rows of a block of the exact reader."""


class _Handle:
    """A file of bytes that pandas reads as they are; it would decode and encode a `BytesIO`."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def read(self, size: int = -1) -> bytes:
        start = self._at
        self._at = len(self._data) if size < 0 else start + size
        return self._data[start : self._at]

    def __iter__(self) -> Iterator[bytes]:
        raise NotImplementedError  # pandas only checks that the method exists


TO_THE_LAST_BIT = (
    {"float_precision": "round_trip"} if pd.__version__.startswith(("2.", "3.0.")) else {}
)
"""Since 3.1 pandas parses numbers exactly unasked, and warns if asked to."""


class TextTable:
    """A delimited text file."""

    extras: tuple[str, ...] = ()
    own_unit = ""
    agreeing: tuple[str, ...] = ()
    has_channels = False

    def __init__(self, source: Source, reading: Reading, progress: Progress | None) -> None:
        """Read the header only."""
        self.name, self.size = source.name, source.size
        self._source, self._reading, self._progress = source, reading, progress
        start, complete = self._start()
        check_text(source, start, 1)
        self._dialect: Dialect = find_dialect(
            self.name,
            start.decode(),
            delimiter=reading.delimiter,
            header=reading.header,
            decimal=reading.decimal,
            complete=complete,
        )
        self.columns = self._dialect.columns

    def blocks(self, wanted: Sequence[Wanted]) -> Iterator[Mapping[Wanted, Column]]:
        """Yield the rows; several blocks are parsed at once."""
        line = self._dialect.header_lines + 1
        parsed = in_order(lambda read: self._tried(read(), wanted), self._reads())
        for piece, columns in parsed:
            if not piece:
                continue
            if columns is not None:
                yield columns
                line += length(columns)  # the proof includes that each row is one line
            elif b'"' in piece:
                # A quoted field may continue in the next piece, so the rest is read exactly.
                rest = (later for later, _ in parsed)
                yield from self._exact(chain([piece], rest), line, wanted)
            else:
                yield from self._exact([piece], line, wanted)
                line += piece.count(b"\n")

    def width(self, column: str) -> int:
        """Return 1: a text column holds one number per row."""
        del column
        return 1

    def place(self, row: int, column: str) -> tuple[str, str]:
        """Find a cell by reading the file again."""
        index = self.columns.index(column)
        rows = self._records(self._pieces(None), self._dialect.header_lines + 1)
        for count, record in enumerate(rows):
            if count == row:
                where = f"{quote(self.name)}, line {record.line:,}, column {quote(column)}"
                return where, record.cells[index]
        raise DataError(f"{quote(self.name)} changed while it was read")

    def _start(self) -> tuple[bytes, bool]:
        """Return the first lines, including the header, and whether they are the whole file."""
        start, limit = b"", START
        for chunk in text_chunks(self._source, self._reading.encoding, None):
            start += chunk
            while len(start) > limit:
                lines = start[:limit].rpartition(b"\n")[0] + b"\n"
                if lines.count(b"\n") > 1:
                    return lines, False
                limit *= 4  # a header may have any width
        return start, True

    def _reads(self) -> Iterator[Callable[[], bytes]]:
        """Yield functions that read the pieces, independently of each other if possible."""
        begin = None
        if self._source.is_plain and self._reading.encoding is None:
            begin = first_row(self._source.path, self._dialect.header_lines)  # type: ignore[arg-type]
        if begin is None:
            yield from (partial(bytes, piece) for piece in self._pieces(self._progress))
            return
        for span in spans(self._source.path, begin, files.CHUNK):  # type: ignore[arg-type]
            if self._progress:
                self._progress(span.last - (span.first if span.first > begin else 0))
            yield span.read

    def _tried(
        self, piece: bytes, wanted: Sequence[Wanted]
    ) -> tuple[bytes, Mapping[Wanted, Column] | None]:
        return piece, self._fast(piece, wanted) if piece else None

    def _pieces(self, progress: Progress | None) -> Iterator[bytes]:
        """Yield the lines of the rows, cut at line ends; a missing last line end is added."""
        skip = self._dialect.header_lines
        held: list[bytes] = []
        chunks = text_chunks(self._source, self._reading.encoding, progress)
        for chunk in chain(chunks, [b""]):
            end = chunk.rfind(b"\n") + 1
            if chunk and not end:
                held.append(chunk)
                continue
            data = b"".join([*held, memoryview(chunk)[:end]])
            held = [chunk[end:]]
            if data and not data.endswith(b"\n"):
                data += b"\n"
            if data.endswith(b"\n\n") or data == b"\n":
                # Blank lines are held back: at the end of the file they are ignored.
                body = data.rstrip(b"\n")
                held.insert(0, data[len(body) + 1 :])
                data = body + b"\n" if body else b""
            while skip and data:
                data = data[data.index(b"\n") + 1 :]
                skip -= 1
            if data:
                yield data

    def _fast(self, piece: bytes, wanted: Sequence[Wanted]) -> Mapping[Wanted, Column] | None:
        """Parse a piece with pandas if it is unambiguous; None if not."""
        fields = len(self.columns) + self._dialect.dropped
        if self._reading.thousands or not is_plain_text(piece):
            return None
        # Most files have no empty cells, and parsing is faster without looking for any.
        last = [column for column in wanted if column.name == self.columns[-1] and not column.text]
        if last and fields > 1 and count_fits(piece, self._dialect.delimiter, fields):
            columns = self._parsed(piece, wanted)
            if columns is not None and not np.isnan(columns[last[0]]).any():  # type: ignore[arg-type]
                return columns
        if not is_sound(piece, self._dialect.delimiter, fields):
            return None
        return self._parsed(piece, wanted) or self._parsed(piece, wanted, empty_cells=True)

    def _parsed(
        self, piece: bytes, wanted: Sequence[Wanted], *, empty_cells: bool = False
    ) -> Mapping[Wanted, Column] | None:
        places = {column: self.columns.index(column.name) for column in wanted}
        texts = {places[column] for column in wanted if column.text}
        try:
            frame = pd.read_csv(  # type: ignore[call-overload]
                _Handle(piece),
                sep=self._dialect.delimiter,
                header=None,
                names=range(len(self.columns) + self._dialect.dropped),
                usecols=sorted(set(places.values())),
                index_col=False,
                skip_blank_lines=False,
                na_filter=empty_cells,
                keep_default_na=False,
                na_values={place: [""] for place in places.values() if place not in texts},
                dtype=dict.fromkeys(texts, str),
                decimal=self._reading.decimal,
                encoding="utf-8",
                low_memory=False,
                **TO_THE_LAST_BIT,
            )
        except ValueError:
            return None
        columns: dict[Wanted, Column] = {}
        for column, place in places.items():
            parsed = _column(frame[place], text=column.text)
            if parsed is None:
                return None
            columns[column] = parsed
        return columns

    def _exact(
        self, pieces: Iterable[bytes], line: int, wanted: Sequence[Wanted]
    ) -> Iterator[Mapping[Wanted, Column]]:
        places = [self.columns.index(column.name) for column in wanted]
        rows: list[list[float | str]] = []
        for record in self._records(pieces, line):
            rows.append(
                [
                    record.cells[place] if column.text else self._number(record, place)
                    for column, place in zip(wanted, places, strict=True)
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

    def _records(self, pieces: Iterable[bytes], line: int) -> Iterator[Record]:
        return records(
            self.name,
            self._lines(pieces, line),
            line,
            len(self.columns),
            self._dialect.delimiter,
            dropped=self._dialect.dropped,
        )

    def _lines(self, pieces: Iterable[bytes], line: int) -> Iterator[str]:
        for piece in pieces:
            check_text(self._source, piece, line)
            line += piece.count(b"\n")
            yield from io.StringIO(piece.decode(), newline="\n")


def _column(series: pd.Series, *, text: bool) -> Column | None:
    """Convert a column of pandas; None if it is neither text nor finite numbers."""
    if text:
        # The dtype "category" would turn 007 into 7 if all cells look like numbers.
        codes, words = pd.factorize(series.to_numpy(dtype=object))
        return Words(codes.astype(np.intp), tuple(map(str, words)))
    if series.dtype.kind not in "iuf":
        return None
    values = series.to_numpy(dtype=np.float64)
    return None if np.isinf(values).any() else np.ascontiguousarray(values)


def _columns(
    rows: Sequence[Sequence[float | str]], wanted: Sequence[Wanted]
) -> Mapping[Wanted, Column]:
    columns: dict[Wanted, Column] = {}
    for column, cells in zip(wanted, zip(*rows, strict=True), strict=True):
        if column.text:
            numbers: dict[str, int] = {}
            codes = [numbers.setdefault(str(cell), len(numbers)) for cell in cells]
            columns[column] = Words(np.array(codes, dtype=np.intp), tuple(numbers))
        else:
            columns[column] = np.array(cells, dtype=np.float64)
    return columns
