"""Whether the error on data that a model has not learned from is larger than on those it has."""

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

SURELY = 2.326
"""The normal quantile of p = .01, one-sided: so unlikely is the difference by chance."""

MARGIN = 1.2
"""A convention: a smaller difference, however certain, is the usual cost of having learned."""

FEW = 30
"""With fewer rows on either side Welch's statistic is not near enough to normal."""

CLIP = 2.220446049250313e-16
"""Probabilities are kept so far from 0 in a logarithm, as the losses do."""


@dataclass(frozen=True)
class GeneralisationGap:
    """The mean losses of two sets of rows, and how they differ.

    Args:
        loss: which loss it is.
        train: the mean over the rows that the model has learned from.
        validation: the mean over the others.
        train_rows: the number of the first.
        validation_rows: the number of the others.
        z: Welch's statistic; above 2.33 the difference has p < .01, one-sided.
        notes: what the reader of the files left out.
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
        """The loss on new rows by that on known ones."""
        return self.validation / self.train if self.train > 0 else math.inf

    @property
    def overfitting(self) -> bool:
        """Whether the loss is larger on new rows, surely and by a margin."""
        return self.z > SURELY and self.ratio > MARGIN


def compare(
    train: tuple[Profile, Findings], validation: tuple[Profile, Findings]
) -> GeneralisationGap:
    """Compare the losses of two sets of rows, or of a sample where they are many.

    Raises:
        DataError: there is no loss for them, it is not the same one, or there are too few rows.
    """
    (loss, known), (other, new) = _losses(*train), _losses(*validation)
    if loss != other:
        raise DataError(f"the training data have a {loss}, the validation data a {other}")
    if min(len(known), len(new)) < FEW:
        raise DataError(f"fewer than {FEW} rows tell nothing of overfitting")
    error = math.sqrt(known.var(ddof=1) / len(known) + new.var(ddof=1) / len(new))
    difference = float(new.mean() - known.mean())
    z = difference / error if error > 0 else math.copysign(math.inf, difference)
    z = 0.0 if difference == 0 else z
    notes = (*train[0].notes, *validation[0].notes)
    return GeneralisationGap(
        loss, float(known.mean()), float(new.mean()), len(known), len(new), z, notes
    )


def _losses(profile: Profile, findings: Findings) -> tuple[str, Array]:
    """Return the name of the loss, and that of each sampled row."""
    found = {each.name: each for each in findings.facts}
    if profile.prediction is None:
        raise DataError("there are no predictions in numbers", "give predictions, then targets")
    labels = classes_of(profile, found)
    if labels is not None:
        return "log loss", _log_loss(profile.sample["prediction"], labels, found)
    prediction, target = profile.sample["prediction"], profile.sample["target"]
    if "output" in found and found["output"].value == "mean_and_variance":
        prediction = prediction[:, :1]  # the mean is read before the variance
    if prediction.shape != target.shape or "target" in profile.words:
        raise DataError("predictions and targets have neither classes nor columns in common")
    return "squared error", ((prediction - target) ** 2).mean(axis=1)


def _log_loss(prediction: Array, labels: Codes, found: Mapping[str, Known]) -> Array:
    """Return -log of the label's probability, of which scores are the logits."""
    output = found.get("output")
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
