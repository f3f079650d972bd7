"""The help of a command: what it says, and how it is laid out for a width.

A page is a summary, the usage, sections of rows with a name and a text, and examples. No option's
name is ever cut or broken: a text stands beside its name where there is room, else below it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeAlias

from lossctl.cli.screen import code, faint, heading

Word: TypeAlias = tuple[str, Callable[[str], str]]
"""Text without a line break, and the function that styles it."""

INDENT = 2
STACKED_BELOW = 64
"""Texts stand below their names where lines are shorter than this."""

COMMANDS, ARGUMENTS, OPTIONS = "Commands", "Arguments", "Options"
LONGEST_CHOICE = 18
"""Choices up to this length stand in the place of an option's value."""


@dataclass(frozen=True)
class Row:
    """A command, an argument or an option, with its value and its description."""

    name: str
    text: str
    value: str = ""
    default: str = ""


@dataclass(frozen=True)
class Section:
    """Rows under a heading."""

    heading: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class HelpPage:
    """All that the help of a command says."""

    usage: str
    paragraphs: Sequence[str]
    sections: Sequence[Section]
    examples: Sequence[tuple[str, str]]


def page(
    path: str,
    text: str,
    *,
    parameters: Sequence[Any] = (),
    commands: Sequence[tuple[str, str]] = (),
    arguments: Sequence[Row] = (),
    examples: Sequence[tuple[str, str]] = (),
) -> HelpPage:
    """Make the page of a command.

    Args:
        path: the command with those above it: `lossctl rules list`.
        text: its help; paragraphs are set apart by empty lines.
        parameters: its parameters, as Typer keeps them.
        commands: the names of its own commands, with a sentence on each.
        arguments: arguments that come before those among the parameters.
        examples: what each example does, and its command.
    """
    shown = [parameter for parameter in parameters if not parameter.hidden]
    usage = [path, *(["COMMAND"] if commands else []), *(row.name for row in arguments)]
    usage += [usage_of(one) for one in shown if one.param_type_name == "argument"]
    rows = {COMMANDS: [Row(name, summary) for name, summary in commands], ARGUMENTS: [*arguments]}
    for parameter in shown:
        panel = ARGUMENTS if parameter.param_type_name == "argument" else OPTIONS
        if "--help" in parameter.opts:  # it ends the last section
            panel = [OPTIONS, *(name for name in rows if name not in (COMMANDS, ARGUMENTS))][-1]
        rows.setdefault(parameter.rich_help_panel or panel, []).append(row_of(parameter))
    return HelpPage(
        " ".join([*usage, "[OPTIONS]"]),
        [" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", text)],
        [Section(name, tuple(section)) for name, section in rows.items() if section],
        examples,
    )


def usage_of(argument: Any) -> str:  # noqa: ANN401
    """Write an argument as the usage line has it: `FILES...`, `[ID]`."""
    name = value_name(argument) + ("..." if argument.nargs == -1 else "")
    return name if argument.required else f"[{name}]"


def value_name(parameter: Any) -> str:  # noqa: ANN401
    """Return the word for the value of an argument or option: `FILES`, `mean|sum|none`."""
    if parameter.param_type_name == "argument":
        return (parameter.metavar or parameter.name.upper()).strip("[]. ")
    choices = "|".join(map(str, parameter.type_descriptor.choices or ()))
    if parameter.metavar:
        return str(parameter.metavar)
    if choices and len(choices) <= LONGEST_CHOICE:
        return choices
    return str(parameter.name).rpartition("_")[2].upper()


def row_of(parameter: Any) -> Row:  # noqa: ANN401
    """Describe an argument or option."""
    text = "Show this help." if "--help" in parameter.opts else parameter.help or ""
    if parameter.param_type_name == "argument":
        return Row(value_name(parameter), text)
    names = sorted(parameter.opts, key=len)
    if parameter.is_flag:
        on = parameter.show_default == "on"
        return Row(", ".join(names + parameter.secondary_opts * on), text, default="on" * on)
    default = parameter.default
    if isinstance(parameter.show_default, str):
        default = parameter.show_default
    elif not parameter.show_default or default is None:
        default = ""
    return Row(", ".join(names), text, value_name(parameter), str(default))


def drawn(content: HelpPage, width: int) -> str:
    """Lay a page out in lines of at most this width, with styles."""
    return "\n".join(_lines(content, width))


def _lines(content: HelpPage, width: int) -> Iterator[str]:
    for paragraph in content.paragraphs:
        yield from _filled(_words(paragraph), width)
        yield ""
    yield from _filled([("Usage:", heading), *_words(content.usage, code)], width, hang=7)
    column = _column(content.sections, width)
    for section in content.sections:
        yield ""
        yield heading(section.heading)
        for row in section.rows:
            yield from _row(row, column, width)
    if content.examples:
        yield ""
        yield heading("Examples")
    for purpose, command in content.examples:
        for line in _filled(_words(purpose, faint), width - 2 * INDENT):
            yield f"{' ' * INDENT}{faint('#')} {line}"
        yield from _command(command, width)


def _column(sections: Iterable[Section], width: int) -> int:
    """Return the column in which texts begin."""
    if width < STACKED_BELOW:
        return 3 * INDENT
    limit = width // 3
    lengths = [len(_label(row)) for section in sections for row in section.rows]
    return max((length for length in lengths if length <= limit), default=0) + 2 * INDENT


def _label(row: Row) -> str:
    return f"{row.name} {row.value}".rstrip()


def _row(row: Row, column: int, width: int) -> Iterator[str]:
    text = _words(row.text)
    if row.default:
        text.append((f"[default: {row.default}]", faint))
    label = f"{' ' * INDENT}{code(row.name)} {row.value}".rstrip()
    gap = column - INDENT - len(_label(row))
    lines = list(_filled(text, width, column))
    if gap >= INDENT and width >= STACKED_BELOW and lines:
        lines[0] = label + " " * gap + lines[0].lstrip()
        yield from lines
    else:
        yield label
        yield from lines


def _command(command: str, width: int) -> Iterator[str]:
    """Write a command that can be copied, however narrow: continued lines end in a backslash."""
    words: list[Word] = []
    for word in map(shlex.quote, shlex.split(command)):
        if words and words[-1][0].startswith("-") and not word.startswith("-"):
            words[-1] = f"{words[-1][0]} {word}", code  # an option and its value stay together
        else:
            words.append((word, code))
    *lines, last = _filled(words, width - 2, INDENT, hang=INDENT)
    yield from (f"{line} \\" for line in lines)
    yield last


def _words(text: str, style: Callable[[str], str] = str) -> list[Word]:
    return [(word, style) for word in text.split()]


def _filled(words: Sequence[Word], width: int, indent: int = 0, *, hang: int = 0) -> Iterator[str]:
    """Fill lines with words; those after the first are indented by `hang` more."""
    lines: list[list[Word]] = [[]]
    used = indent
    for word, style in words:
        if lines[-1] and used + 1 + len(word) > width:
            lines.append([])
            used = indent + hang
        used += bool(lines[-1]) + len(word)
        lines[-1].append((word, style))
    for place, line in enumerate(filter(None, lines)):
        runs = groupby(line, key=itemgetter(1))
        styled = (style(" ".join(word for word, _ in run)) for style, run in runs)
        yield " " * (indent + hang * bool(place)) + " ".join(styled)
