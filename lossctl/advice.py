"""From facts to losses: what fits, what speaks for it, what is to be said of it; with the trace.

Three layers, in this order. Compatibility removes what cannot serve. Choice orders what is left:
the most specific rule that fires decides, then how strongly it speaks, then how well it is
supported. A default speaks only where nothing more specific does. Advice never changes the order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any, Literal

from lossctl.facts import Conflict, Fact, Facts, FactValue, Known
from lossctl.facts.conditions import Truth
from lossctl.rules import EVIDENCE, STRENGTHS, Measured, Named, Rule, RuleBase

SHOWN = 5
"""Losses that are recommended for one part of a training."""

ASKED = 3
"""Questions that are asked at a time."""

KEYS = ("how specific the rule is", "how strongly it speaks", "how well it is supported")


@dataclass(frozen=True)
class Voice:
    """What one rule says for a loss."""

    rule: Rule
    named: Named
    place: int

    @cached_property
    def key(self) -> tuple[float, int, int, int]:
        """What decides: how specific the rule is, its strength, its support, the loss's place."""
        strength = STRENGTHS.index(self.named.strength)
        return (
            self.rule.when.specificity,
            strength,
            EVIDENCE.index(self.rule.evidence),
            -self.place,
        )


@dataclass(frozen=True)
class Recommendation:
    """A loss that is recommended, and all that speaks for it, the deciding voice first."""

    loss: str
    part: str
    rank: int
    voices: tuple[Voice, ...]
    avoided: tuple[Rule, ...]

    @property
    def strength(self) -> str:
        """How strongly the deciding rule speaks."""
        return self.voices[0].named.strength


@dataclass(frozen=True)
class Change:
    """What an answer would change: what would come first, and whether that differs from now."""

    value: FactValue
    first: Mapping[str, str]
    changes: Literal["first", "top", "nothing"]


@dataclass(frozen=True)
class Question:
    """A fact worth knowing, and what each of its values would change."""

    fact: Fact
    answers: Mapping[str, Change]
    guess: Known | None = None


@dataclass(frozen=True)
class WhyNot:
    """Why a loss is not the first, and the smallest change of facts that would make it so."""

    loss: str
    state: Literal["first", "vetoed", "avoided", "outranked", "unnamed"]
    because: str
    rule: Rule | None
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
        found += [bar.because for bar in card.requires if bar.when.holds(facts) is False]
        found += [bar.because for bar in card.excludes if bar.when.holds(facts)]
        forbidding = [
            rule.text for rule in self.fired if rule.kind == "forbid" and rule.names(loss)
        ]
        # A rule that advises against it as well tells more than that it does not fit.
        avoiding = [rule.text for rule in self.avoided(loss)] if found else []
        return forbidding + avoiding + found

    def avoided(self, loss: str) -> tuple[Rule, ...]:
        """Return the rules that advise against a loss."""
        return tuple(rule for rule in self.fired if rule.kind == "avoid" and rule.names(loss))

    @cached_property
    def ranked(self) -> Mapping[str, list[Recommendation]]:
        """The losses that fit and that a rule speaks for, the best first, for each part.

        What is advised against comes after all that is not.
        """
        found = {}
        voices = {kind: self._voices(kind) for kind in ("prefer", "default")}
        fitting = {loss for heard in voices.values() for loss in heard if not self.vetoes(loss)}
        good = {loss for loss in fitting if not self.avoided(loss)}
        for part in self.base.parts:
            inside = {x for x in fitting if self.base.cards[x].part_in(self.facts) == part}
            kind = "prefer" if inside & good & voices["prefer"].keys() else "default"
            heard = {loss: voices[kind][loss] for loss in inside & voices[kind].keys()}
            if kind == "default":  # what is preferred but advised against is still named
                heard = {x: voices["prefer"][x] for x in inside & voices["prefer"].keys()} | heard
            order = sorted(heard, key=lambda loss: (loss not in good, _order(heard[loss]), loss))
            if order:
                found[part] = [
                    Recommendation(loss, part, rank, tuple(heard[loss]), self.avoided(loss))
                    for rank, loss in enumerate(order, 1)
                ]
        return found

    def _voices(self, kind: str) -> Mapping[str, list[Voice]]:
        """Return what rules of a kind say for each loss, the weightiest first."""
        heard: dict[str, list[Voice]] = {}
        for rule in self.fired:
            if rule.kind == kind:
                for place, named in enumerate(rule.losses):
                    heard.setdefault(named.loss, []).append(Voice(rule, named, place))
        for voices in heard.values():
            voices.sort(key=lambda voice: voice.rule.id)
            voices.sort(key=lambda voice: voice.key, reverse=True)
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
            return WhyNot(loss, "first", "It is the first choice.", None, {})
        change = self._smallest_change(loss)
        vetoes, avoided = self.vetoes(loss), self.avoided(loss)
        if vetoes:
            return WhyNot(loss, "vetoed", vetoes[0], None, change)
        if avoided:
            return WhyNot(loss, "avoided", avoided[0].text, avoided[0], change)
        mine = next((each for each in self.ranked.get(part, ()) if each.loss == loss), None)
        if mine is None:
            return WhyNot(loss, "unnamed", "No rule speaks for it here.", None, change)
        first = self.ranked[part][0]
        ours, theirs = mine.voices[0], first.voices[0]
        keys = zip(KEYS, ours.key, theirs.key, strict=False)
        decided = next((name for name, own, other in keys if own != other), "its place in the rule")
        because = f"{first.loss} goes before it, by {decided} ({theirs.rule.id})."
        return WhyNot(loss, "outranked", because, ours.rule, change)

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
            for value in _values(self.base, name)
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


