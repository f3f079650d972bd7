"""The rule base in the light of some facts: what fits, what speaks for it, what comes first.

Compatibility removes what cannot serve. Choice orders what is left: the most specific rule that
fires decides, then how strongly it speaks, then how well it is supported. A default speaks only
where nothing more specific does.
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
"""Losses that are recommended for one part of a training."""

KEYS = ("how specific the rule is", "how strongly it speaks", "how well it is supported")


@dataclass(frozen=True)
class Recommendation:
    """A loss that is recommended, and all that speaks for it, the deciding voice first."""

    loss: str
    part: str
    rank: int
    votes: tuple[Vote, ...]
    avoided: tuple[Rule, ...]

    @property
    def strength(self) -> str:
        """How strongly the deciding rule speaks."""
        return self.votes[0].named.strength


@dataclass(frozen=True)
class WhyNot:
    """Why a loss is not the first, and the smallest change of facts that would make it so."""

    loss: str
    state: Literal["first", "vetoed", "avoided", "outranked", "unnamed"]
    because: str
    change: Facts


class Situation:
    """The rule base in the light of some facts."""

    def __init__(self, base: RuleBase, stated: Facts, near: Situation | None = None) -> None:
        """Evaluate all rules; near another situation, only those that look at what differs."""
        self.base = base
        self.stated = stated
        self.facts = base.vocabulary.completed(stated)
        self.truths: dict[str, Truth]
        if near is None:
            self.truths = {name: rule.when.holds(self.facts) for name, rule in base.rules.items()}
        else:
            names = self.facts.keys() | near.facts.keys()
            changed = [name for name in names if self.facts.get(name) != near.facts.get(name)]
            touched = {
                rule.id: rule.when.holds(self.facts)
                for name in changed
                for rule in base.rules_by_fact[name]
            }
            self.truths = {**near.truths, **touched}

    def knowing(self, **facts: FactValue) -> Situation:
        """Return the situation where some facts are stated besides, or otherwise."""
        return Situation(self.base, {**self.stated, **facts}, near=self)

    @cached_property
    def fired(self) -> list[Rule]:
        """The rules that speak."""
        fired = [rule for name, rule in self.base.rules.items() if self.truths[name]]
        overriding = [rule for rule in fired if rule.overrides]
        silent: set[str] = set()
        for _ in overriding:  # a rule that is silent itself silences no other
            now = {name for rule in overriding if rule.id not in silent for name in rule.overrides}
            if now == silent:
                break
            silent = now
        return [rule for rule in fired if rule.id not in silent]

    @cached_property
    def pending(self) -> list[Rule]:
        """The rules that wait for a fact."""
        return [rule for name, rule in self.base.rules.items() if self.truths[name] is None]

    def vetoes(self, loss: str) -> list[str]:
        """Say why a loss does not fit; nothing where it does."""
        card, facts = self.base.cards[loss], self.facts
        declared = (("task", card.tasks), ("labels", card.labels), ("output", card.outputs))
        found = [
            f"It is not for {name} {facts[name]}."
            for name, fitting in declared
            if fitting and name in facts and facts[name] not in fitting
        ]
        found += [
            requirement.because
            for requirement in card.requires
            if requirement.when.holds(facts) is False
        ]
        found += [
            requirement.because for requirement in card.excludes if requirement.when.holds(facts)
        ]
        forbidding = [vote.rule.text for vote in self.votes("forbid", loss)]
        # A rule that advises against it as well tells more than that it does not fit.
        avoiding = [rule.text for rule in self.avoided(loss)] if found else []
        return forbidding + avoiding + found

    def avoided(self, loss: str) -> tuple[Rule, ...]:
        """Return the rules that advise against a loss."""
        return tuple(vote.rule for vote in self.votes("avoid", loss))

    def votes(self, kind: str, loss: str) -> Sequence[Vote]:
        """Return what rules of a kind say of a loss; where they choose, the weightiest first."""
        return self._votes[kind].get(loss, ())

    @cached_property
    def ranked(self) -> Mapping[str, list[Recommendation]]:
        """The losses that fit and that a rule speaks for, the best first, for each part.

        What is advised against comes after all that is not.
        """
        found = {}
        votes = self._votes
        named = votes["prefer"].keys() | votes["default"].keys()
        fitting = {loss for loss in named if not self.vetoes(loss)}
        good = {loss for loss in fitting if not self.avoided(loss)}
        for part in self.base.parts:
            inside = {x for x in fitting if self.base.cards[x].part_in(self.facts) == part}
            kind = "prefer" if inside & good & votes["prefer"].keys() else "default"
            heard = {loss: votes[kind][loss] for loss in inside & votes[kind].keys()}
            if kind == "default":  # what is preferred but advised against is still named
                heard = {x: votes["prefer"][x] for x in inside & votes["prefer"].keys()} | heard
            order = sorted(heard, key=lambda loss: (loss not in good, _order(heard[loss]), loss))
            if order:
                found[part] = [
                    Recommendation(loss, part, rank, tuple(heard[loss]), self.avoided(loss))
                    for rank, loss in enumerate(order, 1)
                ]
        return found

    @cached_property
    def _votes(self) -> Mapping[str, Mapping[str, Sequence[Vote]]]:
        heard: dict[str, dict[str, list[Vote]]] = {kind: {} for kind in KINDS}
        for rule in self.fired:
            for vote in rule.votes:
                heard[rule.kind].setdefault(vote.named.loss, []).append(vote)
        for kind, of_kind in heard.items():
            for votes in of_kind.values():
                votes.sort(key=lambda vote: vote.rule.id)
                if kind in ("prefer", "default"):
                    votes.sort(key=lambda vote: vote.key, reverse=True)
        return heard

    @cached_property
    def recommended(self) -> list[Recommendation]:
        """The losses to try, part by part: those that nothing speaks against, if there are any."""
        found = []
        for ranking in self.ranked.values():
            good = [each for each in ranking if not each.avoided]
            found += (good or ranking)[:SHOWN]
        return found

    @property
    def top(self) -> Mapping[str, tuple[str, ...]]:
        """The first three losses of each part."""
        return {
            part: tuple(each.loss for each in self.recommended if each.part == part)[:3]
            for part in self.ranked
        }

    @property
    def first(self) -> Mapping[str, str]:
        """The first loss of each part."""
        return {part: losses[0] for part, losses in self.top.items()}

    def why_not(self, loss: str) -> WhyNot:
        """Say why a loss is not the first of its part, and what would make it so."""
        part = self.base.cards[loss].part_in(self.facts)
        if self.first.get(part) == loss:
            return WhyNot(loss, "first", "It is the first choice.", {})
        change = self._smallest_change(loss)
        vetoes, avoided = self.vetoes(loss), self.avoided(loss)
        if vetoes:
            return WhyNot(loss, "vetoed", vetoes[0], change)
        if avoided:
            return WhyNot(loss, "avoided", avoided[0].text, change)
        mine = next((each for each in self.ranked.get(part, ()) if each.loss == loss), None)
        if mine is None:
            return WhyNot(loss, "unnamed", "No rule speaks for it here.", change)
        first = self.ranked[part][0]
        ours, theirs = mine.votes[0], first.votes[0]
        keys = zip(KEYS, ours.key, theirs.key, strict=False)
        decided = next((name for name, own, other in keys if own != other), "its place in the rule")
        because = f"{first.loss} goes before it, by {decided} ({theirs.rule.id})."
        return WhyNot(loss, "outranked", because, change)

    def _smallest_change(self, loss: str) -> Facts:
        """Find one fact, or else two, that would put a loss first; nothing where there are none."""
        rules = [rule for rule in self.base.rules.values() if rule.names(loss)]
        # What puts others before it may be what has to change.
        rules += [rule for rule in self.fired if any(map(rule.names, self.first.values()))]
        looked_at = {name for rule in rules for name in rule.facts} | self.base.cards[loss].facts
        names = [name for name in self.base.vocabulary.facts if name in looked_at]
        names.sort(key=self.facts.__contains__)  # to add a fact is less than to change one
        flips = [
            (name, value)
            for name in names
            for value in self.base.values(name)
            if self.facts.get(name) != value
        ]
        for size in (1, 2):
            for change in combinations(flips, size):
                facts = dict(change)
                if len(facts) == size:
                    other = self.knowing(**facts)
                    if loss in other.first.values() and other.possible:
                        return facts
        return {}

    @cached_property
    def possible(self) -> bool:
        """Whether no facts contradict each other."""
        vocabulary = self.base.vocabulary
        return not any(each.when.holds(self.facts) for each in vocabulary.contradictory) and all(
            self.facts[name] == value
            for each in vocabulary.derived
            if each.when.holds(self.facts)
            for name, value in each.then.items()
        )


def _order(votes: Sequence[Vote]) -> tuple[float, ...]:
    return tuple(-part for part in votes[0].key)
