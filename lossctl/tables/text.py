"""Tables of text: fast where their structure is proven, exact where it is not."""

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
from lossctl.tables import source as bytes_of
from lossctl.tables.dialect import Dialect, find_dialect
from lossctl.tables.exact import Record, records
from lossctl.tables.numbers import NotANumber, number
from lossctl.tables.reading import Reading
from lossctl.tables.source import Progress, Source
from lossctl.tables.spans import first_row, spans
from lossctl.tables.structure import count_fits, is_sound
from lossctl.tables.table import Wanted, length

START = 65_536
"""Bytes from which the delimiter and the header are found out."""

RECORDS = 65_536
"""Rows that the exact reader puts into one block."""


class _Handle:
    """Hands the bytes to pandas as they are; a `BytesIO` it would decode and encode again."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def read(self, size: int = -1) -> bytes:
        start = self._at
        self._at = len(self._data) if size < 0 else start + size
        return self._data[start : self._at]

    def __iter__(self) -> Iterator[bytes]:
        raise NotImplementedError  # pandas only asks whether it is there


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
            decimal=reading.decimal,
            complete=complete,
        )
        self.columns = self._dialect.columns

    def blocks(self, wanted: Sequence[Wanted]) -> Iterator[Mapping[Wanted, Column]]:
        """Yield the rows, several blocks being parsed at once."""
        line = self._dialect.header_lines + 1
        parsed = in_order(lambda read: self._tried(read(), wanted), self._reads())
        for piece, columns in parsed:
            if not piece:
                continue
            if columns is not None:
                yield columns
                line += length(columns)  # what was proven sound has one line a row
            elif b'"' in piece:
                # a quoted field may go on in the next piece, so the rest is read exactly
                rest = (later for later, _ in parsed)
                yield from self._exact(chain([piece], rest), line, wanted)
            else:
                yield from self._exact([piece], line, wanted)
                line += piece.count(b"\n")

    def width(self, column: str) -> int:
        """Return 1: a column is one."""
        del column
        return 1

    def place(self, row: int, column: str) -> tuple[str, str]:
        """Find a cell by reading the file again."""
        at = self.columns.index(column)
        for number_, record in enumerate(
            self._records(self._pieces(None), self._dialect.header_lines + 1)
        ):
            if number_ == row:
                where = f"{quote(self.name)}, line {record.line:,}, column {quote(column)}"
                return where, record.cells[at]
        raise DataError(f"{quote(self.name)} changed while it was read")

    def _start(self) -> tuple[bytes, bool]:
        """Return the first lines, the header at least, and whether they are all."""
        start, limit = b"", START
        for chunk in bytes_of.text_chunks(self._source, self._reading.encoding, None):
            start += chunk
            while len(start) > limit:
                lines = start[:limit].rpartition(b"\n")[0] + b"\n"
                if lines.count(b"\n") > 1:
                    return lines, False
                limit *= 4  # a header may be as wide as it likes
        return start, True

    def _reads(self) -> Iterator[Callable[[], bytes]]:
        """Yield what reads the pieces: each for itself where that is possible."""
        begin = None
        if self._source.is_plain and self._reading.encoding is None:
            begin = first_row(self._source.path, self._dialect.header_lines)  # type: ignore[arg-type]
        if begin is None:
            yield from (partial(bytes, piece) for piece in self._pieces(self._progress))
            return
        for span in spans(self._source.path, begin, bytes_of.CHUNK):  # type: ignore[arg-type]
            if self._progress:
                self._progress(span.last - (span.first if span.first > begin else 0))
            yield span.read

    def _tried(
        self, piece: bytes, wanted: Sequence[Wanted]
    ) -> tuple[bytes, Mapping[Wanted, Column] | None]:
        return piece, self._fast(piece, wanted) if piece else None

    def _pieces(self, progress: Progress | None) -> Iterator[bytes]:
        """Yield the rows' lines, cut at line ends; the last line gets its end if it has none."""
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
            held = [chunk[end:]]
            if data and not data.endswith(b"\n"):
                data += b"\n"
            if data.endswith(b"\n\n") or data == b"\n":
                # Blank lines wait for what follows: at the very end of the file they are nothing.
                body = data.rstrip(b"\n")
                held.insert(0, data[len(body) + 1 :])
                data = body + b"\n" if body else b""
            while skip and data:
                data = data[data.index(b"\n") + 1 :]
                skip -= 1
            if data:
                yield data

    def _fast(self, piece: bytes, wanted: Sequence[Wanted]) -> Mapping[Wanted, Column] | None:
        """Parse a piece with pandas if nothing about it can be read in two ways."""
        fields = len(self.columns) + self._dialect.dropped
        if self._reading.thousands or not bytes_of.is_plain_text(piece):
            return None
        # Most files have no empty cells, and are parsed faster if none are looked for.
        last = [each for each in wanted if each.name == self.columns[-1] and not each.text]
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
        places = {each: self.columns.index(each.name) for each in wanted}
        texts = {places[each] for each in wanted if each.text}
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
        columns = {each: _column(frame[place], text=each.text) for each, place in places.items()}
        if any(column is None for column in columns.values()):
            return None
        return {each: column for each, column in columns.items() if column is not None}

    def _exact(
        self, pieces: Iterable[bytes], line: int, wanted: Sequence[Wanted]
    ) -> Iterator[Mapping[Wanted, Column]]:
        places = [self.columns.index(each.name) for each in wanted]
        rows: list[list[float | str]] = []
        for record in self._records(pieces, line):
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
            bytes_of.check_text(self._source, piece, line)
            line += piece.count(b"\n")
            yield from io.StringIO(piece.decode(), newline="\n")


def _column(series: pd.Series, *, text: bool) -> Column | None:
    """Take what pandas has read; None if it is not plainly numbers, or text."""
    if text:
        # Not the dtype "category": where all cells look like numbers it makes 7 of 007.
        codes, words = pd.factorize(series.to_numpy(dtype=object))
        return Words(codes.astype(np.intp), tuple(map(str, words)))
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
