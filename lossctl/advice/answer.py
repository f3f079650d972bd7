"""The answer to a problem, made from advice: everything that is reported about it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from lossctl.advice.recommendation import Advice, Question
from lossctl.advice.rules import LossCard, OptionAdvice, Rule
from lossctl.advice.situation import Ranked
from lossctl.catalogue.options import flag
from lossctl.facts.vocabulary import Conflict, Facts, Known, statement
from lossctl.report import Cell, as_fields

Trial: TypeAlias = Callable[[LossCard, Mapping[str, Any]], str | None]
"""Returns why a loss with some options does not accept the user's data: empty if it does, None if
it needs other data."""

PLACEHOLDERS = {"prediction": "PREDICTIONS", "target": "TARGETS"}
"""Placeholders in commands for files that the user has not named; for other roles, their name."""


@dataclass(frozen=True)
class Reason:
    """A rule as a reason, with the facts in its condition."""

    rule: str
    kind: str
    when: str
    facts: tuple[str, ...]
    text: str
    evidence: str
    sources: tuple[str, ...]
    file: str
    line: int


@dataclass(frozen=True)
class Recommendation:
    """A recommended loss, and how to use it.

    Args:
        loss: its name.
        part: the part of the training objective that it is for.
        rank: its rank among the losses for this part.
        strength: how strongly the deciding rule recommends it.
        default: whether the deciding rule is a default.
        leads: whether the deciding rule names it first.
        fits: the problems that it fits.
        strengths: its advantages.
        weaknesses: its disadvantages.
        use: where it is used.
        params: the values of its options.
        options: the same, with defaults and reasons.
        activation: the output activation that goes with it.
        because: the reasons for it.
        warnings: what to be careful about.
        advice: how to use it.
        disagree: where sources differ on it.
        rules: the rules that say so.
        sources: the sources of these rules.
        command: the command that computes it.
        takes_data: whether it accepts the user's data; None if that was not tried.
        refused: why it does not.
        code: the call in each framework.
    """

    loss: str
    part: str
    rank: int
    strength: str
    default: bool
    leads: bool
    fits: str
    strengths: tuple[str, ...]
    weaknesses: tuple[str, ...]
    use: tuple[str, ...]
    params: Mapping[str, Any]
    options: Mapping[str, OptionAdvice]
    activation: str
    because: tuple[str, ...]
    warnings: tuple[str, ...]
    advice: tuple[str, ...]
    disagree: tuple[str, ...]
    rules: tuple[str, ...]
    sources: tuple[str, ...]
    command: str
    takes_data: bool | None
    refused: str
    code: Mapping[str, str]


@dataclass(frozen=True)
class Avoided:
    """A loss that fits but should be avoided."""

    loss: str
    because: str
    rule: str
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Vetoed:
    """A loss that does not fit."""

    loss: str
    because: str


@dataclass(frozen=True)
class Explanation:
    """Everything that rules and card say about one loss, and why it ranks where it does.

    Args:
        loss: its name.
        state: whether it is first, vetoed, avoided, outranked or named by no rule.
        rank: its rank, if it has one.
        fits: the problems that it fits.
        strengths: its advantages.
        weaknesses: its disadvantages.
        use: where it is used.
        because: the reason for its state.
        votes_for: the rules that recommend it.
        votes_against: the rules that say to avoid it.
        vetoes: why it does not fit.
        remarks: the rules with a remark on it.
        pending: the rules on it that depend on unknown facts.
        unknown: these facts.
        smallest_change: one or two facts that would rank it first.
    """

    loss: str
    state: str
    rank: int | None
    fits: str
    strengths: tuple[str, ...]
    weaknesses: tuple[str, ...]
    use: tuple[str, ...]
    because: str
    votes_for: tuple[Reason, ...]
    votes_against: tuple[Reason, ...]
    vetoes: tuple[str, ...]
    remarks: tuple[Reason, ...]
    pending: tuple[Reason, ...]
    unknown: tuple[str, ...]
    smallest_change: Facts


@dataclass(frozen=True)
class Answer:
    """The answer; `fired` and `pending` are there only where everything is to be explained."""

    facts: tuple[Known, ...]
    recommendations: tuple[Recommendation, ...]
    remarks: tuple[str, ...]
    avoid: tuple[Avoided, ...]
    vetoed: tuple[Vetoed, ...]
    questions: tuple[Question, ...]
    guesses: tuple[Known, ...]
    conflicts: tuple[Conflict, ...]
    explanations: tuple[Explanation, ...]
    rules_digest: str
    sources: Mapping[str, str]
    fired: tuple[Reason, ...] | None = None
    pending: tuple[Reason, ...] | None = None

    @property
    def fields(self) -> dict[str, Cell]:
        """The answer as JSON has it."""
        return {name: cell for name, cell in as_fields(self).items() if cell is not None}


@dataclass(frozen=True)
class _Data:
    """The user's files, how they are read, and whether a loss accepts them."""

    files: Sequence[str] = ()
    reading: str = ""
    trial: Trial | None = None


