"""The arrays of a block validated for the roles of losses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lossctl.block import Block
from lossctl.catalogue.kinds import Kind, Partners, Validated
from lossctl.catalogue.options import flag, is_on
from lossctl.engine.computation import Computation
from lossctl.errors import DataError, OutOfDomain, plural


@dataclass(frozen=True)
class Validation:
    """Validates each array of a block once per kind, however many losses share it."""

    block: Block
    names: Mapping[str, tuple[str, ...]]
    validated: dict[tuple[str, Kind], Validated] = field(default_factory=dict)

    def arrays(self, computation: Computation) -> dict[str, Validated]:
        """Validate the arrays of those roles of a computation that the block has."""
        partners = Partners()
        validated: dict[str, Validated] = {}
        kinds = {role: kind for role, kind in computation.kinds.items() if role in self.block.roles}
        # Labels are matched to the classes of another role, so they come last.
        for role, kind in sorted(kinds.items(), key=lambda item: item[1].text):
            try:
                validated[role] = self._validate(role, kind, partners)
            except OutOfDomain as error:
                raise _with_option_hint(error, computation) from None
            array = validated[role].array
            if not kind.text and array.ndim == 2:
                partners = Partners(array.shape[1], self.names.get(role, ()))
        _check_shapes(validated, computation)
        return {role: validated[role] for role in kinds}

    def _validate(self, role: str, kind: Kind, partners: Partners) -> Validated:
        key = role, kind
        if key not in self.validated:
            array = self.block.roles[role]
            self.validated[key] = kind.validate(role, array, partners)
        return self.validated[key]


def _with_option_hint(error: OutOfDomain, computation: Computation) -> OutOfDomain:
    """Suggest the option, if there is one, that changes which values the role accepts."""
    for setting in computation.loss.settings.values():
        if error.role in setting.option.turns and not is_on(computation.options[setting.name]):
            choices = "|".join(setting.choices) or setting.name.upper()
            value = True if setting.type is bool else choices
            return error.advised(f"{flag(setting.name, value)}: {setting.option.help}")
    return error


def _check_shapes(validated: Mapping[str, Validated], computation: Computation) -> None:
    shapes = {
        role: of_role.array.shape[1:] or (1,)
        for role, of_role in validated.items()
        if computation.kinds[role].wide and len(of_role.array)
    }
    if len(set(shapes.values())) > 1:
        widths = ", ".join(
            f"{role} has {plural(width, 'column')}{_channels(channels)}"
            for role, (width, *channels) in shapes.items()
        )
        images = any(computation.kinds[role].gathers == "images" for role in shapes)
        raise DataError(
            f"the shapes do not match: {widths}",
            "give images of the same size and number of channels"
            if images
            else f"choose the same number of columns for each: --columns {next(iter(shapes))}=A+B",
        )


def _channels(channels: Sequence[int]) -> str:
    return f" of {plural(channels[0], 'channel')}" if channels else ""
