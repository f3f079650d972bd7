"""Conditions on facts, in three values: true, false, or not known (None)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

FactValue: TypeAlias = "str | bool | int | float | frozenset[str]"
Facts: TypeAlias = Mapping[str, FactValue]
Truth: TypeAlias = bool | None

Operator = Literal["in", "has", "at_least", "at_most", "between", "known"]


@dataclass(frozen=True)
class Leaf:
    """A comparison of one fact with some values.

    Args:
        fact: the name of the fact.
        operator: how its value is compared.
        values: the accepted values, or the ends of a range.
        counts: how much the fact says about the loss; a mere hint counts 0.

    >>> Leaf("foreground", "at_most", (0.05,)).holds({"foreground": 0.2})
    False
    >>> Leaf("foreground", "at_most", (0.05,)).holds({}) is None
    True
    """

    fact: str
    operator: Operator
    values: tuple[str | bool | int | float, ...]
    counts: float = 1.0

    def holds(self, facts: Facts) -> Truth:
        """Tell whether it holds; None where the fact is not known."""
        value = facts.get(self.fact)
        if self.operator == "known":
            return (value is not None) == self.values[0]
        if value is None:
            return None
        if self.operator == "in":
            return value in self.values
        if isinstance(value, frozenset):
            return not value.isdisjoint(self.values)
        low = self.values[0] if self.operator != "at_most" else value
        high = self.values[-1] if self.operator != "at_least" else value
        return low <= value <= high  # type: ignore[operator]

    @property
    def specificity(self) -> float:
        """How much it narrows the problem: one value counts in full, one of several half."""
        if self.operator == "known":
            return 0.0
        return self.counts if self.operator != "in" or len(self.values) == 1 else self.counts / 2

    def leaves(self) -> Iterator[Leaf]:
        """Yield itself."""
        yield self

    def __str__(self) -> str:
        """Return it in words: `foreground at most 0.05`."""
        values = [_in_words(value) for value in self.values]
        if self.operator == "known":
            return f"{self.fact} {'known' if self.values[0] else 'not known'}"
        if self.operator == "between":
            return f"{self.fact} between {' and '.join(values)}"
        if self.operator in ("at_least", "at_most"):
            return f"{self.fact} {self.operator.replace('_', ' ')} {values[0]}"
        return self.fact if self.values == (True,) else f"{self.fact} {' or '.join(values)}"


@dataclass(frozen=True)
class All:
    """All of some conditions; always true if there are none."""

    parts: tuple[Condition, ...]

    def holds(self, facts: Facts) -> Truth:
        """Tell whether all hold: false if one is false, else unknown if one is unknown."""
        truth: Truth = True
        for part in self.parts:
            truth_of_part = part.holds(facts)
            if truth_of_part is False:
                return False
            truth = truth and truth_of_part
        return truth

    @property
    def specificity(self) -> float:
        """The sum of its parts."""
        return sum(part.specificity for part in self.parts)

    def leaves(self) -> Iterator[Leaf]:
        """Yield the leaves."""
        for part in self.parts:
            yield from part.leaves()

    def __str__(self) -> str:
        """Join the parts."""
        return ", ".join(map(str, self.parts)) or "always"


@dataclass(frozen=True)
class AnyOf:
    """Any of some conditions."""

    parts: tuple[Condition, ...]

    def holds(self, facts: Facts) -> Truth:
        """Tell whether any holds: true if one is true, else unknown if one is unknown."""
        truth: Truth = False
        for part in self.parts:
            truth_of_part = part.holds(facts)
            if truth_of_part:
                return True
            truth = None if truth_of_part is None else truth
        return truth

    @property
    def specificity(self) -> float:
        """That of its least specific part."""
        return min(part.specificity for part in self.parts)

    def leaves(self) -> Iterator[Leaf]:
        """Yield the leaves."""
        for part in self.parts:
            yield from part.leaves()

    def __str__(self) -> str:
        """Join the parts."""
        return "(" + "; or ".join(map(str, self.parts)) + ")"


@dataclass(frozen=True)
class Not:
    """The opposite of a condition."""

    part: Condition

    def holds(self, facts: Facts) -> Truth:
        """Tell whether the condition is false; unknown if it is unknown."""
        truth = self.part.holds(facts)
        return None if truth is None else not truth

    @property
    def specificity(self) -> float:
        """Half that of the condition."""
        return self.part.specificity / 2

    def leaves(self) -> Iterator[Leaf]:
        """Yield the leaves."""
        yield from self.part.leaves()

    def __str__(self) -> str:
        """Negate the part."""
        return f"not {self.part}"


Condition: TypeAlias = Leaf | All | AnyOf | Not


def _in_words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
