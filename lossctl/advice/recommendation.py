"""From facts to advice: the recommended losses with their options, and the questions to ask next.

There are three layers: compatibility and choice, which `situation` settles, and advice, which never
changes the order. `Advice` keeps all that was considered; answers are made from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from lossctl.advice.rules import Measured, OptionAdvice, Rule, RuleBase
from lossctl.advice.situation import Ranked, Situation
from lossctl.facts.vocabulary import Conflict, Fact, FactValue, Known, in_words

ASKED = 3
"""The most questions asked at a time."""

Changes = Literal["first", "top", "nothing"]


@dataclass(frozen=True)
class PossibleAnswer:
    """One answer to a question, and what it would change.

    Args:
        value: the value of the fact.
        meaning: what the value means.
        option: the command-line option that states it.
        first: the first loss of each part with this answer.
        changes: whether the first choice changes, only the losses after it, or nothing.
    """

    value: FactValue
    meaning: str
    option: str
    first: Mapping[str, str]
    changes: Changes


@dataclass(frozen=True)
class Question:
    """A fact worth asking for, what the data suggest, and what each answer would change."""

    fact: str
    question: str
    guess: Known | None
    values: tuple[PossibleAnswer, ...]

    @property
    def answers(self) -> Mapping[str, PossibleAnswer]:
        """The possible answers by the word for each."""
        return {in_words(answer.value): answer for answer in self.values}


@dataclass(frozen=True)
class Advice:
    """What `advise` returns: all that was considered."""

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
        """The losses that fit but should be avoided, each with the most specific rule for that."""
        recommended = {ranked.loss for ranked in self.situation.recommended}
        rules = [rule for rule in self.situation.fired if rule.kind == "avoid"]
        rules.sort(key=lambda rule: (-rule.when.specificity, rule.id))
        avoided: dict[str, Rule] = {}
        for rule in rules:
            for named in rule.losses:
                if named.loss not in recommended and not self.situation.vetoes(named.loss):
                    avoided.setdefault(named.loss, rule)
        return list(avoided.items())

    @cached_property
    def vetoed(self) -> list[tuple[str, str]]:
        """The losses that a rule names but that do not fit, with the reason."""
        named_losses = {
            named.loss
            for rule in self.situation.fired
            if rule.kind != "advise"
            for named in rule.losses
        }
        vetoes = {loss: self.situation.vetoes(loss) for loss in sorted(named_losses)}
        return [(loss, reasons[0]) for loss, reasons in vetoes.items() if reasons]

    def remarks_on(self, loss: str) -> list[Rule]:
        """Return the rules with a remark on a loss, the most specific first."""
        rules = [vote.rule for vote in self.situation.votes("advise", loss)]
        return sorted(rules, key=lambda rule: (-rule.when.specificity, rule.id))

    @property
    def remarks(self) -> list[Rule]:
        """The rules with a remark that holds for every loss."""
        return [rule for rule in self.situation.fired if rule.kind == "advise" and not rule.losses]

    def options(self, ranked: Ranked) -> Mapping[str, OptionAdvice]:
        """Return the options to use a loss with: from its rules, or else from its card."""
        options = dict(self.base.cards[ranked.loss].params)
        rules = [*(vote.rule for vote in ranked.votes), *self.remarks_on(ranked.loss)]
        for rule in reversed(rules):
            for name, value_or_measure in rule.params.get(ranked.loss, {}).items():
                value = self._resolved(value_or_measure)
                if value is not None:
                    default = options[name].default if name in options else None
                    options[name] = OptionAdvice(value, default, rule.text, rule.id)
        return options

    def _resolved(self, value: Any) -> Any:  # noqa: ANN401
        """Return a value, computed from the data if it depends on them; None without data."""
        if not isinstance(value, Measured):
            return value
        if value.measured not in self.measured:
            return None
        return float(f"{value.times * self.measured[value.measured]:.4g}")

    @cached_property
    def measured(self) -> Mapping[str, float]:
        """The numbers computed from the data on which options may depend."""
        return {
            name: number
            for known in self.stated
            for name, number in known.numbers.items()
            if name in self.base.vocabulary.measures
        }

    def activation(self, ranked: Ranked) -> str:
        """Return the output activation for a loss: from its rules, or else from its card."""
        rules = [*(vote.rule for vote in ranked.votes), *self.remarks_on(ranked.loss)]
        of_rules = (rule.activation for rule in rules if rule.activation)
        return next(of_rules, self.base.cards[ranked.loss].activation)

    @cached_property
    def questions(self) -> list[Question]:
        """The questions whose answers would change the first choice, or else the losses after it.

        Questions with a guess that would change the first choice come before all others. Facts that
        are known or were declined are not asked for. If facts contradict each other, only those are
        asked for. A question whose every answer changes the first choice stands alone, since all
        others depend on it.
        """
        contradicting = {name for conflict in self.conflicts for name in conflict.names}
        keyed = []
        for name in contradicting or self._open_facts:
            question = self._question(self.base.vocabulary.facts[name])
            key = self._priority(question)
            if key is not None and name not in self.declined:
                keyed.append((key, question))
        order = list(self.base.vocabulary.facts)
        keyed.sort(key=lambda pair: (pair[0], order.index(pair[1].fact)))
        questions = [question for _, question in keyed[:ASKED]]
        alone = questions and all(answer.changes == "first" for answer in questions[0].values)
        return questions[:1] if alone else questions

    def _priority(self, question: Question) -> tuple[bool, float] | None:
        """Return the sort key of a question; None where no answer changes anything."""
        changes = [answer.changes for answer in question.values]
        shares = [changes.count(change) / max(len(changes), 2) for change in ("first", "top")]
        if not any(shares):
            return None
        guessed = question.answers.get(in_words(question.guess.value)) if question.guess else None
        likely = guessed is not None and guessed.changes == "first"
        common = self.base.vocabulary.facts[question.fact].common
        return (not likely, -common * (shares[0] + shares[1] / 2))

    @property
    def _open_facts(self) -> list[str]:
        """The facts that are not known and on which some rule or card depends."""
        situation = self.situation
        choosing = [rule for rule in situation.pending if rule.kind != "advise"]
        relevant = {name for rule in choosing for name in rule.facts}
        relevant |= {name for card in self.base.cards.values() for name in card.facts}
        guessed = {known.name for known in self.guesses}
        return [
            name
            for name, fact in self.base.vocabulary.facts.items()
            if name in relevant - situation.facts.keys() and (fact.asked or name in guessed)
        ]

    def _question(self, fact: Fact) -> Question:
        guess = next((known for known in self.guesses if known.name == fact.name), None)
        return Question(fact.name, fact.question, guess, tuple(self._answers(fact)))

    def _answers(self, fact: Fact) -> list[PossibleAnswer]:
        """Try each value of a fact that contradicts no other."""
        now, top = self.situation.first, self.situation.top
        answers = []
        for value in self._disputed_values(fact.name) or self.base.values(fact.name):
            other = self.situation.knowing(**{fact.name: value})
            if not other.possible:
                continue
            changes: Changes = "nothing"
            if other.first and other.first != now:
                changes = "first"
            elif other.top and other.top != top:
                changes = "top"
            meaning = fact.values.get(in_words(value), "")
            answer = PossibleAnswer(value, meaning, fact.typed(value), other.first, changes)
            answers.append(answer)
        return answers

    def _disputed_values(self, name: str) -> list[FactValue]:
        """Return the values of a fact between which its sources differ."""
        values = [
            known.value
            for conflict in self.conflicts
            if conflict.names == {name}
            for known in conflict.facts
        ]
        return list(dict.fromkeys(values))


def advise(
    base: RuleBase, stated: Sequence[Known], *, declined: frozenset[str] = frozenset()
) -> Advice:
    """Consider every loss.

    Args:
        base: the rule base.
        stated: what is known about the problem. Of two values of a fact the first is used; a weak
            one is only a guess, to be asked about.
        declined: facts that are not to be asked for.
    """
    used: dict[str, Known] = {}
    conflicts = []
    for known in stated:
        if known.confidence == "weak":
            continue
        first = used.setdefault(known.name, known)
        if first.value != known.value and not _may_appear_as(base, first, known):
            because = f"The value from the {first.origin} is used."
            conflicts.append(Conflict((first, known), because))
    situation = Situation(base, {name: known.value for name, known in used.items()})
    all_known = base.vocabulary.following(situation.stated) | used
    in_order = [all_known[name] for name in base.vocabulary.facts if name in all_known]
    conflicts += base.vocabulary.conflicts(list(used.values()))
    guesses = tuple(
        known
        for known in stated
        if known.confidence == "weak" and known.name not in situation.facts
    )
    return Advice(situation, tuple(stated), tuple(in_order), guesses, tuple(conflicts), declined)


def _may_appear_as(base: RuleBase, stated: Known, detected: Known) -> bool:
    """Tell whether data may show the detected value where the stated one is right."""
    appears = base.vocabulary.facts[stated.name].appears
    return detected.origin == "data" and detected.value in appears.get(str(stated.value), ())
