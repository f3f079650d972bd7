"""What the recommender says, in short sections for people, 80 columns wide."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, zip_longest
from operator import itemgetter
from typing import Any

from lossctl.advice.recommendation import Advice, Change, Question, said
from lossctl.facts.vocabulary import Conflict, FactValue

WIDTH = 76
"""Characters in a line of a section, so that with its margin it fits into 80."""

NOTES = 2
"""Remarks on a first choice that are told before --explain tells the rest."""

NAMED = 4
"""Losses of one reason that are named, before the rest is counted."""

Fields = Mapping[str, Any]


def title(advice: Advice) -> str:
    """Say what the answer is for: all that was stated, and of the data what it rests on."""
    stated = [each for each in advice.known if each.origin != "derived"]
    if not stated:
        return "Nothing is known of the problem yet"
    rests_on = _rests_on(advice)
    told = [each for each in stated if each.origin != "data" or each.name in rests_on]
    return "For " + ", ".join(stated_as(each.name, each.value) for each in told or stated)


def _rests_on(advice: Advice) -> set[str]:
    """Name the facts that the rules that chose look at, and those that such facts follow from."""
    choosing = [rule for rule in advice.situation.fired if rule.kind != "advise"]
    names = {name for rule in choosing for name in rule.facts}
    behind = [rule for rule in advice.base.vocabulary.derived if rule.then.keys() & names]
    return names | {leaf.fact for rule in behind for leaf in rule.when.leaves()}


def stated_as(name: str, value: FactValue) -> str:
    """Say a fact in words.

    >>> stated_as("outliers", False), stated_as("task", "regression")
    ('not outliers', 'task regression')
    """
    if isinstance(value, bool):
        return name if value else f"not {name}"
    return f"{name} {said(value)}"


def option(advice: Advice, name: str, value: FactValue) -> str:
    """Write a fact as the command line takes it."""
    fact = advice.base.vocabulary.facts[name]
    if isinstance(value, bool):
        return fact.option if value else fact.denial
    return f"{fact.option} {said(value).replace(', ', ',')}"


def sections(advice: Advice, fields: Fields, *, explain: bool) -> dict[str, str]:
    """Lay an answer out: what to try, what to avoid, what to find out, how to go on.

    Args:
        advice: all that was considered.
        fields: the answer for programs.
        explain: whether to lay all facts and rules open.
    """
    parts = [
        _contradictions(advice),
        _recommended(advice, fields, explain=explain),
        _against(fields),
        _explanations(fields),
        _opened(advice, fields) if explain else (),
        _next(advice, fields),
    ]
    return {heading: text for part in parts for heading, text in part if text}


def _contradictions(advice: Advice) -> Iterator[tuple[str, str]]:
    yield "These do not go together", _lines(map(_conflict, advice.conflicts))


def _conflict(conflict: Conflict) -> str:
    facts = [f"{stated_as(each.name, each.value)} ({each.origin})" for each in conflict.facts]
    return f"{' and '.join(facts)}: {conflict.because}"


def _recommended(advice: Advice, fields: Fields, *, explain: bool) -> Iterator[tuple[str, str]]:
    recommendations = fields["recommendations"]
    parts = list(dict.fromkeys(each["part"] for each in recommendations))
    for part in parts:
        heading = "Recommended" if len(parts) == 1 else advice.base.parts[part]
        yield heading, _choices([each for each in recommendations if each["part"] == part])
    for each in recommendations:
        if each["rank"] == 1:
            yield f"With {each['loss']}", _lines(_notes(each, explain=explain))
    if explain:
        yield "Whatever the loss", _lines(fields["remarks"])


def _choices(recommendations: Sequence[Fields]) -> str:
    """List losses with their reason: the deciding rule's, or what else they are for."""
    told: set[str] = set()
    pairs = []
    for each in recommendations:
        reason = each["because"][0]
        others = reason in told or not each["leads"] or (each["default"] and each["rank"] > 1)
        text = each["fits"] if others else reason
        pairs.append((f"{each['rank']}  {each['loss']}", first_sentence(text)))
        told.add(reason)
    return _pairs(pairs)


def _notes(each: Fields, *, explain: bool) -> Iterator[str]:
    """Tell of a first choice its options, its last layer, and what to beware of."""
    told = {name: said for name, said in each["options"].items() if said["because"] or explain}
    for because, group in groupby(told, key=lambda name: told[name]["because"]):
        options = ", ".join(f"{name} {_written(told[name]['value'])}" for name in group)
        yield f"{options}: {first_sentence(because)}" if because else options
    if each["activation"]:
        yield f"last layer: {each['activation']}"
    texts = [option["because"] for option in each["options"].values()]
    remarks = [*each["warnings"], *each["advice"], *each["disagree"]]
    remarks = [text for text in remarks if text not in texts]
    yield from remarks if explain else remarks[:NOTES]
    if len(remarks) > NOTES and not explain:
        yield f"{len(remarks) - NOTES} more with --explain"


