"""Reading the vocabulary and conditions from YAML; anything misspelt is an error."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from lossctl.advice.documents import Node
from lossctl.errors import UsageError, plural, quote
from lossctl.facts.conditions import All, AnyOf, Condition, Leaf, Not
from lossctl.facts.vocabulary import Contradiction, Derivation, Fact, Facts, FactValue, Vocabulary

Value = TypeVar("Value")

WORD = re.compile(r"[a-z][a-z0-9_]*")
"""The names of facts and values; on the command line, hyphens may replace underscores."""


class VocabularyReader:
    """Reads facts about problems, and conditions on them."""

    def __init__(self, vocabulary: Vocabulary, losses: Sequence[str]) -> None:
        """Start with a vocabulary, and the names of all losses."""
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
            raise fields["then"].error("then is empty")
        return Derivation(self.condition(fields["when"]), then, fields["because"].text())

    def _contradiction(self, node: Node) -> Contradiction:
        fields = node.known_fields(["when", "because"])
        return Contradiction(self.condition(fields["when"]), fields["because"].text())

    def stated(self, node: Node) -> Facts:
        """Read facts with their values."""
        facts: dict[str, FactValue] = {}
        for name, value in node.fields().items():
            fact = self.fact(name, node.key(name))
            if fact.name in facts:
                raise node.key(name).error(f"{fact.name} is stated twice")
            try:
                facts[fact.name] = fact.checked(value.plain, self.losses)
            except UsageError as error:
                raise value.at(error) from None
        return facts

    def fact(self, name: str, node: Node) -> Fact:
        """Look up a fact by its name in a document."""
        try:
            return self.vocabulary.fact(name)
        except UsageError as error:
            raise node.at(error) from None

    def condition(self, node: Node) -> Condition:
        """Read a condition: `{fact: value, …}`, a fact with an operator, or all, any, not."""
        fields = node.fields()
        if "fact" in fields:
            return self._leaf(node)
        words = fields.keys() & {"all", "any", "not"}
        if not words:
            leaves = tuple(
                self._short(self.fact(name, node.key(name)), value)
                for name, value in fields.items()
            )
            return leaves[0] if len(leaves) == 1 else All(leaves)
        if len(fields) > 1:
            raise node.error("all, any and not cannot be combined with other keys")
        ((word, inner),) = fields.items()
        if word == "not":
            return Not(self.condition(inner))
        parts = tuple(self.condition(part) for part in inner.items())
        if not parts:
            raise node.error(f"{word} is empty")
        return All(parts) if word == "all" else AnyOf(parts)

    def _short(self, fact: Fact, node: Node) -> Leaf:
        return self._made(fact, "has" if fact.type == "several" else "in", node)

    def _leaf(self, node: Node) -> Leaf:
        operators = ["is", "in", "has", "at_least", "at_most", "between", "known"]
        fields = node.known_fields(["fact"], operators)
        if len(fields) != 2:
            raise node.error(f"a fact needs exactly one of {', '.join(operators)}")
        fact = self.fact(fields["fact"].text(), fields["fact"])
        ((word, operand),) = [(word, inner) for word, inner in fields.items() if word != "fact"]
        if word == "known":
            return Leaf(fact.name, "known", (operand.switch(),), 0.0)
        ends = {"at_least": 1, "at_most": 1, "between": 2}
        numeric = fact.type in ("number", "integer")
        if (word in ends and not numeric) or ((word == "has") != (fact.type == "several")):
            message = f"{word} does not apply to {fact.name}, which is of type {fact.type}"
            raise operand.error(message)
        leaf = self._made(fact, "in" if word == "is" else word, operand)
        if word in ends and len(leaf.values) != ends[word]:
            raise operand.error(f"{word} needs {plural(ends[word], 'number')}")
        if word == "between" and leaf.values[0] > leaf.values[1]:  # type: ignore[operator]
            raise operand.error("between needs the smaller number first")
        return leaf

    def _made(self, fact: Fact, operator: Any, node: Node) -> Leaf:  # noqa: ANN401
        nodes = node.items() if isinstance(node.plain, list) else [node]
        values = [value for inner in nodes for value in self.meant(fact, inner)]
        if not values:
            raise node.error(f"no value for {fact.name}")
        if operator in ("in", "has"):
            values = list(dict.fromkeys(values))
        return Leaf(fact.name, operator, tuple(values), 0.0 if fact.hint else 1.0)

    def meant(self, fact: Fact, node: Node) -> tuple[Any, ...]:
        """Return the values that a word in a condition means: all members of a union."""
        if not isinstance(node.value, str | int | float):
            raise node.error(f"expected a value of {fact.name}, not {node.description}")
        union = fact.unions.get(str(node.value).replace("-", "_"))
        if union:
            return union
        try:
            value = fact.checked(node.plain, self.losses)
        except UsageError as error:
            raise node.at(error) from None
        return tuple(value) if isinstance(value, frozenset) else (value,)


def _fact(key: Node, node: Node, groups: Mapping[str, str]) -> Fact:
    """Read one fact; the key is its name."""
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
            message = f"{quote(word.text())} is not a valid name"
            raise word.error(message, "use lower-case letters, digits and _")
    if not values and fields["type"].plain in ("choice", "several"):
        raise node.error(f"{key.text()} has no values")
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
    """Read an optional mapping of lists of values."""
    lists = fields[key].fields() if key in fields else {}
    return {
        word: tuple(one_of(value, "value", list(values)) for value in _some(node))
        for word, node in lists.items()
    }


def _limits(fields: Mapping[str, Node], names: Sequence[str]) -> dict[str, float]:
    limits = {name: number(fields[name]) for name in names if name in fields}
    if limits.get("at_least", -math.inf) > limits.get("at_most", math.inf):
        raise fields["at_least"].error("at_least is greater than at_most")
    if not 0 <= limits.get("common", 0) <= 1:
        raise fields["common"].error("common must be between 0 and 1")
    return limits


def _some(node: Node) -> Sequence[Node]:
    """Return the items of a list that must not be empty."""
    if not node.items():
        raise node.error("the list is empty")
    return node.items()


def texts(node: Node) -> dict[str, str]:
    """Read a mapping of texts."""
    return {name: text.text() for name, text in node.fields().items()}


def number(node: Node) -> float:
    """Read a number."""
    if isinstance(node.value, bool) or not isinstance(node.value, int | float):
        raise node.error(f"expected a number, not {node.description}")
    return node.value


def listed(fields: Mapping[str, Node], key: str, reader: Callable[[Node], Value]) -> list[Value]:
    """Read the items of an optional list."""
    return [reader(item) for item in fields[key].items()] if key in fields else []


def one_of(node: Node, what: str, known: Sequence[str]) -> str:
    """Read a word that must be one of some known ones."""
    if not isinstance(node.value, str) or node.value not in known:
        raise node.at(UsageError.unknown(what, str(node.plain), known))
    return node.value
