"""What is known about a problem: stated as options or in a file, or inferred from data."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from lossctl.advice.rules import RuleBase
from lossctl.errors import UsageError, quote
from lossctl.facts.vocabulary import Known


def from_options(base: RuleBase, options: Mapping[str, Any]) -> list[Known]:
    """Return the facts that options state.

    Args:
        base: the rule base.
        options: values by fact, as text or as values of the fact's type.

    Raises:
        UsageError: there is no such fact, or no such value of it; the hint names the nearest.
    """
    stated = []
    for name, option in options.items():
        fact = base.vocabulary.fact(name)
        value = option
        if fact.type == "loss" and isinstance(option, str):
            value = loss_name(base, option)
        if fact.type == "several" and isinstance(option, str | list | tuple):
            texts = [option] if isinstance(option, str) else option
            value = [word for text in texts for word in str(text).split(",")]
        stated.append(Known(fact.name, fact.checked(value, base.cards), "flag"))
    return stated


def from_file(base: RuleBase, file: str) -> list[Known]:
    """Return the facts that a YAML or JSON file states; `-` is standard input.

    Raises:
        UsageError: the file cannot be read or states something else; with file and line.
    """
    from lossctl.advice.rule_files import read_facts, read_text  # noqa: PLC0415  # yaml is slow to load

    name = "standard input" if file == "-" else file
    text = _standard_input() if file == "-" else read_text(file)
    return [
        Known(fact, value, "file", evidence=f"{name}, line {line}")
        for fact, (value, line) in read_facts(text, name, base).items()
    ]


def _standard_input() -> str:
    try:
        text = sys.stdin.read()
        text.encode()
    except UnicodeError:
        raise UsageError("standard input is not UTF-8") from None
    return text


def loss_name(base: RuleBase, name: str) -> str:
    """Return the name of a loss that has a card; it may be given by any of its names.

    Raises:
        UsageError: there is no such loss, the name means several, or the loss has no card.
    """
    if name in base.cards:
        return name
    if not isinstance(name, str):
        raise UsageError(f"the name of a loss must be text, not {quote(str(name))}")
    from lossctl.catalogue.names import find  # noqa: PLC0415  # needed for other names only

    loss = find(name)[0].name
    if loss not in base.cards:
        hint = "describe the loss under `losses` in a file given with --rules"
        raise UsageError(f"the rules have no card for {quote(loss)}", hint)
    return loss
