"""`lossctl rules`: the rule base, for those who read it and those who write rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import typer

from lossctl.cli.commands import Group, command_of
from lossctl.cli.output import Output, PageOutput
from lossctl.errors import UsageError
from lossctl.report import Column, Table

FOUND = 1
"""Exit code where a check of the rules failed."""

RulesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--rules", metavar="FILE", help="Rules of your own, over those of lossctl. Repeatable."
    ),
]


def list_rules(
    *,
    loss: Annotated[str | None, typer.Option(metavar="LOSS", help="Only rules on a loss.")] = None,
    kind: Annotated[
        str | None,
        typer.Option(help="Only rules of a kind: default, prefer, avoid, forbid, advise."),
    ] = None,
    rules: RulesOption = None,
    output: PageOutput,
) -> None:
    """List the rules: what each is about, and when it speaks."""
    from lossctl.advice.problem import loss_name  # noqa: PLC0415  # --help reads no rules
    from lossctl.advice.rule_base import load  # noqa: PLC0415
    from lossctl.advice.rules import KINDS  # noqa: PLC0415

    output.check(rules or [])
    base = load(tuple(rules or ()))
    if kind is not None and kind not in KINDS:
        raise UsageError.unknown("kind", kind, KINDS)
    named = None if loss is None else loss_name(base, loss)
    chosen = [
        rule
        for rule in base.rules.values()
        if kind in (None, rule.kind) and (named is None or rule.names(named))
    ]
    columns = (
        Column("rule"),
        Column("kind"),
        Column("when"),
        Column("losses"),
        Column("because", audience="machines"),
        Column("evidence", audience="machines"),
        Column("sources", audience="machines"),
        Column("file", audience="machines"),
        Column("line", "count", audience="machines"),
    )
    rows = [
        (
            rule.id,
            rule.kind,
            str(rule.when),
            [each.loss for each in rule.losses],
            rule.text,
            rule.evidence,
            list(rule.sources),
            rule.file,
            rule.line,
        )
        for rule in chosen
    ]
    output.emit(Table("rules", columns, rows, "rule"))


def show_rule(
    *,
    name: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="The rule.", show_default=False)
    ] = None,
    effective: Annotated[
        bool,
        typer.Option(
            "--effective", help="All rules as they are now, and where each field is from."
        ),
    ] = False,
    rules: RulesOption = None,
    output: PageOutput,
) -> None:
    """Explain a rule, or show all of them as they are in effect."""
    from lossctl.advice.rule_base import load  # noqa: PLC0415
    from lossctl.advice.workshop.rule_page import effective_rules, rule_card  # noqa: PLC0415  # --help reads none

    output.check(rules or [])
    if effective == (name is not None):
        raise UsageError("either the ID of a rule or --effective is needed", "lossctl rules list")
    base = load(tuple(rules or ()))
    if name is None:
        output.emit(effective_rules(base))
    else:
        output.emit(rule_card(base, name))


def lint_rules(
    *,
    rules: RulesOption = None,
    output: PageOutput,
) -> None:
    """Look for what is wrong with the rules although every file is well-formed.

    With --rules, of single rules only your own are looked at.
    """
    from lossctl.advice.rule_base import load  # noqa: PLC0415
    from lossctl.advice.workshop.lint import agreement, lint  # noqa: PLC0415  # --help reads no rules

    output.check(rules or [])
    base = load(tuple(rules or ()))
    shipped = load().rules
    found = [
        each
        for each in (*lint(base), *agreement(base))
        if not rules
        or each.subject not in shipped
        or base.rules.get(each.subject) != shipped[each.subject]
    ]
    columns = (Column("check"), Column("subject"), Column("place"), Column("message"))
    rows = [(each.check, each.subject, each.place, each.message) for each in found]
    if rows:
        output.emit(Table("findings", columns, rows, "subject"))
        raise typer.Exit(FOUND)
    _passed(output, "findings", columns, f"{len(base.rules)} rules, nothing found")


def run_tests(
    *,
    scenarios: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Scenarios of your own besides. Repeatable."),
    ] = None,
    rules: RulesOption = None,
    output: PageOutput,
) -> None:
    """Run the examples of all rules, and whole scenarios.

    With --rules, only scenarios of your own: the answers to those of lossctl are meant to change.
    """
    from lossctl.advice.rule_base import load  # noqa: PLC0415
    from lossctl.advice.workshop.rule_tests import failures, wrong_examples  # noqa: PLC0415  # --help reads none

    output.check([*(rules or []), *(scenarios or [])])
    base = load(tuple(rules or ()))
    stories = _scenarios(base, scenarios or [], shipped=not rules)
    rows: list[Any] = [("example", name, message) for name, message in wrong_examples(base)]
    rows += [("scenario", each.name, said) for each in stories for said in failures(each, base)]
    columns = (Column("test"), Column("name"), Column("message"))
    if rows:
        output.emit(Table("failures", columns, rows, "name"))
        raise typer.Exit(FOUND)
    examples = sum(len(rule.fires) + len(rule.silent) for rule in base.rules.values())
    message = f"{examples:,} examples of {len(base.rules)} rules and {len(stories)} scenarios pass"
    _passed(output, "failures", columns, message)


def cover_rules(
    *,
    scenarios: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Scenarios of your own besides. Repeatable."),
    ] = None,
    rules: RulesOption = None,
    output: PageOutput,
) -> None:
    """Count what the tests of the rules touch, and what the rules make of their sources."""
    from lossctl.advice.rule_base import folder, load  # noqa: PLC0415
    from lossctl.advice.rule_files import STATEMENTS  # noqa: PLC0415  # --help reads no rules
    from lossctl.advice.workshop.rule_tests import coverage  # noqa: PLC0415

    output.check([*(rules or []), *(scenarios or [])])
    base = load(tuple(rules or ()))
    stories = _scenarios(base, scenarios or [], shipped=True)
    shares = coverage(base, stories, folder() / STATEMENTS)
    columns = (
        Column("what"),
        Column("covered", "count"),
        Column("of", "count"),
        Column("missing"),
    )
    rows = [(each.what, each.covered, each.of, list(each.missing)) for each in shares]
    output.emit(Table("coverage", columns, rows, "covered"))
    if any(each.missing for each in shares):
        raise typer.Exit(FOUND)


def _scenarios(base: Any, files: Sequence[str], *, shipped: bool) -> list[Any]:  # noqa: ANN401
    from lossctl.advice.rule_base import folder  # noqa: PLC0415
    from lossctl.advice.rule_files import SCENARIOS  # noqa: PLC0415
    from lossctl.advice.workshop.rule_tests import read_scenarios  # noqa: PLC0415

    ours = [str(folder() / SCENARIOS)] if shipped else []
    return [each for file in (*ours, *files) for each in read_scenarios(file, base)]


def _passed(output: Output, name: str, columns: tuple[Column, ...], message: str) -> None:
    """Say that all is well: to people in a sentence, to programs as an empty list."""
    from lossctl.render import Format  # noqa: PLC0415

    if output.form in (None, Format.TEXT) and not output.paths:
        typer.echo(message)
    else:
        output.emit(Table(name, columns, [], columns[1].name))


COMMANDS: Mapping[str, Callable[..., None]] = {
    "list": list_rules,
    "show": show_rule,
    "lint": lint_rules,
    "test": run_tests,
    "coverage": cover_rules,
}


def command() -> Any:  # noqa: ANN401
    """Make the group of commands."""
    return Group(
        name="rules",
        help="List, explain and check the rules behind recommend.",
        commands=[command_of(function, name) for name, function in COMMANDS.items()],
    )
