"""What detectors find: facts of the vocabulary, and remarks on what is no fact of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from lossctl.facts.vocabulary import FactValue, Known

Confidence: TypeAlias = Literal["certain", "likely", "weak"]


@dataclass(frozen=True)
class Observation:
    """Something worth saying of the data that is no fact of the vocabulary.

    Args:
        kind: what it is about, in one word.
        message: what was found, in a sentence.
        numbers: what the sentence rests on, by name.
        rows: how many rows were looked at, or are concerned.
    """

    kind: str
    message: str
    numbers: Mapping[str, float] = field(default_factory=dict)
    rows: int = 0


Finding: TypeAlias = Known | Observation


@dataclass(frozen=True)
class Findings:
    """All that was found in the data.

    Args:
        facts: what can be said of the problem, the weak ones included: they are to be asked.
        remarks: what else is worth saying.
        rows: how many rows there are.
    """

    facts: Sequence[Known]
    observations: Sequence[Observation]
    rows: int

    @classmethod
    def of(cls, findings: Iterable[Finding], rows: int) -> Findings:
        """Sort findings into facts and remarks."""
        found = list(findings)
        facts = [each for each in found if isinstance(each, Known)]
        return cls(facts, [each for each in found if isinstance(each, Observation)], rows)


def fact(
    name: str,
    value: FactValue,
    confidence: Confidence,
    evidence: str,
    rows: int,
    **numbers: float,
) -> Known:
    """Make a fact that was read off the data.

    Numbers are kept to 12 digits: further ones differ from processor to processor.
    """
    rounded = {
        name: number if float(number).is_integer() else float(f"{number:.12g}")
        for name, number in numbers.items()
    }
    return Known(name, value, "data", confidence, evidence, rounded, rows)


def percent(share: float) -> str:
    """Write a share.

    >>> percent(0.0123), percent(0.5)
    ('1.23 %', '50 %')
    """
    return f"{100 * share:.3g} %"
