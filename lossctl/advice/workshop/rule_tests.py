"""Tests of a rule base: the examples in its rules, and whole scenarios; and what they cover."""

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
    """A problem as it comes up in practice, and what a good answer to it has to say.

    Args:
        name: what it is called.
        story: the problem.
        facts: what is known of it.
        first: the losses of which one has to come first, in one of the parts; none if nothing may
            be recommended.
        also: losses that have to be recommended.
        order: losses that have to be recommended in this order.
        never: losses that must not be recommended.
        avoided: losses that have to be advised against, or vetoed.
        asks: facts of which one has to be asked for.
        contradicts: facts that have to be reported as not going together.
        advice: words of which one has to be told with a loss.
        unsaid: words that must not be told at all.
        why: why the answer should be so.
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
        UsageError: the file is not as it must be; with file, line, and what is wrong.
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
            return tuple(reader.loss(each, each.text()) for each in items)
        if key in FACTS:
            return tuple(reader.fact(each.text(), each).name for each in items)
        return tuple(str(each.plain) for each in items)

    advice = fields["advice"].fields() if "advice" in fields else {}
    return Scenario(
        name=fields["name"].text(),
        story=fields["story"].text(),
        facts=reader.stated(fields["facts"]),
        **{key: names(key) for key in (*LOSSES, *FACTS, "unsaid")},
        advice={
            reader.loss(each, loss): tuple(str(word.plain) for word in each.items())
            for loss, each in advice.items()
        },
        why=fields["why"].text(),
        place=f"{node.file}, line {node.line}",
    )


def failures(scenario: Scenario, base: RuleBase) -> Iterator[str]:
    """Say what is wrong with the answer to a scenario; nothing if it is as it should be."""
    advice = _advised(scenario.facts, base)
    yield from _order(scenario, advice)
    against = {loss for loss, _ in (*advice.avoid, *advice.vetoed)}
    for loss in {*scenario.avoided} - against:
        yield f"{loss} is not advised against"
    asked = [question.fact for question in advice.questions]
    if scenario.asks and not {*scenario.asks} & {*asked}:
        yield f"{_listed(asked)} is asked for, not {' or '.join(scenario.asks)}"
    conflicting = {name for conflict in advice.conflicts for name in conflict.names}
    for name in {*scenario.contradicts} - conflicting:
        yield f"{name} is not reported as a contradiction"
    yield from _words(scenario, answer(advice).fields)


def _advised(facts: Facts, base: RuleBase) -> Advice:
    return advise(base, [Known(name, value, "flag") for name, value in facts.items()])


def _order(scenario: Scenario, advice: Advice) -> Iterator[str]:
    """Look at what is recommended, and in which order."""
    top = [each.loss for each in advice.situation.recommended]
    firsts = {each.loss for each in advice.situation.recommended if each.rank == 1}
    if scenario.first and not firsts & {*scenario.first}:
        yield f"first is {_listed(firsts)}, not {' or '.join(scenario.first)}"
    if not scenario.first and top:
        yield f"{_listed(top)} should not be recommended: nothing should"
    for loss in {*scenario.also, *scenario.order} - {*top}:
        yield f"{loss} is not recommended"
    for loss in {*scenario.never} & {*top}:
        yield f"{loss} is recommended"
    in_order = [loss for loss in top if loss in scenario.order]
    if in_order != [loss for loss in scenario.order if loss in top]:
        yield f"the order is {_listed(in_order)}"


def _words(scenario: Scenario, fields: Mapping[str, Any]) -> Iterator[str]:
    """Look for words that have to be told, and for words that must not."""
    told = {each["loss"]: _text(each) for each in fields["recommendations"]}
    for loss, words in scenario.advice.items():
        if not any(word.lower() in told.get(loss, "") for word in words):
            yield f"with {loss} nothing is said of {' or '.join(words)}"
    for word in scenario.unsaid:
        if word.lower() in _text(fields):
            yield f"{word!r} is said"


def _text(value: Any) -> str:  # noqa: ANN401
    """Join all words of a field, in small letters."""
    if isinstance(value, Mapping):
        return " ".join(f"{key} {_text(inner)}" for key, inner in value.items()).lower()
    if isinstance(value, list | tuple):
        return " ".join(map(_text, value))
    return str(value).lower()


def _listed(names: Any) -> str:  # noqa: ANN401
    return ", ".join(sorted(names) if isinstance(names, set) else names) or "nothing"


def wrong_examples(base: RuleBase) -> Iterator[tuple[str, str]]:
    """Yield each rule whose example does not do what it should, with what it does."""
    for rule in base.rules.values():
        for kind, examples in (("fires", rule.fires), ("silent", rule.silent)):
            for facts in examples:
                speaks = rule.when.holds(base.vocabulary.completed(facts)) is True
                if speaks != (kind == "fires"):
                    said = ", ".join(f"{name}: {value}" for name, value in facts.items())
                    yield rule.id, f"{{{said}}} should {'fire' if kind == 'fires' else 'not fire'}"


# coverage


@dataclass(frozen=True)
class Share:
    """How many of some things are covered, and which are not."""

    what: str
    covered: int
    of: int
    missing: tuple[str, ...]


def coverage(base: RuleBase, scenarios: Sequence[Scenario], statements: Path) -> list[Share]:
    """Count what examples and scenarios touch, and what rules and cards cite.

    Args:
        base: the rule base.
        scenarios: whole answers that are tested.
        statements: what the articles say.
    """
    tested = [*(facts for rule in base.rules.values() for facts in (*rule.fires, *rule.silent))]
    tested += [each.facts for each in scenarios]
    known = [base.vocabulary.completed(facts) for facts in tested]
    speaking = {r.id for r in base.rules.values() for facts in known if r.when.holds(facts)}
    silent = {r.id for r in base.rules.values() for facts in known if r.when.holds(facts) is False}
    told = set()
    for advice in (_advised(facts, base) for facts in tested):
        told |= {each.loss for each in advice.situation.recommended}
        told |= {loss for loss, _ in advice.avoid}
    said, waived = read_statements(statements)
    return [
        _share("rules that speak in a test", base.rules.keys(), speaking),
        _share("rules that are silent in a test", base.rules.keys(), silent),
        _share("losses that a test recommends, or advises against", base.cards.keys(), told),
        _share("statements cited or waived", said.keys(), base.cited | waived),
    ]


def _share(what: str, names: Any, covered: Any) -> Share:  # noqa: ANN401
    missing = tuple(name for name in names if name not in covered)
    return Share(what, len(names) - len(missing), len(names), missing)


def read_statements(file: Path) -> tuple[dict[str, str], set[str]]:
    """Read what the articles say: each statement, `article#number`, and those that are waived."""
    said, waived = {}, set()
    for article, node in read(read_text(str(file)), STATEMENTS).fields().items():
        for number, each in enumerate(node.items(), 1):
            fields = each.known_fields(["section", "says"], ["waived"])
            name = f"{article}#{number}"
            said[name] = f"{fields['section'].text()}: {fields['says'].text()}"
            if "waived" in fields:
                waived.add(name)
    return said, waived
