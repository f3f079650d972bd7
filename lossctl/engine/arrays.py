"""Arrays of a Python program in, a number out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lossctl.block import Array, Block, Words, check_weight, count, joined
from lossctl.catalogue.definition import Choice
from lossctl.catalogue.kinds import FeaturesKind, Kind
from lossctl.catalogue.names import look_up
from lossctl.engine.computation import Computation, prepare
from lossctl.engine.fold import fold
from lossctl.errors import DataError, UsageError, plural


def compute(
    name: str,
    values: Sequence[object],
    *,
    weight: object,
    unit: object,
    like: str | None,
    options: Mapping[str, object],
) -> float | Array:
    """Compute a loss of arrays; see `lossctl.compute`."""
    loss, twin = look_up(name)
    if isinstance(loss, Choice):
        widths = {role: _width(each) for role, each in zip(loss.roles, values, strict=False)}
        loss = loss.fitting(dict.fromkeys(loss.roles, 1) | widths)
    computation = prepare(
        loss, options, like=like, twin=None if like else twin, by_unit=unit is not None
    )
    if not len(loss.roles) - len(loss.optional) <= len(values) <= len(loss.roles):
        roles = ", ".join(loss.roles)
        raise UsageError(
            f"{loss.name} takes {plural(len(loss.roles), 'array')} ({roles}), not {len(values)}"
        )
    given = dict(zip(loss.roles, values, strict=False))
    names = {role: column_names(each) for role, each in given.items()}
    if computation.whole_units:
        blocks = [_units(computation, given, weight, unit)]
    elif loss.terms.of == "role":
        blocks = _apart(computation, given, weight, unit)
    else:
        blocks = [_rows(computation, given, weight, unit)]
    (outcome,), _ = fold([computation], blocks, names=names)
    if not outcome.each:
        return float(outcome.whole.value[0])
    each = np.concatenate([each.value for each in outcome.each])
    columns = outcome.each[0].columns
    return each if columns == 1 else each.reshape(-1, columns)


def labels_or_numbers(role: str, given: object) -> Array | Words:
    """Take a list of words for labels; all else must be numbers."""
    try:
        array = np.asarray(given)
    except ValueError:  # rows of several lengths
        return _numbers(role, given)
    words = array.dtype.kind == "U" or (
        array.dtype.kind == "O" and any(isinstance(each, str) for each in array.flat)
    )
    return _labels(role, given) if words and array.ndim == 1 else _numbers(role, given)


def _width(given: object) -> int:
    """Count the columns of an array."""
    shape = np.asarray(given).shape
    return shape[1] if len(shape) > 1 else 1


def _rows(
    computation: Computation, given: Mapping[str, object], weight: object, unit: object
) -> Block:
    """Make one block of rows that line up."""
    arrays: dict[str, Any] = {
        role: _array(role, computation.kinds[role], each) for role, each in given.items()
    }
    weights = None if weight is None else _numbers("weight", weight)
    groups = None if unit is None else _words("unit", unit)
    others = {"weight": weights, "unit": groups}
    there = {name: each for name, each in others.items() if each is not None}
    rows = common_length({**arrays, **there})
    return Block(arrays, rows, weights, unit=groups)


def _apart(
    computation: Computation, given: Mapping[str, object], weight: object, unit: object
) -> list[Block]:
    """Make a block of each role, whose rows are its own."""
    weights = _of_roles("weight", weight, list(given))
    units = _of_roles("unit", unit, list(given))
    return [
        _rows(computation, {role: each}, weights[role], units[role]) for role, each in given.items()
    ]


def _of_roles(what: str, given: object, roles: Sequence[str]) -> dict[str, object]:
    """Split what is said of each role: one thing a role, in their order."""
    if given is None:
        return dict.fromkeys(roles)
    if len(roles) == 1:
        return {roles[0]: given}
    if not isinstance(given, Sequence) or len(given) != len(roles):
        raise UsageError(
            f"the rows of {' and '.join(roles)} are apart: {what} must be a list of {len(roles)}"
        )
    return dict(zip(roles, given, strict=True))


def _units(
    computation: Computation, given: Mapping[str, object], weight: object, unit: object
) -> Block:
    """Make one block of whole units: each role is a list of arrays, or one array of one unit."""
    if unit is not None:
        raise UsageError(
            f"{computation.loss.name} takes whole units, not unit=…", "give a list of arrays"
        )
    kinds = computation.kinds
    for kind in kinds.values():
        if isinstance(kind, FeaturesKind) and (kind.network or kind.layers):
            raise UsageError("network and layers are for files", "give the features themselves")
    parts = {role: _parts(role, kinds[role], each) for role, each in given.items()}
    units = common_length({role: np.empty(len(each)) for role, each in parts.items()}, "unit")
    roles = {role: _together(role, each) for role, each in parts.items()}
    lengths = {role: np.array([count(each) for each in part]) for role, part in parts.items()}
    _check_units({role: each for role, each in lengths.items() if not kinds[role].apart})
    weighing = [role for role in given if kinds[role].weighs_rows]
    row_weight = {}
    if weight is not None and weighing:
        for role, each in _of_roles("weight", weight, weighing).items():
            row_weight[role] = _numbers("weight", each)
            if len(row_weight[role]) or count(roles[role]):  # a sample may have no rows
                common_length({role: roles[role], "weight": row_weight[role]})
            check_weight(row_weight[role], f"weight of {role}")
        weight = None
    weights = None if weight is None else _numbers("weight", weight)
    if weights is not None:
        common_length({"weight": weights, "the roles": np.empty(units)}, "unit")
    check_weight(weights)
    return Block(roles, units, weights, lengths=lengths, row_weight=row_weight)


def _check_units(lengths: Mapping[str, Array]) -> None:
    """Refuse roles that should line up but have other numbers of rows in a unit."""
    for unit, counts in enumerate(zip(*lengths.values(), strict=True)):
        if len(set(counts)) > 1:
            said = ", ".join(
                f"{role} has {plural(int(count), 'row')}"
                for role, count in zip(lengths, counts, strict=True)
            )
            raise DataError(
                f"the arrays do not fit in unit {unit}: {said}", "arrays are never broadcast"
            )


def _parts(role: str, kind: Kind, given: object) -> list[Array | Words]:
    """Split a role into its units."""
    if isinstance(given, list | tuple) and not len(given):
        raise DataError(f"{role} has no units")
    if kind.gathers == "images":
        if isinstance(given, list | tuple) and np.ndim(given[0]) > 1:
            images: list[Array | Words] = [_numbers(role, each, most=3) for each in given]
        else:
            stack = _numbers(role, given, most=4)
            images = list(stack) if stack.ndim > 2 else [stack]
        sizes = [each.size for each in images if isinstance(each, np.ndarray)]
        if not sizes or 0 in sizes:
            raise DataError(f"{role} has no pixels")
        return images
    if isinstance(given, list | tuple) and given and np.ndim(given[0]):
        return [_array(role, kind, each) for each in given]
    return [_array(role, kind, given)]


def _together(role: str, parts: Sequence[Array | Words]) -> Array | Words:
    # An empty list has no type: it may stand among words as well as among numbers.
    parts = [part for part in parts if count(part)] or parts[:1]
    if isinstance(parts[0], Words):
        return joined([part for part in parts if isinstance(part, Words)])
    arrays = [part for part in parts if not isinstance(part, Words)]
    shapes = {part.shape[1:] for part in arrays if len(part)} or {arrays[0].shape[1:]}
    if len(shapes) > 1:
        raise DataError(f"the units of {role} have different numbers of columns")
    (shape,) = shapes
    return np.concatenate([part.reshape(-1, *shape) for part in arrays])


def _array(role: str, kind: Kind, given: object) -> Array | Words:
    return _labels(role, given) if kind.text else _numbers(role, given)


def column_names(given: object) -> tuple[str, ...]:
    """Return the names of a frame's columns; the places that stand where it has none are none."""
    if isinstance(given, list | tuple) and given:
        given = given[0]  # units have the same columns
    columns = list(getattr(given, "columns", ()))
    return () if columns == list(range(len(columns))) else tuple(map(str, columns))


