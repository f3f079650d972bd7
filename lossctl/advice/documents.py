"""YAML, read strictly: every value knows its line, and nothing is taken for what it is not.

The only home of yaml. PyYAML lets a repeated key win, reads `no` as false and `1e-3` as text; here
each of these is an error that says where it stands and how to write what was meant.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from lossctl.errors import UsageError, quote, visible

Plain: TypeAlias = "str | int | float | bool | None"

SWITCH = re.compile(r"y|n|yes|no|on|off|true|false|null", re.IGNORECASE)
NUMBER_LIKE = re.compile(
    r"[-+]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:e[-+]?\d+)?|[-+]?\.(?:inf|nan)|0[xob][\da-f_]+",
    re.IGNORECASE,
)
NUMBER = re.compile(r"[-+]?(?:0|[1-9]\d{0,99})(?:\.\d+)?(?:e[-+]?\d+)?", re.IGNORECASE | re.ASCII)
FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

DEEPEST = 50
"""Lists and mappings inside each other, in any document that a person has written."""


@dataclass(frozen=True)
class Node:
    """A value of a document, and where it stands; of a mapping also where each key does."""

    value: Plain | Sequence[Node] | Mapping[str, Node]
    file: str
    line: int
    keys: Mapping[str, int] = field(default_factory=dict)

    def error(self, message: str, hint: str = "") -> UsageError:
        """Make an error that says where."""
        return UsageError(f"{self.file}, line {self.line}: {message}", hint)

    def at(self, error: UsageError) -> UsageError:
        """Add the place to an error."""
        return self.error(error.message, error.hint)

    def text(self) -> str:
        """Return the value, which must be text.

        Raises:
            UsageError: it is not, or it is empty.
        """
        if not isinstance(self.value, str):
            raise self.error(f"text is needed, not {self.said}", "put it in quotes")
        if not self.value.strip():
            raise self.error("the text is empty")
        return self.value

    def switch(self) -> bool:
        """Return the value, which must be true or false.

        Raises:
            UsageError: it is neither.
        """
        if not isinstance(self.value, bool):
            raise self.error(f"true or false is needed, not {self.said}")
        return self.value

    def items(self) -> Sequence[Node]:
        """Return the values of a list.

        Raises:
            UsageError: it is not one.
        """
        if isinstance(self.value, Sequence) and not isinstance(self.value, str):
            return self.value
        raise self.error(f"a list is needed, not {self.said}")

    def fields(self) -> Mapping[str, Node]:
        """Return the values of a mapping.

        Raises:
            UsageError: it is not one.
        """
        if isinstance(self.value, Mapping):
            return self.value
        raise self.error(f"a mapping is needed, not {self.said}")

    def known_fields(self, needed: Sequence[str], others: Sequence[str] = ()) -> Mapping[str, Node]:
        """Return the values of a mapping that has these keys, perhaps others, and no more.

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
                raise self.error(f"the key {quote(name)} is missing")
        return fields

    def key(self, name: str) -> Node:
        """Return a key of a mapping as a value of its own, for errors that are about it."""
        return Node(name, self.file, self.keys[name])

    @property
    def plain(self) -> Any:  # noqa: ANN401  # what YAML can hold
        """The value without its places."""
        if isinstance(self.value, Mapping):
            return {name: node.plain for name, node in self.value.items()}
        if isinstance(self.value, Sequence) and not isinstance(self.value, str):
            return [node.plain for node in self.value]
        return self.value

    @property
    def said(self) -> str:
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
        UsageError: it is no YAML, or says something that is easily misread.

    >>> read("limit: 0.5", "a.yaml").fields()["limit"].plain
    0.5
    >>> read("limit: no", "a.yaml")
    Traceback (most recent call last):
    lossctl.errors.UsageError: a.yaml, line 1: 'no' may be a word or a switch
    write true or false, or put it in quotes
    """
    import yaml  # noqa: PLC0415  # whoever knows of nodes need not read documents

    text = text.removeprefix("\ufeff")
    forbidden = FORBIDDEN.search(text)
    if forbidden:
        line = text.count("\n", 0, forbidden.start()) + 1
        raise Node(None, file, line).error(
            f"{quote(forbidden.group())} is a control character", NO_YAML
        )
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
            raise second.error("a second document begins here", "write a file for each")
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "a character that YAML does not allow"
        raise UsageError(f"{file}{place}: {visible(problem)}", NO_YAML) from None
    return root


NO_YAML = "this is no YAML"


class _Reader:
    """Makes nodes of the events of a document."""

    def __init__(self, file: str, events: Iterator[Any]) -> None:
        self.file, self.events, self.depth = file, events, 0

    def value(self, event: Any) -> Node:  # noqa: ANN401
        """Read the value that begins with an event."""
        kind = type(event).__name__
        place = self._checked(event)
        if kind == "ScalarEvent":
            return Node(_scalar(event, place), self.file, place.line)
        self.depth += 1
        if self.depth > DEEPEST:
            raise place.error("nested too deeply", "a person cannot read that either")
        if kind == "SequenceStartEvent":
            found = Node(list(self._items()), self.file, place.line)
        else:
            keys: dict[str, int] = {}
            found = Node(dict(self._pairs(keys)), self.file, place.line, keys)
        self.depth -= 1
        return found

    def _checked(self, event: Any) -> Node:  # noqa: ANN401
        """Return where an event stands; refuse marks that mean more than they say."""
        place = Node(None, self.file, event.start_mark.line + 1)
        if event.anchor:
            raise place.error("an alias stands for this", "write it out each time")
        if event.tag:
            raise place.error(
                f"{quote(event.tag)} is a tag", "write the value plainly, or quote it"
            )
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
                raise place.error("a key must be a word")
            name = event.value
            if name == "<<" and not event.style:
                raise place.error("'<<' is a merge key", "write out what it brings")
            if name in keys:
                raise place.error(f"the key {quote(name)} stands in line {keys[name]} already")
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
    if SWITCH.fullmatch(text):
        raise place.error(
            f"{quote(text)} may be a word or a switch", "write true or false, or put it in quotes"
        )
    if not NUMBER_LIKE.fullmatch(text):
        return text
    plain = NUMBER.fullmatch(text) is not None
    if not plain or math.isinf(float(text)):
        raise place.error(
            f"{quote(text)} may be a number or a word",
            "write the number plainly, as 0.5 or 1000, or put the word in quotes",
        )
    return int(text) if text.lstrip("+-").isdigit() else float(text)
