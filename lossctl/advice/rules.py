"""The rule base: facts about problems, what each loss is for, advice, and its sources.

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
"""From the weakest to the strongest: sources differ; the field's literature; one article; several;
the user's own rule."""


@dataclass(frozen=True)
class Publication:
    """A publication that advice is taken from."""

    name: str
    title: str
    kind: str
    details: Mapping[str, str]

    def __str__(self) -> str:
        """Cite it in full: authors, title, where, when."""
        order = ("authors", "title", "where", "publisher", "year", "date", "url")
        details = {"title": self.title, **self.details}
        return ", ".join(details[name] for name in order if name in details)

    @property
    def short(self) -> str:
        """Its short name: authors and year, or else its title and publisher.

        >>> authors = "R. van den Berg, N. M. Khan"
        >>> Publication("a", "A loss", "paper", {"authors": authors, "year": "2019"}).short
        'van den Berg and Khan 2019'
        >>> Publication("b", "Loss functions", "article", {"publisher": "A blog"}).short
        'Loss functions (A blog)'
        """
        if not {"authors", "year"} <= self.details.keys():
            publisher = self.details.get("publisher")
            return f"{self.title} ({publisher})" if publisher else self.title
        authors = self.details["authors"].removesuffix(" et al.")
        names = [_family_name(author) for author in authors.split(", ")]
        several = len(names) > 2 or authors != self.details["authors"]
        who = f"{names[0]} et al." if several else " and ".join(names)
        return f"{who} {self.details['year']}"


def _family_name(author: str) -> str:
    """Return the name of an author without the initials."""
    return " ".join(word for word in author.split(" ") if not word.endswith(".")) or author


@dataclass(frozen=True)
class Named:
    """A loss that a rule names, and how strongly the rule recommends it."""

    loss: str
    strength: Literal["weak", "normal", "strong"] = "normal"


@dataclass(frozen=True)
class Measured:
    """A value that depends on the data: a multiple of what is measured."""

    measured: str
    times: float = 1.0


@dataclass(frozen=True)
class OptionAdvice:
    """The value that an option of a loss should have.

    Args:
        value: the value.
        default: the value that the loss uses otherwise, as far as is known.
        because: the reason.
        source: the publication or the rule that gives it.
    """

    value: Any
    default: Any = None
    because: str = ""
    source: str = ""


@dataclass(frozen=True)
class Rule:
    """One piece of advice.

    Args:
        id: its permanent name.
        kind: `prefer` recommends losses; so does `default`, but only where no `prefer` does;
            `avoid` ranks losses last, `forbid` removes them, `advise` adds remarks on them.
        when: the condition under which it fires.
        losses: the losses that it is about; an `advise` without any is about all.
        because: the reason, in a sentence or two.
        warning: a warning, in place of `because`.
        evidence: how well it is supported.
        sources: the publications that support it, each `source` or `source#place`.
        params: values for options of its losses, or `Measured`.
        activation: the output activation that goes with it.
        disagree: which source says what, where they differ.
        overrides: rules that do not fire where this one does.
        fires: examples of facts for which it must fire.
        silent: examples of facts for which it must not fire.
        file: the file that defines it.
        line: the line on which it begins.
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
        """Its reason or warning."""
        return self.because or self.warning

    @cached_property
    def facts(self) -> frozenset[str]:
        """The facts in its condition."""
        return frozenset(leaf.fact for leaf in self.when.leaves())

    @cached_property
    def votes(self) -> tuple[Vote, ...]:
        """Its vote for, or against, each loss that it names."""
        return tuple(Vote(self, named, place) for place, named in enumerate(self.losses))

    def names(self, loss: str) -> bool:
        """Tell whether it names a loss."""
        return any(named.loss == loss for named in self.losses)


@dataclass(frozen=True)
class Vote:
    """What one rule says about one of its losses."""

    rule: Rule
    named: Named
    place: int

    @cached_property
    def key(self) -> tuple[float, int, int, int]:
        """What decides: how specific the rule is, its strength, its evidence, the loss's place."""
        strength = STRENGTHS.index(self.named.strength)
        evidence = EVIDENCE.index(self.rule.evidence)
        return self.rule.when.specificity, strength, evidence, -self.place


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
        outputs: the model outputs that it takes; none means any.
        requires: conditions that must not be false.
        excludes: conditions that must not be true.
        part: the part of a training objective that it is for; `loss` unless there are several.
        parts: the same, for tasks where it is another part.
        roles: its inputs, in the order of the files.
        fits: the problems that it fits, in a sentence.
        strengths: its advantages.
        weaknesses: its disadvantages.
        use: where it is used.
        activation: the output activation that goes with it.
        params: values for its options.
        code: the call in each framework, with its options in braces.
        sources: the publications that support this.
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
    params: Mapping[str, OptionAdvice]
    code: Mapping[str, str]
    sources: tuple[str, ...]

    @cached_property
    def facts(self) -> frozenset[str]:
        """The facts that decide whether it fits."""
        requirements = (*self.requires, *self.excludes)
        required = {leaf.fact for rule in requirements for leaf in rule.when.leaves()}
        return frozenset({"task", "labels", "output", *required})

    def part_in(self, facts: Facts) -> str:
        """Return the part of the training objective that it is for."""
        return self.parts.get(str(facts.get("task", "")), self.part)


@dataclass(frozen=True)
class RuleBase:
    """Everything that the recommender knows.

    Args:
        vocabulary: the facts.
        parts: the parts of a training objective, in the order of answers, with their meaning.
        sources: the publications.
        cards: what each loss is for.
        rules: the advice, ordered by name.
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
        """The rules with a fact in their condition."""
        return {
            name: tuple(rule for rule in self.rules.values() if name in rule.facts)
            for name in self.vocabulary.facts
        }

    def values(self, name: str) -> list[FactValue]:
        """Return the values of a fact; for a number, the thresholds of the conditions on it."""
        fact = self.vocabulary.facts[name]
        if fact.type not in ("number", "integer"):
            return list(fact.answers().values())
        conditions = [rule.when for rule in self.rules_by_fact[name]]
        conditions += [derivation.when for derivation in self.vocabulary.derived]
        thresholds = {
            value
            for condition in conditions
            for leaf in condition.leaves()
            if leaf.fact == name and leaf.operator != "known"
            for value in leaf.values
        }
        return sorted(thresholds)
