"""Rule bases that are small enough to be worked out by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from lossctl.advice.documents import Node, read
from lossctl.advice.rule_files import Reader
from lossctl.advice.rules import RuleBase

Fields = Mapping[str, Any]


def choice(*values: str, **more: Any) -> Fields:
    return fact("choice", values={value: f"it is {value}" for value in values}, **more)


def fact(kind: str, **more: Any) -> Fields:
    return {"group": "all", "type": kind, "help": "what it is", "question": "What is it?", **more}


FACTS = {
    "task": choice("regression", "classification", common=1.0),
    "output": choice("number", "probability"),
    "labels": choice("plain", "coded"),
    "outliers": fact("flag"),
    "imbalanced": fact("flag"),
    "skewed": fact("flag"),
    "noise": choice("low", "middle", "high"),
    "share": fact("number", at_least=0, at_most=1),
    "field": choice("medicine", "trade", hint=True),
    "need": fact("several", values={"smooth": "a slope", "unit": "the unit"}),
    "hidden": fact("flag", asked=False),
    "asked_for": fact("loss", asked=False),
}


def card(**more: Any) -> Fields:
    return {"tasks": ["regression"], "fits": "It fits.", "sources": ["book"], **more}


CARDS = {
    "absolute": card(),
    "huber": card(),
    "square": card(),
    "entropy": card(tasks=["classification"]),
    "penalty": card(tasks=["regression", "classification"], part="added"),
}


def rule(name: str, kind: str, when: Fields, *losses: str, **more: Any) -> Fields:
    """Write a rule; losses are names, each with a strength behind a colon or without."""
    named = [dict(zip(("loss", "strength"), each.split(":"), strict=False)) for each in losses]
    return {
        "id": name,
        "kind": kind,
        "when": when,
        "losses": named,
        **({} if "warning" in more else {"because": f"This is {name}."}),
        "evidence": "single",
        "sources": ["book"],
        "examples": {"fires": [], "silent": []},
        **more,
    }


def made(
    *rules: Fields,
    facts: Mapping[str, Fields] = FACTS,
    cards: Mapping[str, Fields] = CARDS,
    sources: Sequence[str] = ("book",),
    **more: Any,
) -> RuleBase:
    """Make a rule base; more of its facts file are measures, derived, contradictory."""
    vocabulary = {
        "parts": {"loss": "the loss", "added": "to be added"},
        "groups": {"all": "All"},
        "measures": {"spread": "how far errors are apart"},
        "facts": facts,
        **more,
    }
    reader = Reader(losses=list(cards))
    reader.read_parts(document(vocabulary))
    reader.facts(document(vocabulary))
    reader.read_sources(document({each: {"title": each, "kind": "book"} for each in sources}))
    reader.read_cards(document(cards))
    for number, each in enumerate(rules, 1):
        reader.read_rule(document(each, f"rule {number}"), own=each.get("evidence") == "own")
    return reader.base("digest")


def document(content: Any, name: str = "rules.yaml") -> Node:
    """Read what JSON and YAML have in common."""
    return read(json.dumps(content), name)
