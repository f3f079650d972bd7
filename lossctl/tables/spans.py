"""Spans of a plain file that threads read independently, cut at line ends.

If one thread read and cut the file, all others would wait for it. A span holds the lines that begin
between two offsets, so the spans are known before anything is read.
"""

from __future__ import annotations

import os
from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lossctl.tables.encoding import lf_ends

PEEK = 65_536
"""Bytes that are read beyond a span to find the end of its last line."""


@dataclass(frozen=True)
class Span:
    """The lines of a file that begin at offset `first` or after it, and before `last`.

    A line begins at `begin`, whatever precedes it.
    """

    path: Path
    first: int
    last: int
    begin: int

    def read(self) -> bytes:
        """Read the lines, with LF ends; empty if no line begins in the span."""
        with self.path.open("rb") as file:
            lines = self._lines(file.fileno())
        if b"\r" in lines:
            lines = lf_ends(lines)
        return lines if not lines or lines.endswith(b"\n") else lines + b"\n"

    def _lines(self, descriptor: int) -> bytes:
        # The byte before tells whether a line begins at `first` itself.
        at = max(self.first - 1, self.begin)
        data = os.pread(descriptor, self.last - at + PEEK, at)
        start = 0 if self.first == self.begin else data.find(b"\n") + 1
        if not start and self.first > self.begin:
            return b""
        end = data.find(b"\n", self.last - 1 - at) + 1
        while not end:
            searched = len(data)
            data += os.pread(descriptor, searched, at + searched)
            at_end = len(data) == searched
            end = searched if at_end else data.find(b"\n", searched) + 1
        return data[start:end]


def spans(path: Path, begin: int, stride: int) -> Iterator[Span]:
    """Split the lines from an offset on into spans.

    Args:
        path: the file.
        begin: the offset at which the first line begins.
        stride: the number of bytes of a span, give or take a line.

    Yields:
        The spans.
    """
    size = path.stat().st_size
    for first in range(begin, size, stride):
        yield Span(path, first, min(first + stride, size), begin)


def first_row(path: Path, header_lines: int) -> int | None:
    """Find the offset at which the first row begins; None if the file cannot be read in spans.

    It cannot if a lone CR ends a line of the header, or if blank lines end the file: these are
    ignored, but only a reader that has reached the end knows that.
    """
    with path.open("rb") as file:
        start = len(BOM_UTF8) if file.read(len(BOM_UTF8)) == BOM_UTF8 else 0
        file.seek(start)
        header = b"".join(file.readline() for _ in range(header_lines))
        file.seek(max(0, path.stat().st_size - 4))
        tail = lf_ends(file.read())
    if b"\r" in header.replace(b"\r\n", b"\n") or tail.endswith(b"\n\n"):
        return None
    return start + len(header)
