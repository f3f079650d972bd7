"""The facts that describe a problem: names, values, questions, and what follows from what."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from lossctl.errors import UsageError, quote
from lossctl.facts.conditions import Condition, Facts, FactValue
from lossctl.grammar import NUMBER

__all__ = [
    "Conflict",
    "Contradiction",
    "Derivation",
    "Fact",
    "FactValue",
    "Facts",
    "Known",
    "Vocabulary",
    "in_words",
    "plain",
    "statement",
]

Origin = Literal["flag", "file", "data", "derived", "default"]
Confidence = Literal["certain", "likely", "weak"]


@dataclass(frozen=True)
class Fact:
    """One property of a problem.

    Args:
        name: its name in rules and programs.
        group: the panel of the help that lists it.
        type: the type of its values; with `several`, any number of the values may hold.
        help: its meaning, in a few words.
        question: the question that asks for it.
        asked: whether it is ever asked for.
        values: the possible values of a choice, each with its meaning.
        unions: words that cover several values, for conditions only.
        appears: for a value, the other values as which data may show it without contradiction.
        flag: its option on the command line, where that is not its name.
        hint: whether it only hints at a loss, so that any other fact outweighs it.
        common: how often, from 0 to 1, the answer differs from the usual one; of the questions that
            could change the advice, those with common changes come first.
        at_least: the smallest number allowed.
        at_most: the largest number allowed.
    """

    name: str
    group: str
    type: Literal["choice", "several", "flag", "number", "integer", "loss"]
    help: str
    question: str
    asked: bool
    values: Mapping[str, str]
    unions: Mapping[str, tuple[str, ...]]
    appears: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    flag: str = ""
    hint: bool = False
    common: float = 0.2
    at_least: float | None = None
    at_most: float | None = None

    @property
    def option(self) -> str:
        """Its option on the command line: `--n-classes`."""
        return "--" + (self.flag or self.name).replace("_", "-")

    @property
    def denial(self) -> str:
        """The option that states that it does not hold: `--no-outliers`, `--overlap`."""
        name = self.option.removeprefix("--")
        return f"--{name.removeprefix('no-')}" if name.startswith("no-") else f"--no-{name}"

    def typed(self, value: FactValue) -> str:
        """Return the option that states a value: `--task regression`, `--no-outliers`."""
        if isinstance(value, bool):
            return self.option if value else self.denial
        return f"{self.option} {in_words(value).replace(', ', ',')}"

    def checked(self, value: object, losses: Iterable[str] = ()) -> FactValue:
        """Return a value as this fact's type; words may have hyphens for underscores.

        Args:
            value: the value, or for `several` any number of them.
            losses: the names of all losses, for a fact whose value is a loss.

        Raises:
            UsageError: it is not one of the possible values; the hint names the nearest.
        """
        if hasattr(value, "item") and getattr(value, "size", 1) == 1:  # a scalar of numpy
            value = value.item()
        if self.type == "flag":
            if isinstance(value, bool):
                return value
            raise UsageError(f"{self.name} must be true or false, not {quote(str(value))}")
        if self.type == "several":
            words = value if isinstance(value, list | tuple | frozenset | set) else [value]
            return frozenset(self._word(word, self.values) for word in words)
        if self.type in ("number", "integer"):
            return self._number(value)
        return self._word(value, self.values if self.type == "choice" else losses)

    def answers(self) -> Mapping[str, FactValue]:
        """Return the possible answers to its question, by word; empty for numbers."""
        if self.type == "flag":
            return {"yes": True, "no": False}
        if self.type == "several":
            return {value: frozenset([value]) for value in self.values}
        return {value: value for value in self.values}

    def _word(self, value: object, known: Iterable[str]) -> str:
        words = list(known)
        if not isinstance(value, str):
            shown = "a list" if isinstance(value, list | tuple) else quote(str(value))
            raise UsageError(f"{self.name} must be one word, not {shown}")
        word = value.strip().replace("-", "_")
        if word in words:
            return word
        if word in self.unions:
            message = f"{quote(word)} covers several {self.name.removesuffix('s')}s; choose one"
            raise UsageError(message, f"one of {', '.join(self.unions[word])}")
        what = "loss" if self.type == "loss" else self.name
        raise UsageError.unknown(what, value, words)

    def _number(self, value: object) -> int | float:
        number = float(value) if isinstance(value, str) and NUMBER.fullmatch(value) else value
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise UsageError(f"{self.name} must be a number, not {quote(str(value))}")
        ends = {"at least": self.at_least, "at most": self.at_most}
        limits = " and ".join(f"{word} {end:g}" for word, end in ends.items() if end is not None)
        low = -math.inf if self.at_least is None else self.at_least
        high = math.inf if self.at_most is None else self.at_most
        if not low <= number <= high:
            raise UsageError(f"{self.name} must be {limits or 'finite'}, not {quote(str(value))}")
        if abs(number) > sys.float_info.max:
            raise UsageError(f"{self.name} must be finite")
        if self.type == "number":
            return float(number)
        if number != int(number):
            raise UsageError(f"{self.name} must be an integer, not {quote(str(value))}")
        return int(number)


@dataclass(frozen=True)
class Derivation:
    """Facts that are certain wherever a condition holds."""

    when: Condition
    then: Facts
    because: str


@dataclass(frozen=True)
class Known:
    """A known fact about the problem, and where it comes from.

    Args:
        name: the fact.
        value: its value.
        origin: where it was stated, or what it was inferred from.
        confidence: how reliable it is; a weak one is asked about and never treated as a fact.
        evidence: the reason, in a sentence.
        numbers: the numbers behind that sentence, by name.
        rows: how many rows were examined; None where it was not read from data.
    """

    name: str
    value: FactValue
    origin: Origin
    confidence: Confidence = "certain"
    evidence: str = ""
    numbers: Mapping[str, float] = field(default_factory=dict)
    rows: int | None = None


def plain(value: FactValue) -> str | bool | int | float | list[str]:
    """Return a value as JSON has it: several words as a sorted list."""
    return sorted(value) if isinstance(value, frozenset) else value


def in_words(value: FactValue) -> str:
    """Return a value as people read it.

    >>> in_words(True), in_words(0.5), in_words(frozenset(["smooth", "same_unit"]))
    ('yes', '0.5', 'same_unit, smooth')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    return ", ".join(sorted(value)) or "none" if isinstance(value, frozenset) else f"{value}"


