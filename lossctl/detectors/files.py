"""Files of predictions and targets, opened for detectors, which do not know what is text."""

from __future__ import annotations

from collections.abc import Sequence

from lossctl.detectors.forecasts import columns_of_forecasts
from lossctl.errors import DataError, UsageError, plural
from lossctl.tables import Dataset, Reading, Role, open_tables
from lossctl.tables.numbers import MISSING_WORDS, WORD
from lossctl.tables.source import Progress

LOOK_AHEAD = 10
"""How many cells at the start of a column may be missing before it is treated as numbers."""


def open_roles(files: Sequence[str], reading: Reading, progress: Progress | None = None) -> Dataset:
    """Open files of predictions and targets; a column whose first cell is text is read as text.

    Args:
        files: the files of predictions and of targets, or one with both or with targets only.
        reading: how to read them.
        progress: called with the number of bytes that were read.

    Returns:
        The rows of both roles.

    Raises:
        UsageError: the files or columns that the user named do not fit.
        DataError: a file cannot be read, or it is not clear which columns to use.
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
    roles = [_with_type(tables, role) for role in roles if role.name in tables.columns]
    if any(role.text for role in roles):
        tables.take(roles)
    return tables


def _with_type(tables: Dataset, role: Role) -> Role:
    """Return the role, as text if its column starts with text."""
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
