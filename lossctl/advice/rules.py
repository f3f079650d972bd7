"""The rule base: what can be said of problems, which losses there are for them, and who says so.

It is data, in the YAML files of `rules/`; `rule_files` reads them, `situation` draws conclusions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from lossctl.facts.conditions import Condition
from lossctl.facts.vocabulary import Facts, FactValue, Vocabulary

KINDS = ("default", "prefer", "avoid", "forbid", "advise")
STRENGTHS = ("weak", "normal", "strong")
EVIDENCE = ("contested", "expert", "single", "agreed", "own")
"""From the least to the most: sources differ; the field's literature; one article; several; the
user's own rule."""


@dataclass(frozen=True)
class Publication:
    """A text that advice is taken from."""

    name: str
    title: str
    kind: str
    details: Mapping[str, str]

    def __str__(self) -> str:
        """Name it as a list of references does: authors, title, where, when."""
        order = ("authors", "title", "where", "publisher", "year", "date", "url")
        details = {"title": self.title, **self.details}
        return ", ".join(details[each] for each in order if each in details)


@dataclass(frozen=True)
class Named:
    """A loss that a rule names, and how strongly it speaks for it."""

    loss: str
    strength: Literal["weak", "normal", "strong"] = "normal"


@dataclass(frozen=True)
class Measured:
    """An option of a loss that depends on the data: so many times what is measured."""

    measure: str
    times: float = 1.0


@dataclass(frozen=True)
class Rule:
    """One piece of advice.

    Args:
        id: its name, for good.
        kind: `prefer` speaks for losses, `default` too, but only where no `prefer` does; `avoid`
            puts losses below all others, `forbid` removes them, `advise` is told beside them.
        when: the condition under which it speaks.
        losses: the losses that it is about; none in an `advise` means all.
        because: why, in a sentence or two.
        warning: what to beware of, in place of `because`.
        evidence: how well it is supported.
        sources: the texts that say so, each `source` or `source#place`.
        params: options of losses with which the advice holds, as values or `Measured`.
        activation: the last layer that goes with it.
        disagree: who of the sources says what, where they differ.
        overrides: rules that are silent where this one speaks.
        fires: examples of facts for which it must speak.
        silent: examples for which it must not.
        file: the file that it stands in.
        line: the line where it begins.
        changed: the place of each field that a user's file replaced.
    """

    id: str
    kind: Literal["default", "prefer", "avoid", "forbid", "advise"]
    when: Condition
    losses: tuple[Named, ...]
    because: str
    warning: str
    evidence: str
    sources: tuple[str, ...]
    params: Mapping[str, Mapping[str, Any]]
    activation: str
    disagree: str
    overrides: tuple[str, ...]
    fires: tuple[Facts, ...]
    silent: tuple[Facts, ...]
    file: str
    line: int
    changed: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """What it says."""
        return self.because or self.warning

    @cached_property
    def facts(self) -> frozenset[str]:
        """The facts that its condition looks at."""
        return frozenset(leaf.fact for leaf in self.when.leaves())

    @cached_property
    def votes(self) -> tuple[Vote, ...]:
        """What it says of each loss that it names."""
        return tuple(Vote(self, named, place) for place, named in enumerate(self.losses))

    def names(self, loss: str) -> bool:
        """Tell whether it names a loss."""
        return any(each.loss == loss for each in self.losses)


@dataclass(frozen=True)
class Vote:
    """What one rule says of a loss."""

    rule: Rule
    named: Named
    place: int

    @cached_property
    def key(self) -> tuple[float, int, int, int]:
        """What decides: how specific the rule is, its strength, its support, the loss's place."""
        strength, support = STRENGTHS.index(self.named.strength), EVIDENCE.index(self.rule.evidence)
        return self.rule.when.specificity, strength, support, -self.place


@dataclass(frozen=True)
class Requirement:
    """A condition that decides whether a loss fits, and why."""

    when: Condition
    because: str


@dataclass(frozen=True)
class LossCard:
    """What one loss is for.

    Args:
        loss: its name.
        tasks: the tasks that it can serve.
        labels: the label encodings that it can be computed from; none means any.
        outputs: the outputs of a model that it takes; none means any.
        requires: conditions that must not be false.
        excludes: conditions that must not be true.
        part: the part of a training that it is the loss of: `loss` where there is only one.
        parts: the same, for tasks where it is another part.
        roles: the roles that it takes, in the order of the files.
        fits: what it is for, in a sentence.
        strengths: what speaks for it.
        weaknesses: what speaks against it.
        use: where it is used.
        activation: the last layer that goes with it.
        params: options, each with the `value` to take, the `default` where that differs, and
            perhaps `because` and `source`.
        code: the call in each framework, with its options in braces.
        sources: the texts that say so.
    """

    loss: str
    tasks: tuple[str, ...]
    labels: tuple[str, ...]
    outputs: tuple[str, ...]
    requires: tuple[Requirement, ...]
    excludes: tuple[Requirement, ...]
    part: str
    parts: Mapping[str, str]
    roles: tuple[str, ...]
    fits: str
    strengths: tuple[str, ...]
    weaknesses: tuple[str, ...]
    use: tuple[str, ...]
    activation: str
    params: Mapping[str, Mapping[str, Any]]
    code: Mapping[str, str]
    sources: tuple[str, ...]

    @cached_property
    def facts(self) -> frozenset[str]:
        """The facts that decide whether it fits."""
        requirements = (*self.requires, *self.excludes)
        looked_at = {
            leaf.fact for requirement in requirements for leaf in requirement.when.leaves()
        }
        return frozenset({"task", "labels", "output", *looked_at})

    def part_in(self, facts: Facts) -> str:
        """Return the part of the training that it is the loss of."""
        return self.parts.get(str(facts.get("task", "")), self.part)


@dataclass(frozen=True)
class RuleBase:
    """Everything that the recommender knows.

    Args:
        vocabulary: the facts.
        parts: the parts of a training, in the order in which they are told, with their meaning.
        sources: the texts.
        cards: what each loss is for.
        rules: the advice, in the order of its names.
        digest: a fingerprint of all of it.
    """

    vocabulary: Vocabulary
    parts: Mapping[str, str]
    sources: Mapping[str, Publication]
    cards: Mapping[str, LossCard]
    rules: Mapping[str, Rule]
    digest: str

    @cached_property
    def cited(self) -> frozenset[str]:
        """All that rules and cards cite: `source`, or `source#place`."""
        of_rules = {source for rule in self.rules.values() for source in rule.sources}
        return frozenset(
            of_rules | {source for card in self.cards.values() for source in card.sources}
        )

    @cached_property
    def rules_by_fact(self) -> Mapping[str, tuple[Rule, ...]]:
        """The rules whose condition looks at a fact."""
        return {
            name: tuple(rule for rule in self.rules.values() if name in rule.facts)
            for name in self.vocabulary.facts
        }

    def values(self, name: str) -> list[FactValue]:
        """Return the values of a fact; of a number those at which a condition turns."""
        fact = self.vocabulary.facts[name]
        if fact.type not in ("number", "integer"):
            return list(fact.answers().values())
        conditions = [rule.when for rule in self.rules_by_fact[name]]
        conditions += [each.when for each in self.vocabulary.derived]
        turns = {
            value
            for condition in conditions
            for leaf in condition.leaves()
            if leaf.fact == name and leaf.operator != "known"
            for value in leaf.values
        }
        return sorted(turns)
