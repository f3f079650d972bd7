"""`lossctl inspect`: what the data say of the problem, and whether a model overfits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from lossctl.cli.output import DigitsOption, FilesOption, FormatOption, Output, QuietOption
from lossctl.cli.parameters import command_of
from lossctl.cli.process import prepare_for_data
from lossctl.cli.reading import (
    ChannelsOption,
    ColumnsOption,
    DecimalOption,
    DelimiterOption,
    EncodingOption,
    MaxBytesOption,
    MissingKeysOption,
    MissingOption,
    NoHeaderOption,
    OnOption,
    ThousandsOption,
    UnitOption,
    reading_of,
)
from lossctl.errors import UsageError
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
            help="Rows that the model has learned from: predictions, then targets, or both in one. "
            "Repeatable.",
            rich_help_panel=OVERFITTING,
        ),
    ] = None,
    validation: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Rows that the model has not seen, likewise.",
            rich_help_panel=OVERFITTING,
        ),
    ] = None,
    columns: ColumnsOption = None,
    on: OnOption = None,
    on_missing_keys: MissingKeysOption = "error",
    unit: UnitOption = None,
    missing: MissingOption = "error",
    delimiter: DelimiterOption = None,
    decimal: DecimalOption = ".",
    thousands: ThousandsOption = None,
    encoding: EncodingOption = None,
    no_header: NoHeaderOption = False,
    channels: ChannelsOption = None,
    max_bytes: MaxBytesOption = None,
    form: FormatOption = None,
    output: FilesOption = None,
    digits: DigitsOption = None,
    quiet: QuietOption = False,
) -> None:
    """Say what predictions and targets tell of the problem, and how sure that is.

    With --train and --validation: whether the loss is larger on rows that the model has not seen.
    """
    from lossctl.cli.progress import shown_progress  # noqa: PLC0415  # --help needs no numpy
    from lossctl.detectors import compare_files, detect_files  # noqa: PLC0415

    prepare_for_data()
    known, new, alone = train or [], validation or [], files or []
    _check(alone, known, new)
    destination = Output(form, output or [], digits, [*alone, *known, *new], quiet)
    reading = reading_of(
        ROLES,
        columns=columns,
        on=on,
        on_missing_keys=on_missing_keys,
        unit=unit,
        missing=missing,
        delimiter=delimiter,
        decimal=decimal,
        thousands=thousands,
        encoding=encoding,
        no_header=no_header,
        channels=channels,
        max_bytes=max_bytes,
    )
    with shown_progress(quiet=quiet) as progress:
        if known:
            table = _gap(compare_files(known, new, reading, progress.advance))
        else:
            table = _facts(detect_files(alone, reading, progress.advance))
    destination.emit(table)


def _check(files: Sequence[str], train: Sequence[str], validation: Sequence[str]) -> None:
    if files and (train or validation):
        raise UsageError("--train and --validation take the files; there are others besides")
    if bool(train) != bool(validation):
        raise UsageError("--train and --validation go together")
    if not files and not train:
        raise UsageError(
            "there is no file", "lossctl inspect PREDICTIONS TARGETS, or only the targets"
        )
    if [*train, *validation].count("-") > 1:
        raise UsageError("standard input can be read only once")


def _facts(findings: Any) -> Table:  # noqa: ANN401
    """Make the table of facts; what is no fact becomes notes."""
    columns = (
        Column("name"),
        Column("value"),
        Column("confidence"),
        Column("evidence"),
        Column("rows", "count", audience="machines"),
        Column("numbers", "nested", audience="machines"),
    )
    rows = [
        (each.name, plain(each.value), each.confidence, each.evidence, each.rows, each.numbers)
        for each in findings.facts
    ]
    notes = [Note(each.kind, each.rows, each.message) for each in findings.observations]
    if not rows:
        notes.append(Note("nothing_found", findings.rows, "nothing can be said of these data"))
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