def _written(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _against(fields: Fields) -> Iterator[tuple[str, str]]:
    yield "Avoid", _lines(_avoided(fields["avoid"]))
    if not fields["recommendations"]:
        yield "Does not fit", _pairs([(each["loss"], each["because"]) for each in fields["vetoed"]])


def _avoided(avoid: Sequence[Fields]) -> Iterator[str]:
    """Tell what is advised against, the losses of one reason together."""
    for because, group in groupby(avoid, key=itemgetter("because")):
        losses = [each["loss"] for each in group]
        names = ", ".join(losses[:NAMED])
        more = f" and {len(losses) - NAMED} more" if len(losses) > NAMED else ""
        yield f"{names}{more}: {first_sentence(because)}"


def _explanations(fields: Fields) -> Iterator[tuple[str, str]]:
    for each in fields["explanations"]:
        state = "first" if each["state"] == "first" else "not first"
        yield f"Why {each['loss']} is {state}", _lines(_explained(each))


def _explained(each: Fields) -> Iterator[str]:
    """Tell what a loss is like, what speaks for and against it, and what would put it first."""
    yield each["because"]
    yield f"fits: {each['fits']}"
    yield from (f"{key}: {' '.join(each[key])}" for key in ("strengths", "weaknesses") if each[key])
    if each["use"]:
        yield f"used for: {'; '.join(each['use'])}"
    yield from _reasons("for it", each["speaks_for"])
    yield from _reasons("against it", each["speaks_against"])
    yield from (f"does not fit: {reason}" for reason in each["vetoes"][1:])
    if each["unknown"]:
        unknown = ", ".join(each["unknown"][:NAMED])
        yield f"more might be said of it if these were known: {unknown}"
    if each["state"] != "first":
        yield _what_it_takes(each["smallest_change"])


def _reasons(heading: str, reasons: Sequence[Fields]) -> Iterator[str]:
    for each in reasons:
        sources = ", ".join(each["sources"]) or f"{each['file']}, line {each['line']}"
        yield f"{heading}: {each['text']}"
        yield f"  {each['rule']}: {', '.join(each['facts']) or 'whatever the facts'}"
        yield f"  {each['evidence']}: {sources}"


def _what_it_takes(change: Fields) -> str:
    if not change:
        return "no one or two facts would put it first"
    facts = ((name, frozenset(v) if isinstance(v, list) else v) for name, v in change.items())
    return f"it would be first with {', '.join(stated_as(name, value) for name, value in facts)}"


def _opened(advice: Advice, fields: Fields) -> Iterator[tuple[str, str]]:
    """Lay open what was known, which rules spoke, which wait, and who says so."""
    yield (
        "Facts",
        _lines(
            f"{stated_as(each.name, each.value)}: {each.origin}, {each.confidence}. {each.evidence}"
            for each in advice.known
        ),
    )
    fired, pending = fields["fired"], fields["pending"]
    yield (
        f"The {len(fired)} rules that speak",
        _lines(
            f"{each['rule']} ({each['kind']}, {each['evidence']}): {each['when']}" for each in fired
        ),
    )
    names = ", ".join(each["rule"] for each in pending)
    yield f"The {len(pending)} rules that wait for a fact", _lines([names] if names else [])
    cited = dict.fromkeys(source.partition("#")[0] for each in fired for source in each["sources"])
    yield "Sources", _lines(f"{name}: {advice.base.sources[name]}" for name in cited)
    yield "Rule base", advice.base.digest


def _next(advice: Advice, fields: Fields) -> Iterator[tuple[str, str]]:
    lines = (line for each in advice.questions for line in _asked(advice, each))
    yield "To find out next", _lines(lines)
    firsts = [each for each in fields["recommendations"] if each["rank"] == 1]
    if firsts:
        commands = [line for each in firsts for line in _command(each)]
        yield "Go on with", "\n".join([*commands, f"lossctl show {firsts[0]['loss']}"])


def _command(each: Fields) -> Iterator[str]:
    """Write the command of a loss; what it refuses stands after it, as a shell's remark."""
    yield each["command"]
    if each["refused"]:
        text = f"not with the data as they are: {each['refused']}"
        yield from textwrap.wrap(text, WIDTH, initial_indent="# ", subsequent_indent="#   ")


def _asked(advice: Advice, question: Question) -> Iterator[str]:
    """Ask, and say which answers would change what comes first."""
    yield question.fact.question
    if question.guess:
        yield f"  perhaps {said(question.guess.value)}: {question.guess.evidence}"
    answers = question.answers.values()
    changing = [each for each in answers if each.changes == "first"]

    def outcome(each: Change) -> str:
        return ", ".join(each.first.values()) + " first" if changing else "others behind the first"

    told = changing or [each for each in answers if each.changes == "top"]
    for text, group in groupby(told, key=outcome):
        options = " or ".join(option(advice, question.fact.name, each.value) for each in group)
        yield f"  {options}: {text}"


# laying out


def first_sentence(text: str) -> str:
    """Return a text up to its first full stop.

    >>> first_sentence("It is robust. At 1.345 sigma it is precise.")
    'It is robust.'
    """
    return re.split(r"(?<=[.!?]) (?=[A-Z])", text)[0]


def _pairs(pairs: Sequence[tuple[str, str]]) -> str:
    """Set names in a column before what is said of them; a text of several is said once."""
    width = max((len(name) for name, _ in pairs), default=0)
    lines = []
    for text, group in groupby(pairs, key=itemgetter(1)):
        names = [name for name, _ in group]
        folded = textwrap.wrap(text, max(WIDTH - width - 2, 30), break_on_hyphens=False)
        for name, line in zip_longest(names, folded, fillvalue=""):
            lines.append(f"{name.ljust(width)}  {line}".rstrip())
    return "\n".join(lines)


def _lines(texts: Iterable[str]) -> str:
    """Put each text on lines of its own, with those that continue it set in."""
    folded = []
    for text in texts:
        indent = len(text) - len(text.lstrip(" ")) + 2
        lines = textwrap.wrap(text, WIDTH, subsequent_indent=" " * indent, break_on_hyphens=False)
        folded += lines
    return "\n".join(folded)
