"""Facts read off the data: what targets are, what the model puts out, how the errors are spread.

A detector is a function of what was seen of the data and of the facts that were found before it; it
yields facts and remarks. Blocks pass once, and what is kept of them is bounded (`seen.py`).
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
from lossctl.engine.arrays import column_names, common_length, labels_or_numbers
from lossctl.facts.vocabulary import Known
from lossctl.tables import Reading
from lossctl.tables.source import Progress

__all__ = [
    "Findings",
    "Gap",
    "Names",
    "Remark",
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
"""In this order: each may rest on what those before it found."""


def detect(blocks: Iterable[Block], names: Names) -> Findings:
    """Find what can be said of data.

    Args:
        blocks: rows of `target` and, where there are any, `prediction`: `(rows,)` or
            `(rows, columns)` of numbers, or words.
        names: what the columns are called.

    Raises:
        DataError: a number is not finite, or there is no row.
    """
    return _found(_observed(blocks, names))


def detect_arrays(target: object, prediction: object) -> Findings:
    """Find what arrays tell of the problem; see `lossctl.inspect`."""
    given = {} if prediction is None else {"prediction": prediction}
    given["target"] = target
    roles = {role: labels_or_numbers(role, array) for role, array in given.items()}
    names = {role: column_names(array) for role, array in given.items()}
    return detect([Block(roles, common_length(roles))], Names(names))


def detect_files(
    files: Sequence[str], reading: Reading, progress: Progress | None = None
) -> Findings:
    """Find what can be said of the data in files.

    Args:
        files: the file of predictions and that of targets, or one with both or with targets only.
        reading: what the user said about how to read, the columns of the roles included.
        progress: is told the number of bytes that were read.

    Raises:
        UsageError: the files or columns that were named do not fit.
        DataError: a file cannot be read, or it is not clear what its columns are.
    """
    return _found(_observed_files(files, reading, progress))


def compare_files(
    train: Sequence[str],
    validation: Sequence[str],
    reading: Reading,
    progress: Progress | None = None,
) -> GeneralisationGap:
    """Compare the losses of rows that a model has learned from and of others.

    Args:
        train: the file of predictions and that of targets, or one with both.
        validation: the same of other rows.
        reading: what the user said about how to read.
        progress: is told the number of bytes that were read.

    Raises:
        UsageError: the files or columns that were named do not fit.
        DataError: a file cannot be read, or the two have no loss in common.
    """
    sides = [_observed_files(files, reading, progress) for files in (train, validation)]
    known, new = ((profile, _found(profile)) for profile in sides)
    return compare(known, new)


def _observed(blocks: Iterable[Block], names: Names) -> Profile:
    profile = Profile(names)
    for block in blocks:
        profile.add(block)
    return profile


def _observed_files(files: Sequence[str], reading: Reading, progress: Progress | None) -> Profile:
    with open_roles(files, reading, progress) as tables:
        profile = _observed(tables.blocks(), Names(tables.columns, tables.images))
        profile.notes = tables.notes
    return profile


def _found(profile: Profile) -> Findings:
    found: dict[str, Known] = {}
    findings: list[Finding] = [
        Observation(each.kind, each.message, rows=each.count) for each in profile.notes
    ]
    for detector in DETECTORS:
        new = list(detector(profile, found))
        findings += new
        found |= {each.name: each for each in new if isinstance(each, Known)}
    return Findings.of(findings, profile.rows)