def statement(name: str, value: FactValue) -> str:
    """Return a fact with its value, in words.

    >>> statement("outliers", False), statement("task", "regression")
    ('not outliers', 'task regression')
    """
    if isinstance(value, bool):
        return name if value else f"not {name}"
    return f"{name} {in_words(value)}"


@dataclass(frozen=True)
class Conflict:
    """Facts that contradict each other; where one of them is used, it is the first."""

    facts: tuple[Known, ...]
    because: str

    @property
    def names(self) -> set[str]:
        """The names of the facts."""
        return {known.name for known in self.facts}


@dataclass(frozen=True)
class Contradiction:
    """A condition that no problem can fulfil, and why."""

    when: Condition
    because: str


@dataclass(frozen=True)
class Vocabulary:
    """All facts, the panels of the help that list them, and what follows from what.

    `measures` are numbers computed from data, on which options of losses may depend.
    """

    groups: Mapping[str, str]
    facts: Mapping[str, Fact]
    measures: Mapping[str, str] = field(default_factory=dict)
    derived: tuple[Derivation, ...] = ()
    contradictory: tuple[Contradiction, ...] = ()

    def fact(self, name: str) -> Fact:
        """Look up a fact by its name.

        Raises:
            UsageError: there is no such fact; the hint names the nearest.
        """
        word = name.replace("-", "_")
        if word not in self.facts:
            raise UsageError.unknown("fact", name, self.facts)
        return self.facts[word]

    def completed(self, stated: Facts) -> Facts:
        """Add what follows from the facts; what is stated is never replaced."""
        return {**stated, **{name: known.value for name, known in self.following(stated).items()}}

    def following(self, stated: Facts) -> dict[str, Known]:
        """Return the facts that follow from others, each with the reason."""
        facts = dict(stated)
        derived: dict[str, Known] = {}
        while True:
            new = {
                name: Known(name, value, "derived", evidence=rule.because)
                for rule in reversed(self.derived)  # so that the first of two wins
                if rule.then.keys() - facts.keys() and rule.when.holds(facts)
                for name, value in rule.then.items()
                if name not in facts
            }
            if not new:
                return derived
            derived |= new
            facts |= {name: known.value for name, known in new.items()}

    def conflicts(self, stated: Sequence[Known]) -> list[Conflict]:
        """List the contradictions between stated facts and what follows from them."""
        by_name = {known.name: known for known in stated}
        by_name = self.following({name: known.value for name, known in by_name.items()}) | by_name
        facts = {name: known.value for name, known in by_name.items()}
        conflicts = []
        for impossible in self.contradictory:
            if impossible.when.holds(facts):
                names = dict.fromkeys(leaf.fact for leaf in impossible.when.leaves())
                involved = tuple(by_name[name] for name in names if name in by_name)
                conflicts.append(Conflict(involved, impossible.because))
        for rule in self.derived:
            for name, value in rule.then.items():
                names = {name: None} | dict.fromkeys(leaf.fact for leaf in rule.when.leaves())
                if any(names.keys() <= conflict.names for conflict in conflicts):
                    continue  # already reported as impossible
                if facts.get(name, value) != value and rule.when.holds(facts):
                    derived = Known(name, value, "derived", evidence=rule.because)
                    conflicts.append(Conflict((by_name[name], derived), rule.because))
        return conflicts
