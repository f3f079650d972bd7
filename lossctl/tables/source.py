"""The bytes of an input: a file or a stream, compressed or not."""

from __future__ import annotations

import io
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

from lossctl.errors import DataError, UsageError, quote
from lossctl.tables.compression import Decompressed, compression_of

CHUNK = 2 * 2**20
"""Bytes read at a time: enough to parse them quickly, and few enough to hold several chunks."""

START = 1_024
"""Bytes from which the kind of a file is recognised."""

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Source:
    """One input, which can be read from its start as often as needed.

    The content of `spooled`, a temporary file, is that of a stream, or of a compressed file.
    """

    name: str
    path: Path | None
    spooled: IO[bytes] | None = None
    max_bytes: int = 2**63

    @property
    def size(self) -> int | None:
        """The size of the file on disk; None for a stream."""
        return self.path.stat().st_size if self.path else None

    @property
    def stored_size(self) -> int:
        """The number of bytes that are stored, on disk or in the temporary file."""
        if self.spooled is not None:
            return os.fstat(self.spooled.fileno()).st_size
        return self.path.stat().st_size  # type: ignore[union-attr]

    @property
    def is_plain(self) -> bool:
        """Whether the content is that of the file at `path` as it is."""
        return self.path is not None and self.spooled is None and not self.compression()

    def open(self, progress: Progress | None = None) -> IO[bytes]:
        """Open the content, decompressed, at its start.

        Args:
            progress: called with the number of stored bytes of every read.

        Returns:
            A file whose reads return bytes until its end; compressed ones cannot seek.
        """
        raw = _Counted(self._raw(), progress)
        kind = self.compression()
        if not kind:
            return raw  # type: ignore[return-value]
        return Decompressed(raw, self.name, kind, self.max_bytes)  # type: ignore[return-value]

    def chunks(self, progress: Progress | None = None) -> Iterator[bytes]:
        """Yield the content, decompressed, in large chunks."""
        with self.open(progress) as file:
            while data := file.read(CHUNK):
                yield data

    def start(self, size: int = START) -> bytes:
        """Return the first bytes of the content, decompressed."""
        start = b""
        with self.open() as file:
            while len(start) < size and (data := file.read(size - len(start))):
                start += data
        return start[:size]

    def compression(self) -> str:
        """Recognise the compression by the first bytes; empty if there is none."""
        with self._raw() as file:
            return compression_of(file.read(8))

    def decompressed(self) -> Source:
        """Decompress into a temporary file, for readers that seek; itself if not compressed."""
        if not self.compression():
            return self
        with self.open() as file:
            return _spooled(self.name, file, self.max_bytes, self.path)

    def _raw(self) -> IO[bytes]:
        if self.spooled is not None:
            return io.BufferedReader(_Spool(self.spooled.fileno()))
        return self.path.open("rb")  # type: ignore[union-attr]

    def close(self) -> None:
        """Delete the temporary file, if there is one."""
        if self.spooled is not None:
            self.spooled.close()


class _Spool(io.RawIOBase):
    """Reads a temporary file from its start, whatever other readers of it do."""

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
    """A file that reports how many bytes are read."""

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


def open_source(name: str, max_bytes: int) -> Source:
    """Find an input by its name on the command line.

    Args:
        name: a path; `-` is standard input.
        max_bytes: the largest size that a compressed file may have when decompressed.

    Returns:
        The input.

    Raises:
        UsageError: it is a URL.
        DataError: it does not exist, or cannot be read.
    """
    if name == "-":
        return _spooled("standard input", sys.stdin.buffer, max_bytes)
    path = Path(name)
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://|file:", name):
        raise UsageError(f"{quote(name)} is a URL, not a file", "download it first")
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


def _spooled(name: str, stream: IO[bytes], max_bytes: int, path: Path | None = None) -> Source:
    """Copy a stream to a temporary file without a name, so that it can be read again."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  # open as long as the source
    try:
        shutil.copyfileobj(stream, file, CHUNK)
        file.flush()
    except OSError as error:
        file.close()
        reason = error.strerror or error
        raise DataError(f"cannot copy {quote(name)} to a temporary file: {reason}") from None
    except BaseException:
        file.close()
        raise
    return Source(name, path, file, max_bytes)
