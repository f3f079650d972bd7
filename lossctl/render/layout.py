"""Pages laid out as lines of a width, for text and for terminals.

A line is a list of pieces, each with a style, which plain text drops. Lines break only at spaces in
prose; code, names and single words that are longer than the width stick out.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from lossctl.errors import visible
from lossctl.report import (
    Code,
    Commands,
    Entries,
    Entry,
    Item,
    Page,
    Paragraph,
    Points,
    Text,
    parts,
)

Style: TypeAlias = Literal["", "title", "heading", "name", "code", "dim", "failed"]
Piece: TypeAlias = tuple[str, Style]
Line: TypeAlias = list[Piece]

WIDTH = 80
"""The width where there is no terminal."""

MEASURE = 100
"""The longest line of prose; longer ones are hard to read, however wide the terminal."""

INDENT = 2
"""Columns by which the content of a section is indented."""

DEEPER = 4
"""Columns by which a text is indented below its name."""

READABLE = 30
"""The least width of a text beside a column of names."""

GAP = 2
"""The space between two columns."""


def page_lines(page: Page, width: int) -> Iterator[Line]:
    """Lay a page out: its title, then each section with its heading."""
    measure = min(width, MEASURE)
    for line in _filled(page.title, _Frame(measure, hang=INDENT)):
        yield [(text, "title") for text, _ in line]
    for section in page.sections:
        yield []
        yield [(section.heading, "heading")]
        for place, item in enumerate(section.items):
            if place and isinstance(item, Paragraph):
                yield []
            yield from _item(item, _Frame(measure, INDENT))


def entry_lines(entries: Entries, width: int) -> Iterator[Line]:
    """Lay entries out that stand by themselves."""
    yield from _entries(entries, _Frame(width))


def filled(text: Text, width: int, style: Style = "") -> Iterator[Line]:
    """Fill lines of a width with the words of a text."""
    yield from _filled(text, _Frame(width), style=style)


def cell_width(text: str) -> int:
    """Return how many columns of a terminal a text takes.

    >>> cell_width("r²"), cell_width("損失"), cell_width("e\u0301")
    (2, 4, 1)
    """
    if text.isascii():
        return len(text)
    return sum(
        0
        if unicodedata.combining(character)
        else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )


def line_width(line: Iterable[Piece]) -> int:
    """Return how many columns a line takes."""
    return sum(cell_width(text) for text, _ in line)


@dataclass(frozen=True)
class _Frame:
    """The place of lines: from `indent` to `width`, all but the first `hang` further in."""

    width: int
    indent: int = 0
    hang: int = 0

    def deeper(self, columns: int) -> _Frame:
        """Return a frame that is indented by some more columns."""
        return _Frame(self.width, self.indent + columns)

    @property
    def room(self) -> int:
        """The columns from the indent to the width."""
        return self.width - self.indent


def _item(item: Item, frame: _Frame) -> Iterator[Line]:
    if isinstance(item, Paragraph):
        yield from _filled(item.text, frame)
    elif isinstance(item, Points):
        for point in item.points:
            yield from _filled(point, replace(frame, hang=2), lead="- ")
    elif isinstance(item, Entries):
        yield from _entries(item, frame)
    elif isinstance(item, Commands):
        yield from _commands(item, frame)
    else:
        yield from (_indented([(visible(line), "")], frame) for line in item.text.splitlines())


def _commands(item: Commands, frame: _Frame) -> Iterator[Line]:
    """Write commands so that a shell can run them: remarks become comments."""
    for command in item.commands:
        yield _indented([(visible(command.line), "code")], frame)
        if command.remark:
            comment = filled(command.remark, frame.room - 2, "dim")
            yield from (_indented([("# ", "dim"), *line], frame) for line in comment)


def _entries(item: Entries, frame: _Frame) -> Iterator[Line]:
    """Set texts beside their names; below those that are longer than the column of names."""
    leads = [""] * len(item.entries)
    if item.numbered:
        digits = len(str(len(item.entries)))
        leads = [f"{number:>{digits}}  " for number, _ in enumerate(item.entries, 1)]
    column = _name_column(item, frame.room - max(map(len, leads), default=0))
    for entry, lead in zip(item.entries, leads, strict=True):
        yield from _entry(entry, lead, column, frame)


def _name_column(item: Entries, room: int) -> int:
    """Return the width of the column of names; 0 where texts need all the room there is."""
    texts = [_text_width(entry.text) for entry in item.entries]
    needed = min(max(texts, default=0), max(READABLE, room // 2))
    names = [_text_width(entry.name) for entry in item.entries]
    fitting = [name for name in names if name + GAP <= room - needed]
    return max(fitting) + GAP if fitting and any(texts) else 0


def _entry(entry: Entry, lead: str, column: int, frame: _Frame) -> Iterator[Line]:
    inner = frame.deeper(len(lead) + (column or DEEPER))
    name = list(_filled(entry.name, replace(frame, hang=len(lead) + 2), lead=lead, labels=True))
    text = list(_filled(entry.text, inner)) if entry.text else []
    gap = inner.indent - line_width(name[-1])
    if column and text and gap >= GAP:
        name[-1] += [(" " * gap, ""), *text.pop(0)[1:]]
    yield from name
    yield from text
    for item in entry.details:  # a second line is indented, to show where the next begins
        yield from _item(item, replace(inner, hang=2) if isinstance(item, Paragraph) else inner)


def _indented(line: Line, frame: _Frame) -> Line:
    return [(" " * frame.indent, ""), *line]


def _text_width(text: Text) -> int:
    texts = (part if isinstance(part, str) else part.text for part in parts(text))
    return sum(cell_width(visible(part)) for part in texts)


def _filled(
    text: Text, frame: _Frame, *, lead: str = "", style: Style = "", labels: bool = False
) -> Iterator[Line]:
    """Fill lines with the words of a text; each begins with its indentation as a piece.

    Args:
        text: the text.
        frame: where the lines stand.
        lead: a number or a bullet before the first word.
        style: the style of words that have none of their own.
        labels: whether it is a label, in which code needs no backticks.
    """
    line = _indented([(lead, "dim")] if lead else [], frame)
    used, empty = frame.indent + cell_width(lead), True
    for word in _words(text, style, labels=labels):
        width = line_width(word)
        if not empty and used + 1 + width > frame.width:
            yield line
            used = frame.indent + frame.hang
            line, empty = [(" " * used, "")], True
        if not empty:
            line.append((" ", style))
            used += 1
        line += word
        used += width
        empty = False
    yield line


def _words(text: Text, style: Style, *, labels: bool) -> Iterator[Line]:
    """Split a text at the spaces of its prose; code and names keep theirs."""
    word: Line = []
    for part in parts(text):
        if isinstance(part, str):
            first, *others = visible(part).split(" ")
            if first:
                word.append((first, style))
            for other in others:
                if word:
                    yield word
                word = [(other, style)] if other else []
        elif isinstance(part, Code):
            word.append((visible(part.text) if labels else f"`{visible(part.text)}`", "code"))
        else:
            word.append((visible(part.text), "name"))
    if word:
        yield word
