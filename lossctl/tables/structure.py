"""A proof, without a loop over rows, that every line of a block has the right number of fields."""

from __future__ import annotations

import numpy as np

NEWLINE, QUOTE = 10, 34


def count_fits(block: bytes, delimiter: str, fields: int) -> bool:
    """Tell whether the number of delimiters is that of lines with so many fields.

    If every line also has something in its last field, no line can have too many fields or too
    few. This check is much faster than `is_sound`, but cannot prove anything if there are quotes.

    Args:
        block: lines, each with its newline.
        delimiter: the delimiter.
        fields: the number of fields of a line.

    Returns:
        Whether the number is right; False if there are quotes.
    """
    if b'"' in block:
        return False
    data = np.frombuffer(block, dtype=np.uint8)
    lines = np.count_nonzero(data == NEWLINE)
    return np.count_nonzero(data == ord(delimiter)) == lines * (fields - 1)


def is_sound(block: bytes, delimiter: str, fields: int) -> bool:
    """Tell whether every line has so many fields, and quotes only around whole fields.

    Args:
        block: lines, each with its newline.
        delimiter: the delimiter.
        fields: the number of fields of a line.

    Returns:
        Whether this is proven; if not, the exact reader has to decide.
    """
    mark = delimiter.encode()
    quoted = b'"' in block
    if not quoted and fields == 1:
        return mark not in block
    data = np.frombuffer(block, dtype=np.uint8)
    ends = np.flatnonzero(data == NEWLINE)
    marks = np.flatnonzero(data == mark[0])
    if quoted:
        quotes = np.flatnonzero(data == QUOTE)
        if not _quotes_wrap_fields(data, quotes, ends, mark[0]):
            return False
        # A delimiter is outside of quotes if an even number of quotes precedes it.
        marks = marks[np.searchsorted(quotes, marks) % 2 == 0]
    if len(marks) != len(ends) * (fields - 1):
        return False
    if fields == 1:
        return True
    by_line = marks.reshape(len(ends), fields - 1)
    after = np.empty_like(ends)
    after[0], after[1:] = -1, ends[:-1]
    return bool((by_line[:, 0] > after).all() and (by_line[:, -1] < ends).all())


def _quotes_wrap_fields(
    data: np.ndarray,
    quotes: np.ndarray,
    ends: np.ndarray,
    mark: int,
) -> bool:
    if len(quotes) % 2:
        return False
    opening, closing = quotes[::2], quotes[1::2]
    before = data[np.maximum(opening - 1, 0)]
    starts = (opening == 0) | (before == mark) | (before == NEWLINE)
    after = data[closing + 1]
    stops = (after == mark) | (after == NEWLINE)
    one_line = np.searchsorted(ends, opening) == np.searchsorted(ends, closing)
    return bool(starts.all() and stops.all() and one_line.all())
