"""`lossctl recommend`: which losses fit a problem, and why."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import typer

from lossctl.cli.commands import command_of
from lossctl.cli.losses import complete
from lossctl.cli.output import AdviceOutput
from lossctl.cli.parameters import Bundle, optional
from lossctl.cli.process import prepare_for_data
from lossctl.cli.reading import ReadingOptions
from lossctl.cli.rules import RulesOption
from lossctl.errors import UsageError
from lossctl.facts.vocabulary import Fact, Known, Vocabulary, in_words

NO_LOSS = 1

ANSWER = "The answer"


def recommend(
    *,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILES",
            help="Predictions and targets, one table with both, or targets only, to infer facts "
            "from; - is standard input.",
            show_default=False,
        ),
    ] = None,
    interactive: Annotated[
        bool, typer.Option("--interactive", "-i", help="Ask for what would change the answer.")
    ] = False,
    facts: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Facts in YAML or JSON; - is standard input."),
    ] = None,
    rules: RulesOption = None,
    stated: Mapping[str, Any],
    why: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LOSS",
            help="Explain why a loss is recommended. Repeatable.",
            autocompletion=complete,
            rich_help_panel=ANSWER,
        ),
    ] = None,
    why_not: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LOSS",
            help="Explain why a loss is not ranked first, and what would change that. Repeatable.",
            autocompletion=complete,
            rich_help_panel=ANSWER,
        ),
    ] = None,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain",
            help="Show every fact and rule behind the answer.",
            rich_help_panel=ANSWER,
        ),
    ] = False,
    reading: ReadingOptions,
    output: AdviceOutput,
) -> None:
    """Recommend losses for a problem, with the reasons.

    A switch states that something holds; with --no- before its name it states that it does not:
    --outliers, --no-outliers.
    """
    from lossctl.advice.answer import answer  # noqa: PLC0415
    from lossctl.advice.answer_page import answer_page  # noqa: PLC0415
    from lossctl.advice.problem import from_file, from_options, loss_name  # noqa: PLC0415
    from lossctl.advice.recommendation import advise  # noqa: PLC0415  # --help of lossctl reads no rules
    from lossctl.advice.rule_base import load  # noqa: PLC0415

    inputs = [*(files or []), *([facts] if facts else []), *(rules or [])]
    output.check([path for path in inputs if path != "-"])
    base = load(tuple(rules or ()))
    if [facts, *(files or [])].count("-") > 1 or (interactive and "-" in [facts, *(files or [])]):
        raise UsageError("standard input can be read only once")
    known = from_options(base, stated) + ([] if facts is None else from_file(base, facts))
    known += _from_data(files or [], reading, output)
    advice = advise(base, known)
    if interactive:
        from lossctl.cli.interview import interview  # noqa: PLC0415

        advice = interview(advice)
    reply = answer(
        advice,
        files=files or [],
        reading=" ".join(reading.words()),
        trial=_trial(files, reading),
        why=[loss_name(base, name) for name in why or []],
        why_not=[loss_name(base, name) for name in why_not or []],
        explain=explain,
    )
    output.emit(answer_page(advice, reply))
    if output.form and output.form.rows_only:
        output.note(_remarks(advice))
    if not advice.situation.recommended:
        raise typer.Exit(NO_LOSS)


def _remarks(advice: Any) -> Iterator[str]:  # noqa: ANN401
    """Yield what rows of losses leave no room for."""
    for conflict in advice.conflicts:
        facts = " and ".join(f"{fact.name} {in_words(fact.value)}" for fact in conflict.facts)
        yield f"{facts} contradict each other: {conflict.because}"
    if not advice.situation.recommended:
        yield "no loss is left"


def _from_data(files: Sequence[str], reading: ReadingOptions, output: AdviceOutput) -> list[Known]:
    """Infer facts from the files, and write what else was noticed as notes."""
    if not files:
        if options := reading.words():
            raise UsageError(f"{options[0].split()[0]} applies to files, but none are given")
        return []
    from lossctl.cli.progress import shown_progress  # noqa: PLC0415
    from lossctl.detectors import detect_files  # noqa: PLC0415  # pandas is for files

    prepare_for_data()
    settings = reading.for_roles(("prediction", "target"))
    with shown_progress(quiet=output.quiet) as progress:
        findings = detect_files(files, settings, progress.advance)
    output.note(observation.message for observation in findings.observations)
    return list(findings.facts)


def _trial(files: Sequence[str] | None, reading: ReadingOptions) -> Any:  # noqa: ANN401
    """Return a function that tries whether a loss accepts the files."""
    if not files:
        return None
    from lossctl.advice.trial import of_files  # noqa: PLC0415  # pandas is for files

    return of_files(files, reading.for_roles)


def command() -> Any:  # noqa: ANN401
    """Make the command, with an option for each fact."""
    from lossctl.advice.rule_base import load  # noqa: PLC0415

    return command_of(recommend, "recommend", stated=_facts(load().vocabulary))


def _facts(vocabulary: Vocabulary) -> Bundle:
    """Bundle the options that state facts; only those that are stated are passed on."""
    parameters = [
        _parameter(fact, vocabulary.groups[fact.group]) for fact in vocabulary.facts.values()
    ]

    def given(**values: Any) -> Mapping[str, Any]:  # noqa: ANN401
        return {name: value for name, value in values.items() if value is not None}

    return Bundle(parameters, given)


def _parameter(fact: Fact, panel: str) -> inspect.Parameter:
    """Make the option that states a fact."""
    text = f"{fact.help[0].upper()}{fact.help[1:]}"
    values = ", ".join(fact.values)
    text += f": {values}." if values else "."
    text += " Repeatable." if fact.type == "several" else ""
    kind: Any = {"flag": bool, "several": list[str]}.get(fact.type, str)
    metavars = {"number": "NUMBER", "integer": "INTEGER", "loss": "LOSS"}
    information = typer.Option(
        f"{fact.option}/{fact.denial}" if kind is bool else fact.option,
        help=text,
        show_default=False,
        rich_help_panel=panel,
        metavar=metavars.get(fact.type),
        autocompletion=(lambda: list(fact.values)) if fact.values else None,
    )
    return optional(fact.name, kind, information)
