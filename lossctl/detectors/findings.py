"""What detectors find: facts of the vocabulary, and other observations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from lossctl.facts.vocabulary import FactValue, Known

Confidence: TypeAlias = Literal["certain", "likely", "weak"]


@dataclass(frozen=True)
class Observation:
    """Something notable about the data that is not a fact of the vocabulary.

    Args:
        kind: what it is about, in one word.
        message: the observation, in a sentence.
        numbers: the numbers behind the sentence, by name.
        rows: the number of rows that were examined, or are concerned.
    """

    kind: str
    message: str
    numbers: Mapping[str, float] = field(default_factory=dict)
    rows: int = 0


Finding: TypeAlias = Known | Observation


@dataclass(frozen=True)
class Findings:
    """All findings about the data.

    Args:
        facts: facts about the problem, including weak ones, which the user is asked about.
        observations: what else is notable.
        rows: the number of rows.
    """

    facts: Sequence[Known]
    observations: Sequence[Observation]
    rows: int

    @classmethod
    def of(cls, findings: Iterable[Finding], rows: int) -> Findings:
        """Separate findings into facts and observations."""
        listed = list(findings)
        facts = [finding for finding in listed if isinstance(finding, Known)]
        return cls(facts, [finding for finding in listed if isinstance(finding, Observation)], rows)


def fact(
    name: str,
    value: FactValue,
    confidence: Confidence,
    evidence: str,
    rows: int,
    **numbers: float,
) -> Known:
    """Make a fact that was inferred from data.

    Args:
        name: the fact.
        value: its value.
        confidence: how certain it is.
        evidence: the reason, in a sentence.
        rows: the number of rows.
        numbers: the numbers behind the sentence, rounded to 12 digits because further digits
            depend on the processor.

    Returns:
        The fact.
    """
    rounded = {
        name: number if float(number).is_integer() else float(f"{number:.12g}")
        for name, number in numbers.items()
    }
    return Known(name, value, "data", confidence, evidence, rounded, rows)


def percent(share: float) -> str:
    """Write a share in percent.

    >>> percent(0.0123), percent(0.5)
    ('1.23 %', '50 %')
    """
    return f"{100 * share:.3g} %"
