"""Whether a loss accepts data as they are: it is computed for the first rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from lossctl.advice.answer import Trial
from lossctl.advice.rules import LossCard
from lossctl.catalogue.names import look_up
from lossctl.engine.arrays import compute
from lossctl.engine.fold import fold
from lossctl.engine.plan import Plan, Wish
from lossctl.errors import LossctlError
from lossctl.tables import Reading, open_tables

FIRST = 65_536
"""Rows of arrays for which a loss is computed."""


def of_files(files: Sequence[str], reading_of: Callable[[Sequence[str]], Reading]) -> Trial | None:
    """Return a trial of whether a loss accepts files; None if they can be read only once.

    Args:
        files: a file for each role, or one for all.
        reading_of: returns how they are read, for the names of the roles.
    """
    if not all(name != "-" and (Path(name).is_file() or Path(name).is_dir()) for name in files):
        return None

    def trial(card: LossCard, options: Mapping[str, Any]) -> str:
        try:
            reading = reading_of(card.roles)
            plan = Plan([Wish(*look_up(card.loss), options)], {}, by_unit=reading.unit is not None)
            computations = plan.computations()
            with open_tables(files, plan.roles(computations), reading) as tables:
                first = islice(tables.blocks(), 1)  # the rest has the same form
                fold(computations, first, names=tables.columns, place=tables.place)
        except LossctlError as error:
            return error.message
        return ""

    return trial


def of_arrays(target: Any, prediction: Any) -> Trial:  # noqa: ANN401
    """Return a trial of whether a loss accepts the first rows of predictions and targets."""

    def trial(card: LossCard, options: Mapping[str, Any]) -> str | None:
        if prediction is None or card.roles != ("prediction", "target"):
            return None
        first = [_first(prediction), _first(target)]
        try:
            compute(card.loss, first, weight=None, unit=None, like=None, options=options)
        except LossctlError as error:
            return error.message
        return ""

    return trial


def _first(array: Any) -> Any:  # noqa: ANN401
    """Return the first rows, also of a sequence that cannot be sliced."""
    try:
        return array[:FIRST]
    except TypeError:
        return np.asarray(array)[:FIRST]
