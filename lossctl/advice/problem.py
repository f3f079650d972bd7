"""What is known of a problem: said on the command line or in a file, or read off the data."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from lossctl.advice.rules import RuleBase
from lossctl.errors import UsageError, quote
from lossctl.facts.vocabulary import Known


def from_options(base: RuleBase, given: Mapping[str, Any]) -> list[Known]:
    """Return the facts that options state.

    Args:
        base: the rule base.
        given: values by fact, as text or as values of the fact's type.

    Raises:
        UsageError: there is no such fact, or no such value of it; with the nearest.
    """
    found = []
    for name, said in given.items():
        fact = base.vocabulary.fact(name)
        value = said
        if fact.type == "loss" and isinstance(said, str):
            value = loss_name(base, said)
        if fact.type == "several" and isinstance(said, str | list | tuple):
            several = [said] if isinstance(said, str) else said
            value = [word for each in several for word in str(each).split(",")]
        found.append(Known(fact.name, fact.checked(value, base.cards), "flag"))
    return found


def from_file(base: RuleBase, file: str) -> list[Known]:
    """Return the facts that a YAML or JSON file states; `-` is standard input.

    Raises:
        UsageError: the file cannot be read, or states what is no fact; with file and line.
    """
    from lossctl.advice.rule_files import read_facts, read_text  # noqa: PLC0415  # only for who needs yaml

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
    """Return the name of a loss that the rule base knows; it may be given by another of its names.

    Raises:
        UsageError: there is no such loss, or the name stands for several.
    """
    if name in base.cards:
        return name
    if not isinstance(name, str):
        raise UsageError(f"a loss is named by a word, not {quote(str(name))}")
    from lossctl.catalogue.names import find  # noqa: PLC0415  # numpy is only for other names

    found = find(name)[0].name
    if found not in base.cards:
        raise UsageError(f"the rule base has no card of {found}", "add one with --rules")
    return found
