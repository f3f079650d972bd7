"""Text files as UTF-8 with LF line ends, and the checks that they are."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from lossctl.errors import DataError, UsageError, quote, visible
from lossctl.tables.source import Progress, Source


def text_chunks(source: Source, encoding: str | None, progress: Progress | None) -> Iterator[bytes]:
    """Yield a text file as UTF-8 with LF line ends and no byte-order mark, in large chunks.

    Args:
        source: the file.
        encoding: its encoding; UTF-8 if None, which `check_text` checks.
        progress: called with the number of bytes of every read.

    Yields:
        The chunks.

    Raises:
        UsageError: there is no such encoding.
        DataError: the bytes are not text in this encoding.
    """
    chunks = source.chunks(progress)
    if encoding is not None:
        chunks = _decoded(chunks, encoding, source)
    yield from _with_lf_ends(_without_mark(chunks))


def _without_mark(chunks: Iterator[bytes]) -> Iterator[bytes]:
    first = b""
    for chunk in chunks:
        first += chunk
        if len(first) >= len(codecs.BOM_UTF8):
            break
    yield first.removeprefix(codecs.BOM_UTF8)
    yield from chunks


def lf_ends(data: bytes) -> bytes:
    """Turn every line end into LF; both bytes of a CRLF must be in the data."""
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _with_lf_ends(chunks: Iterator[bytes]) -> Iterator[bytes]:
    held = b""
    for chunk in chunks:
        data, held = held + chunk, b""
        if b"\r" in data:
            if data.endswith(b"\r"):  # the next chunk may begin with its LF
                data, held = data[:-1], b"\r"
            data = lf_ends(data)
        if data:
            yield data
    if held:
        yield b"\n"


def _decoded(chunks: Iterator[bytes], encoding: str, source: Source) -> Iterator[bytes]:
    try:
        "".encode(encoding)  # unlike the decoder, this refuses codecs that are not for text
        decoder = codecs.getincrementaldecoder(encoding)()
    except LookupError:
        raise UsageError(
            f"unknown encoding {quote(encoding)}", "for example --encoding latin-1"
        ) from None
    lines = 1
    try:
        for chunk in chunks:
            text = decoder.decode(chunk)
            lines += text.count("\n")
            yield text.encode()
        yield decoder.decode(b"", final=True).encode()
    except UnicodeError as error:
        raise DataError(
            f"{quote(source.name)}, line {lines:,} or later: not {encoding} text "
            f"({visible(str(error))})"
        ) from None


def check_text(source: Source, block: bytes, line: int) -> None:
    """Check that a block is UTF-8 without NUL bytes.

    Args:
        source: the file, for messages.
        block: some of its lines.
        line: the number of the first of them.

    Raises:
        DataError: the block is not UTF-8, or has a NUL byte.
    """
    if b"\x00" in block:
        where = line + block[: block.index(b"\x00")].count(b"\n")
        raise DataError(
            f"{quote(source.name)}, line {where:,}: a NUL byte",
            "if the text is UTF-16: --encoding utf-16",
        )
    try:
        block.decode()
    except UnicodeDecodeError as error:
        where = line + block[: error.start].count(b"\n")
        byte = f"0x{block[error.start]:02x}"
        raise DataError(
            f"{quote(source.name)}, line {where:,}: not UTF-8 text (byte {byte})",
            "name the encoding, for example --encoding latin-1",
        ) from None


def is_plain_text(block: bytes) -> bool:
    """Tell whether a block is UTF-8 without control characters that readers treat differently."""
    if any(mark in block for mark in (b"\x00", b"\x0b", b"\x0c")):
        return False
    if block.isascii():
        return True
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return True
