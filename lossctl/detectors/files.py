"""Files of predictions and targets, opened for detectors: it is found out what is text."""

from __future__ import annotations

from collections.abc import Sequence

from lossctl.detectors.forecasts import columns_of_forecasts
from lossctl.errors import DataError, UsageError, plural
from lossctl.tables import Dataset, Reading, Role, open_tables
from lossctl.tables.numbers import MISSING_WORDS, WORD
from lossctl.tables.source import Progress

LOOK_AHEAD = 10
"""So many first cells may be empty before the column is taken for numbers."""


def open_roles(files: Sequence[str], reading: Reading, progress: Progress | None = None) -> Dataset:
    """Open files of predictions and targets; a column whose first cell is a word is one of words.

    Raises:
        UsageError: the files or columns that were named do not fit.
        DataError: a file cannot be read, or it is not clear what its columns are.
    """
    if not 1 <= len(files) <= 2:
        raise UsageError(
            f"{plural(len(files), 'file')} for predictions and targets",
            "give the predictions, then the targets; or one file with both, or with targets only",
        )
    alone = len(files) == 1 and "prediction" not in reading.columns
    roles = [
        Role("prediction", wide=True, optional=alone, together=columns_of_forecasts),
        Role("target", wide=True),
    ]
    tables = open_tables(files, roles, reading, progress)
    roles = [_worded(tables, role) for role in roles if role.name in tables.columns]
    if any(role.text for role in roles):
        tables.take(roles)
    return tables


def _worded(tables: Dataset, role: Role) -> Role:
    """Return the role as one of words, where its column starts with one."""
    if tables.images or tables.widths[role.name] > 1:
        return role
    for row in range(LOOK_AHEAD):
        try:
            _, cell = tables.place(role.name, row)
        except DataError:  # there are no more rows
            return role
        if cell not in MISSING_WORDS:
            return Role(role.name, text=True) if WORD.match(cell) else role
    return role
