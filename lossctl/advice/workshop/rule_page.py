"""All that is known of one rule, and the rules as they are in effect: `lossctl rules show`."""

from __future__ import annotations

from dataclasses import fields as fields_of
from typing import Any

from lossctl.advice.answer_text import stated_as
from lossctl.advice.rule_base import folder
from lossctl.advice.rule_files import STATEMENTS
from lossctl.advice.rules import Measured, Rule, RuleBase
from lossctl.advice.workshop.rule_tests import read_statements
from lossctl.errors import UsageError
from lossctl.facts.vocabulary import Facts
from lossctl.report import Cell, Column, Page, Table


def rule_card(base: RuleBase, name: str) -> Page:
    """Describe a rule.

    Raises:
        UsageError: there is no such rule.
    """
    if name not in base.rules:
        raise UsageError.unknown("rule", name, base.rules)
    rule = base.rules[name]
    statements, _ = read_statements(folder() / STATEMENTS)
    fields = _fields(rule)
    cited = {source: _cited(source, statements, base) for source in rule.sources}
    fields["sources"] = [{"name": source, "says": text} for source, text in cited.items()]
    losses = [
        f"{each.loss}{'' if rule.kind in ('avoid', 'forbid', 'advise') else ', ' + each.strength}"
        for each in rule.losses
    ]
    options = [
        f"{loss}: {', '.join(f'{key} {_said(value)}' for key, value in options.items())}"
        for loss, options in rule.params.items()
    ]
    sections = {
        "When": str(rule.when),
        "Losses": "\n".join(losses) or "all",
        "Because": rule.because,
        "Beware": rule.warning,
        "Options": "\n".join(options),
        "Last layer": rule.activation,
        "Sources disagree": rule.disagree,
        "Goes before": "\n".join(rule.overrides),
        "Evidence": rule.evidence,
        "Sources": "\n".join(f"{source}: {text}" for source, text in cited.items()),
        "Speaks for instance with": "\n".join(map(_example, rule.fires)),
        "Is silent for instance with": "\n".join(map(_example, rule.silent)),
        "Stands in": _place(rule),
    }
    title = f"{rule.id}: {rule.kind}"
    return Page(title, fields, {heading: text for heading, text in sections.items() if text})


def _cited(source: str, statements: dict[str, str], base: RuleBase) -> str:
    """Say what a source is, and what it says in the place that is cited."""
    name, _, _ = source.partition("#")
    said = f". {statements[source]}" if source in statements else ""
    return f"{base.sources[name]}{said}"


def _place(rule: Rule) -> str:
    lines = [f"{rule.file}, line {rule.line}"]
    lines += [f"{field}: {place}" for field, place in rule.changed.items()]
    return "\n".join(lines)


def _example(facts: Facts) -> str:
    return ", ".join(stated_as(name, value) for name, value in facts.items()) or "nothing known"


def effective_rules(base: RuleBase) -> Table:
    """List all rules as they are in effect, and where each field that a user changed is from."""
    names = [each.name for each in fields_of(Rule)]
    plain = {"line": "count", "params": "nested", "changed": "nested"}
    people = ("id", "kind", "when", "losses", "file", "changed")
    columns = tuple(
        Column(
            name,
            plain.get(name, "text"),  # type: ignore[arg-type]
            audience="all" if name in people else "machines",
        )
        for name in names
    )
    rows = [tuple(_fields(rule)[name] for name in names) for rule in base.rules.values()]
    return Table("rules", columns, rows, "id")


def _fields(rule: Rule) -> dict[str, Cell]:
    """Return a rule as fields that every format can write."""
    return {
        "id": rule.id,
        "kind": rule.kind,
        "when": str(rule.when),
        "losses": [{"loss": each.loss, "strength": each.strength} for each in rule.losses],
        "because": rule.because,
        "warning": rule.warning,
        "evidence": rule.evidence,
        "sources": list(rule.sources),
        "params": {
            loss: {name: _written(value) for name, value in options.items()}
            for loss, options in rule.params.items()
        },
        "activation": rule.activation,
        "disagree": rule.disagree,
        "overrides": list(rule.overrides),
        "fires": [_written(facts) for facts in rule.fires],
        "silent": [_written(facts) for facts in rule.silent],
        "file": rule.file,
        "line": rule.line,
        "changed": dict(rule.changed),
    }


def _written(value: Any) -> Any:  # noqa: ANN401  # anything that a rule holds
    if isinstance(value, Measured):
        return {"measured": value.measure, "times": value.times}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, dict):
        return {name: _written(inner) for name, inner in value.items()}
    return value


def _said(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, Measured):
        return f"{value.times:g} times the measured {value.measure}"
    return str(value)
