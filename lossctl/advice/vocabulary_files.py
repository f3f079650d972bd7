"""The vocabulary and conditions, as YAML files have them; whatever is misspelt is an error."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from lossctl.advice.documents import Node
from lossctl.errors import UsageError, quote
from lossctl.facts.conditions import All, AnyOf, Condition, Leaf, Not
from lossctl.facts.vocabulary import Contradiction, Derivation, Fact, Facts, Vocabulary

Value = TypeVar("Value")

WORD = re.compile(r"[a-z][a-z0-9_]*")
"""What facts and values are called; on the command line with hyphens, too."""


class VocabularyReader:
    """Reads what can be said of a problem, and conditions on it."""

    def __init__(self, vocabulary: Vocabulary, losses: Sequence[str]) -> None:
        """Begin with a vocabulary, and the names of all losses that may be spoken of."""
        self.vocabulary = vocabulary
        self.losses = losses

    def facts(self, root: Node) -> None:
        """Read the vocabulary."""
        others = ["parts", "measures", "derived", "contradictory"]
        fields = root.known_fields(["groups", "facts"], others)
        groups = texts(fields["groups"])
        facts = {
            name: _fact(fields["facts"].key(name), node, groups)
            for name, node in fields["facts"].fields().items()
        }
        measures = texts(fields["measures"]) if "measures" in fields else {}
        self.vocabulary = Vocabulary(groups, facts, measures)
        derived = tuple(listed(fields, "derived", self._derivation))
        contradictory = tuple(listed(fields, "contradictory", self._contradiction))
        self.vocabulary = Vocabulary(groups, facts, measures, derived, contradictory)

    def _derivation(self, node: Node) -> Derivation:
        fields = node.known_fields(["when", "then", "because"])
        then = self.stated(fields["then"])
        if not then:
            raise fields["then"].error("nothing follows")
        return Derivation(self.condition(fields["when"]), then, fields["because"].text())

    def _contradiction(self, node: Node) -> Contradiction:
        fields = node.known_fields(["when", "because"])
        return Contradiction(self.condition(fields["when"]), fields["because"].text())

    def stated(self, node: Node) -> Facts:
        """Read facts as someone states them."""
        found = {}
        for name, each in node.fields().items():
            fact = self.fact(name, node.key(name))
            if fact.name in found:
                raise node.key(name).error(f"{fact.name} is stated twice")
            try:
                found[fact.name] = fact.checked(each.plain, self.losses)
            except UsageError as error:
                raise each.at(error) from None
        return found

    def fact(self, name: str, node: Node) -> Fact:
        """Look a fact up that a document names."""
        try:
            return self.vocabulary.fact(name)
        except UsageError as error:
            raise node.at(error) from None

    def condition(self, node: Node) -> Condition:
        """Read a condition: `{fact: value, …}`, a leaf with an operator, or all, any, not."""
        fields = node.fields()
        if "fact" in fields:
            return self._leaf(node)
        words = fields.keys() & {"all", "any", "not"}
        if not words:
            leaves = tuple(
                self._short(self.fact(name, node.key(name)), each) for name, each in fields.items()
            )
            return leaves[0] if len(leaves) == 1 else All(leaves)
        if len(fields) > 1:
            raise node.error("all, any and not stand alone")
        ((word, inner),) = fields.items()
        if word == "not":
            return Not(self.condition(inner))
        parts = tuple(self.condition(each) for each in inner.items())
        if not parts:
            raise node.error(f"{word} of nothing")
        return All(parts) if word == "all" else AnyOf(parts)

    def _short(self, fact: Fact, node: Node) -> Leaf:
        return self._made(fact, "has" if fact.type == "several" else "in", node)

    def _leaf(self, node: Node) -> Leaf:
        operators = ["is", "in", "has", "at_least", "at_most", "between", "known"]
        fields = node.known_fields(["fact"], operators)
        if len(fields) != 2:
            raise node.error(f"one of {', '.join(operators)} is needed beside the fact")
        fact = self.fact(fields["fact"].text(), fields["fact"])
        ((word, each),) = [(word, each) for word, each in fields.items() if word != "fact"]
        if word == "known":
            return Leaf(fact.name, "known", (each.switch(),), 0.0)
        ends = {"at_least": 1, "at_most": 1, "between": 2}
        numeric = fact.type in ("number", "integer")
        if (word in ends and not numeric) or ((word == "has") != (fact.type == "several")):
            raise each.error(f"{word} does not go with {fact.name}, which is a {fact.type}")
        leaf = self._made(fact, "in" if word == "is" else word, each)
        if word in ends and len(leaf.values) != ends[word]:
            raise each.error(f"{word} needs {ends[word]} numbers")
        if word == "between" and leaf.values[0] > leaf.values[1]:  # type: ignore[operator]
            raise each.error("between needs the smaller number first")
        return leaf

    def _made(self, fact: Fact, operator: Any, node: Node) -> Leaf:  # noqa: ANN401
        nodes = node.items() if isinstance(node.plain, list) else [node]
        values = [value for each in nodes for value in self.meant(fact, each)]
        if not values:
            raise node.error(f"{fact.name} of nothing")
        if operator in ("in", "has"):
            values = list(dict.fromkeys(values))
        return Leaf(fact.name, operator, tuple(values), 0.0 if fact.hint else 1.0)

    def meant(self, fact: Fact, node: Node) -> tuple[Any, ...]:
        """Return the values that a word of a condition means: a union stands for its members."""
        if not isinstance(node.value, str | int | float):
            raise node.error(f"a value of {fact.name} is needed, not {node.said}")
        union = fact.unions.get(str(node.value).replace("-", "_"))
        if union:
            return union
        try:
            value = fact.checked(node.plain, self.losses)
        except UsageError as error:
            raise node.at(error) from None
        return tuple(value) if isinstance(value, frozenset) else (value,)


def _fact(key: Node, node: Node, groups: Mapping[str, str]) -> Fact:
    """Read one fact; its name stands in the key."""
    needed = ["group", "type", "help", "question"]
    numbers = ["at_least", "at_most", "common"]
    others = ["flag", "asked", "hint", *numbers]
    fields = node.known_fields(needed, ["values", "unions", "appears", *others])
    kinds = ["choice", "several", "flag", "number", "integer", "loss"]
    values = texts(fields["values"]) if "values" in fields else {}
    appears = _lists(fields, "appears", values)
    for value in appears:
        one_of(fields["appears"].key(value), "value", list(values))
    for word in (key, *(fields["values"].key(value) for value in values)):
        if not WORD.fullmatch(word.text()):
            raise word.error(f"{quote(word.text())} is no name", "small letters, digits and _")
    if not values and fields["type"].plain in ("choice", "several"):
        raise node.error(f"{key.text()} is a choice of nothing")
    return Fact(
        name=key.text(),
        group=one_of(fields["group"], "group", list(groups)),
        type=one_of(fields["type"], "type", kinds),  # type: ignore[arg-type]
        help=fields["help"].text(),
        question=fields["question"].text(),
        asked=fields["asked"].switch() if "asked" in fields else True,
        values=values,
        unions=_lists(fields, "unions", values),
        appears=appears,
        flag=fields["flag"].text() if "flag" in fields else "",
        hint=fields["hint"].switch() if "hint" in fields else False,
        **_limits(fields, numbers),
    )


def _lists(
    fields: Mapping[str, Node], key: str, values: Iterable[str]
) -> dict[str, tuple[str, ...]]:
    """Read a mapping of lists of values; it may be left out."""
    lists = fields[key].fields() if key in fields else {}
    return {
        word: tuple(one_of(each, "value", list(values)) for each in _some(node))
        for word, node in lists.items()
    }


def _limits(fields: Mapping[str, Node], names: Sequence[str]) -> dict[str, float]:
    limits = {name: number(fields[name]) for name in names if name in fields}
    if limits.get("at_least", -math.inf) > limits.get("at_most", math.inf):
        raise fields["at_least"].error("no number is at least this and at most that")
    if not 0 <= limits.get("common", 0) <= 1:
        raise fields["common"].error("common is a share, from 0 to 1")
    return limits


def _some(node: Node) -> Sequence[Node]:
    """Return the values of a list that must not be empty."""
    if not node.items():
        raise node.error("the list is empty")
    return node.items()


def texts(node: Node) -> dict[str, str]:
    """Read a mapping of texts."""
    return {name: each.text() for name, each in node.fields().items()}


def number(node: Node) -> float:
    """Read a number."""
    if isinstance(node.value, bool) or not isinstance(node.value, int | float):
        raise node.error(f"a number is needed, not {node.said}")
    return node.value


def listed(fields: Mapping[str, Node], key: str, reader: Callable[[Node], Value]) -> list[Value]:
    """Read each of a list that may be left out."""
    return [reader(each) for each in fields[key].items()] if key in fields else []


def one_of(node: Node, what: str, known: Sequence[str]) -> str:
    """Read one of several words."""
    if not isinstance(node.value, str) or node.value not in known:
        raise node.at(UsageError.unknown(what, str(node.plain), known))
    return node.value
