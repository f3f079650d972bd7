"""`lossctl compute`: a loss of files, as a number, a table, or a check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

import typer

from lossctl.cli.losses import command_of_losses, complete
from lossctl.cli.output import (
    DigitsOption,
    FilesOption,
    FormatOption,
    Output,
    QuietOption,
)
from lossctl.cli.process import prepare_for_data
from lossctl.cli.reading import (
    ROWS,
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
from lossctl.errors import UsageError, quote
from lossctl.grammar import NUMBER

CHECK_FAILED = 1

FRAMEWORKS = ("torch", "keras", "sklearn", "optax", "scipy", "statsmodels", "torchvision")

WHAT = "What is computed"
CHECKS = "Checks"


def _complete_framework(incomplete: str) -> list[str]:
    return [name for name in FRAMEWORKS if name.startswith(incomplete)]


def compute(
    loss: Any,  # noqa: ANN401
    twin: Any,  # noqa: ANN401
    given: Mapping[str, Any],
    *,
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILES...",
            help="A table for each role, in their order, or one for all; - is standard input.",
        ),
    ],
    like: Annotated[
        str | None,
        typer.Option(
            help=f"Give the number that a framework gives: {', '.join(FRAMEWORKS)}.",
            autocompletion=_complete_framework,
            rich_help_panel=WHAT,
        ),
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LOSS[:OPTION=VALUE,...]",
            help="Another loss in the same pass. Repeatable.",
            autocompletion=complete,
            rich_help_panel=WHAT,
        ),
    ] = None,
    reduction: Annotated[
        Literal["mean", "sum", "none"] | None,
        typer.Option(
            help="One mean, one sum, or one number a unit.",
            rich_help_panel=WHAT,
            show_default="mean",
        ),
    ] = None,
    per: Annotated[
        Literal["row", "element"] | None,
        typer.Option(
            help="The unit, where a role has several columns.",
            rich_help_panel=WHAT,
            show_default="row",
        ),
    ] = None,
    divide_by: Annotated[
        Literal["weights", "units"] | None,
        typer.Option(
            help="What a weighted mean is divided by.",
            rich_help_panel=WHAT,
            show_default="weights",
        ),
    ] = None,
    columns: ColumnsOption = None,
    on: OnOption = None,
    on_missing_keys: MissingKeysOption = "error",
    by: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="One result for each value of a column, besides the whole. Repeatable.",
            rich_help_panel=ROWS,
        ),
    ] = None,
    unit: UnitOption = None,
    weight: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Weights of the rows.", rich_help_panel=ROWS),
    ] = None,
    missing: MissingOption = "error",
    delimiter: DelimiterOption = None,
    decimal: DecimalOption = ".",
    thousands: ThousandsOption = None,
    encoding: EncodingOption = None,
    no_header: NoHeaderOption = False,
    channels: ChannelsOption = None,
    max_bytes: MaxBytesOption = None,
    maximum: Annotated[
        list[str] | None,
        typer.Option(
            "--max",
            metavar="[LOSS=]NUMBER",
            help="Fail (exit 1) where the loss, or that of any slice, is above. Repeatable.",
            rich_help_panel=CHECKS,
        ),
    ] = None,
    minimum: Annotated[
        list[str] | None,
        typer.Option(
            "--min",
            metavar="[LOSS=]NUMBER",
            help="Fail (exit 1) where the loss, or that of any slice, is below. Repeatable.",
            rich_help_panel=CHECKS,
        ),
    ] = None,
    form: FormatOption = None,
    output: FilesOption = None,
    digits: DigitsOption = None,
    quiet: QuietOption = False,
) -> None:
    """Compute one loss, and others along with it."""
    from lossctl.cli.progress import shown_progress  # noqa: PLC0415
    from lossctl.engine import results  # noqa: PLC0415  # --help needs neither numpy nor pandas
    from lossctl.engine.fold import fold  # noqa: PLC0415
    from lossctl.engine.plan import Plan, Wish  # noqa: PLC0415
    from lossctl.tables import open_tables  # noqa: PLC0415

    prepare_for_data()
    conventions = {"reduction": reduction, "per": per, "divide_by": divide_by}
    wishes = [Wish(loss, twin, given), *(Wish(*_also(text)) for text in also or [])]
    plan = Plan(wishes, conventions, like, by_unit=unit is not None)
    limits = _limits([wish.loss for wish in wishes], maximum or [], minimum or [])
    each_unit = reduction == "none"
    if each_unit and any(limits):
        raise UsageError("--max and --min check a mean or a sum, not each unit")
    # What a name stands for may depend on the shapes of the data.
    computations = plan.computations() if plan.settled else []
    destination = Output(form, output or [], digits, files, quiet)
    reading = reading_of(
        list(loss.roles),
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
    reading = replace(reading, by=tuple(by or ()), slices=True, weight=weight)
    with (
        shown_progress(quiet=quiet) as progress,
        open_tables(files, plan.roles(computations), reading, progress.advance) as tables,
    ):
        progress.total = tables.total_bytes
        if not computations:
            computations = plan.computations(tables.widths)
            tables.take(plan.roles(computations))
        outcomes, notes = fold(
            computations, tables.blocks(), names=tables.columns, place=tables.place
        )
    setup = results.Setup(reading.by, tables.unit, weight, missing, limits)
    make = results.units_table if each_unit else results.table
    said = [*plan.notes(computations), *tables.notes, *notes]
    destination.emit(make(outcomes, said, setup), long=each_unit)
    failed = results.failures(outcomes, setup)
    for line in failed:
        typer.echo(f"failed: {line}", err=True)
    if failed:
        raise typer.Exit(CHECK_FAILED)


def _also(text: str) -> tuple[Any, Any, dict[str, Any]]:
    """Read another loss with its options: `huber:delta=1.5`."""
    from lossctl.catalogue.names import look_up  # noqa: PLC0415

    name, _, rest = text.partition(":")
    loss, twin = look_up(name)
    options = {}
    for pair in filter(None, rest.split(",")):
        option, equals, value = pair.partition("=")
        option = option.strip().replace("-", "_")
        if option not in loss.settings:
            raise UsageError.unknown("option", option, loss.settings, loss.name)
        options[option] = loss.settings[option].parsed(value if equals else "on")
    return loss, twin, options


def _limits(losses: Sequence[Any], maxima: Sequence[str], minima: Sequence[str]) -> tuple[Any, ...]:
    from lossctl.engine.results import Limits  # noqa: PLC0415

    names = [each.name for each in losses]
    most, least = _by_loss(names, "--max", maxima), _by_loss(names, "--min", minima)
    ends = {"at_most": most, "at_least": least}
    return tuple(
        Limits(**{end: given[place] for end, given in ends.items() if place in given})
        for place in range(len(names))
    )


def _by_loss(names: Sequence[str], flag: str, texts: Sequence[str]) -> dict[int, float]:
    """Read limits; without a name one is for the first loss."""
    from lossctl.catalogue.names import look_up  # noqa: PLC0415

    found: dict[int, float] = {}
    for text in texts:
        name, equals, number = text.rpartition("=")
        place = 0
        if equals:
            canonical = look_up(name)[0].name
            if canonical not in names:
                raise UsageError(f"{flag} names {quote(name)}, which is not computed")
            place = names.index(canonical)
        if not NUMBER.fullmatch(number):
            raise UsageError(f"{flag} must be a number, not {quote(number)}")
        if place in found:
            raise UsageError(f"{flag} is given twice for {names[place]}")
        found[place] = float(number)
    return found


def command() -> Any:  # noqa: ANN401
    """Make the command."""
    summary = "Compute a loss of prediction and target files."
    return command_of_losses(compute, summary, "LOSS FILES... [OPTIONS]")
