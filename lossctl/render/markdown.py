"""Markdown, as job summaries and pull requests show it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from lossctl.errors import visible
from lossctl.render.cells import columns_for, row_texts
from lossctl.report import (
    Code,
    Commands,
    Entries,
    Entry,
    Item,
    Name,
    Page,
    Paragraph,
    Points,
    Report,
    Table,
    Text,
    parts,
)


def render(report: Report, digits: int, width: int) -> Iterator[str]:
    """Yield a table, then its signatures and notes; or a page with headings, lists and code."""
    del width
    if isinstance(report, Page):
        yield from _page(report)
        return
    yield from _table(report, digits)


def _table(table: Table, digits: int) -> Iterator[str]:
    places = columns_for("people", table)
    columns = [table.columns[place] for place in places]
    yield _line([escaped(column.name) for column in columns])
    yield _line(["---:" if column.kind in ("count", "number") else "---" for column in columns])
    for row in table.rows:
        yield _line([escaped(text) for text in row_texts(table, row, places, digits)])
    if table.footer:
        yield ""
        yield from (f"`{line.replace('`', '')}`  " for line in table.footer)
    if table.notes:
        yield ""
        yield from (f"- {escaped(note.message)}" for note in table.notes)


def _page(page: Page) -> Iterator[str]:
    yield f"## {_text(page.title)}"
    for section in page.sections:
        yield f"\n### {escaped(section.heading)}"
        for item in section.items:
            yield ""
            yield from _item(item)


def _item(item: Item) -> Iterator[str]:
    if isinstance(item, Paragraph):
        yield _text(item.text)
    elif isinstance(item, Points):
        yield from (f"- {_text(point)}" for point in item.points)
    elif isinstance(item, Entries):
        for number, entry in enumerate(item.entries, 1):
            yield from _entry(entry, f"{number}. " if item.numbered else "- ")
    elif isinstance(item, Commands):
        yield from _fenced(_shell(item), "sh")
    else:
        yield from _fenced(item.text.splitlines(), item.language)


def _entry(entry: Entry, lead: str) -> Iterator[str]:
    """Write an entry as an item of a list; its details belong to it by their indentation.

    Some readers of Markdown want four spaces, and all understand them.
    """
    name = _text(entry.name)
    label = f"**{name}**" if isinstance(entry.name, str) else name
    yield f"{lead}{label}: {_text(entry.text)}" if entry.text else f"{lead}{label}"
    for detail in entry.details:
        points = Points((detail.text,)) if isinstance(detail, Paragraph) else detail
        yield from (f"    {line}".rstrip() for line in _item(points))


def _shell(item: Commands) -> Iterator[str]:
    for command in item.commands:
        yield command.line
        if command.remark:
            yield f"# {command.remark}"


def _fenced(lines: Iterator[str] | Sequence[str], language: str) -> Iterator[str]:
    """Put lines between fences that are longer than any of their own."""
    shown = [visible(line) for line in lines]
    longest = max((len(run) for line in shown for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"{fence}{language or 'text'}"
    yield from shown
    yield fence


def _text(text: Text) -> str:
    return "".join(
        escaped(visible(part)) if isinstance(part, str) else _code(part) for part in parts(text)
    )


def _code(part: Code | Name) -> str:
    """Write code between backticks, of which there are more than it has itself."""
    text = visible(part.text)
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence, space = "`" * (longest + 1), " " if longest else ""
    return f"{fence}{space}{text}{space}{fence}"


MARKUP = re.compile(r"[\\`*{}\[\]|]|(?<![^\W_])_|_(?![^\W_])|^#|^[-+](?=\s)|(?<=^\d)[.)](?=\s)")
"""Where a text could be read as Markdown; underscores inside words and parentheses cannot."""

ENTITIES = str.maketrans(
    {sign: f"&#{ord(sign)};" for sign in "@~$"} | {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
)
"""Signs that HTML or an extension of Markdown reads: tags, mentions, strikethrough, mathematics."""


def escaped(text: str) -> str:
    r"""Escape everything in a text that Markdown or HTML would interpret.

    >>> print(escaped("a|b <i> @me"))
    a\|b &lt;i&gt; &#64;me
    """
    text = MARKUP.sub(r"\\\g<0>", text).translate(ENTITIES)
    return text.replace("://", "&#58;//")


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
