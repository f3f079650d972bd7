"""What the recommender says, from its trace, as fields; `answer_text` lays them out for people."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from lossctl.advice.answer_text import option, sections, stated_as, title
from lossctl.advice.recommendation import Advice, Question
from lossctl.advice.rules import LossCard, Rule
from lossctl.advice.situation import Recommendation
from lossctl.catalogue.options import flag
from lossctl.facts.vocabulary import Conflict, Known, plain
from lossctl.report import Cell, Column, Page, Table

Trial: TypeAlias = Callable[[LossCard, Mapping[str, Any]], str | None]
"""Says why a loss with some options does not take the user's data: nothing where it does, None
where the data are not all that it needs."""


def answer(
    advice: Advice,
    *,
    files: Sequence[str] = (),
    reading: str = "",
    trial: Trial | None = None,
    why: Sequence[str] = (),
    why_not: Sequence[str] = (),
    explain: bool = False,
) -> Page:
    """Say what a trace comes to.

    Args:
        advice: all that was considered.
        files: the user's files, for the commands to go on with.
        reading: how they are read, as options of these commands.
        trial: tries whether a loss takes the user's data.
        why: losses of which to say what speaks for them.
        why_not: losses of which to say why they are not the first.
        explain: whether to lay all facts and rules open.
    """
    situation = advice.situation
    asked_for = [str(situation.facts["asked_for"])] if "asked_for" in situation.facts else []
    explained = dict.fromkeys([*why, *why_not, *asked_for])
    fields: dict[str, Any] = {
        "facts": [_fact(each) for each in advice.known],
        "recommendations": [
            _recommendation(advice, each, _Data(files, reading, trial))
            for each in situation.recommended
        ],
        "remarks": [rule.text for rule in advice.remarks],
        "avoid": [
            {"loss": loss, "because": rule.text, "rule": rule.id, "sources": list(rule.sources)}
            for loss, rule in advice.avoid
        ],
        "vetoed": [{"loss": loss, "because": because} for loss, because in advice.vetoed],
        "questions": [_question(advice, each) for each in advice.questions],
        "guesses": [_fact(each) for each in advice.guesses],
        "conflicts": [_conflict(each) for each in advice.conflicts],
        "explanations": [_explanation(advice, loss) for loss in explained],
        "rules_digest": advice.base.digest,
    }
    cited = {
        source.partition("#")[0]
        for each in (*fields["recommendations"], *fields["avoid"])
        for source in each["sources"]
    }
    fields["sources"] = {name: str(advice.base.sources[name]) for name in sorted(cited)}
    if explain:
        fields["fired"] = [_reason(advice, rule) for rule in situation.fired]
        fields["pending"] = [
            _reason(advice, rule) for rule in situation.pending if rule.kind != "advise"
        ]
    table = _table(fields["recommendations"])
    return Page(title(advice), fields, sections(advice, fields, explain=explain), table)


@dataclass(frozen=True)
class _Data:
    """The user's files, how they are read, and whether a loss takes what is in them."""

    files: Sequence[str] = ()
    reading: str = ""
    trial: Trial | None = None


def _fact(known: Known) -> dict[str, Cell]:
    return {
        "name": known.name,
        "value": plain(known.value),
        "origin": known.origin,
        "confidence": known.confidence,
        "evidence": known.evidence,
        "numbers": dict(known.numbers),
        "rows": known.rows,
    }


def _recommendation(advice: Advice, each: Recommendation, data: _Data) -> dict[str, Any]:
    card = advice.base.cards[each.loss]
    options = advice.options(each)
    params = {name: said["value"] for name, said in options.items()}
    names, whole = _files(advice, card, data.files)
    reading = data.reading if set(names) & set(data.files) else ""
    refused = data.trial(card, params) if data.trial and (whole or not data.files) else None
    advising = advice.advising(each.loss)
    rules = [vote.rule for vote in each.votes] + advising
    return {
        "loss": each.loss,
        "part": each.part,
        "rank": each.rank,
        "strength": each.strength,
        "default": each.votes[0].rule.kind == "default",
        "leads": each.votes[0].place == 0,
        "fits": card.fits,
        **_character(card),
        "params": params,
        "options": dict(options),
        "activation": advice.activation(each),
        "because": _once(vote.rule.text for vote in each.votes),
        "warnings": _once(rule.warning for rule in (*each.avoided, *advising)),
        "advice": _once(rule.because for rule in advising),
        "disagree": _once(rule.disagree for rule in rules),
        "rules": [rule.id for rule in rules],
        "sources": _once(source for rule in rules for source in rule.sources),
        "command": _command(each.loss, names, options, reading),
        "takes_data": None if refused is None else not refused,
        "refused": refused or "",
        "code": {name: _filled(code, options) for name, code in card.code.items()},
    }


def _character(card: LossCard) -> dict[str, Cell]:
    return {
        "strengths": list(card.strengths),
        "weaknesses": list(card.weaknesses),
        "use": list(card.use),
    }


