"""The bytes of a file: spooled, decompressed within bounds, made UTF-8 with LF line ends."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import os
import re
import shutil
import stat
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

from lossctl.errors import DataError, UsageError, quote, visible

CHUNK = 2 * 2**20
"""Bytes read at a time: large enough to parse quickly, small enough to hold several."""

SIP = 16_384
"""Compressed bytes taken at a time where what they become is not bounded."""

COMPRESSED = {b"\x1f\x8b": "gz", b"BZh": "bz2", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zst"}
FOREIGN = {
    b"PAR1": "a Parquet file",
    b"PK\x03\x04": "a zip archive or a spreadsheet",
    b"\x89HDF": "an HDF5 file",
    b"\x80\x02": "a pickle",
    b"\x80\x03": "a pickle",
    b"\x80\x04": "a pickle",
    b"\x80\x05": "a pickle",
    b"%PDF": "a PDF document",
}
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Source:
    """One input, which can be read from its start as often as needed."""

    name: str
    path: Path | None
    spooled: IO[bytes] | None = None
    max_bytes: int = 2**63

    @property
    def size(self) -> int | None:
        """Bytes on disk; unknown for a stream."""
        return self.path.stat().st_size if self.path and self.spooled is None else None

    @property
    def is_plain(self) -> bool:
        """Whether the bytes are those of a file on disk, as they are."""
        return self.path is not None and self.spooled is None and not self.compression()

    def open(self, progress: Progress | None = None) -> IO[bytes]:
        """Open the decompressed bytes from the start."""
        raw = _Counted(self._raw(), progress)
        kind = self.compression()
        if not kind:
            return raw  # type: ignore[return-value]
        return _Bounded(_decompressor(kind, raw), raw, self)  # type: ignore[return-value]

    def compression(self) -> str:
        """Tell by its first bytes how the file is compressed; empty if it is not."""
        start = self.start()
        return next((kind for magic, kind in COMPRESSED.items() if start.startswith(magic)), "")

    def start(self) -> bytes:
        """Return the first bytes on disk."""
        with self._raw() as file:
            return file.read(8)

    def _raw(self) -> IO[bytes]:
        if self.spooled is not None:
            return io.BufferedReader(_Spool(self.spooled.fileno()))
        return self.path.open("rb")  # type: ignore[union-attr]

    def close(self) -> None:
        """Let go of the temporary file, if there is one."""
        if self.spooled is not None:
            self.spooled.close()


class _Spool(io.RawIOBase):
    """Reads a temporary file from its start, whoever else reads it."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor, self._at = descriptor, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        base = (0, self._at, os.fstat(self._descriptor).st_size)[whence]
        self._at = base + offset
        return self._at

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401
        data = os.pread(self._descriptor, len(buffer), self._at)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


class _Counted:
    """Tells how much of a file has been read."""

    def __init__(self, file: IO[bytes], progress: Progress | None) -> None:
        self._file = file
        self._progress = progress

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        if self._progress:
            self._progress(len(data))
        return data

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._file, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


class _Bounded:
    """Reads what a decompressor gives, up to a limit, with errors that name the file."""

    def __init__(self, file: Any, raw: Any, source: Source) -> None:  # noqa: ANN401
        self._file, self._raw, self._source = file, raw, source
        self._left = source.max_bytes

    def read(self, size: int = CHUNK) -> bytes:
        name = quote(self._source.name)
        try:
            data: bytes = self._file.read(size)
        except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
            raise DataError(f"{name} is damaged: {visible(str(error))}") from None
        self._left -= len(data)
        if self._left < 0:
            raise DataError(
                f"{name} grows beyond {self._source.max_bytes:,} bytes when decompressed",
                "if it is meant to: --max-bytes NUMBER",
            )
        return data

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._raw.close()


def _decompressor(kind: str, raw: Any) -> Any:  # noqa: ANN401
    if kind == "gz":
        return gzip.GzipFile(fileobj=raw)
    if kind == "bz2":
        return bz2.BZ2File(raw)
    if kind == "xz":
        return lzma.LZMAFile(raw)
    try:
        return _Zstandard(raw)
    except ImportError:
        raw.close()
        raise DataError(
            "reading .zst files needs the package zstandard", "pip install zstandard"
        ) from None


class _Zstandard:
    """Decompresses frame after frame; unlike the package's own reader it notices a missing end."""

    def __init__(self, raw: Any) -> None:  # noqa: ANN401
        import zstandard  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415

        self._raw, self._package = raw, zstandard
        self._unused = b""
        self._frame: Any = None

    def read(self, size: int) -> bytes:
        """Return some bytes, and none only at the end; a little compressed may become a lot."""
        while data := self._unused or self._raw.read(min(size, SIP)):
            if self._frame is None:
                self._frame = self._package.ZstdDecompressor().decompressobj()
            try:
                found: bytes = self._frame.decompress(data)
            except self._package.ZstdError as error:
                raise OSError(str(error)) from None
            self._unused = self._frame.unused_data if self._frame.eof else b""
            if self._frame.eof:
                self._frame = None
            if found:
                return found
        if self._frame is not None:
            raise EOFError("the file ends before its data do")
        return b""

    def close(self) -> None:
        """Do nothing: whoever opened the file closes it."""


