"""Tests of a rule base: the examples of its rules, whole scenarios, and their coverage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lossctl.advice.answer import answer
from lossctl.advice.documents import Node, read
from lossctl.advice.recommendation import Advice, advise
from lossctl.advice.rule_files import STATEMENTS, Reader, read_text
from lossctl.advice.rules import RuleBase
from lossctl.facts.vocabulary import Facts, Known


@dataclass(frozen=True)
class Scenario:
    """A problem from practice, and the requirements on a good answer to it.

    Args:
        name: its name.
        story: the problem.
        facts: what is known about it.
        first: losses of which one must be ranked first, in one of the parts; none if nothing may
            be recommended.
        also: losses that must be recommended.
        order: losses that must be recommended in this order.
        never: losses that must not be recommended.
        avoided: losses that must be advised against or vetoed.
        asks: facts of which one must be asked for.
        contradicts: facts that must be reported as contradictory.
        advice: for a loss, words of which one must be mentioned with it.
        unsaid: words that must not be mentioned anywhere.
        why: the reason for these requirements.
        place: file and line.
    """

    name: str
    story: str
    facts: Facts
    first: tuple[str, ...]
    also: tuple[str, ...]
    order: tuple[str, ...]
    never: tuple[str, ...]
    avoided: tuple[str, ...]
    asks: tuple[str, ...]
    contradicts: tuple[str, ...]
    advice: Mapping[str, tuple[str, ...]]
    unsaid: tuple[str, ...]
    why: str
    place: str


LOSSES = ("first", "also", "order", "never", "avoided")
FACTS = ("asks", "contradicts")


def read_scenarios(file: str, base: RuleBase) -> list[Scenario]:
    """Read scenarios.

    Raises:
        UsageError: the file is invalid; with file, line and the problem.
    """
    reader = Reader(base)
    root = read(read_text(file), Path(file).name).known_fields(["scenarios"])
    return [_scenario(node, reader) for node in root["scenarios"].items()]


def _scenario(node: Node, reader: Reader) -> Scenario:
    fields = node.known_fields(
        ["name", "story", "facts", "first", "why"],
        ["also", "order", "never", "avoided", "asks", "contradicts", "advice", "unsaid"],
    )

    def names(key: str) -> tuple[str, ...]:
        items = fields[key].items() if key in fields else ()
        if key in LOSSES:
            return tuple(reader.loss(item, item.text()) for item in items)
        if key in FACTS:
            return tuple(reader.fact(item.text(), item).name for item in items)
        return tuple(str(item.plain) for item in items)

    advice = fields["advice"].fields() if "advice" in fields else {}
    return Scenario(
        name=fields["name"].text(),
        story=fields["story"].text(),
        facts=reader.stated(fields["facts"]),
        **{key: names(key) for key in (*LOSSES, *FACTS, "unsaid")},
        advice={
            reader.loss(words, loss): tuple(str(word.plain) for word in words.items())
            for loss, words in advice.items()
        },
        why=fields["why"].text(),
        place=f"{node.file}, line {node.line}",
    )


def failures(scenario: Scenario, base: RuleBase) -> Iterator[str]:
    """Yield the requirements of a scenario that the answer does not meet."""
    advice = _advised(scenario.facts, base)
    yield from _order(scenario, advice)
    against = {loss for loss, _ in (*advice.avoid, *advice.vetoed)}
    for loss in {*scenario.avoided} - against:
        yield f"{loss} is not advised against"
    asked = [question.fact for question in advice.questions]
    if scenario.asks and not {*scenario.asks} & {*asked}:
        yield f"it asks for {_listed(asked)}, not {' or '.join(scenario.asks)}"
    conflicting = {name for conflict in advice.conflicts for name in conflict.names}
    for name in {*scenario.contradicts} - conflicting:
        yield f"{name} is not reported as a contradiction"
    yield from _words(scenario, answer(advice).fields)


def _advised(facts: Facts, base: RuleBase) -> Advice:
    return advise(base, [Known(name, value, "flag") for name, value in facts.items()])


def _order(scenario: Scenario, advice: Advice) -> Iterator[str]:
    """Check which losses are recommended, and in which order."""
    top = [ranked.loss for ranked in advice.situation.recommended]
    firsts = {ranked.loss for ranked in advice.situation.recommended if ranked.rank == 1}
    if scenario.first and not firsts & {*scenario.first}:
        yield f"first is {_listed(firsts)}, not {' or '.join(scenario.first)}"
    if not scenario.first and top:
        yield f"{_listed(top)} should not be recommended, nor any other loss"
    for loss in {*scenario.also, *scenario.order} - {*top}:
        yield f"{loss} is not recommended"
    for loss in {*scenario.never} & {*top}:
        yield f"{loss} should not be recommended"
    in_order = [loss for loss in top if loss in scenario.order]
    if in_order != [loss for loss in scenario.order if loss in top]:
        yield f"the order is {_listed(in_order)}"


def _words(scenario: Scenario, fields: Mapping[str, Any]) -> Iterator[str]:
    """Check for words that must be mentioned, and for words that must not."""
    texts = {advised["loss"]: _text(advised) for advised in fields["recommendations"]}
    for loss, words in scenario.advice.items():
        if not any(word.lower() in texts.get(loss, "") for word in words):
            yield f"the advice on {loss} does not mention {' or '.join(words)}"
    for word in scenario.unsaid:
        if word.lower() in _text(fields):
            yield f"{word!r} should not be mentioned"


def _text(value: Any) -> str:  # noqa: ANN401
    """Join all words of a field, in lower case."""
    if isinstance(value, Mapping):
        return " ".join(f"{key} {_text(inner)}" for key, inner in value.items()).lower()
    if isinstance(value, list | tuple):
        return " ".join(map(_text, value))
    return str(value).lower()


def _listed(names: Any) -> str:  # noqa: ANN401
    return ", ".join(sorted(names) if isinstance(names, set) else names) or "nothing"


def wrong_examples(base: RuleBase) -> Iterator[tuple[str, str]]:
    """Yield each rule that should fire on an example but does not, or the other way round."""
    for rule in base.rules.values():
        for kind, examples in (("fires", rule.fires), ("silent", rule.silent)):
            for facts in examples:
                fires = rule.when.holds(base.vocabulary.completed(facts)) is True
                if fires != (kind == "fires"):
                    example = ", ".join(f"{name}: {value}" for name, value in facts.items())
                    expected = "fire" if kind == "fires" else "not fire"
                    yield rule.id, f"it should {expected} on {{{example}}}"


# coverage


@dataclass(frozen=True)
class Share:
    """How many of some items are covered, and which are not."""

    what: str
    covered: int
    of: int
    missing: tuple[str, ...]


def coverage(base: RuleBase, scenarios: Sequence[Scenario], statements: Path) -> list[Share]:
    """Count the rules and losses that tests cover, and the statements that are cited.

    Args:
        base: the rule base.
        scenarios: the scenarios.
        statements: the file with the statements of the articles.
    """
    rules = base.rules.values()
    tested = [facts for rule in rules for facts in (*rule.fires, *rule.silent)]
    tested += [scenario.facts for scenario in scenarios]
    known = [base.vocabulary.completed(facts) for facts in tested]
    firing = {rule.id for rule in rules for facts in known if rule.when.holds(facts)}
    silent = {rule.id for rule in rules for facts in known if rule.when.holds(facts) is False}
    losses = set()
    for advice in (_advised(facts, base) for facts in tested):
        losses |= {ranked.loss for ranked in advice.situation.recommended}
        losses |= {loss for loss, _ in advice.avoid}
    texts, waived = read_statements(statements)
    return [
        _share("rules that fire in a test", base.rules.keys(), firing),
        _share("rules that do not fire in a test", base.rules.keys(), silent),
        _share("losses recommended or advised against in a test", base.cards.keys(), losses),
        _share("statements cited or waived", texts.keys(), base.cited | waived),
    ]


def _share(what: str, names: Any, covered: Any) -> Share:  # noqa: ANN401
    missing = tuple(name for name in names if name not in covered)
    return Share(what, len(names) - len(missing), len(names), missing)


def read_statements(file: Path) -> tuple[dict[str, str], set[str]]:
    """Read the statements of the articles by `article#number`, and which of them are waived."""
    texts, waived = {}, set()
    for article, statements in read(read_text(str(file)), STATEMENTS).fields().items():
        for number, statement in enumerate(statements.items(), 1):
            fields = statement.known_fields(["section", "says"], ["waived"])
            name = f"{article}#{number}"
            texts[name] = f"{fields['section'].text()}: {fields['says'].text()}"
            if "waived" in fields:
                waived.add(name)
    return texts, waived