def answer(
    advice: Advice,
    *,
    files: Sequence[str] = (),
    reading: str = "",
    trial: Trial | None = None,
    why: Sequence[str] = (),
    why_not: Sequence[str] = (),
    explain: bool = False,
) -> Answer:
    """Make the answer from advice.

    Args:
        advice: all that was considered.
        files: the user's files, for commands.
        reading: how they are read, as options of these commands.
        trial: tries whether a loss accepts the user's data.
        why: losses to explain.
        why_not: losses to explain as well.
        explain: whether to show every fact and rule behind the answer.
    """
    situation, base = advice.situation, advice.base
    asked_for = [str(situation.facts["asked_for"])] if "asked_for" in situation.facts else []
    data = _Data(files, reading, trial)
    recommendations = tuple(
        _recommendation(advice, ranked, data) for ranked in situation.recommended
    )
    avoid = tuple(Avoided(loss, rule.text, rule.id, rule.sources) for loss, rule in advice.avoid)
    cited = {source for recommendation in recommendations for source in recommendation.sources}
    cited |= {source for avoided in avoid for source in avoided.sources}
    publications = sorted({source.partition("#")[0] for source in cited})
    pending = [rule for rule in situation.pending if rule.kind != "advise"]
    return Answer(
        facts=advice.known,
        recommendations=recommendations,
        remarks=tuple(rule.text for rule in advice.remarks),
        avoid=avoid,
        vetoed=tuple(Vetoed(loss, because) for loss, because in advice.vetoed),
        questions=tuple(advice.questions),
        guesses=advice.guesses,
        conflicts=advice.conflicts,
        explanations=tuple(
            _explanation(advice, loss) for loss in dict.fromkeys([*why, *why_not, *asked_for])
        ),
        rules_digest=base.digest,
        sources={name: str(base.sources[name]) for name in publications},
        fired=_reasons(advice, situation.fired) if explain else None,
        pending=_reasons(advice, pending) if explain else None,
    )


def _recommendation(advice: Advice, ranked: Ranked, data: _Data) -> Recommendation:
    card = advice.base.cards[ranked.loss]
    options = advice.options(ranked)
    params = {name: option.value for name, option in options.items()}
    files, complete = _files(advice, card, data.files)
    reading = data.reading if set(files) & set(data.files) else ""
    refused = data.trial(card, params) if data.trial and (complete or not data.files) else None
    remarks = advice.remarks_on(ranked.loss)
    rules = [*(vote.rule for vote in ranked.votes), *remarks]
    return Recommendation(
        loss=ranked.loss,
        part=ranked.part,
        rank=ranked.rank,
        strength=ranked.strength,
        default=ranked.votes[0].rule.kind == "default",
        leads=ranked.votes[0].place == 0,
        fits=card.fits,
        strengths=card.strengths,
        weaknesses=card.weaknesses,
        use=card.use,
        params=params,
        options=options,
        activation=advice.activation(ranked),
        because=_unique(vote.rule.text for vote in ranked.votes),
        warnings=_unique(rule.warning for rule in (*ranked.avoided, *remarks)),
        advice=_unique(rule.because for rule in remarks),
        disagree=_unique(rule.disagree for rule in rules),
        rules=tuple(rule.id for rule in rules),
        sources=_unique(source for rule in rules for source in rule.sources),
        command=_command(ranked.loss, files, options, reading),
        takes_data=None if refused is None else not refused,
        refused=refused or "",
        code={name: _filled(code, params) for name, code in card.code.items()},
    )


