"""What the model outputs, inferred from the range and the sums of its predictions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lossctl.detectors.findings import Confidence, Finding, Observation, fact
from lossctl.detectors.profile import Profile, Summary
from lossctl.facts.vocabulary import Known

FEW = 20
"""With fewer rows scores may be between 0 and 1 by chance."""

CLASSES = (
    "binary_classification",
    "multiclass_classification",
    "multilabel_classification",
    "segmentation",
)


def detect(profile: Profile, facts: Mapping[str, Known]) -> Iterator[Finding]:
    """Detect what the predictions are."""
    prediction = profile.prediction
    if prediction is None:
        if "prediction" in profile.words:
            message = "The predictions are text labels; losses need scores or probabilities."
            yield Observation("hard_predictions", message, rows=profile.rows)
        return
    if prediction.constant:
        message = f"All predictions are {prediction.least:.12g}."
        yield Observation("constant_predictions", message, rows=profile.rows)
        return
    known = facts.get("output")
    if "task" not in facts or (known is not None and known.confidence != "weak"):
        return
    soft = "labels" in facts and facts["labels"].value == "soft"
    if facts["task"].value in CLASSES or soft:
        yield from _of_classes(profile, prediction, facts["task"])
    elif facts["task"].value == "regression":
        yield from _of_numbers(profile, prediction)


def _of_classes(profile: Profile, prediction: Summary, task: Known) -> Iterator[Finding]:
    rows, several = profile.rows, prediction.columns > 1
    if several and task.value == "binary_classification":
        evidence = f"The predictions have {prediction.columns} columns."
        yield fact("n_outputs", prediction.columns, "certain", evidence, rows)
    confidence: Confidence = "weak" if task.confidence == "weak" or rows < FEW else "likely"
    single = prediction.zero_or_one and (not several or prediction.one_hot_rows == rows)
    values = set(prediction.tally or {})
    if single or (not several and values and values <= set(profile.target.tally or {})):
        message = "The predictions are hard class labels; losses need scores or probabilities."
        yield Observation("hard_predictions", message, rows=rows)
        return
    span = f"The predictions range from {prediction.least:.3g} to {prediction.greatest:.3g}"
    if not prediction.within_unit:
        evidence = f"{span}, so they are not probabilities."
        yield fact("output", "class_scores", confidence, evidence, rows)
    elif several and prediction.sums_to_one:
        off_one = prediction.off_one
        evidence = f"{span}, and each row sums to 1 within {off_one:.2g}."
        yield fact("output", "distribution", confidence, evidence, rows, off_one=off_one)
    else:
        sums = ", and rows do not sum to 1" if several else ""
        yield fact("output", "probability", confidence, f"{span}{sums}.", rows)


def _of_numbers(profile: Profile, prediction: Summary) -> Iterator[Finding]:
    rows, columns = profile.rows, prediction.columns
    if columns == profile.target.columns:
        evidence = "There is one predicted number per target."
        yield fact("output", "continuous", "likely", evidence, rows)
    elif profile.target.columns == 1:
        several = profile.sample["prediction"]
        rising = bool((several[:, 1:] >= several[:, :-1]).all())
        value = "quantiles" if rising else "predictive_distribution"
        order = ", in ascending order" if rising else ""
        evidence = f"There are {columns} predicted numbers per target{order}."
        yield fact("output", value, "weak", evidence, rows, columns=columns)
