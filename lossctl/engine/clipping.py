"""Options that clip the values of a role, and the notes on how many rows were affected."""

from __future__ import annotations

from dataclasses import dataclass

from lossctl.block import Array, Mask
from lossctl.errors import plural
from lossctl.lazy import np
from lossctl.report import Note


@dataclass(frozen=True)
class Clipping:
    """An option that replaces the small values of a role by a limit.

    `how` is "clipped" (to [limit, 1 - limit]), "raised" (to the limit) or "near_zero" (values
    closer to 0 than the limit are replaced by it).
    """

    option: str
    role: str
    how: str
    limit: float

    def rows(self, array: Array) -> Mask:
        """Mark the rows in which a value is replaced."""
        if self.how == "near_zero":
            replaced = np.abs(array) < self.limit
        else:
            top = 1 - self.limit if self.how == "clipped" else np.inf
            if array.min() >= self.limit and array.max() <= top:
                return np.zeros(1, dtype=bool)
            replaced = (array < self.limit) | (array > top)
        return np.logical_or.reduce(replaced.reshape(len(replaced), -1), axis=1)

    def note(self, count: int, loss: str) -> Note:
        """Return the note on the number of rows in which a value was replaced."""
        rows = f"{loss}: {plural(count, 'row')} of {self.role}"
        effect = {
            "clipped": f"clipped to [{self.limit:.3g}, 1 - {self.limit:.3g}]",
            "raised": f"raised to {self.limit:.3g}",
            "near_zero": f"closer to 0 than {self.limit:.3g} and replaced by it",
        }[self.how]
        return Note(self.how, count, f"{rows} {effect} ({self.option})")
