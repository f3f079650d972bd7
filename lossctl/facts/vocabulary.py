"""What can be said of a problem: names, values, questions; and what follows from what."""

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
    "plain",
]

Origin = Literal["flag", "file", "data", "derived", "default"]
Confidence = Literal["certain", "likely", "weak"]


@dataclass(frozen=True)
class Fact:
    """One thing that can be said of a problem.

    Args:
        name: as rules and programs write it.
        group: the panel of the help that it is shown in.
        type: what values it has; of `several` more than one may hold, or none.
        help: what it says, in a few words.
        question: how it is asked for.
        asked: whether it is ever asked for.
        values: the values that a choice has, each with its meaning.
        unions: words for several values at once, for conditions only.
        appears: as which other values a value may appear in data; these do not contradict it.
        flag: its option on the command line, where that is not its name.
        hint: whether it only hints at a loss, so that any other fact outweighs it.
        common: how often, from 0 to 1, a problem has another answer than the usual one; of the
            questions that could change the advice, the one that most often does comes first.
        at_least: the least number.
        at_most: the greatest number.
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

    def checked(self, value: object, losses: Iterable[str] = ()) -> FactValue:
        """Return a value as this fact's type; words may have hyphens for underscores.

        Args:
            value: the value, or for `several` any number of them.
            losses: the names of all losses, for a fact that is one.

        Raises:
            UsageError: it is not one of its values; the nearest are in the hint.
        """
        if hasattr(value, "item") and getattr(value, "size", 1) == 1:  # a number of numpy's
            value = value.item()
        if self.type == "flag":
            if isinstance(value, bool):
                return value
            raise UsageError(f"{self.name} must be true or false, not {quote(str(value))}")
        if self.type == "several":
            many = value if isinstance(value, list | tuple | frozenset | set) else [value]
            return frozenset(self._word(each, self.values) for each in many)
        if self.type in ("number", "integer"):
            return self._number(value)
        return self._word(value, self.values if self.type == "choice" else losses)

    def answers(self) -> Mapping[str, FactValue]:
        """Return the answers that its question has, in words; none where any number will do."""
        if self.type == "flag":
            return {"yes": True, "no": False}
        if self.type == "several":
            return {value: frozenset([value]) for value in self.values}
        return {value: value for value in self.values}

    def _word(self, value: object, known: Iterable[str]) -> str:
        words = list(known)
        plain = value.strip().replace("-", "_") if isinstance(value, str) else ""
        if plain in words:
            return plain
        if plain in self.unions:
            members = ", ".join(self.unions[plain])
            raise UsageError(f"{self.name} {plain} is several: say which", f"one of {members}")
        if not isinstance(value, str):
            said = "a list" if isinstance(value, list | tuple) else quote(str(value))
            raise UsageError(f"{self.name} must be one word, not {said}")
        raise UsageError.unknown("loss" if self.type == "loss" else self.name, value, words)

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
            raise UsageError(f"{self.name} must be a whole number, not {quote(str(value))}")
        return int(number)


@dataclass(frozen=True)
class Derivation:
    """What follows for certain where a condition holds."""

    when: Condition
    then: Facts
    because: str


@dataclass(frozen=True)
class Known:
    """A fact that is known of the problem, and where it comes from.

    Args:
        name: the fact.
        value: its value.
        origin: who says so.
        confidence: how sure that is; what is weak is asked, never taken for a fact.
        evidence: why, in a sentence.
        numbers: what the sentence rests on, by name.
        rows: how many rows were looked at; None where it was not read from data.
    """

    name: str
    value: FactValue
    origin: Origin
    confidence: Confidence = "certain"
    evidence: str = ""
    numbers: Mapping[str, float] = field(default_factory=dict)
    rows: int | None = None


def plain(value: FactValue) -> str | bool | int | float | list[str]:
    """Return a value as JSON has it: several words as a list, in the order of the alphabet."""
    return sorted(value) if isinstance(value, frozenset) else value


@dataclass(frozen=True)
class Conflict:
    """Statements that cannot all be right; where one of them had to be taken, it is the first."""

    facts: tuple[Known, ...]
    because: str


@dataclass(frozen=True)
class Contradiction:
    """A condition that no problem fulfils, and why."""

    when: Condition
    because: str


@dataclass(frozen=True)
class Vocabulary:
    """All facts, the panels that they are shown in, and what follows from what.

    `measures` are numbers that data tell and that options of losses may depend on.
    """

    groups: Mapping[str, str]
    facts: Mapping[str, Fact]
    measures: Mapping[str, str] = field(default_factory=dict)
    derived: tuple[Derivation, ...] = ()
    contradictory: tuple[Contradiction, ...] = ()

    def fact(self, name: str) -> Fact:
        """Look a fact up.

        Raises:
            UsageError: there is none of that name; the nearest are in the hint.
        """
        plain = name.replace("-", "_")
        if plain not in self.facts:
            raise UsageError.unknown("fact", name, self.facts)
        return self.facts[plain]

    def completed(self, stated: Facts) -> Facts:
        """Add what follows from the facts; what is stated is never replaced."""
        return {**stated, **{name: each.value for name, each in self.following(stated).items()}}

    def following(self, stated: Facts) -> dict[str, Known]:
        """Return what follows from the facts, each with the reason."""
        facts = dict(stated)
        found: dict[str, Known] = {}
        while True:
            new = {
                name: Known(name, value, "derived", evidence=rule.because)
                for rule in reversed(self.derived)  # so that of two the first is taken
                if rule.then.keys() - facts.keys() and rule.when.holds(facts)
                for name, value in rule.then.items()
                if name not in facts
            }
            if not new:
                return found
            found |= new
            facts |= {name: each.value for name, each in new.items()}

    def conflicts(self, stated: Sequence[Known]) -> list[Conflict]:
        """List what cannot all be right of what is stated."""
        known = {each.name: each for each in stated}
        facts = {name: each.value for name, each in known.items()}
        known = self.following(facts) | known
        facts = {name: each.value for name, each in known.items()}
        found = []
        for impossible in self.contradictory:
            if impossible.when.holds(facts):
                names = dict.fromkeys(leaf.fact for leaf in impossible.when.leaves())
                involved = tuple(known[name] for name in names if name in known)
                found.append(Conflict(involved, impossible.because))
        for rule in self.derived:
            for name, value in rule.then.items():
                told = {name, *(leaf.fact for leaf in rule.when.leaves())}
                if any(told <= {each.name for each in conflict.facts} for conflict in found):
                    continue  # it is told already, as what cannot be
                if facts.get(name, value) != value and rule.when.holds(facts):
                    derived = Known(name, value, "derived", evidence=rule.because)
                    found.append(Conflict((known[name], derived), rule.because))
        return found
