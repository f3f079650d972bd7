"""A Markdown table, as job summaries and pull requests show it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lossctl.render.cells import audible, row_texts
from lossctl.report import Page, Report


def render(report: Report, digits: int) -> Iterator[str]:
    """Yield the table, then the signatures and notes; a card as headed sections."""
    if isinstance(report, Page):
        yield f"## {escaped(report.title)}"
        for heading, text in report.sections.items():
            yield f"\n### {escaped(heading)}\n"
            yield f"```text\n{text.replace('```', '` ` `')}\n```"
        return
    table = report
    places = audible(table, "people")
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


def escaped(text: str) -> str:
    r"""Take the meaning from everything that Markdown or HTML would read in a text.

    >>> print(escaped("a|b <i> @me"))
    a\|b &lt;i&gt; &#64;me
    """
    text = re.sub(r"([\\`*_{}\[\]()#!|~])", r"\\\1", text)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("@", "&#64;").replace("://", "&#58;//")


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
