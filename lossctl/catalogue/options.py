"""An option of a loss: what its signature says about it, and the one check of its values.

The command line and the library both get their options from here, so a value out of range gives the
same message in both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

from lossctl.errors import UsageError, plural, quote
from lossctl.grammar import NUMBER

Value: TypeAlias = bool | int | float | str | None


@dataclass(frozen=True)
class Interval:
    """A range of real numbers, with open or closed ends.

    `also` holds single numbers that are legal outside the range of an option.

    >>> str(Interval(at_least=0, below=1)), 1.0 in Interval(at_least=0, below=1)
    ('at least 0 and below 1', False)
    """

    at_least: float = -math.inf
    at_most: float = math.inf
    above: float = -math.inf
    below: float = math.inf
    also: tuple[float, ...] = ()

    def __contains__(self, number: float) -> bool:
        """Tell whether a finite number lies in the range."""
        return -math.inf < number < math.inf and (
            (self.at_least <= number <= self.at_most and self.above < number < self.below)
            or number in self.also
        )

    def __str__(self) -> str:
        """Describe the range in words."""
        return " or ".join([self._range(), *(f"{number:g}" for number in self.also)])

    def _range(self) -> str:
        if math.isfinite(self.at_least) and math.isfinite(self.at_most):
            return f"between {self.at_least:g} and {self.at_most:g}"
        ends = {
            "above": self.above,
            "at least": self.at_least,
            "below": self.below,
            "at most": self.at_most,
        }
        limits = [f"{word} {end:g}" for word, end in ends.items() if math.isfinite(end)]
        return " and ".join(limits) or "any finite number"

    def of(self, noun: str) -> str:
        """Describe a number in this range.

        >>> Interval(at_least=1).of("an integer"), Interval(above=0).of("a number")
        ('an integer of at least 1', 'a number above 0')
        """
        limits = str(self)
        if limits == "any finite number":
            return noun
        return f"{noun} of {limits}" if limits.startswith("at ") else f"{noun} {limits}"


REAL = Interval()


@dataclass(frozen=True)
class Option:
    """What a signature cannot say about an option: its meaning, its range, its effect on roles.

    Args:
        help: a few words, for `--help` and `show`.
        within: the legal numbers.
        turns: the kind that a role has instead when this option is on.
        clips: what the option does to small values of a role: they are "clipped" into
            [value, 1 - value], "raised" to the value, or, when "near_zero", replaced by it. A note
            counts the rows affected.
        beyond: for a threshold of residuals, what the loss is beyond it; a note says so if nearly
            all residuals are larger.
    """

    help: str
    within: Interval = REAL
    turns: Mapping[str, Any] = field(default_factory=dict)
    clips: Mapping[str, Literal["clipped", "raised", "near_zero"]] = field(default_factory=dict)
    beyond: str = ""


def is_on(value: Value) -> bool:
    """Tell whether an option takes effect: a switch that is on, or any value that is set."""
    return value is not None and value is not False


@dataclass(frozen=True)
class Setting:
    """One option as its owner declares it: name, type, default, and the `Option`."""

    name: str
    type: type
    default: Value
    option: Option
    choices: tuple[str, ...] = ()
    optional: bool = False

    @property
    def flag(self) -> str:
        """The option as typed on the command line."""
        return "--" + self.name.replace("_", "-")

    @property
    def range(self) -> str:
        """The legal values in words."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        if self.type is bool:
            return "on or off"
        if self.type is str:
            return "text"
        return self.option.within.of("an integer" if self.type is int else "a number")

    def checked(self, value: object) -> Value:
        """Return the value, converted to the option's type.

        Raises:
            UsageError: it is of another type or out of range.
        """
        if value is None and self.optional:
            return None
        integer = hasattr(value, "__index__") and not isinstance(value, bool)
        if self.type is str and (isinstance(value, str) or integer):
            if self.choices and value not in self.choices:
                raise UsageError.unknown("value", str(value), self.choices, self.name)
            return str(value)
        if self.type is bool and (isinstance(value, bool) or _is_numpy_bool(value)):
            return bool(value)
        number = self._number(value)
        if number is None or number not in self.option.within:
            text = repr(float(value)) if isinstance(value, float) else str(value)
            text = text.removesuffix(".0") if self.type is float else text
            raise UsageError(f"{self.name} must be {self.range}, not {quote(text)}")
        return number

    def parsed(self, text: str) -> Value:
        """Read the value from text.

        Raises:
            UsageError: the text is no legal value.
        """
        if self.optional and text.lower() == "none":
            return None
        if self.type is bool:
            if text.lower() not in SWITCH:
                raise UsageError(f"{self.name} must be on or off, not {quote(text)}")
            return SWITCH[text.lower()]
        if self.type is str:
            return self.checked(text)
        try:
            if NUMBER.fullmatch(text):
                return self.checked(self.type(text))
        except ValueError:  # not an integer
            pass
        raise UsageError(f"{self.name} must be {self.range}, not {quote(text)}")

    def _number(self, value: object) -> int | float | None:
        if isinstance(value, bool) or self.type not in (int, float):
            return None
        if self.type is int:
            return int(value) if hasattr(value, "__index__") else None
        try:
            return float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError, OverflowError):
            return None


def _is_numpy_bool(value: object) -> bool:
    return str(getattr(value, "dtype", "")) == "bool" and getattr(value, "ndim", 1) == 0


SWITCH = {"true": True, "on": True, "yes": True, "false": False, "off": False, "no": False}


def flag(name: str, value: Value) -> str:
    """Write an option as typed on the command line: `--delta 1.5`, `--no-half`."""
    typed = name.replace("_", "-")
    if isinstance(value, bool):
        return f"--{typed}" if value else f"--no-{typed}"
    return f"--{typed} {'none' if value is None else value}"


def setting(name: str, annotation: object, default: object) -> Setting | None:
    """Read one annotated parameter or field; None if it has no `Option`.

    >>> setting("delta", Annotated[float, Option("x", Interval(above=0))], 1.0).range
    'a number above 0'
    """
    if get_origin(annotation) is not Annotated:
        return None
    inner, *marks = get_args(annotation)
    option = next((mark for mark in marks if isinstance(mark, Option)), None)
    if option is None:
        return None
    parts = get_args(inner) if get_origin(inner) in (Union, UnionType) else (inner,)
    (base,) = (part for part in parts if part is not NoneType)
    choices = get_args(base) if get_origin(base) is Literal else ()
    kind = str if choices else base
    return Setting(name, kind, default, option, choices, optional=NoneType in parts)  # type: ignore[arg-type]


def numbers(
    option: str, text: str, count: int, *, zero: bool = True, of: str = "class"
) -> list[float]:
    """Read an option that holds one number per class, or per column.

    Args:
        option: the name of the option.
        text: the numbers, separated by commas.
        count: how many there must be.
        zero: whether some of them, but not all, may be 0.
        of: what there is one number for.

    Raises:
        UsageError: these are not such numbers, or not as many as there must be.

    >>> numbers("class_weights", "1, 2.5", 2)
    [1.0, 2.5]
    """
    words = [word.strip() for word in text.split(",")]
    values = [float(word) if NUMBER.fullmatch(word) else math.nan for word in words]
    legal = all(0.0 <= value < math.inf and (zero or value) for value in values)
    if not legal or not any(values):
        which = "numbers of at least 0 (not all 0)" if zero else "numbers above 0"
        raise UsageError(f"{option} must be {which}, separated by commas, not {quote(text)}")
    if len(values) != count:
        raise UsageError(
            f"{option} has {plural(len(values), 'number')}, but there are {plural(count, of)}"
        )
    return values
