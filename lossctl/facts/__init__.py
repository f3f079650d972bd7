"""What can be said of a problem: names, values, questions; and what follows from what."""

from __future__ import annotations

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
    flag: str = ""
    hint: bool = False
    common: float = 0.2
    at_least: float | None = None
    at_most: float | None = None

    @property
    def option(self) -> str:
        """Its option on the command line: `--n-classes`."""
        return "--" + (self.flag or self.name).replace("_", "-")

    def checked(self, value: object, losses: Iterable[str] = ()) -> FactValue:
        """Return a value as this fact's type; words may have hyphens for underscores.

        Args:
            value: the value, or for `several` any number of them.
            losses: the names of all losses, for a fact that is one.

        Raises:
            UsageError: it is not one of its values; the nearest are in the hint.
        """
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
        raise UsageError.unknown("value", value, words, self.name)

    def _number(self, value: object) -> int | float:
        number = float(value) if isinstance(value, str) and NUMBER.fullmatch(value) else value
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise UsageError(f"{self.name} must be a number, not {quote(str(value))}")
        low, high = self.at_least, self.at_most
        outside = (low is not None and number < low) or (high is not None and number > high)
        if outside or number != number or abs(number) == float("inf"):  # noqa: PLR0124  # NaN
            ends = {"at least": low, "at most": high}
            limits = " and ".join(f"{w} {end:g}" for w, end in ends.items() if end is not None)
            raise UsageError(f"{self.name} must be {limits or 'finite'}, not {quote(str(value))}")
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
        facts = dict(stated)
        while True:
            new = {
                name: value
                for each in self.derived
                if each.then.keys() - facts.keys() and each.when.holds(facts)
                for name, value in each.then.items()
                if name not in facts
            }
            if not new:
                return facts
            facts |= new

    def reason(self, name: str, facts: Facts) -> str:
        """Say why a fact follows from the others."""
        others = {other: value for other, value in facts.items() if other != name}
        return next(
            each.because
            for each in self.derived
            if each.then.get(name) == facts[name] and each.when.holds(others)
        )

    def conflicts(self, stated: Sequence[Known]) -> list[Conflict]:
        """List what cannot all be right of what is stated."""
        named = {each.name: each for each in stated}
        facts = self.completed({name: each.value for name, each in named.items()})
        found = []
        for impossible in self.contradictory:
            if impossible.when.holds(facts):
                names = dict.fromkeys(leaf.fact for leaf in impossible.when.leaves())
                involved = (named.get(name) or self.derived_fact(name, facts) for name in names)
                found.append(Conflict(tuple(involved), impossible.because))
        for rule in self.derived:
            for name, value in rule.then.items():
                if name in named and value != facts[name] and rule.when.holds(facts):
                    derived = Known(name, value, "derived", evidence=rule.because)
                    found.append(Conflict((named[name], derived), rule.because))
        return found

    def derived_fact(self, name: str, facts: Facts) -> Known:
        """Return a fact that follows from the others, with the reason."""
        return Known(name, facts[name], "derived", evidence=self.reason(name, facts))
