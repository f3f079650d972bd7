"""`lossctl compute`: a loss of files, as a number, a table, or a check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import typer

from lossctl.cli import screen
from lossctl.cli.losses import (
    FRAMEWORKS,
    LossGroup,
    complete,
    complete_framework,
    example_option,
)
from lossctl.cli.output import Output
from lossctl.cli.process import prepare_for_data
from lossctl.cli.reading import ROWS, ReadingOptions
from lossctl.errors import UsageError, alternatives, quote
from lossctl.grammar import NUMBER

CHECK_FAILED = 1

CONVENTIONS = "What is computed"
CHECKS = "Checks"


def compute(
    loss: Any,  # noqa: ANN401
    twin: Any,  # noqa: ANN401
    options: Mapping[str, Any],
    *,
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILES", help="One table per input, or one with all; - is standard input."
        ),
    ],
    also: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LOSS[:OPTION=VALUE]",
            help="Another loss in the same pass. Repeatable.",
            autocompletion=complete,
            rich_help_panel=CONVENTIONS,
        ),
    ] = None,
    like: Annotated[
        str | None,
        typer.Option(
            metavar="FRAMEWORK",
            help=f"Adopt the conventions of {alternatives(FRAMEWORKS)}.",
            autocompletion=complete_framework,
            rich_help_panel=CONVENTIONS,
        ),
    ] = None,
    reduction: Annotated[
        Literal["mean", "sum", "none"] | None,
        typer.Option(
            help="One mean, one sum, or one number per unit.",
            rich_help_panel=CONVENTIONS,
            show_default="mean",
        ),
    ] = None,
    per: Annotated[
        Literal["row", "element"] | None,
        typer.Option(
            help="Average over rows or over single elements, if there are several columns.",
            rich_help_panel=CONVENTIONS,
            show_default="row",
        ),
    ] = None,
    divide_by: Annotated[
        Literal["weights", "units"] | None,
        typer.Option(
            help="What a weighted mean is divided by.",
            rich_help_panel=CONVENTIONS,
            show_default="weights",
        ),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="One result per value of this column, plus the overall result. Repeatable.",
            rich_help_panel=ROWS,
        ),
    ] = None,
    weight: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Column of row weights.", rich_help_panel=ROWS),
    ] = None,
    reading: ReadingOptions,
    maximum: Annotated[
        list[str] | None,
        typer.Option(
            "--max",
            metavar="[LOSS=]NUMBER",
            help="Fail (exit 1) if the loss, or that of any slice, is above. Repeatable.",
            rich_help_panel=CHECKS,
        ),
    ] = None,
    minimum: Annotated[
        list[str] | None,
        typer.Option(
            "--min",
            metavar="[LOSS=]NUMBER",
            help="Likewise, if it is below. Repeatable.",
            rich_help_panel=CHECKS,
        ),
    ] = None,
    output: Output,
) -> None:
    """Compute one loss, and others along with it."""
    from lossctl.cli.progress import shown_progress  # noqa: PLC0415
    from lossctl.engine import results  # noqa: PLC0415  # --help needs neither numpy nor pandas
    from lossctl.engine.fold import fold  # noqa: PLC0415
    from lossctl.engine.plan import Plan, Wish  # noqa: PLC0415
    from lossctl.tables import open_tables  # noqa: PLC0415

    prepare_for_data()
    conventions = {"reduction": reduction, "per": per, "divide_by": divide_by}
    wishes = [Wish(loss, twin, options), *(Wish(*_also(text)) for text in also or [])]
    plan = Plan(wishes, conventions, like, by_unit=reading.unit is not None)
    limits = _limits([wish.loss for wish in wishes], maximum or [], minimum or [])
    each_unit = reduction == "none"
    if each_unit and any(limits):
        raise UsageError("--max and --min check a mean or a sum, not each unit")
    # Which loss a name means may depend on the shapes of the data.
    computations = plan.computations() if plan.settled else []
    output.check(files)
    slices = tuple(by or ())
    settings = reading.for_roles(list(loss.roles), by=slices, slices=True, weight=weight)
    with (
        shown_progress(quiet=output.quiet) as progress,
        open_tables(files, plan.roles(computations), settings, progress.advance) as tables,
    ):
        progress.total = tables.total_bytes
        if not computations:
            computations = plan.computations(tables.widths)
            tables.take(plan.roles(computations))
        outcomes, notes = fold(
            computations, tables.blocks(), names=tables.columns, place=tables.place
        )
    setup = results.Setup(slices, tables.unit, weight, reading.missing, limits)
    make = results.units_table if each_unit else results.table
    messages = [*plan.notes(computations), *tables.notes, *notes]
    output.emit(make(outcomes, messages, setup), long=each_unit)
    failed = results.failures(outcomes, setup)
    for line in failed:
        screen.failure(line)
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

    names = [loss.name for loss in losses]
    most, least = _by_loss(names, "--max", maxima), _by_loss(names, "--min", minima)
    ends = {"at_most": most, "at_least": least}
    return tuple(
        Limits(**{end: limits[place] for end, limits in ends.items() if place in limits})
        for place in range(len(names))
    )


def _by_loss(names: Sequence[str], flag: str, texts: Sequence[str]) -> dict[int, float]:
    """Read limits by the place of their loss; one without a name is for the first loss."""
    from lossctl.catalogue.names import look_up  # noqa: PLC0415

    limits: dict[int, float] = {}
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
        if place in limits:
            raise UsageError(f"{flag} is given twice for {names[place]}")
        limits[place] = float(number)
    return limits


def _examples(loss: Any) -> Sequence[tuple[str, str]]:  # noqa: ANN401
    """Make examples with a file for each role, named as `recommend` does."""
    roles = [role for role in loss.roles if role not in getattr(loss, "optional", ())]
    gathers = {kind.gathers for kind in loss.roles.values()}
    suffix = "npy" if "images" in gathers else "csv"
    command = " ".join(["lossctl compute", loss.name, *(f"{role}s.{suffix}" for role in roles)])
    examples = [("All rows are one unit" if "units" in gathers else "One number", command)]
    if "units" in gathers:
        examples.append(("One unit per value of the column id", f"{command} --unit id"))
    elif option := example_option(loss):
        examples.append(("With an option of the loss", f"{command} {option}"))
    return [*examples, ("Fail in CI if the loss is too high", f"{command} --max 0.5")]


COMMON = (
    *("files", "also", "like", "by", "weight", "columns", "on", "unit", "missing"),
    *("maximum", "minimum", "form", "paths"),
)
"""The parameters that the help of `lossctl compute` explains."""


def command() -> Any:  # noqa: ANN401
    """Make the command."""
    return LossGroup(
        "compute",
        "Compute a loss from prediction and target files.\n\n"
        "These are the most common options; lossctl compute mse --help shows all of them, and "
        "those of the loss.",
        run=compute,
        examples=_examples,
        common=COMMON,
    )
