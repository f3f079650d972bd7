"""Overfitting: whether the loss on validation data is larger than on training data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lossctl.block import Array, Codes
from lossctl.detectors.findings import Findings
from lossctl.detectors.probabilities import classes_of
from lossctl.detectors.profile import Profile
from lossctl.errors import DataError
from lossctl.facts.vocabulary import Known
from lossctl.report import Note

SIGNIFICANT = 2.326
"""The normal quantile of p = .01, one-sided."""

MARGIN = 1.2
"""A convention: a smaller ratio, however significant, is the usual gap of a trained model."""

FEW = 30
"""With fewer rows on either side Welch's statistic is not approximately normal."""

CLIP = 2.220446049250313e-16
"""The smallest probability in a logarithm, as in the losses."""


@dataclass(frozen=True)
class GeneralisationGap:
    """The mean losses on training and validation data, and how they differ.

    Args:
        loss: the name of the loss.
        train: the mean on the training data.
        validation: the mean on the validation data.
        train_rows: the number of training rows.
        validation_rows: the number of validation rows.
        z: Welch's statistic; above 2.33 the difference has p < .01, one-sided.
        notes: what was left out when the files were read.
    """

    loss: str
    train: float
    validation: float
    train_rows: int
    validation_rows: int
    z: float
    notes: tuple[Note, ...] = ()

    @property
    def ratio(self) -> float:
        """The ratio of the validation loss to the training loss."""
        return self.validation / self.train if self.train > 0 else math.inf

    @property
    def overfitting(self) -> bool:
        """Whether the validation loss is larger, significantly and by a margin."""
        return self.z > SIGNIFICANT and self.ratio > MARGIN


def compare(
    train: tuple[Profile, Findings], validation: tuple[Profile, Findings]
) -> GeneralisationGap:
    """Compare the losses of two sets of rows, or of samples of large ones.

    Args:
        train: the profile of the training data, and its facts.
        validation: those of the validation data.

    Returns:
        The mean losses, and how they differ.

    Raises:
        DataError: there is no loss for the data, the two have different ones, or too few rows.
    """
    (loss, training), (other, validating) = _losses(*train), _losses(*validation)
    if loss != other:
        raise DataError(f"the training data call for {loss}, but the validation data for {other}")
    if min(len(training), len(validating)) < FEW:
        raise DataError(f"fewer than {FEW} rows are too few to detect overfitting")
    error = math.sqrt(
        training.var(ddof=1) / len(training) + validating.var(ddof=1) / len(validating)
    )
    means = float(training.mean()), float(validating.mean())
    difference = float(validating.mean() - training.mean())
    z = difference / error if error > 0 else math.copysign(math.inf, difference)
    z = 0.0 if difference == 0 else z
    notes = (*train[0].notes, *validation[0].notes)
    return GeneralisationGap(loss, *means, len(training), len(validating), z, notes)


def _losses(profile: Profile, findings: Findings) -> tuple[str, Array]:
    """Return the name of the loss, and its value for each sampled row."""
    facts = {fact.name: fact for fact in findings.facts}
    if profile.prediction is None:
        raise DataError(
            "there are no numeric predictions", "give the predictions first, then the targets"
        )
    labels = classes_of(profile, facts)
    if labels is not None:
        return "log loss", _log_loss(profile.sample["prediction"], labels, facts)
    prediction, target = profile.sample["prediction"], profile.sample["target"]
    if "output" in facts and facts["output"].value == "mean_and_variance":
        prediction = prediction[:, :1]  # the first column is the mean
    if prediction.shape != target.shape or "target" in profile.words:
        raise DataError(
            "predictions and targets are neither class probabilities with labels nor numbers in "
            "equally many columns"
        )
    return "squared error", ((prediction - target) ** 2).mean(axis=1)


def _log_loss(prediction: Array, labels: Codes, facts: Mapping[str, Known]) -> Array:
    """Return -log of the label's probability; scores are treated as logits."""
    output = facts.get("output")
    if output is not None and output.value == "class_scores":
        scores = prediction
        if scores.shape[1] == 1:
            scores = np.hstack([np.zeros_like(scores), scores])
        own = np.take_along_axis(scores, labels[:, None], axis=1)[:, 0]
        greatest = scores.max(axis=1)
        return greatest + np.log(np.exp(scores - greatest[:, None]).sum(axis=1)) - own
    if prediction.shape[1] == 1:
        prediction = np.hstack([1 - prediction, prediction])
    own = np.take_along_axis(prediction, labels[:, None], axis=1)[:, 0]
    return -np.log(np.maximum(own, CLIP))
