"""`lossctl rules`: the rule base, for those who read it and those who write rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from lossctl.cli.output import FilesOption, FormatOption, Output
from lossctl.cli.parameters import Command, Group
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

app = typer.Typer(
    cls=Group,
    help="List, explain and check the rules behind recommend.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def _rules() -> None:
    pass


@app.command("list", cls=Command)
def list_rules(
    loss: Annotated[str | None, typer.Option(metavar="LOSS", help="Only rules on a loss.")] = None,
    kind: Annotated[
        str | None,
        typer.Option(help="Only rules of a kind: default, prefer, avoid, forbid, advise."),
    ] = None,
    rules: RulesOption = None,
    form: FormatOption = None,
    output: FilesOption = None,
) -> None:
    """List the rules: what each is about, and when it speaks."""
    from lossctl.advice.problem import loss_name  # noqa: PLC0415  # --help reads no rules
    from lossctl.advice.rule_base import load  # noqa: PLC0415
    from lossctl.advice.rules import KINDS  # noqa: PLC0415

    destination = Output(form, output or [], None, rules or [])
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
    destination.emit(Table("rules", columns, rows, "rule"))


@app.command("show", cls=Command)
def show_rule(
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
    form: FormatOption = None,
    output: FilesOption = None,
) -> None:
    """Explain a rule, or show all of them as they are in effect."""
    from lossctl.advice.rule_base import load  # noqa: PLC0415
    from lossctl.advice.workshop.rule_page import effective_rules, rule_page  # noqa: PLC0415  # --help reads none

    destination = Output(form, output or [], None, rules or [])
    if effective == (name is not None):
        raise UsageError("either the ID of a rule or --effective is needed", "lossctl rules list")
    base = load(tuple(rules or ()))
    if name is None:
        destination.emit(effective_rules(base))
    else:
        destination.emit(rule_page(base, name))


@app.command("lint", cls=Command)
def lint_rules(
    rules: RulesOption = None,
    form: FormatOption = None,
    output: FilesOption = None,
) -> None:
    """Look for what is wrong with the rules although every file is well-formed.

    With --rules, of single rules only your own are looked at.
    """
    from lossctl.advice.rule_base import load  # noqa: PLC0415
    from lossctl.advice.workshop.lint import agreement, lint  # noqa: PLC0415  # --help reads no rules

    destination = Output(form, output or [], None, rules or [])
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
        destination.emit(Table("findings", columns, rows, "subject"))
        raise typer.Exit(FOUND)
    _passed(destination, "findings", columns, f"{len(base.rules)} rules, nothing found")


@app.command("test", cls=Command)
def run_tests(
    scenarios: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Scenarios of your own besides. Repeatable."),
    ] = None,
    rules: RulesOption = None,
    form: FormatOption = None,
    output: FilesOption = None,
) -> None:
    """Run the examples of all rules, and whole scenarios.

    With --rules, only scenarios of your own: the answers to those of lossctl are meant to change.
    """
    from lossctl.advice.rule_base import load  # noqa: PLC0415
    from lossctl.advice.workshop.rule_tests import failures, wrong_examples  # noqa: PLC0415  # --help reads none

    destination = Output(form, output or [], None, [*(rules or []), *(scenarios or [])])
    base = load(tuple(rules or ()))
    stories = _scenarios(base, scenarios or [], shipped=not rules)
    rows: list[Any] = [("example", name, message) for name, message in wrong_examples(base)]
    rows += [("scenario", each.name, said) for each in stories for said in failures(each, base)]
    columns = (Column("test"), Column("name"), Column("message"))
    if rows:
        destination.emit(Table("failures", columns, rows, "name"))
        raise typer.Exit(FOUND)
    examples = sum(len(rule.fires) + len(rule.silent) for rule in base.rules.values())
    message = f"{examples:,} examples of {len(base.rules)} rules and {len(stories)} scenarios pass"
    _passed(destination, "failures", columns, message)


@app.command("coverage", cls=Command)
def cover_rules(
    scenarios: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Scenarios of your own besides. Repeatable."),
    ] = None,
    rules: RulesOption = None,
    form: FormatOption = None,
    output: FilesOption = None,
) -> None:
    """Count what the tests of the rules touch, and what the rules make of their sources."""
    from lossctl.advice.rule_base import folder, load  # noqa: PLC0415
    from lossctl.advice.rule_files import STATEMENTS  # noqa: PLC0415  # --help reads no rules
    from lossctl.advice.workshop.rule_tests import coverage  # noqa: PLC0415

    destination = Output(form, output or [], None, [*(rules or []), *(scenarios or [])])
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
    destination.emit(Table("coverage", columns, rows, "covered"))
    if any(each.missing for each in shares):
        raise typer.Exit(FOUND)


def _scenarios(base: Any, files: Sequence[str], *, shipped: bool) -> list[Any]:  # noqa: ANN401
    from lossctl.advice.rule_base import folder  # noqa: PLC0415
    from lossctl.advice.rule_files import SCENARIOS  # noqa: PLC0415
    from lossctl.advice.workshop.rule_tests import read_scenarios  # noqa: PLC0415

    ours = [str(folder() / SCENARIOS)] if shipped else []
    return [each for file in (*ours, *files) for each in read_scenarios(file, base)]


def _passed(destination: Output, name: str, columns: tuple[Column, ...], message: str) -> None:
    """Say that all is well: to people in a sentence, to programs as an empty list."""
    from lossctl.render import Format  # noqa: PLC0415

    if destination.form in (None, Format.TEXT) and not destination.files:
        typer.echo(message)
    else:
        destination.emit(Table(name, columns, [], columns[1].name))


def command() -> Any:  # noqa: ANN401
    """Make the command."""
    return typer.main.get_command(app)