@dataclass(frozen=True)
class Trace:
    """All that was considered, from which every answer is printed."""

    situation: Situation
    stated: tuple[Known, ...]
    known: tuple[Known, ...]
    guesses: tuple[Known, ...]
    conflicts: tuple[Conflict, ...]
    declined: frozenset[str] = frozenset()

    @property
    def base(self) -> RuleBase:
        """The rule base."""
        return self.situation.base

    @cached_property
    def avoid(self) -> list[tuple[str, Rule]]:
        """The losses that fit but that a rule advises against, with the weightiest such rule."""
        told = {each.loss for each in self.situation.recommended}
        rules = [rule for rule in self.situation.fired if rule.kind == "avoid"]
        rules.sort(key=lambda rule: (-rule.when.specificity, rule.id))
        found: dict[str, Rule] = {}
        for rule in rules:
            for each in rule.losses:
                if each.loss not in told and not self.situation.vetoes(each.loss):
                    found.setdefault(each.loss, rule)
        return list(found.items())

    @cached_property
    def vetoed(self) -> list[tuple[str, str]]:
        """The losses that a rule speaks of but that do not fit, with the reason."""
        named = {
            each.loss
            for rule in self.situation.fired
            if rule.kind != "advise"
            for each in rule.losses
        }
        vetoes = {loss: self.situation.vetoes(loss) for loss in sorted(named)}
        return [(loss, reasons[0]) for loss, reasons in vetoes.items() if reasons]

    def advice(self, loss: str) -> list[Rule]:
        """Return the rules that are told beside a loss, the most specific first."""
        about = [
            rule for rule in self.situation.fired if rule.kind == "advise" and rule.names(loss)
        ]
        return sorted(about, key=lambda rule: (-rule.when.specificity, rule.id))

    @property
    def remarks(self) -> list[Rule]:
        """The rules that are told whatever the loss."""
        return [rule for rule in self.situation.fired if rule.kind == "advise" and not rule.losses]

    def options(self, each: Recommendation) -> Mapping[str, Mapping[str, Any]]:
        """Return the options to use a loss with: the rules' where they say, else its card's.

        Each has its `value`, its `default`, why (`because`), and who says so (`source`).
        """
        card = self.base.cards[each.loss]
        options = {
            name: {"because": "", "source": "", "default": said["value"], **said}
            for name, said in card.params.items()
        }
        rules = [*(voice.rule for voice in each.voices), *self.advice(each.loss)]
        for rule in reversed(rules):
            for name, said in rule.params.get(each.loss, {}).items():
                value = self._measured(said)
                if value is not None:
                    default = options.get(name, {}).get("default")
                    options[name] = {
                        "value": value,
                        "default": default,
                        "because": rule.text,
                        "source": rule.id,
                    }
        return options

    def _measured(self, value: Any) -> Any:  # noqa: ANN401
        """Return a value, or what the data make it; None where they are not there."""
        if not isinstance(value, Measured):
            return value
        if value.measure not in self.measured:
            return None
        return float(f"{value.times * self.measured[value.measure]:.4g}")

    @cached_property
    def measured(self) -> Mapping[str, float]:
        """What the data told that options may depend on."""
        return {
            name: number
            for each in self.stated
            for name, number in each.numbers.items()
            if name in self.base.vocabulary.measures
        }

    def activation(self, each: Recommendation) -> str:
        """Return the last layer that goes with a loss: a rule's word for it before its card's."""
        said = [voice.rule.activation for voice in each.voices if voice.rule.activation]
        said += [rule.activation for rule in self.advice(each.loss) if rule.activation]
        return said[0] if said else self.base.cards[each.loss].activation

    @cached_property
    def questions(self) -> list[Question]:
        """The facts to find out next: those whose values change the first place, or else the top.

        A fact that the data tell is not asked, nor one that was declined. Where facts contradict
        each other, only these are asked; and a question of which every answer changes the first
        place stands alone, for all others depend on it.
        """
        in_conflict = {each.name for conflict in self.conflicts for each in conflict.facts}
        found = []
        for name in in_conflict or self._open:
            fact = self.base.vocabulary.facts[name]
            guess = next((each for each in self.guesses if each.name == name), None)
            answers = self._answers(fact)
            changes = [each.changes for each in answers.values()]
            shares = [changes.count(what) / max(len(changes), 2) for what in ("first", "top")]
            key = -fact.common * (shares[0] + shares[1] / 2)
            if any(shares) and name not in self.declined:
                found.append((key, Question(fact, answers, guess)))
        order = list(self.base.vocabulary.facts)
        found.sort(key=lambda pair: (pair[0], order.index(pair[1].fact.name)))
        questions = [question for _, question in found[:ASKED]]
        alone = questions and all(each.changes == "first" for each in questions[0].answers.values())
        return questions[:1] if alone else questions

    @property
    def _open(self) -> list[str]:
        """The facts that are not known and that some rule or card waits for."""
        situation = self.situation
        choosing = [rule for rule in situation.pending if rule.kind != "advise"]
        waiting = {name for rule in choosing for name in rule.facts}
        waiting |= {name for card in self.base.cards.values() for name in card.facts}
        guessed = {each.name for each in self.guesses}
        return [
            name
            for name, fact in self.base.vocabulary.facts.items()
            if name in waiting - situation.facts.keys() and (fact.asked or name in guessed)
        ]

    def _claimed(self, name: str) -> list[FactValue]:
        """The values of a fact between which those who state it differ."""
        differing = [
            [each.value for each in conflict.facts]
            for conflict in self.conflicts
            if {each.name for each in conflict.facts} == {name}
        ]
        return list(dict.fromkeys(value for values in differing for value in values))

    def _answers(self, fact: Fact) -> dict[str, Change]:
        now, top = self.situation.first, self.situation.top
        found = {}
        for value in self._claimed(fact.name) or _values(self.base, fact.name):
            other = self.situation.knowing(**{fact.name: value})
            if not other.possible:
                continue
            changes: Literal["first", "top", "nothing"] = "nothing"
            if other.first and other.first != now:
                changes = "first"
            elif other.top and other.top != top:
                changes = "top"
            found[said(value)] = Change(value, other.first, changes)
        return found


