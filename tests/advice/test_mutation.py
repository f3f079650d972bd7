"""Would it be noticed if a rule were gone, if a condition were turned round, an order swapped?

Each mutant is one such change of the rule base that comes with lossctl. It is caught if an example
of a rule, a scenario or an expectation fails. Nothing that is compared was computed: what should
fire, and what should come first, was written down by hand.

The files in `expectations` hold scenarios without a story, for what one rule changes: lists of
`facts` and `first`, and of whatever else a scenario may have. A rule that is gone is noticed, too,
if nothing cites a statement or a source any more: coverage and lint would say so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from unittest.mock import patch

import pytest

from lossctl.advice.documents import read
from lossctl.advice.recommendation import Advice
from lossctl.advice.rule_base import folder, load
from lossctl.advice.rule_files import SCENARIOS, Reader, read_text
from lossctl.advice.rules import STRENGTHS, Rule, RuleBase
from lossctl.advice.situation import Situation
from lossctl.advice.workshop import rule_tests
from lossctl.advice.workshop.rule_tests import Scenario, failures, read_scenarios
from lossctl.facts.conditions import All, AnyOf, Condition, Leaf, Not

EXPECTATIONS = sorted(Path(__file__).with_name("expectations").glob("*.yaml"))

CAUGHT = 0.95
"""The share of mutants that has to be caught."""


def read_expectations(base: RuleBase) -> list[Scenario]:
    """Read expectations: scenarios that need neither a name nor a story nor a reason."""
    return [each for file in EXPECTATIONS for each in _expectations(file, Reader(base))]


def _expectations(file: Path, reader: Reader) -> list[Scenario]:
    found = []
    for node in read(read_text(str(file)), file.name).items():
        told = {name: replace(node, value="-") for name in ("name", "story", "why")}
        named = replace(node, value={**told, **node.fields()})
        place = f"{file.name}, line {node.line}"
        found.append(replace(rule_tests._scenario(named, reader), name=place))
    return found


@dataclass(frozen=True)
class Trial:
    """A scenario, and what the rules that were not changed make of it."""

    scenario: Scenario
    advice: Advice
    fires: frozenset[str]


@cache
def trials() -> Sequence[Trial]:
    base = load()
    scenarios = read_scenarios(str(folder() / SCENARIOS), base)
    found = []
    for each in (*read_expectations(base), *scenarios):
        advice = rule_tests._advised(each.facts, base)
        fires = frozenset(name for name, truth in advice.situation.truths.items() if truth)
        found.append(Trial(each, advice, fires))
    return found


# mutants


@dataclass(frozen=True)
class Mutant:
    """A change of one rule; none is left of it where it is dropped."""

    kind: str
    rule: Rule
    mutated: Rule | None
    what: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.rule.kind} {self.rule.id} {self.what}".strip()

    @property
    def base(self) -> RuleBase:
        """The rule base with this change, and no other."""
        base = load()
        if self.mutated:
            return replace(base, rules={**base.rules, self.rule.id: self.mutated})
        others = {name: each for name, each in base.rules.items() if name != self.rule.id}
        return replace(base, rules=others)


def mutants() -> Iterator[Mutant]:
    for rule in load().rules.values():
        yield Mutant("drop", rule, None)
        for leaf, when in turned(rule.when):
            yield Mutant("turn", rule, replace(rule, when=when), f"({leaf})")
        if rule.kind in ("prefer", "default") and len(rule.losses) > 1:
            yield swapped(rule)


def turned(condition: Condition) -> Iterator[tuple[Leaf, Condition]]:
    """Turn each leaf of a condition into its opposite."""
    match condition:
        case Leaf():
            yield condition, Not(condition)
        case Not(part):
            yield from ((leaf, Not(other)) for leaf, other in turned(part))
        case All(parts) | AnyOf(parts):
            for place, part in enumerate(parts):
                for leaf, other in turned(part):
                    parts_turned = (*parts[:place], other, *parts[place + 1 :])
                    yield leaf, type(condition)(parts_turned)


def swapped(rule: Rule) -> Mutant:
    """Swap the strongest and the weakest strength, or where all are the same turn the order."""
    losses = list(rule.losses)
    strengths = [STRENGTHS.index(each.strength) for each in losses]
    if len(set(strengths)) == 1:
        return Mutant("turn the order of", rule, replace(rule, losses=tuple(reversed(losses))))
    high, low = strengths.index(max(strengths)), strengths.index(min(strengths))
    losses[high] = replace(losses[high], strength=rule.losses[low].strength)
    losses[low] = replace(losses[low], strength=rule.losses[high].strength)
    return Mutant("swap strengths of", rule, replace(rule, losses=tuple(losses)))


# what catches them


def caught(mutant: Mutant) -> bool:
    """Tell whether a test fails; only those are run that the rule has to do with."""
    rule, name = mutant.mutated, mutant.rule.id
    if rule is None and leaves_a_gap(mutant.rule):
        return True
    near = [each for each in trials() if name in each.fires]
    if rule and rule.when is not mutant.rule.when:
        if caught_by_example(rule):
            return True
        near = list(trials())
    base = mutant.base
    return any(fails(each, mutant, base) for each in near)


def leaves_a_gap(rule: Rule) -> bool:
    """Tell whether a statement or a source would be cited by nothing if a rule were gone."""
    base = load()
    others = [each for each in base.rules.values() if each is not rule]
    cited = {source for each in (*others, *base.cards.values()) for source in each.sources}
    names = {source.partition("#")[0] for source in cited}
    return any(
        source not in cited and ("#" in source or source not in names) for source in rule.sources
    )


def caught_by_example(rule: Rule) -> bool:
    completed = load().vocabulary.completed
    return not (
        all(rule.when.holds(completed(facts)) is True for facts in rule.fires)
        and all(rule.when.holds(completed(facts)) is not True for facts in rule.silent)
    )


def fails(trial: Trial, mutant: Mutant, base: RuleBase) -> bool:
    """Tell whether a scenario fails; what other rules make of its facts is known already.

    What is asked is left out: to work that out takes ten times as long as all the rest.
    """
    before = trial.advice.situation
    situation = Situation(base, before.stated, near=before)
    if mutant.mutated:
        situation.truths[mutant.rule.id] = mutant.mutated.when.holds(situation.facts)
    advice = replace(trial.advice, situation=situation)
    advice.__dict__["questions"] = []
    with patch.object(rule_tests, "_advised", lambda *_: advice):
        return next(failures(replace(trial.scenario, asks=()), base), None) is not None


@pytest.mark.slow
def test_every_expectation_holds():
    base = load()
    expected = read_expectations(base)
    found = {each.name: list(failures(each, base)) for each in expected}
    assert {name: said for name, said in found.items() if said} == {}


def test_what_is_not_changed_is_not_caught():
    """Otherwise every mutant would be."""
    rule = load().rules["regression-default"]
    same = Mutant("keep", rule, replace(rule, because="The same in other words."))
    assert not any(fails(each, same, same.base) for each in trials()[-10:])


def test_a_mutant_differs_in_one_leaf():
    one, other = Leaf("a", "in", ("x",)), Leaf("b", "at_most", (0.5,))
    condition = All((one, Not(AnyOf((other, one)))))
    assert [str(each) for _, each in turned(condition)] == [
        "not a x, not (b at most 0.5; or a x)",
        "a x, not (not b at most 0.5; or a x)",
        "a x, not (b at most 0.5; or not a x)",
    ]


@pytest.mark.slow
def test_nearly_every_change_of_a_rule_is_noticed(record_property: pytest.RecordProperty):
    counted, missed = Counter[str](), []
    for mutant in mutants():
        counted[mutant.kind] += 1
        if not caught(mutant):
            missed.append(mutant)
    of = counted.total()
    lost = Counter(each.kind for each in missed)
    score = f"{of - len(missed)} of {of} mutants are caught; " + ", ".join(
        f"{kind} {number - lost[kind]} of {number}" for kind, number in counted.items()
    )
    record_property("mutants", score)
    print(score)  # noqa: T201  # the count is what one wants to see
    survivors = "\n".join(map(str, missed))
    assert not [each for each in missed if each.kind == "turn"], survivors
    assert len(missed) <= (1 - CAUGHT) * of, f"{score}\n{survivors}"
