"""Facts inferred from data: what the targets are, what the model outputs, how errors are spread.

A detector is a function of a profile of the data and of the facts that earlier detectors found; it
yields facts and observations. The data are read once, and the profile has a bounded size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from lossctl.block import Block
from lossctl.detectors import (
    boxes,
    classes,
    counts,
    entries,
    forecasts,
    outputs,
    probabilities,
    residuals,
    scale,
    targets,
)
from lossctl.detectors.files import open_roles
from lossctl.detectors.findings import Finding, Findings, Observation
from lossctl.detectors.overfitting import GeneralisationGap, compare
from lossctl.detectors.profile import Names, Profile
from lossctl.engine.conversion import column_names, common_length, labels_or_numbers
from lossctl.facts.vocabulary import Known
from lossctl.tables import Reading
from lossctl.tables.source import Progress

__all__ = [
    "Findings",
    "GeneralisationGap",
    "Names",
    "Observation",
    "compare_files",
    "detect",
    "detect_arrays",
    "detect_files",
]

Detector = Callable[[Profile, Mapping[str, Known]], Iterator[Finding]]

DETECTORS: Sequence[Detector] = (
    boxes.detect,
    forecasts.detect,
    targets.detect,
    classes.detect,
    scale.detect,
    counts.detect,
    outputs.detect,
    residuals.detect,
    probabilities.detect,
    entries.detect,
)
"""In this order, because a detector may use the facts of earlier ones."""


def detect(blocks: Iterable[Block], names: Names) -> Findings:
    """Infer facts from data.

    Args:
        blocks: rows of `target` and, if there are any, `prediction`: `(rows,)` or `(rows, columns)`
            of numbers, or words.
        names: the names of the columns.

    Returns:
        The facts and observations.

    Raises:
        DataError: a number is not finite, or there are no rows.
    """
    return _findings(_profile(blocks, names))


def detect_arrays(target: object, prediction: object) -> Findings:
    """Infer facts from arrays; see `lossctl.inspect`."""
    arrays = {} if prediction is None else {"prediction": prediction}
    arrays["target"] = target
    roles = {role: labels_or_numbers(role, array) for role, array in arrays.items()}
    names = {role: column_names(array) for role, array in arrays.items()}
    return detect([Block(roles, common_length(roles))], Names(names))


def detect_files(
    files: Sequence[str], reading: Reading, progress: Progress | None = None
) -> Findings:
    """Infer facts from files.

    Args:
        files: the files of predictions and of targets, or one with both or with targets only.
        reading: how to read them, including the columns of the roles.
        progress: called with the number of bytes that were read.

    Returns:
        The facts and observations.

    Raises:
        UsageError: the files or columns that the user named do not fit.
        DataError: a file cannot be read, or it is not clear which columns to use.
    """
    return _findings(_profile_files(files, reading, progress))


def compare_files(
    train: Sequence[str],
    validation: Sequence[str],
    reading: Reading,
    progress: Progress | None = None,
) -> GeneralisationGap:
    """Compare the losses on training and validation data.

    Args:
        train: the files of predictions and of targets for the training data, or one with both.
        validation: the same for the validation data.
        reading: how to read them.
        progress: called with the number of bytes that were read.

    Returns:
        The mean losses, and how they differ.

    Raises:
        UsageError: the files or columns that the user named do not fit.
        DataError: a file cannot be read, or the two have no loss in common.
    """
    profiles = [_profile_files(files, reading, progress) for files in (train, validation)]
    training, validating = ((profile, _findings(profile)) for profile in profiles)
    return compare(training, validating)


def _profile(blocks: Iterable[Block], names: Names) -> Profile:
    profile = Profile(names)
    for block in blocks:
        profile.add(block)
    return profile


def _profile_files(files: Sequence[str], reading: Reading, progress: Progress | None) -> Profile:
    with open_roles(files, reading, progress) as tables:
        profile = _profile(tables.blocks(), Names(tables.columns, tables.images))
        profile.notes = tables.notes
    return profile


def _findings(profile: Profile) -> Findings:
    facts: dict[str, Known] = {}
    findings: list[Finding] = [
        Observation(note.kind, note.message, rows=note.count) for note in profile.notes
    ]
    for detector in DETECTORS:
        new = list(detector(profile, facts))
        findings += new
        facts |= {finding.name: finding for finding in new if isinstance(finding, Known)}
    return Findings.of(findings, profile.rows)
