"""From facts to advice: the losses of a situation with their options, and what to find out next.

Three layers, in this order: compatibility and choice, which `situation` settles, and advice, which
never changes the order. All that was considered stays in a trace, from which answers are printed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from lossctl.advice.rules import Measured, Rule, RuleBase
from lossctl.advice.situation import Recommendation, Situation
from lossctl.facts.vocabulary import Conflict, Fact, FactValue, Known

ASKED = 3
"""Questions that are asked at a time."""


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
class Advice:
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

    def advising(self, loss: str) -> list[Rule]:
        """Return the rules that are told beside a loss, the most specific first."""
        about = [vote.rule for vote in self.situation.votes("advise", loss)]
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
        rules = [*(vote.rule for vote in each.votes), *self.advising(each.loss)]
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
        said = [vote.rule.activation for vote in each.votes if vote.rule.activation]
        said += [rule.activation for rule in self.advising(each.loss) if rule.activation]
        return said[0] if said else self.base.cards[each.loss].activation

    @cached_property
    def questions(self) -> list[Question]:
        """The facts to find out next: those whose values change the first place, or else the top.

        A guess that would change the first place is asked about before all else. A fact that the
        data tell is not asked, nor one that was declined. Where facts contradict each other, only
        these are asked; and a question of which every answer changes the first place stands alone,
        for all others depend on it.
        """
        in_conflict = {each.name for conflict in self.conflicts for each in conflict.facts}
        found = []
        for name in in_conflict or self._open:
            fact = self.base.vocabulary.facts[name]
            guess = next((each for each in self.guesses if each.name == name), None)
            answers = self._answers(fact)
            changes = [each.changes for each in answers.values()]
            shares = [changes.count(what) / max(len(changes), 2) for what in ("first", "top")]
            guessed = answers.get(said(guess.value)) if guess else None
            likely = guessed is not None and guessed.changes == "first"
            key = (not likely, -fact.common * (shares[0] + shares[1] / 2))
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
        for value in self._claimed(fact.name) or self.base.values(fact.name):
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
) -> Advice:
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
        if first.value != each.value and not _may_appear(base, first, each):
            conflicts.append(Conflict((first, each), f"What the {first.origin} says is taken."))
    situation = Situation(base, {name: each.value for name, each in taken.items()})
    all_known = base.vocabulary.following(situation.stated) | taken
    known = [all_known[name] for name in base.vocabulary.facts if name in all_known]
    conflicts += base.vocabulary.conflicts(list(taken.values()))
    guesses = tuple(
        each for each in stated if each.confidence == "weak" and each.name not in situation.facts
    )
    return Advice(situation, tuple(stated), tuple(known), guesses, tuple(conflicts), declined)


def _may_appear(base: RuleBase, first: Known, seen: Known) -> bool:
    """Tell whether what is seen in data is how the data of what is stated look."""
    appears = base.vocabulary.facts[first.name].appears
    return seen.origin == "data" and seen.value in appears.get(str(first.value), ())


def said(value: FactValue) -> str:
    """Say a value in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    return ", ".join(sorted(value)) or "none" if isinstance(value, frozenset) else f"{value}"