def _once(texts: Iterable[str]) -> list[str]:
    return [text for text in dict.fromkeys(texts) if text]


def _files(advice: Advice, card: LossCard, given: Sequence[str]) -> tuple[list[str], bool]:
    """Name the files that a loss takes; tell whether the user's are all that it needs.

    Two files were read as predictions and targets. A loss of three things, such as of pairs and
    their order, may compute a number of them too, but not one that means anything.
    """
    names = [f"{role}s.csv" for role in card.roles]
    predicted = any(each.name == "output" and each.origin == "data" for each in advice.known)
    if len(given) == len(names) or (len(given) == 1 and predicted):
        return [*given], True  # a file for each role, or one for all
    if len(given) > 1 and card.roles[:2] == ("prediction", "target"):
        names[: len(given)] = given
    if len(given) == 1 and card.roles[-1] == "target":
        names[-1] = given[0]
    return names, False


def _command(
    loss: str, names: Sequence[str], options: Mapping[str, Mapping[str, Any]], reading: str
) -> str:
    """Write the command that computes a loss, with those of its options that differ."""
    words = ["lossctl compute", loss, *map(quoted, names)]
    for name, said in options.items():
        value = said["value"]
        if value != said["default"]:
            words.append(flag(name, value if isinstance(value, bool) else quoted(str(value))))
    return " ".join([*words, reading]).rstrip()


def quoted(word: str) -> str:
    """Quote a word for the shell, where it needs to be."""
    return word if re.fullmatch(r"[\w./+@%:,=-]+", word) else "'" + word.replace("'", "'\\''") + "'"


def _filled(code: str, options: Mapping[str, Mapping[str, Any]]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: _value(options, found), code)


def _value(options: Mapping[str, Mapping[str, Any]], found: re.Match[str]) -> str:
    said = options.get(found.group(1))
    return found.group() if said is None else repr(said["value"])


def _question(advice: Advice, question: Question) -> dict[str, Cell]:
    fact = question.fact
    return {
        "fact": fact.name,
        "question": fact.question,
        "guess": _fact(question.guess) if question.guess else None,
        "values": [
            {
                "value": plain(each.value),
                "meaning": fact.values.get(word, ""),
                "option": option(advice, fact.name, each.value),
                "first": dict(each.first),
                "changes": each.changes,
            }
            for word, each in question.answers.items()
        ],
    }


def _conflict(conflict: Conflict) -> dict[str, Cell]:
    return {"facts": [_fact(each) for each in conflict.facts], "because": conflict.because}


def _explanation(advice: Advice, loss: str) -> dict[str, Any]:
    """Tell all that is said of one loss, and why it is not the first."""
    situation = advice.situation
    part = advice.base.cards[loss].part_in(situation.facts)
    mine = next((each for each in situation.ranked.get(part, ()) if each.loss == loss), None)
    found = situation.why_not(loss)
    waiting = [
        rule
        for rule in situation.pending
        if rule.names(loss) and rule.kind in ("prefer", "avoid", "forbid")
    ]
    return {
        "loss": loss,
        "state": found.state,
        "rank": mine.rank if mine else None,
        "fits": advice.base.cards[loss].fits,
        **_character(advice.base.cards[loss]),
        "because": found.because,
        "speaks_for": [_reason(advice, vote.rule) for vote in (mine.votes if mine else ())],
        "speaks_against": [_reason(advice, rule) for rule in situation.avoided(loss)],
        "vetoes": situation.vetoes(loss),
        "advises": [_reason(advice, rule) for rule in advice.advising(loss)],
        "waits": [_reason(advice, rule) for rule in waiting],
        "unknown": list(
            dict.fromkeys(
                name
                for rule in waiting
                for name in sorted(rule.facts)
                if name not in situation.facts
            )
        ),
        "smallest_change": {name: plain(value) for name, value in found.change.items()},
    }


def _reason(advice: Advice, rule: Rule) -> dict[str, Cell]:
    """Tell a rule, with the facts that its condition looked at."""
    facts = advice.situation.facts
    return {
        "rule": rule.id,
        "kind": rule.kind,
        "when": str(rule.when),
        "facts": [
            stated_as(name, facts[name]) if name in facts else f"{name} not known"
            for name in advice.base.vocabulary.facts
            if name in rule.facts
        ],
        "text": rule.text,
        "evidence": rule.evidence,
        "sources": list(rule.sources),
        "file": rule.file,
        "line": rule.line,
    }


def _table(recommendations: Sequence[Mapping[str, Any]]) -> Table:
    """Lay the recommendations out in rows, for formats that hold nothing else."""
    columns = (
        Column("loss"),
        Column("part"),
        Column("rank", "count"),
        Column("strength"),
        Column("activation"),
        Column("params", "nested"),
        Column("command"),
        Column("refused"),
        Column("because"),
        Column("warnings"),
        Column("rules"),
        Column("sources"),
    )
    rows = [tuple(each[column.name] for column in columns) for each in recommendations]
    return Table("recommendations", columns, rows, "loss")
