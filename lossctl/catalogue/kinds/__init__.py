"""What a role's array may hold: its shape, its values, and how labels become class codes.

A kind accepts an array or raises. It never changes a number; it only maps labels, and counts what a
reader of the result should know.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, TypeAlias

from lossctl.block import Array, Codes, Ragged
from lossctl.catalogue.kinds.amounts import POSITIVE, POSITIVE_NUMBER, TweedieKind
from lossctl.catalogue.kinds.classes import (
    BinaryKind,
    CumulativeKind,
    DistributionKind,
    LabelsKind,
    RanksKind,
    SignsKind,
)
from lossctl.catalogue.kinds.kind import ENOUGH, Kind, NamesKind, Partners, Validated, Width
from lossctl.catalogue.kinds.masks import MaskImagesKind, MaskKind, TargetMaskKind
from lossctl.catalogue.kinds.shapes import (
    BoxesKind,
    DirectionsKind,
    FeaturesKind,
    ImagesKind,
    VectorsKind,
)
from lossctl.catalogue.options import Interval

UNIT = Interval(at_least=0, at_most=1)
MASK_VALUE = "a mask value (between 0 and 1, or 0 or 255)"

VALUES = Kind("values", "a finite number")
NON_NEGATIVE = Kind("values", "a finite number of at least 0", Interval(at_least=0))
AMOUNTS = replace(NON_NEGATIVE, columns="several")
LOGARITHMS = Kind("values", "a finite number of at most 700", Interval(at_most=700))
POSITIVES = Kind("positive values", POSITIVE_NUMBER, POSITIVE)
TWEEDIE_MEANS = TweedieKind("values", "a finite number", predicted=True).configured({})
TWEEDIE_VALUES = TweedieKind("values", "a finite number").configured({})
SCORES = Kind("scores", "a finite number")
PROBABILITIES = Kind("probabilities", "a probability (between 0 and 1)", UNIT)
DISTRIBUTION = DistributionKind("class probabilities", "a probability (between 0 and 1)", UNIT)
CLASS_SCORES = Kind("class scores", "a finite number", columns="several")
LABELS = LabelsKind("labels", "a class")
RANKS = RanksKind("ordinal labels", "a class")
CUMULATIVE = CumulativeKind("cumulative scores", "a finite number")
ZERO_OR_ONE = BinaryKind("binary labels", "0 or 1", UNIT)
ONE_HOT = BinaryKind("one-hot rows", "0 or 1", UNIT, "several")
SIGNS = SignsKind("signs", "-1 or +1 (or 0 or 1)")
VECTORS = VectorsKind("vectors", "a finite number")
DIRECTIONS = DirectionsKind("vectors", "a finite number")
BOXES = BoxesKind("boxes", "a finite number")
SHARES = MaskKind("mask", MASK_VALUE, UNIT)
MASK = TargetMaskKind("mask", MASK_VALUE, UNIT)
MASK_IMAGES = MaskImagesKind("masks", MASK_VALUE, UNIT)
NAMES = NamesKind("names", "text")
FEATURES = FeaturesKind("features", "a finite number")
IMAGES = ImagesKind("images", "a finite number")
SAMPLE = Kind(
    "sample", "a finite number", columns="one", gathers="units", apart=True, weighs_rows=True
)

Values: TypeAlias = Annotated[Array, VALUES]
NonNegative: TypeAlias = Annotated[Array, NON_NEGATIVE]
Positives: TypeAlias = Annotated[Array, POSITIVES]
Scores: TypeAlias = Annotated[Array, SCORES]
Probabilities: TypeAlias = Annotated[Array, PROBABILITIES]
Distribution: TypeAlias = Annotated[Array, DISTRIBUTION]
ClassScores: TypeAlias = Annotated[Array, CLASS_SCORES]
Labels: TypeAlias = Annotated[Codes, LABELS]
Ranks: TypeAlias = Annotated[Codes, RANKS]
Cumulative: TypeAlias = Annotated[Array, CUMULATIVE]
Signs: TypeAlias = Annotated[Array, SIGNS]
Vectors: TypeAlias = Annotated[Array, VECTORS]
Directions: TypeAlias = Annotated[Array, DIRECTIONS]
Boxes: TypeAlias = Annotated[Array, BOXES]
Shares: TypeAlias = Annotated[Array, SHARES]
Masks: TypeAlias = Annotated[Array, MASK]
MaskImages: TypeAlias = Annotated[Array, MASK_IMAGES]
Images: TypeAlias = Annotated[Array, IMAGES]
Sample: TypeAlias = Annotated[Ragged, SAMPLE]


def narrowed(kind: Kind, *, columns: Width | None = None, **ends: float) -> Kind:
    """Return the same kind of numbers, in a narrower range or fewer columns."""
    within = Interval(**ends) if ends else kind.within  # type: ignore[arg-type]
    noun = within.of(kind.noun) if ends else kind.noun
    return replace(kind, noun=noun, within=within, columns=columns or kind.columns)


def apart(kind: Kind) -> Kind:
    """Return the same kind for a role whose rows are independent of those of other roles."""
    return replace(kind, apart=True)


def in_units(kind: Kind) -> Kind:
    """Return the same kind for a role whose units the loss needs as a whole."""
    return replace(kind, gathers="units")


__all__ = [
    "AMOUNTS",
    "BOXES",
    "CLASS_SCORES",
    "CUMULATIVE",
    "DIRECTIONS",
    "DISTRIBUTION",
    "ENOUGH",
    "FEATURES",
    "IMAGES",
    "LABELS",
    "LOGARITHMS",
    "MASK",
    "MASK_IMAGES",
    "NAMES",
    "NON_NEGATIVE",
    "ONE_HOT",
    "POSITIVES",
    "PROBABILITIES",
    "RANKS",
    "SAMPLE",
    "SCORES",
    "SHARES",
    "SIGNS",
    "TWEEDIE_MEANS",
    "TWEEDIE_VALUES",
    "UNIT",
    "VALUES",
    "VECTORS",
    "ZERO_OR_ONE",
    "BinaryKind",
    "Boxes",
    "BoxesKind",
    "ClassScores",
    "Cumulative",
    "CumulativeKind",
    "Directions",
    "DirectionsKind",
    "Distribution",
    "DistributionKind",
    "FeaturesKind",
    "Images",
    "ImagesKind",
    "Kind",
    "Labels",
    "LabelsKind",
    "MaskImages",
    "MaskImagesKind",
    "MaskKind",
    "Masks",
    "NamesKind",
    "NonNegative",
    "Partners",
    "Positives",
    "Probabilities",
    "Ranks",
    "RanksKind",
    "Sample",
    "Scores",
    "Shares",
    "Signs",
    "SignsKind",
    "TargetMaskKind",
    "TweedieKind",
    "Validated",
    "Values",
    "Vectors",
    "VectorsKind",
    "apart",
    "in_units",
    "narrowed",
]
