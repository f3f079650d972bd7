"""The options that every loss has: how values are reduced, and what a mean divides by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from lossctl.catalogue.options import Option, Setting, setting

CONVENTIONS: Mapping[str, Setting] = {
    name: convention
    for name, annotation, default in (
        (
            "reduction",
            Annotated[
                Literal["mean", "sum", "none"],
                Option("how the values are reduced: mean, sum, or none for one value per unit"),
            ],
            "mean",
        ),
        (
            "per",
            Annotated[
                Literal["row", "element"],
                Option("average over rows or over single elements, if there are several columns"),
            ],
            "row",
        ),
        (
            "divide_by",
            Annotated[
                Literal["weights", "units"],
                Option("what a weighted mean is divided by: the sum of weights, or their number"),
            ],
            "weights",
        ),
    )
    if (convention := setting(name, annotation, default)) is not None
}
"""Frameworks differ in these as they do in a loss's own options."""
