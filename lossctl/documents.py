"""YAML, read strictly: every value knows its line, and nothing is taken for what it is not.

The only home of yaml. PyYAML lets a repeated key win, reads `no` as false and `1e-3` as text; here
each of these is an error that says where it stands and how to write what was meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from lossctl.errors import UsageError, quote

Plain: TypeAlias = "str | int | float | bool | None"

SWITCH = re.compile(r"(?:y|n|yes|no|on|off)", re.IGNORECASE)
NUMBER_LIKE = re.compile(r"[-+]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:e[-+]?\d+)?", re.IGNORECASE)
NUMBER = re.compile(r"[-+]?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[-+]?\d+)?", re.IGNORECASE)


@dataclass(frozen=True)
class Node:
    """A value of a document, and where it stands."""

    value: Plain | Sequence[Node] | Mapping[str, Node]
    file: str
    line: int

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
        for name, node in fields.items():
            if name not in known:
                raise node.at(UsageError.unknown("key", name, known))
        for name in needed:
            if name not in fields:
                raise self.error(f"the key {quote(name)} is missing")
        return fields

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

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        root = yaml.compose(text, Loader=loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "a character that YAML does not allow"
        raise UsageError(f"{file}{line}: {problem}", "this is no YAML") from None
    except RecursionError:
        raise UsageError(f"{file}: nested too deeply") from None
    if root is None:
        raise UsageError(f"{file} is empty")
    return _node(root, file, set())


def _node(node: Any, file: str, seen: set[int]) -> Node:  # noqa: ANN401
    line = node.start_mark.line + 1
    if id(node) in seen:
        raise UsageError(f"{file}, line {line}: an alias stands for this", "write it out each time")
    seen.add(id(node))
    if node.id == "mapping":
        return Node(dict(_pairs(node, file, seen)), file, line)
    if node.id == "sequence":
        return Node([_node(each, file, seen) for each in node.value], file, line)
    return Node(_scalar(node, file, line), file, line)


def _pairs(node: Any, file: str, seen: set[int]) -> Iterator[tuple[str, Node]]:  # noqa: ANN401
    lines: dict[str, int] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        name = key.value
        if not isinstance(name, str):
            raise UsageError(f"{file}, line {line}: a key must be a word")
        if name in lines:
            raise UsageError(
                f"{file}, line {line}: the key {quote(name)} stands in line {lines[name]} already"
            )
        lines[name] = line
        yield name, _node(value, file, seen)


def _scalar(node: Any, file: str, line: int) -> Plain:  # noqa: ANN401
    text: str = node.value
    if node.style is not None and node.style != "":  # in quotes, or a block of text
        return text
    if SWITCH.fullmatch(text):
        raise UsageError(
            f"{file}, line {line}: {quote(text)} may be a word or a switch",
            "write true or false, or put it in quotes",
        )
    if text in ("true", "false"):
        return text == "true"
    if text in ("", "null", "~"):
        return None
    if not NUMBER_LIKE.fullmatch(text):
        return text
    if not NUMBER.fullmatch(text):
        raise UsageError(
            f"{file}, line {line}: {quote(text)} may be a number or a word",
            "write the number plainly, as 0.5 or 1000, or put the word in quotes",
        )
    return int(text) if text.lstrip("+-").isdigit() else float(text)
