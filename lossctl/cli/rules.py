"""`lossctl rules`: the rule base, for its readers and for authors of rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import typer

from lossctl.cli.commands import Group, command_of
from lossctl.cli.output import Output, PageOutput
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


def list_rules(
    *,
    loss: Annotated[
        str | None, typer.Option(metavar="LOSS", help="Only rules about this loss.")
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(help="Only rules of this kind: default, prefer, avoid, forbid, advise."),
    ] = None,
    rules: RulesOption = None,
    output: PageOutput,
) -> None:
    """List the rules with their losses and conditions."""
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
            [named.loss for named in rule.losses],
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
        str | None, typer.Argument(metavar="[ID]", help="The rule to explain.", show_default=False)
    ] = None,
    effective: Annotated[
        bool,
        typer.Option("--effective", help="All rules in effect, and where each field comes from."),
    ] = False,
    rules: RulesOption = None,
    output: PageOutput,
) -> None:
    """Explain a rule, or show all rules in effect."""
    from lossctl.advice.rule_base import load  # noqa: PLC0415
    from lossctl.advice.workshop.rule_page import effective_rules, rule_page  # noqa: PLC0415  # --help reads no rules

    output.check(rules or [])
    if effective == (name is not None):
        raise UsageError("give either the ID of a rule or --effective", "lossctl rules list")
    base = load(tuple(rules or ()))
    if name is None:
        output.emit(effective_rules(base))
    else:
        output.emit(rule_page(base, name))


def lint_rules(
    *,
    rules: RulesOption = None,
    output: PageOutput,
) -> None:
    """Check the rules for contradictions, duplicates and gaps.

    With --rules, per-rule checks cover only your own rules.
    """
    from lossctl.advice.rule_base import load  # noqa: PLC0415
    from lossctl.advice.workshop.lint import agreement, lint  # noqa: PLC0415  # --help reads no rules

    output.check(rules or [])
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
        output.emit(Table("findings", columns, rows, "subject"))
        raise typer.Exit(CHECK_FAILED)
    _passed(output, "findings", columns, f"{len(base.rules)} rules, no defects")


def run_tests(
    *,
    scenarios: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Your own scenarios, in addition. Repeatable."),
    ] = None,
    rules: RulesOption = None,
    output: PageOutput,
) -> None:
    """Run the examples of all rules, and whole scenarios.

    With --rules, only your own scenarios run: your rules are meant to change other answers.
    """
    from lossctl.advice.rule_base import load  # noqa: PLC0415
    from lossctl.advice.workshop.rule_tests import failures, wrong_examples  # noqa: PLC0415  # --help reads no rules

    output.check([*(rules or []), *(scenarios or [])])
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
        output.emit(Table("failures", columns, rows, "name"))
        raise typer.Exit(CHECK_FAILED)
    examples = sum(len(rule.fires) + len(rule.silent) for rule in base.rules.values())
    message = f"{examples:,} examples of {len(base.rules)} rules and {len(tested)} scenarios pass"
    _passed(output, "failures", columns, message)


def cover_rules(
    *,
    scenarios: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Your own scenarios, in addition. Repeatable."),
    ] = None,
    rules: RulesOption = None,
    output: PageOutput,
) -> None:
    """Report how many rules, losses and source statements the tests cover."""
    from lossctl.advice.rule_base import folder, load  # noqa: PLC0415
    from lossctl.advice.rule_files import STATEMENTS  # noqa: PLC0415  # --help reads no rules
    from lossctl.advice.workshop.rule_tests import coverage  # noqa: PLC0415

    output.check([*(rules or []), *(scenarios or [])])
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
    output.emit(Table("coverage", columns, rows, "covered"))
    if any(share.missing for share in shares):
        raise typer.Exit(CHECK_FAILED)


def _scenarios(base: Any, files: Sequence[str], *, shipped: bool) -> list[Any]:  # noqa: ANN401
    from lossctl.advice.rule_base import folder  # noqa: PLC0415
    from lossctl.advice.rule_files import SCENARIOS  # noqa: PLC0415
    from lossctl.advice.workshop.rule_tests import read_scenarios  # noqa: PLC0415

    own = [str(folder() / SCENARIOS)] if shipped else []
    return [scenario for file in (*own, *files) for scenario in read_scenarios(file, base)]


def _passed(output: Output, name: str, columns: tuple[Column, ...], message: str) -> None:
    """Report success: to people in a sentence, to programs as an empty list."""
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
