"""Losses of arrays in a Python program, and the arrays that it may give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lossctl.block import Array, Block, Words, check_weight, count, joined
from lossctl.catalogue.definition import Choice
from lossctl.catalogue.kinds import FeaturesKind, Kind
from lossctl.catalogue.names import look_up
from lossctl.engine.computation import Computation, prepare
from lossctl.engine.conversion import (
    EQUAL_LENGTH,
    IMAGE,
    STACK,
    column_names,
    common_length,
    to_array,
    to_numbers,
    to_words,
)
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
        widths = {role: _width(array) for role, array in zip(loss.roles, values, strict=False)}
        loss = loss.fitting(dict.fromkeys(loss.roles, 1) | widths)
    computation = prepare(
        loss, options, like=like, twin=None if like else twin, by_unit=unit is not None
    )
    if not len(loss.roles) - len(loss.optional) <= len(values) <= len(loss.roles):
        roles = ", ".join(loss.roles)
        raise UsageError(
            f"{loss.name} takes {plural(len(loss.roles), 'array')} ({roles}), not {len(values)}"
        )
    arrays = dict(zip(loss.roles, values, strict=False))
    names = {role: column_names(array) for role, array in arrays.items()}
    if computation.whole_units:
        blocks = [_block_of_units(computation, arrays, weight, unit)]
    elif loss.terms.of == "role":
        blocks = _blocks_of_roles(computation, arrays, weight, unit)
    else:
        blocks = [_block_of_rows(computation, arrays, weight, unit)]
    (outcome,), _ = fold([computation], blocks, names=names)
    if not outcome.unit_values:
        return float(outcome.whole.value[0])
    numbers = np.concatenate([values.value for values in outcome.unit_values])
    columns = outcome.unit_values[0].columns
    return numbers if columns == 1 else numbers.reshape(-1, columns)


def _width(array: object) -> int:
    """Count the columns of an array."""
    shape = np.asarray(array).shape
    return shape[1] if len(shape) > 1 else 1


def _block_of_rows(
    computation: Computation, values: Mapping[str, object], weight: object, unit: object
) -> Block:
    """Make one block of rows that line up."""
    arrays: dict[str, Any] = {
        role: to_array(role, computation.kinds[role], of_role) for role, of_role in values.items()
    }
    weights = None if weight is None else to_numbers("weight", weight)
    units = None if unit is None else to_words("unit", unit)
    beside = {"weight": weights, "unit": units}
    rows = common_length(
        {**arrays, **{name: array for name, array in beside.items() if array is not None}}
    )
    return Block(arrays, rows, weights, unit=units)


def _blocks_of_roles(
    computation: Computation, values: Mapping[str, object], weight: object, unit: object
) -> list[Block]:
    """Make a block for each role; their rows do not line up."""
    weights = _by_role("weight", weight, list(values))
    units = _by_role("unit", unit, list(values))
    return [
        _block_of_rows(computation, {role: of_role}, weights[role], units[role])
        for role, of_role in values.items()
    ]


def _by_role(name: str, values: object, roles: Sequence[str]) -> dict[str, object]:
    """Split an argument that has one array per role, in their order."""
    if values is None:
        return dict.fromkeys(roles)
    if len(roles) == 1:
        return {roles[0]: values}
    if not isinstance(values, Sequence) or len(values) != len(roles):
        raise UsageError(
            f"the rows of {' and '.join(roles)} do not line up, so {name} must be a list of "
            f"{len(roles)} arrays"
        )
    return dict(zip(roles, values, strict=True))


def _block_of_units(
    computation: Computation, values: Mapping[str, object], weight: object, unit: object
) -> Block:
    """Make one block of whole units: each role is a list of arrays, or the array of one unit."""
    if unit is not None:
        raise UsageError(
            f"{computation.loss.name} takes whole units, so unit=… does not apply",
            "give a list of arrays, one per unit",
        )
    kinds = computation.kinds
    for kind in kinds.values():
        if isinstance(kind, FeaturesKind) and (kind.network or kind.layers):
            raise UsageError("network and layers apply to files only", "give arrays of features")
    parts = {role: _split(role, kinds[role], of_role) for role, of_role in values.items()}
    units = common_length({role: np.empty(len(part)) for role, part in parts.items()}, "unit")
    roles = {role: _concatenated(role, part) for role, part in parts.items()}
    lengths = {role: np.array([count(of_unit) for of_unit in part]) for role, part in parts.items()}
    _check_lengths({role: counts for role, counts in lengths.items() if not kinds[role].apart})
    with_row_weights = [role for role in values if kinds[role].weighs_rows]
    row_weight = {}
    if weight is not None and with_row_weights:
        for role, of_role in _by_role("weight", weight, with_row_weights).items():
            row_weight[role] = to_numbers("weight", of_role)
            if len(row_weight[role]) or count(roles[role]):  # a sample may have no rows
                common_length({role: roles[role], "weight": row_weight[role]})
            check_weight(row_weight[role], role)
        weight = None
    weights = None if weight is None else to_numbers("weight", weight)
    if weights is not None:
        common_length({"weight": weights, "each role": np.empty(units)}, "unit")
    check_weight(weights)
    return Block(roles, units, weights, lengths=lengths, row_weight=row_weight)


def _check_lengths(lengths: Mapping[str, Array]) -> None:
    """Refuse units in which roles that line up have different numbers of rows."""
    for unit, counts in enumerate(zip(*lengths.values(), strict=True)):
        if len(set(counts)) > 1:
            rows = ", ".join(
                f"{role} has {plural(int(count), 'row')}"
                for role, count in zip(lengths, counts, strict=True)
            )
            raise DataError(f"the arrays of unit {unit} do not match: {rows}", EQUAL_LENGTH)


def _split(role: str, kind: Kind, values: object) -> list[Array | Words]:
    """Split a role into its units."""
    if isinstance(values, list | tuple) and not len(values):
        raise DataError(f"{role} has no units")
    if kind.gathers == "images":
        if isinstance(values, list | tuple) and np.ndim(values[0]) > 1:
            images: list[Array | Words] = [to_numbers(role, image, IMAGE) for image in values]
        else:
            stack = to_numbers(role, values, STACK)
            images = list(stack) if stack.ndim > 2 else [stack]
        sizes = [image.size for image in images if isinstance(image, np.ndarray)]
        if not sizes or 0 in sizes:
            raise DataError(f"{role} has no pixels")
        return images
    if isinstance(values, list | tuple) and values and np.ndim(values[0]):
        return [to_array(role, kind, of_unit) for of_unit in values]
    return [to_array(role, kind, values)]


def _concatenated(role: str, parts: Sequence[Array | Words]) -> Array | Words:
    # An empty list has no type, so it fits words as well as numbers.
    parts = [part for part in parts if count(part)] or parts[:1]
    if isinstance(parts[0], Words):
        return joined([part for part in parts if isinstance(part, Words)])
    arrays = [part for part in parts if not isinstance(part, Words)]
    shapes = {part.shape[1:] for part in arrays if len(part)} or {arrays[0].shape[1:]}
    if len(shapes) > 1:
        raise DataError(f"the units of {role} have different numbers of columns")
    (shape,) = shapes
    return np.concatenate([part.reshape(-1, *shape) for part in arrays])