def open_source(name: str, max_bytes: int) -> Source:
    """Find an input by the name that the user gave; `-` is standard input.

    Raises:
        UsageError: it is a URL.
        DataError: it is not there, not readable, or empty.
    """
    if name == "-":
        return _spooled("standard input", sys.stdin.buffer, max_bytes)
    path = Path(name)
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://|file:", name):
        raise UsageError(f"{quote(name)} is an address, not a file", "download it first")
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise DataError(f"{quote(name)} is a folder, not a file")
        if not stat.S_ISREG(mode):
            with path.open("rb") as stream:
                return _spooled(name, stream, max_bytes)
        with path.open("rb"):
            pass
    except OSError as error:
        raise DataError(f"{quote(name)} cannot be read: {error.strerror}") from None
    return Source(name, path, max_bytes=max_bytes)


def _spooled(name: str, stream: IO[bytes], max_bytes: int) -> Source:
    """Keep a stream in a temporary file without a name, so that it can be read again."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  # it lives as long as the source
    shutil.copyfileobj(stream, file, CHUNK)
    file.flush()
    return Source(name, None, file, max_bytes)


def text_chunks(source: Source, encoding: str | None, progress: Progress | None) -> Iterator[bytes]:
    """Yield a text file as UTF-8 with LF line ends and no byte-order mark, in large chunks.

    Raises:
        UsageError: there is no such encoding.
        DataError: the bytes are not text in this encoding.
    """
    with source.open(progress) as file:
        chunks = iter(lambda: file.read(CHUNK), b"")
        if encoding is not None:
            chunks = _decoded(chunks, encoding, source)
        yield from _with_plain_line_ends(_without_mark(chunks))


def _without_mark(chunks: Iterator[bytes]) -> Iterator[bytes]:
    first = b""
    for chunk in chunks:
        first += chunk
        if len(first) >= len(codecs.BOM_UTF8):
            break
    yield first.removeprefix(codecs.BOM_UTF8)
    yield from chunks


def with_plain_ends(data: bytes) -> bytes:
    """Make every line end an LF; a CR and an LF that belong together must both be there."""
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _with_plain_line_ends(chunks: Iterator[bytes]) -> Iterator[bytes]:
    held = b""
    for chunk in chunks:
        data, held = held + chunk, b""
        if b"\r" in data:
            if data.endswith(b"\r"):  # an LF that belongs to it may come next
                data, held = data[:-1], b"\r"
            data = with_plain_ends(data)
        if data:
            yield data
    if held:
        yield b"\n"


def _decoded(chunks: Iterator[bytes], encoding: str, source: Source) -> Iterator[bytes]:
    try:
        "".encode(encoding)  # unlike the decoder, this refuses codecs that are not for text
        decoder = codecs.getincrementaldecoder(encoding)()
    except LookupError:
        raise UsageError(f"there is no encoding {quote(encoding)}") from None
    lines = 1
    try:
        for chunk in chunks:
            text = decoder.decode(chunk)
            lines += text.count("\n")
            yield text.encode()
        yield decoder.decode(b"", final=True).encode()
    except UnicodeError as error:
        raise DataError(
            f"{quote(source.name)}, at line {lines:,} or after: not {encoding} text "
            f"({visible(str(error))})"
        ) from None


def check_text(source: Source, block: bytes, line: int) -> None:
    """Refuse NUL bytes and what is not UTF-8, with the line.

    Raises:
        DataError: there is one.
    """
    if b"\x00" in block:
        where = line + block[: block.index(b"\x00")].count(b"\n")
        raise DataError(
            f"{quote(source.name)}, line {where:,}: a NUL byte", "is it UTF-16? --encoding utf-16"
        )
    try:
        block.decode()
    except UnicodeDecodeError as error:
        where = line + block[: error.start].count(b"\n")
        byte = f"0x{block[error.start]:02x}"
        raise DataError(
            f"{quote(source.name)}, line {where:,}: not UTF-8 text (byte {byte})",
            "name its encoding, for instance --encoding latin-1",
        ) from None


def is_plain_text(block: bytes) -> bool:
    """Tell whether a block is UTF-8 without control characters that readers differ about."""
    if any(mark in block for mark in (b"\x00", b"\x0b", b"\x0c")):
        return False
    if block.isascii():
        return True
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return True