def _unique(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(text for text in dict.fromkeys(texts) if text)


def _files(advice: Advice, card: LossCard, files: Sequence[str]) -> tuple[list[str], bool]:
    """Name the files for a loss, and return whether the user's are all that it needs.

    Two files were read as predictions and targets. A loss with other inputs, such as pairs and
    their order, might compute a number from them too, but not one that means anything.
    """
    names = [PLACEHOLDERS.get(role, role.upper()) for role in card.roles]
    predicted = any(known.name == "output" and known.origin == "data" for known in advice.known)
    if len(files) == len(names) or (len(files) == 1 and predicted):
        return [*files], True  # a file for each role, or one for all
    if len(files) > 1 and card.roles[:2] == ("prediction", "target"):
        names[: len(files)] = files
    if len(files) == 1 and card.roles[-1] == "target":
        names[-1] = files[0]
    return names, False


def _command(
    loss: str, files: Sequence[str], options: Mapping[str, OptionAdvice], reading: str
) -> str:
    """Write the command that computes a loss, with those of its options that are no defaults."""
    words = ["lossctl compute", loss, *map(quoted, files)]
    for name, option in options.items():
        if option.value != option.default:
            switch = isinstance(option.value, bool)
            words.append(flag(name, option.value if switch else quoted(str(option.value))))
    return " ".join([*words, reading]).rstrip()


def quoted(word: str) -> str:
    """Quote a word for the shell, where it needs to be."""
    return word if re.fullmatch(r"[\w./+@%:,=-]+", word) else "'" + word.replace("'", "'\\''") + "'"


def _filled(code: str, params: Mapping[str, Any]) -> str:
    """Put the values of options in the place of their names in braces."""

    def value(hole: re.Match[str]) -> str:
        return repr(params[hole.group(1)]) if hole.group(1) in params else hole.group()

    return re.sub(r"\{(\w+)\}", value, code)


def _explanation(advice: Advice, loss: str) -> Explanation:
    situation, card = advice.situation, advice.base.cards[loss]
    ranked = situation.find_ranked(loss)
    why_not = situation.why_not(loss)
    pending = [
        rule
        for rule in situation.pending
        if rule.names(loss) and rule.kind in ("prefer", "avoid", "forbid")
    ]
    named = dict.fromkeys(name for rule in pending for name in sorted(rule.facts))
    return Explanation(
        loss=loss,
        state=why_not.state,
        rank=ranked.rank if ranked else None,
        fits=card.fits,
        strengths=card.strengths,
        weaknesses=card.weaknesses,
        use=card.use,
        because=why_not.because,
        votes_for=_reasons(advice, (vote.rule for vote in (ranked.votes if ranked else ()))),
        votes_against=_reasons(advice, situation.avoided(loss)),
        vetoes=tuple(situation.vetoes(loss)),
        remarks=_reasons(advice, advice.remarks_on(loss)),
        pending=_reasons(advice, pending),
        unknown=tuple(name for name in named if name not in situation.facts),
        smallest_change=why_not.change,
    )


def _reasons(advice: Advice, rules: Iterable[Rule]) -> tuple[Reason, ...]:
    return tuple(_reason(advice, rule) for rule in rules)


def _reason(advice: Advice, rule: Rule) -> Reason:
    facts = advice.situation.facts
    return Reason(
        rule=rule.id,
        kind=rule.kind,
        when=str(rule.when),
        facts=tuple(
            statement(name, facts[name]) if name in facts else f"{name} not known"
            for name in advice.base.vocabulary.facts
            if name in rule.facts
        ),
        text=rule.text,
        evidence=rule.evidence,
        sources=rule.sources,
        file=rule.file,
        line=rule.line,
    )
