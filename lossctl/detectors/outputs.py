"""What the model puts out, by the range and the sums of its predictions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lossctl.detectors.findings import Confidence, Finding, Observation, fact
from lossctl.detectors.profile import Profile, Summary
from lossctl.facts.vocabulary import Known

FEW = 20
"""In fewer rows scores may lie between 0 and 1 by chance."""

CLASSES = (
    "binary_classification",
    "multiclass_classification",
    "multilabel_classification",
    "segmentation",
)


def detect(profile: Profile, found: Mapping[str, Known]) -> Iterator[Finding]:
    """Say what the predictions are."""
    prediction = profile.prediction
    if prediction is None:
        if "prediction" in profile.words:
            message = "The predictions are words; losses need scores or probabilities."
            yield Observation("hard_predictions", message, rows=profile.rows)
        return
    if prediction.constant:
        message = f"All predictions are {prediction.least:.12g}."
        yield Observation("constant_predictions", message, rows=profile.rows)
        return
    known = found.get("output")
    if "task" not in found or (known is not None and known.confidence != "weak"):
        return
    soft = "labels" in found and found["labels"].value == "soft"
    if found["task"].value in CLASSES or soft:
        yield from _of_classes(profile, prediction, found["task"])
    elif found["task"].value == "regression":
        yield from _of_numbers(profile, prediction)


def _of_classes(profile: Profile, prediction: Summary, task: Known) -> Iterator[Finding]:
    rows, several = profile.rows, prediction.columns > 1
    if several and task.value == "binary_classification":
        evidence = f"The predictions have {prediction.columns} columns."
        yield fact("n_outputs", prediction.columns, "certain", evidence, rows)
    sure: Confidence = "weak" if task.confidence == "weak" or rows < FEW else "likely"
    single = prediction.zero_or_one and (not several or prediction.one_of_all == rows)
    values = set(prediction.tally or {})
    if single or (not several and values and values <= set(profile.target.tally or {})):
        message = "The predictions are classes; losses need scores or probabilities."
        yield Observation("hard_predictions", message, rows=rows)
        return
    span = f"from {prediction.least:.3g} to {prediction.greatest:.3g}"
    if not prediction.within_unit:
        evidence = f"The predictions are {span}, so they are no probabilities."
        yield fact("output", "class_scores", sure, evidence, rows)
    elif several and prediction.sums_to_one:
        evidence = f"Each row is from 0 to 1 and sums to 1 within {prediction.off_one:.2g}."
        yield fact("output", "distribution", sure, evidence, rows, off_one=prediction.off_one)
    else:
        more = " and rows do not sum to 1" if several else ""
        yield fact("output", "probability", sure, f"The predictions are {span}{more}.", rows)


def _of_numbers(profile: Profile, prediction: Summary) -> Iterator[Finding]:
    rows, columns = profile.rows, prediction.columns
    if columns == profile.target.columns:
        evidence = "A number is predicted for each target."
        yield fact("output", "continuous", "likely", evidence, rows)
    elif profile.target.columns == 1:
        several = profile.sample["prediction"]
        rising = bool((several[:, 1:] >= several[:, :-1]).all())
        value = "quantiles" if rising else "predictive_distribution"
        order = ", never falling" if rising else ""
        evidence = f"{columns} columns are predicted for one target{order}."
        yield fact("output", value, "weak", evidence, rows, columns=columns)
