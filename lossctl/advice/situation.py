"""The rule base applied to some facts: which losses fit, which rules fire, which loss ranks first.

Compatibility removes losses that do not fit. Choice orders the rest: the most specific rule that
fires decides, then the strength with which it names a loss, then its evidence. A default counts
only where no preference does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Literal

from lossctl.advice.rules import KINDS, Rule, RuleBase, Vote
from lossctl.facts.conditions import Truth
from lossctl.facts.vocabulary import Facts, FactValue

SHOWN = 5
"""The most losses recommended for one part of a training objective."""

ADVANTAGES = ("is more specific", "recommends it more strongly", "has stronger evidence")
"""What it means that a vote outranks another, by the place in which their keys differ."""


@dataclass(frozen=True)
class Ranked:
    """A loss at its rank, with the votes for it, the deciding one first, and rules against it."""

    loss: str
    part: str
    rank: int
    votes: tuple[Vote, ...]
    avoided: tuple[Rule, ...]

    @property
    def strength(self) -> str:
        """The strength of the deciding vote."""
        return self.votes[0].named.strength


@dataclass(frozen=True)
class WhyNot:
    """Why a loss is not ranked first, and the smallest change of facts that would change that."""

    loss: str
    state: Literal["first", "vetoed", "avoided", "outranked", "unnamed"]
    because: str
    change: Facts


class Situation:
    """The rule base applied to some facts."""

    def __init__(self, base: RuleBase, stated: Facts, near: Situation | None = None) -> None:
        """Evaluate all rules; near another situation, only those whose facts differ."""
        self.base = base
        self.stated = stated
        self.facts = base.vocabulary.completed(stated)
        self.truths: dict[str, Truth]
        if near is None:
            self.truths = {name: rule.when.holds(self.facts) for name, rule in base.rules.items()}
        else:
            names = self.facts.keys() | near.facts.keys()
            changed = [name for name in names if self.facts.get(name) != near.facts.get(name)]
            reevaluated = {
                rule.id: rule.when.holds(self.facts)
                for name in changed
                for rule in base.rules_by_fact[name]
            }
            self.truths = {**near.truths, **reevaluated}

    def knowing(self, **facts: FactValue) -> Situation:
        """Return the situation in which some facts are added or changed."""
        return Situation(self.base, {**self.stated, **facts}, near=self)

    @cached_property
    def fired(self) -> list[Rule]:
        """The rules that fire: their condition holds, and no rule that fires overrides them."""
        holding = [rule for name, rule in self.base.rules.items() if self.truths[name]]
        overriding = [rule for rule in holding if rule.overrides]
        overridden: set[str] = set()
        for _ in overriding:  # a rule that is overridden itself overrides no other
            active = (rule for rule in overriding if rule.id not in overridden)
            now = {name for rule in active for name in rule.overrides}
            if now == overridden:
                break
            overridden = now
        return [rule for rule in holding if rule.id not in overridden]

    @cached_property
    def pending(self) -> list[Rule]:
        """The rules whose condition depends on unknown facts."""
        return [rule for name, rule in self.base.rules.items() if self.truths[name] is None]

    def vetoes(self, loss: str) -> list[str]:
        """Return the reasons why a loss does not fit; none if it does."""
        card, facts = self.base.cards[loss], self.facts
        declared = (("task", card.tasks), ("labels", card.labels), ("output", card.outputs))
        reasons = [
            f"It does not fit {name} {facts[name]}."
            for name, fitting in declared
            if fitting and name in facts and facts[name] not in fitting
        ]
        reasons += [rule.because for rule in card.requires if rule.when.holds(facts) is False]
        reasons += [rule.because for rule in card.excludes if rule.when.holds(facts)]
        forbidding = [vote.rule.text for vote in self.votes("forbid", loss)]
        # A rule against it says more than that it does not fit.
        avoiding = [rule.text for rule in self.avoided(loss)] if reasons else []
        return forbidding + avoiding + reasons

    def avoided(self, loss: str) -> tuple[Rule, ...]:
        """Return the rules that say to avoid a loss."""
        return tuple(vote.rule for vote in self.votes("avoid", loss))

    def votes(self, kind: str, loss: str) -> Sequence[Vote]:
        """Return the votes of rules of a kind on a loss; where they rank losses, the best first."""
        return self._votes[kind].get(loss, ())

    @cached_property
    def ranked(self) -> Mapping[str, list[Ranked]]:
        """The losses that fit and that a rule recommends, the best first, for each part.

        Losses to avoid come after all others.
        """
        rankings = {}
        votes = self._votes
        named = votes["prefer"].keys() | votes["default"].keys()
        fitting = {loss for loss in named if not self.vetoes(loss)}
        good = {loss for loss in fitting if not self.avoided(loss)}
        for part in self.base.parts:
            of_part = {x for x in fitting if self.base.cards[x].part_in(self.facts) == part}
            kind = "prefer" if of_part & good & votes["prefer"].keys() else "default"
            counted = {loss: votes[kind][loss] for loss in of_part & votes[kind].keys()}
            if kind == "default":  # losses preferred by one rule and avoided by another are listed
                preferred = of_part & votes["prefer"].keys()
                counted = {loss: votes["prefer"][loss] for loss in preferred} | counted
            order = sorted(counted, key=lambda x: (x not in good, _order(counted[x]), x))
            if order:
                rankings[part] = [
                    Ranked(loss, part, rank, tuple(counted[loss]), self.avoided(loss))
                    for rank, loss in enumerate(order, 1)
                ]
        return rankings

    @cached_property
    def _votes(self) -> Mapping[str, Mapping[str, Sequence[Vote]]]:
        """The votes of the rules that fire, by the kind of rule and by loss."""
        by_kind: dict[str, dict[str, list[Vote]]] = {kind: {} for kind in KINDS}
        for rule in self.fired:
            for vote in rule.votes:
                by_kind[rule.kind].setdefault(vote.named.loss, []).append(vote)
        for kind, by_loss in by_kind.items():
            for votes in by_loss.values():
                votes.sort(key=lambda vote: vote.rule.id)
                if kind in ("prefer", "default"):
                    votes.sort(key=lambda vote: vote.key, reverse=True)
        return by_kind

    @cached_property
    def recommended(self) -> list[Ranked]:
        """The losses to try, part by part; losses to avoid only where there are no others."""
        recommended = []
        for ranking in self.ranked.values():
            good = [ranked for ranked in ranking if not ranked.avoided]
            recommended += (good or ranking)[:SHOWN]
        return recommended

    @property
    def top(self) -> Mapping[str, tuple[str, ...]]:
        """The first three losses of each part."""
        return {
            part: tuple(ranked.loss for ranked in self.recommended if ranked.part == part)[:3]
            for part in self.ranked
        }

    @property
    def first(self) -> Mapping[str, str]:
        """The first loss of each part."""
        return {part: losses[0] for part, losses in self.top.items()}

    def why_not(self, loss: str) -> WhyNot:
        """Explain why a loss is not the first of its part, and what would change that."""
        part = self.base.cards[loss].part_in(self.facts)
        if self.first.get(part) == loss:
            return WhyNot(loss, "first", "It is the first choice.", {})
        change = self._smallest_change(loss)
        vetoes, avoided = self.vetoes(loss), self.avoided(loss)
        if vetoes:
            return WhyNot(loss, "vetoed", vetoes[0], change)
        if avoided:
            return WhyNot(loss, "avoided", avoided[0].text, change)
        ranked = self.find_ranked(loss)
        if ranked is None:
            return WhyNot(loss, "unnamed", "No rule recommends it here.", change)
        first = self.ranked[part][0]
        own, winning = ranked.votes[0], first.votes[0]
        keys = zip(ADVANTAGES, own.key, winning.key, strict=False)
        advantage = next((words for words, a, b in keys if a != b), "lists it earlier")
        because = f"{first.loss} ranks higher: the rule {winning.rule.id} {advantage}."
        return WhyNot(loss, "outranked", because, change)

    def find_ranked(self, loss: str) -> Ranked | None:
        """Return a loss at its rank; None where it has none."""
        part = self.base.cards[loss].part_in(self.facts)
        return next((ranked for ranked in self.ranked.get(part, ()) if ranked.loss == loss), None)

    def _smallest_change(self, loss: str) -> Facts:
        """Find one fact, or else two, that would rank a loss first; empty if there are none."""
        rules = [rule for rule in self.base.rules.values() if rule.names(loss)]
        # What ranks others higher may be what has to change.
        rules += [rule for rule in self.fired if any(map(rule.names, self.first.values()))]
        relevant = {name for rule in rules for name in rule.facts} | self.base.cards[loss].facts
        names = [name for name in self.base.vocabulary.facts if name in relevant]
        names.sort(key=self.facts.__contains__)  # adding a fact is less than changing one
        single_changes = [
            (name, value)
            for name in names
            for value in self.base.values(name)
            if self.facts.get(name) != value
        ]
        for size in (1, 2):
            for change in combinations(single_changes, size):
                facts = dict(change)
                if len(facts) == size:
                    other = self.knowing(**facts)
                    if loss in other.first.values() and other.possible:
                        return facts
        return {}

    @cached_property
    def possible(self) -> bool:
        """Whether the facts do not contradict each other."""
        vocabulary = self.base.vocabulary
        return not any(rule.when.holds(self.facts) for rule in vocabulary.contradictory) and all(
            self.facts[name] == value
            for derivation in vocabulary.derived
            if derivation.when.holds(self.facts)
            for name, value in derivation.then.items()
        )


def _order(votes: Sequence[Vote]) -> tuple[float, ...]:
    return tuple(-part for part in votes[0].key)