def _refuse_masked(role: str, given: object) -> None:
    if isinstance(given, np.ma.MaskedArray) and np.ma.is_masked(given):
        raise DataError(f"{role} has masked values", "take them out, or give them weight 0")


def _numbers(role: str, given: object, most: int = 2) -> Array:
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
    if not 1 <= array.ndim <= most:
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
    return _words(role, given)


def _words(role: str, given: object) -> Words:
    array = np.asarray(given)
    if array.ndim != 1:
        raise DataError(f"{role} has {array.ndim} dimensions", "give one label a row")
    # Beside words numpy writes what is no number as the word nan.
    for row, each in enumerate(np.asarray(given, dtype=object) if array.dtype.kind in "OU" else ()):
        if not isinstance(each, str) and _missing(each):
            raise DataError(f"{role}[{row}]: {each} is no label", "take out rows without a label")
    words, codes = np.unique(array.astype(str), return_inverse=True)
    return Words(codes.astype(np.intp), tuple(words.tolist()))


def _missing(each: object) -> bool:
    """Tell whether something stands for nothing: None, not a number, or what pandas has for it."""
    if each is None or type(each).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(each, float | np.floating) and bool(np.isnan(each))


def common_length(arrays: Mapping[str, Any], noun: str = "row") -> int:
    """Count the rows that all arrays have.

    Raises:
        DataError: they have different numbers of rows, or none.
    """
    lengths = {role: count(array) for role, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{role} has {plural(length, noun)}" for role, length in lengths.items())
        raise DataError(f"the arrays do not fit: {said}", "arrays are never broadcast")
    (rows,) = set(lengths.values())
    if rows == 0:
        raise DataError(f"the arrays have no {noun}s")
    return rows
