"""`lossctl inspect`: facts inferred from data, and whether a model overfits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from lossctl.cli.commands import command_of
from lossctl.cli.output import Output
from lossctl.cli.process import prepare_for_data
from lossctl.cli.reading import ReadingOptions
from lossctl.errors import UsageError, quote
from lossctl.facts.vocabulary import plain
from lossctl.report import Column, Note, Table

ROLES = ("prediction", "target")
OVERFITTING = "Overfitting"


def inspect(
    *,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILES",
            help="Predictions and targets, one table with both, or targets only; - is standard "
            "input.",
            show_default=False,
        ),
    ] = None,
    train: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Rows that the model was trained on: predictions, then targets, or one table "
            "with both. Repeatable.",
            rich_help_panel=OVERFITTING,
        ),
    ] = None,
    validation: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Rows that the model has not seen, likewise. Repeatable.",
            rich_help_panel=OVERFITTING,
        ),
    ] = None,
    reading: ReadingOptions,
    output: Output,
) -> None:
    """Infer facts about the problem from predictions and targets, with a confidence for each.

    With --train and --validation, test whether the loss is higher on rows that the model has not
    seen.
    """
    from lossctl.cli.progress import shown_progress  # noqa: PLC0415  # --help needs no numpy
    from lossctl.detectors import compare_files, detect_files  # noqa: PLC0415

    prepare_for_data()
    known, new, alone = train or [], validation or [], files or []
    _check(alone, known, new)
    output.check([*alone, *known, *new])
    settings = reading.for_roles(ROLES)
    with shown_progress(quiet=output.quiet) as progress:
        if known:
            table = _gap(compare_files(known, new, settings, progress.advance))
        else:
            table = _facts(detect_files(alone, settings, progress.advance))
    output.emit(table)


def _check(files: Sequence[str], train: Sequence[str], validation: Sequence[str]) -> None:
    if files and (train or validation):
        raise UsageError(
            f"unexpected argument {quote(files[0])}", "name all files with --train and --validation"
        )
    if bool(train) != bool(validation):
        missing = "--train needs --validation" if train else "--validation needs --train"
        raise UsageError(missing, "lossctl inspect --help")
    if not files and not train:
        raise UsageError("missing argument FILES", "lossctl inspect predictions.csv targets.csv")
    if [*train, *validation].count("-") > 1:
        raise UsageError("standard input can be read only once")


def _facts(findings: Any) -> Table:  # noqa: ANN401
    """Make the table of facts; other observations become notes."""
    columns = (
        Column("name"),
        Column("value"),
        Column("confidence"),
        Column("evidence"),
        Column("rows", "count", audience="machines"),
        Column("numbers", "nested", audience="machines"),
    )
    rows = [
        (fact.name, plain(fact.value), fact.confidence, fact.evidence, fact.rows, fact.numbers)
        for fact in findings.facts
    ]
    notes = [Note(one.kind, one.rows, one.message) for one in findings.observations]
    if not rows:
        notes.append(
            Note("nothing_found", findings.rows, "no facts can be inferred from these data")
        )
    return Table("facts", columns, rows, notes=tuple(notes))


def _gap(gap: Any) -> Table:  # noqa: ANN401
    """Make the one row that compares training and validation."""
    columns = (
        Column("loss"),
        Column("train", "number"),
        Column("validation", "number"),
        Column("ratio", "number"),
        Column("z", "number"),
        Column("finding"),
        Column("train_rows", "count", audience="machines"),
        Column("validation_rows", "count", audience="machines"),
    )
    finding = "looks like overfitting" if gap.overfitting else "none"
    row = (gap.loss, gap.train, gap.validation, gap.ratio, gap.z, finding)
    rows = [(*row, gap.train_rows, gap.validation_rows)]
    return Table("gap", columns, rows, "ratio", notes=gap.notes)


def command() -> Any:  # noqa: ANN401
    """Make the command."""
    return command_of(inspect, "inspect")
