"""`lossctl rules`: the rule base, for its readers and for authors of rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from lossctl.cli.output import FilesOption, FormatOption, Output
from lossctl.cli.parameters import Command, Group
from lossctl.errors import UsageError
from lossctl.report import Column, Table

CHECK_FAILED = 1
"""Exit code if a check of the rules failed."""

RulesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--rules", metavar="FILE", help="Your own rules, on top of those of lossctl. Repeatable."
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
    loss: Annotated[
        str | None, typer.Option(metavar="LOSS", help="Only rules about this loss.")
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(help="Only rules of this kind: default, prefer, avoid, forbid, advise."),
    ] = None,
    rules: RulesOption = None,
    form: FormatOption = None,
    output: FilesOption = None,
) -> None:
    """List the rules with their losses and conditions."""
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
            [named.loss for named in rule.losses],
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
        str | None, typer.Argument(metavar="[ID]", help="The rule to explain.", show_default=False)
    ] = None,
    effective: Annotated[
        bool,
        typer.Option("--effective", help="All rules in effect, and where each field comes from."),
    ] = False,
    rules: RulesOption = None,
    form: FormatOption = None,
    output: FilesOption = None,
) -> None:
    """Explain a rule, or show all rules in effect."""
    from lossctl.advice.rule_base import load  # noqa: PLC0415
    from lossctl.advice.workshop.rule_page import effective_rules, rule_page  # noqa: PLC0415  # --help reads no rules

    destination = Output(form, output or [], None, rules or [])
    if effective == (name is not None):
        raise UsageError("give either the ID of a rule or --effective", "lossctl rules list")
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
    """Check the rules for contradictions, duplicates and gaps.

    With --rules, per-rule checks cover only your own rules.
    """
    from lossctl.advice.rule_base import load  # noqa: PLC0415
    from lossctl.advice.workshop.lint import agreement, lint  # noqa: PLC0415  # --help reads no rules

    destination = Output(form, output or [], None, rules or [])
    base = load(tuple(rules or ()))
    shipped = load().rules
    defects = [
        defect
        for defect in (*lint(base), *agreement(base))
        if not rules
        or defect.subject not in shipped
        or base.rules.get(defect.subject) != shipped[defect.subject]
    ]
    columns = (Column("check"), Column("subject"), Column("place"), Column("message"))
    rows = [(defect.check, defect.subject, defect.place, defect.message) for defect in defects]
    if rows:
        destination.emit(Table("findings", columns, rows, "subject"))
        raise typer.Exit(CHECK_FAILED)
    _passed(destination, "findings", columns, f"{len(base.rules)} rules, no defects")


@app.command("test", cls=Command)
def run_tests(
    scenarios: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Your own scenarios, in addition. Repeatable."),
    ] = None,
    rules: RulesOption = None,
    form: FormatOption = None,
    output: FilesOption = None,
) -> None:
    """Run the examples of all rules, and whole scenarios.

    With --rules, only your own scenarios run: your rules are meant to change other answers.
    """
    from lossctl.advice.rule_base import load  # noqa: PLC0415
    from lossctl.advice.workshop.rule_tests import failures, wrong_examples  # noqa: PLC0415  # --help reads no rules

    destination = Output(form, output or [], None, [*(rules or []), *(scenarios or [])])
    base = load(tuple(rules or ()))
    tested = _scenarios(base, scenarios or [], shipped=not rules)
    rows = [("example", name, message) for name, message in wrong_examples(base)]
    rows += [
        ("scenario", scenario.name, message)
        for scenario in tested
        for message in failures(scenario, base)
    ]
    columns = (Column("test"), Column("name"), Column("message"))
    if rows:
        destination.emit(Table("failures", columns, rows, "name"))
        raise typer.Exit(CHECK_FAILED)
    examples = sum(len(rule.fires) + len(rule.silent) for rule in base.rules.values())
    message = f"{examples:,} examples of {len(base.rules)} rules and {len(tested)} scenarios pass"
    _passed(destination, "failures", columns, message)


@app.command("coverage", cls=Command)
def cover_rules(
    scenarios: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Your own scenarios, in addition. Repeatable."),
    ] = None,
    rules: RulesOption = None,
    form: FormatOption = None,
    output: FilesOption = None,
) -> None:
    """Report how many rules, losses and source statements the tests cover."""
    from lossctl.advice.rule_base import folder, load  # noqa: PLC0415
    from lossctl.advice.rule_files import STATEMENTS  # noqa: PLC0415  # --help reads no rules
    from lossctl.advice.workshop.rule_tests import coverage  # noqa: PLC0415

    destination = Output(form, output or [], None, [*(rules or []), *(scenarios or [])])
    base = load(tuple(rules or ()))
    tested = _scenarios(base, scenarios or [], shipped=True)
    shares = coverage(base, tested, folder() / STATEMENTS)
    columns = (
        Column("what"),
        Column("covered", "count"),
        Column("of", "count"),
        Column("missing"),
    )
    rows = [(share.what, share.covered, share.of, list(share.missing)) for share in shares]
    destination.emit(Table("coverage", columns, rows, "covered"))
    if any(share.missing for share in shares):
        raise typer.Exit(CHECK_FAILED)


def _scenarios(base: Any, files: Sequence[str], *, shipped: bool) -> list[Any]:  # noqa: ANN401
    from lossctl.advice.rule_base import folder  # noqa: PLC0415
    from lossctl.advice.rule_files import SCENARIOS  # noqa: PLC0415
    from lossctl.advice.workshop.rule_tests import read_scenarios  # noqa: PLC0415

    own = [str(folder() / SCENARIOS)] if shipped else []
    return [scenario for file in (*own, *files) for scenario in read_scenarios(file, base)]


def _passed(destination: Output, name: str, columns: tuple[Column, ...], message: str) -> None:
    """Report success: to people in a sentence, to programs as an empty list."""
    from lossctl.render import Format  # noqa: PLC0415

    if destination.form in (None, Format.TEXT) and not destination.files:
        typer.echo(message)
    else:
        destination.emit(Table(name, columns, [], columns[1].name))


def command() -> Any:  # noqa: ANN401
    """Make the command."""
    return typer.main.get_command(app)
