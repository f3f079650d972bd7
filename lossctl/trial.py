"""Whether a loss takes data as they are: it is computed of the first of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from lossctl.catalogue import look_up
from lossctl.errors import LossctlError
from lossctl.fold import fold
from lossctl.plan import Plan, Wish
from lossctl.tables import Reading, open_tables


def readable_again(files: Sequence[str]) -> bool:
    """Tell whether files can be read more than once, as pipes cannot."""
    return all(name != "-" and (Path(name).is_file() or Path(name).is_dir()) for name in files)


def refusal(name: str, options: Mapping[str, Any], files: Sequence[str], reading: Reading) -> str:
    """Say why a loss does not take files as they are; nothing where it does.

    Args:
        name: the loss.
        options: its options.
        files: a file for each of its roles, or one for all.
        reading: how they are read.
    """
    try:
        plan = Plan([Wish(*look_up(name), options)], {}, by_unit=reading.unit is not None)
        computations = plan.computations()
        with open_tables(files, plan.roles(computations), reading) as tables:
            first = islice(tables.blocks(), 1)  # the rest is written as its beginning is
            fold(computations, first, names=tables.columns, place=tables.place)
    except LossctlError as error:
        return error.message
    return ""
