"""YAML, read strictly: every value knows its line, and ambiguous values are errors.

The only module that uses yaml. PyYAML lets the last of repeated keys win, reads `no` as false and
`1e-3` as text; here each of these is an error with its place and how to write what is meant.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from lossctl.errors import UsageError, quote, visible

Plain: TypeAlias = "str | int | float | bool | None"

BOOLEAN_LIKE = re.compile(r"y|n|yes|no|on|off|true|false|null", re.IGNORECASE)
NUMBER_LIKE = re.compile(
    r"[-+]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:e[-+]?\d+)?|[-+]?\.(?:inf|nan)|0[xob][\da-f_]+",
    re.IGNORECASE,
)
NUMBER = re.compile(r"[-+]?(?:0|[1-9]\d{0,99})(?:\.\d+)?(?:e[-+]?\d+)?", re.IGNORECASE | re.ASCII)
FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

DEEPEST = 50
"""The most lists and mappings inside each other in a document written by a person."""


@dataclass(frozen=True)
class Node:
    """A value of a document with its line, and for a mapping the line of each key."""

    value: Plain | Sequence[Node] | Mapping[str, Node]
    file: str
    line: int
    keys: Mapping[str, int] = field(default_factory=dict)

    def error(self, message: str, hint: str = "") -> UsageError:
        """Return an error with the place of this value."""
        return UsageError(f"{self.file}, line {self.line}: {message}", hint)

    def at(self, error: UsageError) -> UsageError:
        """Add the place of this value to an error."""
        return self.error(error.message, error.hint)

    def text(self) -> str:
        """Return the value, which must be text.

        Raises:
            UsageError: it is not, or it is empty.
        """
        if not isinstance(self.value, str):
            raise self.error(f"expected text, not {self.description}", "put it in quotes")
        if not self.value.strip():
            raise self.error("the text is empty")
        return self.value

    def switch(self) -> bool:
        """Return the value, which must be true or false.

        Raises:
            UsageError: it is neither.
        """
        if not isinstance(self.value, bool):
            raise self.error(f"expected true or false, not {self.description}")
        return self.value

    def items(self) -> Sequence[Node]:
        """Return the values of a list.

        Raises:
            UsageError: it is not one.
        """
        if isinstance(self.value, Sequence) and not isinstance(self.value, str):
            return self.value
        raise self.error(f"expected a list, not {self.description}")

    def fields(self) -> Mapping[str, Node]:
        """Return the values of a mapping.

        Raises:
            UsageError: it is not one.
        """
        if isinstance(self.value, Mapping):
            return self.value
        raise self.error(f"expected a mapping, not {self.description}")

    def known_fields(self, needed: Sequence[str], others: Sequence[str] = ()) -> Mapping[str, Node]:
        """Return the values of a mapping with all needed keys, and perhaps others, but no more.

        Raises:
            UsageError: one is missing, or unknown.
        """
        fields = self.fields()
        known = [*needed, *others]
        for name in fields:
            if name not in known:
                raise self.key(name).at(UsageError.unknown("key", name, known))
        for name in needed:
            if name not in fields:
                raise self.error(f"missing key {quote(name)}")
        return fields

    def key(self, name: str) -> Node:
        """Return a key of a mapping as a value, for errors about the key."""
        return Node(name, self.file, self.keys[name])

    @property
    def plain(self) -> Any:  # noqa: ANN401  # anything in YAML
        """The value without lines."""
        if isinstance(self.value, Mapping):
            return {name: node.plain for name, node in self.value.items()}
        if isinstance(self.value, Sequence) and not isinstance(self.value, str):
            return [node.plain for node in self.value]
        return self.value

    @property
    def description(self) -> str:
        """The value, in words."""
        if isinstance(self.value, Mapping):
            return "a mapping"
        if isinstance(self.value, Sequence) and not isinstance(self.value, str):
            return "a list"
        return "nothing" if self.value is None else quote(str(self.plain))


def read(text: str, file: str) -> Node:
    """Read a document.

    Args:
        text: the document.
        file: its name, for messages.

    Raises:
        UsageError: it is not valid YAML, or contains something ambiguous.

    >>> read("limit: 0.5", "a.yaml").fields()["limit"].plain
    0.5
    >>> read("limit: no", "a.yaml")
    Traceback (most recent call last):
    lossctl.errors.UsageError: a.yaml, line 1: 'no' is ambiguous: text or a boolean
    write true or false, or put it in quotes
    """
    import yaml  # noqa: PLC0415  # yaml is slow to load

    text = text.removeprefix("\ufeff")
    forbidden = FORBIDDEN.search(text)
    if forbidden:
        line = text.count("\n", 0, forbidden.start()) + 1
        character = quote(forbidden.group())
        raise Node(None, file, line).error(f"not valid YAML: control character {character}")
    events = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    try:
        next(events)  # the stream begins
        if isinstance(next(events), yaml.StreamEndEvent):
            raise UsageError(f"{file} is empty")
        root = _Reader(file, events).value(next(events))
        next(events)  # the document ends
        another: Any = next(events)
        if not isinstance(another, yaml.StreamEndEvent):
            second = Node(None, file, another.start_mark.line + 1)
            raise second.error("a second document starts here", "put each document in its own file")
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "a character that YAML does not allow"
        raise UsageError(f"{file}{place}: not valid YAML: {visible(problem)}") from None
    return root


class _Reader:
    """Builds nodes from the events of a document."""

    def __init__(self, file: str, events: Iterator[Any]) -> None:
        self.file, self.events, self.depth = file, events, 0

    def value(self, event: Any) -> Node:  # noqa: ANN401
        """Read the value that starts with an event."""
        kind = type(event).__name__
        place = self._checked(event)
        if kind == "ScalarEvent":
            return Node(_scalar(event, place), self.file, place.line)
        self.depth += 1
        if self.depth > DEEPEST:
            raise place.error(f"nested more than {DEEPEST} levels deep")
        if kind == "SequenceStartEvent":
            node = Node(list(self._items()), self.file, place.line)
        else:
            keys: dict[str, int] = {}
            node = Node(dict(self._pairs(keys)), self.file, place.line, keys)
        self.depth -= 1
        return node

    def _checked(self, event: Any) -> Node:  # noqa: ANN401
        """Return the place of an event; refuse anchors, aliases and tags."""
        place = Node(None, self.file, event.start_mark.line + 1)
        if event.anchor:
            raise place.error("anchors and aliases are not supported", "write the value out")
        if event.tag:
            message = f"tags such as {quote(event.tag)} are not supported"
            raise place.error(message, "write the value plainly, or put it in quotes")
        return place

    def _items(self) -> Iterator[Node]:
        for event in self.events:
            if type(event).__name__ == "SequenceEndEvent":
                return
            yield self.value(event)

    def _pairs(self, keys: dict[str, int]) -> Iterator[tuple[str, Node]]:
        for event in self.events:
            if type(event).__name__ == "MappingEndEvent":
                return
            place = self._checked(event)
            if type(event).__name__ != "ScalarEvent":
                raise place.error("a key must be plain text")
            name = event.value
            if name == "<<" and not event.style:
                raise place.error(
                    "merge keys ('<<') are not supported", "write the merged keys out"
                )
            if name in keys:
                raise place.error(f"duplicate key {quote(name)}, first used in line {keys[name]}")
            keys[name] = place.line
            yield name, self.value(next(self.events))


def _scalar(event: Any, place: Node) -> Plain:  # noqa: ANN401
    text: str = event.value
    if event.style:  # in quotes, or a block of text
        return text
    if text in ("true", "false"):
        return text == "true"
    if text in ("", "null", "~"):
        return None
    if BOOLEAN_LIKE.fullmatch(text):
        raise place.error(
            f"{quote(text)} is ambiguous: text or a boolean",
            "write true or false, or put it in quotes",
        )
    if not NUMBER_LIKE.fullmatch(text):
        return text
    if not NUMBER.fullmatch(text) or math.isinf(float(text)):
        raise place.error(
            f"{quote(text)} is ambiguous: text or a number",
            "write the number plainly, such as 0.5 or 1000, or put it in quotes",
        )
    return int(text) if text.lstrip("+-").isdigit() else float(text)
