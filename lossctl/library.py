"""Arrays of a Python program in, a number out: `lossctl.compute` behind its thin door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lossctl.block import Array, Block, Words
from lossctl.catalogue import find
from lossctl.computation import prepare
from lossctl.errors import DataError, UsageError, plural
from lossctl.fold import fold


def compute(
    name: str,
    values: Sequence[object],
    *,
    weight: object,
    like: str | None,
    options: Mapping[str, object],
) -> float | Array:
    """Compute a loss of arrays; see `lossctl.compute`."""
    loss, twin = find(name)
    computation = prepare(loss, options, like=like, twin=None if like else twin)
    if len(values) != len(loss.roles):
        roles = ", ".join(loss.roles)
        raise UsageError(
            f"{loss.name} takes {plural(len(loss.roles), 'array')} ({roles}), not {len(values)}"
        )
    arrays = {
        role: _labels(role, given) if kind.text else _numbers(role, given)
        for (role, kind), given in zip(computation.kinds.items(), values, strict=True)
    }
    weights = None if weight is None else _numbers("weight", weight)
    rows = _common_length({**arrays, "weight": weights} if weights is not None else arrays)
    names = {role: _names(given) for role, given in zip(arrays, values, strict=True)}
    (outcome,), _ = fold([computation], [Block(arrays, rows, weights)], names=names)
    each = outcome.each
    if each is None:
        return float(outcome.whole.value[0])
    return each.value if each.columns == 1 else each.value.reshape(rows, each.columns)


def _names(given: object) -> tuple[str, ...]:
    """Return the names of a frame's columns; the places that stand where it has none are none."""
    columns = list(getattr(given, "columns", ()))
    return () if columns == list(range(len(columns))) else tuple(map(str, columns))


def _refuse_masked(role: str, given: object) -> None:
    if isinstance(given, np.ma.MaskedArray) and np.ma.is_masked(given):
        raise DataError(f"{role} has masked values", "take them out, or give them weight 0")


def _numbers(role: str, given: object) -> Array:
    _refuse_masked(role, given)
    try:
        array = np.asarray(given)
        if array.dtype.kind not in "fiubO":
            raise DataError(f"{role} holds {array.dtype} where numbers are needed")
        if array.dtype.kind == "O" and any(isinstance(each, str | bytes) for each in array.flat):
            raise DataError(f"{role} holds text where numbers are needed")
        numbers = np.ascontiguousarray(array, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(f"{role} holds something that is not a number: {error}") from None
    if array.ndim not in (1, 2):
        raise DataError(f"{role} has {array.ndim} dimensions", "give (rows,) or (rows, columns)")
    if array.ndim == 2 and array.shape[1] == 0:
        raise DataError(f"{role} has no columns")
    if role == "weight" and array.ndim == 2:
        raise DataError("weight has 2 dimensions", "give one number a row")
    return numbers


def _labels(role: str, given: object) -> Array | Words:
    _refuse_masked(role, given)
    array = np.asarray(given)
    if array.dtype.kind in "fiub":
        return _numbers(role, array)
    if array.ndim != 1:
        raise DataError(f"{role} has {array.ndim} dimensions", "give one label a row")
    words, codes = np.unique(array.astype(str), return_inverse=True)
    return Words(codes.astype(np.intp), tuple(words.tolist()))


def _common_length(arrays: Mapping[str, Any]) -> int:
    lengths = {
        role: len(array.codes if isinstance(array, Words) else array)
        for role, array in arrays.items()
    }
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{role} has {plural(length, 'row')}" for role, length in lengths.items())
        raise DataError(f"the arrays do not fit: {said}", "arrays are never broadcast")
    (rows,) = set(lengths.values())
    if rows == 0:
        raise DataError("the arrays have no rows")
    return rows
