"""Compressed files: recognised by their first bytes, and decompressed up to a limit."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from typing import IO, Any, Self

from lossctl.errors import DataError, quote, visible

MAGIC = {b"\x1f\x8b": "gz", b"BZh": "bz2", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zst"}
SUFFIXES = tuple(f".{kind}" for kind in MAGIC.values())

SIP = 16_384
"""Compressed bytes that are decompressed at a time if the size of the result is not bounded."""


def compression_of(start: bytes) -> str:
    """Recognise a compression by a file's first bytes.

    >>> compression_of(b"BZh91AY"), compression_of(b"prediction")
    ('bz2', '')
    """
    return next((kind for magic, kind in MAGIC.items() if start.startswith(magic)), "")


def without_suffix(name: str) -> str:
    """Remove the suffix of a compression from a file's name.

    >>> without_suffix("image.png.gz"), without_suffix("image.png")
    ('image.png', 'image.png')
    """
    for suffix in SUFFIXES:
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name


class Decompressed:
    """Reads the decompressed bytes of a file up to a limit, with errors that name the file."""

    def __init__(self, raw: Any, name: str, kind: str, max_bytes: int) -> None:  # noqa: ANN401
        """Start at the beginning.

        Args:
            raw: the compressed bytes; closed together with this.
            name: the file, for messages.
            kind: the compression.
            max_bytes: the largest size that the decompressed bytes may have.

        Raises:
            DataError: the package for this compression is not installed.
        """
        self._file = _decompressor(kind, raw)
        self._raw, self._name = raw, quote(name)
        self._max_bytes = self._left = max_bytes

    def read(self, size: int) -> bytes:
        """Return about so many bytes; none only at the end.

        Raises:
            DataError: the file is damaged, or larger than the limit.
        """
        try:
            data: bytes = self._file.read(size)
        except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
            raise DataError(f"{self._name} is damaged: {visible(str(error))}") from None
        self._left -= len(data)
        if self._left < 0:
            raise DataError(
                f"{self._name} exceeds {self._max_bytes:,} bytes when decompressed",
                "if this is intended, raise the limit: --max-bytes NUMBER",
            )
        return data

    def __enter__(self) -> Self:
        """Stay open while the bytes are read."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
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
    """Decompresses all frames; unlike the package's own reader it notices if the end is missing."""

    def __init__(self, raw: IO[bytes]) -> None:
        import zstandard  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415

        self._raw, self._package = raw, zstandard
        self._unused = b""
        self._frame: Any = None

    def read(self, size: int) -> bytes:
        """Return some bytes, possibly more than asked for; none only at the end."""
        while data := self._unused or self._raw.read(min(size, SIP)):
            if self._frame is None:
                self._frame = self._package.ZstdDecompressor().decompressobj()
            try:
                decompressed: bytes = self._frame.decompress(data)
            except self._package.ZstdError as error:
                raise OSError(str(error)) from None
            self._unused = self._frame.unused_data if self._frame.eof else b""
            if self._frame.eof:
                self._frame = None
            if decompressed:
                return decompressed
        if self._frame is not None:
            raise EOFError("the file ends in the middle of its data")
        return b""

    def close(self) -> None:
        """Do nothing: the compressed file is closed by the code that opened it."""
