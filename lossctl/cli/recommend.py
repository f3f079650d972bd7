"""`lossctl recommend`: which losses fit a problem, and why."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import typer

from lossctl.catalogue.options import flag
from lossctl.cli.output import FilesOption, FormatOption, Output, QuietOption
from lossctl.cli.parameters import command_of
from lossctl.cli.process import prepare_for_data
from lossctl.cli.reading import reading_of
from lossctl.cli.rules import RulesOption
from lossctl.errors import UsageError, visible
from lossctl.facts.vocabulary import Fact, Known, in_words
from lossctl.render import Format

NO_LOSS = 1

ANSWER = "The answer"


def recommend(
    given: Mapping[str, Any],
    *,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILES",
            help="Predictions and targets, or targets only, to read facts from; - is standard "
            "input.",
            show_default=False,
        ),
    ] = None,
    facts: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Facts in YAML or JSON; - is standard input."),
    ] = None,
    interactive: Annotated[
        bool, typer.Option("--interactive", "-i", help="Ask for what would change the answer.")
    ] = False,
    why: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LOSS", help="Say what speaks for a loss. Repeatable.", rich_help_panel=ANSWER
        ),
    ] = None,
    why_not: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LOSS",
            help="Say why a loss is not the first, and what would make it so. Repeatable.",
            rich_help_panel=ANSWER,
        ),
    ] = None,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Lay all facts and rules open.", rich_help_panel=ANSWER),
    ] = False,
    rules: RulesOption = None,
    reading: Mapping[str, Any],
    form: FormatOption = None,
    output: FilesOption = None,
    quiet: QuietOption = False,
) -> None:
    """Recommend losses for a problem, with the reasons."""
    from lossctl.advice.answer import answer  # noqa: PLC0415
    from lossctl.advice.answer_page import answer_page  # noqa: PLC0415
    from lossctl.advice.problem import from_file, from_options, loss_name  # noqa: PLC0415
    from lossctl.advice.recommendation import advise  # noqa: PLC0415  # --help of lossctl reads no rules
    from lossctl.advice.rule_base import load  # noqa: PLC0415

    inputs = [*(files or []), *([facts] if facts else []), *(rules or [])]
    destination = Output(form, output or [], None, [each for each in inputs if each != "-"], quiet)
    base = load(tuple(rules or ()))
    if [facts, *(files or [])].count("-") > 1 or (interactive and "-" in [facts, *(files or [])]):
        raise UsageError("standard input can be read only once")
    known = from_options(base, given) + ([] if facts is None else from_file(base, facts))
    known += _from_data(files or [], reading, quiet=quiet)
    advice = advise(base, known)
    if interactive:
        from lossctl.cli.interview import interview  # noqa: PLC0415

        advice = interview(advice)
    reply = answer(
        advice,
        files=files or [],
        reading=_reading_words(reading),
        trial=_trial(files, reading),
        why=[loss_name(base, each) for each in why or []],
        why_not=[loss_name(base, each) for each in why_not or []],
        explain=explain,
    )
    destination.emit(answer_page(advice, reply))
    if form in (Format.VALUE, Format.CSV, Format.JSONL) and not quiet:
        for message in _untold(advice):
            typer.echo(f"note: {visible(message)}", err=True)
    if not advice.situation.recommended:
        raise typer.Exit(NO_LOSS)


def _untold(advice: Any) -> Iterator[str]:  # noqa: ANN401
    """Say what rows of losses leave no room for."""
    for conflict in advice.conflicts:
        facts = " and ".join(f"{each.name} {in_words(each.value)}" for each in conflict.facts)
        yield f"{facts} contradict each other: {conflict.because}"
    if not advice.situation.recommended:
        yield "no loss is left"


def _reading_words(given: Mapping[str, Any]) -> str:
    """Write the options on reading that were given, for the commands to go on with."""
    from lossctl.advice.answer import quoted  # noqa: PLC0415

    options = inspect.signature(reading_of).parameters
    words = []
    for name, value in given.items():
        if value != options[name].default:
            values = value if isinstance(value, list | tuple) else [value]
            words += [flag(name, each is True or quoted(str(each))) for each in values]
    return " ".join(words)


def _from_data(files: Sequence[str], given: Mapping[str, Any], *, quiet: bool) -> list[Known]:
    """Read facts off the data; what else was noticed is told to people."""
    options = inspect.signature(reading_of).parameters
    if not files:
        for name, value in given.items():
            if value != options[name].default:
                raise UsageError(f"{flag(name, True)} is about files, and there are none")
        return []
    from lossctl.cli.progress import shown_progress  # noqa: PLC0415
    from lossctl.detectors import detect_files  # noqa: PLC0415  # pandas is for files

    prepare_for_data()
    reading = reading_of(("prediction", "target"), **given)
    with shown_progress(quiet=quiet) as progress:
        findings = detect_files(files, reading, progress.advance)
    if not quiet:
        for each in findings.observations:
            typer.echo(f"note: {visible(each.message)}", err=True)
    return list(findings.facts)


def _trial(files: Sequence[str] | None, given: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Make what tries whether a loss takes the files."""
    if not files:
        return None
    from lossctl.advice.trial import of_files  # noqa: PLC0415  # pandas is for files

    return of_files(files, lambda roles: reading_of(roles, **given))


def command() -> Any:  # noqa: ANN401
    """Make the command, with an option for each fact."""
    from lossctl.advice.rule_base import load  # noqa: PLC0415

    vocabulary = load().vocabulary
    of_files = _options(reading_of, "roles")
    shared = _options(recommend, "given", "reading")
    own = [_parameter(fact, vocabulary.groups[fact.group]) for fact in vocabulary.facts.values()]

    def run(**values: Any) -> None:  # noqa: ANN401
        said = {name: values.pop(_FACT + name) for name in vocabulary.facts}
        given = {name: value for name, value in said.items() if value is not None}
        reading = {each.name: values.pop(each.name) for each in of_files}
        recommend(given, reading=reading, **values)

    parameters = [*own, *shared, *of_files]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return command_of(run, "recommend", help=recommend.__doc__)


def _options(function: Any, *without: str) -> list[inspect.Parameter]:  # noqa: ANN401
    """Return the parameters of a function that are options of the command."""
    parameters = inspect.signature(function, eval_str=True).parameters.items()
    return [parameter for name, parameter in parameters if name not in without]


_FACT = "fact_"
"""Before the name of a fact's parameter: a fact and another option may be called the same."""


def _parameter(fact: Fact, panel: str) -> inspect.Parameter:
    """Make the option that states a fact."""
    words = f"{fact.help[0].upper()}{fact.help[1:]}"
    values = ", ".join(fact.values)
    words += f": {values}." if values else "."
    words += " Repeatable." if fact.type == "several" else ""
    flag = fact.option
    kind: Any = {"flag": bool, "several": list[str]}.get(fact.type, str)
    metavars = {"number": "NUMBER", "integer": "INTEGER", "loss": "LOSS"}
    option = typer.Option(
        f"{flag}/--no-{flag[2:]}" if kind is bool else flag,
        help=words,
        show_default=False,
        rich_help_panel=panel,
        metavar=None if kind is bool else metavars.get(fact.type, "VALUE"),
        autocompletion=(lambda: list(fact.values)) if fact.values else None,
    )
    return inspect.Parameter(
        _FACT + fact.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[kind | None, option],
    )
