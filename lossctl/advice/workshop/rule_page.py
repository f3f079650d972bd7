"""All that is known about one rule, and the rules in effect: what `lossctl rules show` prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields as fields_of
from typing import Any

from lossctl.advice.rule_base import folder
from lossctl.advice.rule_files import STATEMENTS
from lossctl.advice.rules import Measured, Rule, RuleBase
from lossctl.advice.workshop.rule_tests import read_statements
from lossctl.catalogue.options import flag
from lossctl.errors import UsageError
from lossctl.facts.vocabulary import Facts, statement
from lossctl.report import (
    Cell,
    Code,
    Column,
    Entries,
    Entry,
    Item,
    Name,
    Page,
    Paragraph,
    Points,
    Section,
    Table,
    as_fields,
    joined,
)


def rule_page(base: RuleBase, name: str) -> Page:
    """Describe a rule.

    Raises:
        UsageError: there is no such rule.
    """
    if name not in base.rules:
        raise UsageError.unknown("rule", name, base.rules)
    rule = base.rules[name]
    statements, _ = read_statements(folder() / STATEMENTS)
    cited = {source: _cited(source, statements, base) for source in rule.sources}
    fields = _fields(rule)
    fields["sources"] = [{"name": source, "says": text} for source, text in cited.items()]
    sections = (Section(heading, tuple(items)) for heading, items in _contents(rule, cited))
    filled = tuple(section for section in sections if section.items)
    return Page((Name(rule.id), f": {rule.kind}"), fields, filled)


def _contents(rule: Rule, cited: Mapping[str, str]) -> Iterator[tuple[str, list[Item]]]:
    """Yield the heading and the content of each section; what has no content is left out."""
    yield "When", _paragraph(str(rule.when))
    yield "Losses", [_losses(rule)]
    yield "Because", _paragraph(rule.because)
    yield "Warning", _paragraph(rule.warning)
    yield "Options", _entries(_options(rule))
    yield "Output activation", _paragraph(rule.activation)
    yield "Sources disagree", _paragraph(rule.disagree)
    yield "Overrides", [Paragraph(joined(map(Name, rule.overrides)))] if rule.overrides else []
    yield "Evidence", _paragraph(rule.evidence)
    yield "Sources", _entries(Entry(source, text) for source, text in cited.items())
    yield "Fires, for example, on", _examples(rule.fires)
    yield "Does not fire on", _examples(rule.silent)
    yield "Defined in", _paragraph(f"{rule.file}, line {rule.line}")
    yield "Changed by", _entries(Entry(field, place) for field, place in rule.changed.items())


def _paragraph(text: str) -> list[Item]:
    return [Paragraph(text)] if text else []


def _entries(entries: Iterable[Entry]) -> list[Item]:
    listed = tuple(entries)
    return [Entries(listed)] if listed else []


def _examples(examples: Iterable[Facts]) -> list[Item]:
    points = tuple(
        ", ".join(statement(name, value) for name, value in facts.items()) or "nothing known"
        for facts in examples
    )
    return [Points(points)] if points else []


def _losses(rule: Rule) -> Item:
    """List the losses, in their order and with their strengths where these matter."""
    if not rule.losses:
        return Paragraph("all")
    if rule.kind in ("prefer", "default"):
        return Entries(tuple(Entry(Name(named.loss), named.strength) for named in rule.losses))
    return Paragraph(joined(Name(named.loss) for named in rule.losses))


def _options(rule: Rule) -> Iterator[Entry]:
    for loss, options in rule.params.items():
        flags = (Code(_option(name, value)) for name, value in options.items())
        yield Entry(Name(loss), joined(flags))


def _option(name: str, value: Any) -> str:  # noqa: ANN401  # anything that a rule holds
    if isinstance(value, Measured):
        return flag(name, f"{value.times:g} × {value.measured}")
    return flag(name, "none" if value is None else value)


def _cited(source: str, statements: Mapping[str, str], base: RuleBase) -> str:
    """Cite a source in full, with what it says in the place that is cited."""
    name, _, _ = source.partition("#")
    says = f". {statements[source]}" if source in statements else ""
    return f"{base.sources[name]}{says}"


def effective_rules(base: RuleBase) -> Table:
    """List all rules in effect, and where each field that a user changed comes from."""
    names = [field.name for field in fields_of(Rule)]
    kinds = {"line": "count", "params": "nested", "changed": "nested"}
    people = ("id", "kind", "when", "losses", "file", "changed")
    columns = tuple(
        Column(
            name,
            kinds.get(name, "text"),  # type: ignore[arg-type]
            audience="all" if name in people else "machines",
        )
        for name in names
    )
    rows = [tuple(_fields(rule)[name] for name in names) for rule in base.rules.values()]
    return Table("rules", columns, rows, "id")


def _fields(rule: Rule) -> dict[str, Cell]:
    """Return a rule as fields that every format can write."""
    fields: dict[str, Cell] = {**as_fields(rule), "when": str(rule.when)}
    return fields