def advise(
    base: RuleBase, stated: Sequence[Known], *, declined: frozenset[str] = frozenset()
) -> Trace:
    """Consider every loss.

    Args:
        base: the rule base.
        stated: what is known of the problem. Of two values of one fact the first is taken; what is
            weak is no fact, but is asked.
        declined: facts that are not to be asked for.
    """
    taken: dict[str, Known] = {}
    conflicts = []
    for each in stated:
        if each.confidence == "weak":
            continue
        first = taken.setdefault(each.name, each)
        if first.value != each.value:
            conflicts.append(Conflict((first, each), f"What the {first.origin} says is taken."))
    situation = Situation(base, {name: each.value for name, each in taken.items()})
    all_known = base.vocabulary.following(situation.stated) | taken
    known = [all_known[name] for name in base.vocabulary.facts if name in all_known]
    conflicts += base.vocabulary.conflicts(list(taken.values()))
    guesses = tuple(
        each for each in stated if each.confidence == "weak" and each.name not in situation.facts
    )
    return Trace(situation, tuple(stated), tuple(known), guesses, tuple(conflicts), declined)


def said(value: FactValue) -> str:
    """Say a value in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    return ", ".join(sorted(value)) or "none" if isinstance(value, frozenset) else f"{value}"


def _order(voices: Sequence[Voice]) -> tuple[float, ...]:
    return tuple(-part for part in voices[0].key)


def _values(base: RuleBase, name: str) -> list[FactValue]:
    """Return the values of a fact; of a number those at which a condition turns."""
    fact = base.vocabulary.facts[name]
    if fact.type not in ("number", "integer"):
        return list(fact.answers().values())
    conditions = [rule.when for rule in base.rules_by_fact[name]]
    conditions += [each.when for each in base.vocabulary.derived]
    turns = {
        value
        for condition in conditions
        for leaf in condition.leaves()
        if leaf.fact == name and leaf.operator != "known"
        for value in leaf.values
    }
    return sorted(turns)
