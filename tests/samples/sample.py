"""What a sample is: a command on the shipped files, and a tool that comes to the same number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


class Tool(Protocol):
    """Something that shares no code with lossctl and computes the number of a sample again."""

    def number(self, frameworks: Any) -> float:
        """Compute the number, in the frameworks where they are installed."""


@dataclass(frozen=True)
class Live:
    """Code that runs in a framework, and the arrays that its names stand for."""

    framework: str
    code: str
    arrays: Callable[[], Mapping[str, Any]]

    def number(self, frameworks: Any) -> float:
        return float(frameworks.run(self.framework, self.code, **self.arrays()))


@dataclass(frozen=True)
class Steps:
    """Several calls of a framework, in a function that gets the framework's modules.

    `code` names the call that does the work.
    """

    framework: str
    code: str
    function: Callable[[Mapping[str, Any]], float]

    def number(self, frameworks: Any) -> float:
        return float(self.function(frameworks.scope(self.framework)))


@dataclass(frozen=True)
class Plain:
    """The formula in plain Python, with fractions wherever it allows, where no tool has the loss."""

    function: Callable[[], float]

    def number(self, frameworks: Any) -> float:
        del frameworks
        return float(self.function())


@dataclass(frozen=True)
class Sample:
    """One command, `lossctl compute ARGUMENTS`, and the number that it has to print.

    Args:
        arguments: what the documents show after `lossctl compute`.
        number: what the tool gave for the same files.
        tool: how to compute it again.
        tolerance: relative difference up to which lossctl and the tool agree.
        repeats: relative difference up to which the tool gives the same number on any machine.
    """

    arguments: str
    number: float
    tool: Tool
    tolerance: float = 1e-9
    repeats: float = 1e-12

    @property
    def loss(self) -> str:
        """The name of the loss."""
        return self.arguments.partition(" ")[0]

    @property
    def command(self) -> str:
        """The command as the documents have it."""
        return f"lossctl compute {self.arguments} --format value"
