"""The answer as a page: short sections for people, fields and rows for programs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from lossctl.advice.answer import Answer, Avoided, Explanation, Reason, Recommendation, Vetoed
from lossctl.advice.recommendation import Advice, PossibleAnswer, Question
from lossctl.catalogue.options import flag
from lossctl.facts.vocabulary import in_words, statement
from lossctl.report import (
    Code,
    Column,
    Command,
    Commands,
    Entries,
    Entry,
    Item,
    Name,
    Page,
    Paragraph,
    Part,
    Points,
    Section,
    Snippet,
    Table,
    Text,
    as_fields,
    joined,
    parts,
)

NOTES = 2
"""Remarks on a first choice that are shown unless everything is to be explained."""

NAMED = 4
"""Losses or facts that are named before the rest are counted."""


def answer_page(advice: Advice, answer: Answer) -> Page:
    """Lay an answer out: what to try, what to avoid, what to find out, what to do next."""
    sections = [
        Section("Conflicts", _conflicts(answer)),
        *_recommended(advice, answer),
        *_discouraged(answer),
        *(_explained(advice, answer, explanation) for explanation in answer.explanations),
        *_background(advice, answer),
        Section("Questions that would change the answer", _questions(answer)),
        Section("Next steps", _next_steps(answer)),
    ]
    filled = tuple(section for section in sections if section.items)
    return Page(_title(advice), answer.fields, filled, _table(answer.recommendations))


def _title(advice: Advice) -> str:
    """Name the problem: all that was stated, and those facts from data that decided."""
    underived = [known for known in advice.known if known.origin != "derived"]
    if not underived:
        return "Nothing is known about the problem yet"
    deciding = _deciding_facts(advice)
    named = [known for known in underived if known.origin != "data" or known.name in deciding]
    return "For " + ", ".join(statement(known.name, known.value) for known in named or underived)


def _deciding_facts(advice: Advice) -> set[str]:
    """Name the facts in the rules that chose, and those from which such facts follow."""
    choosing = [rule for rule in advice.situation.fired if rule.kind != "advise"]
    names = {name for rule in choosing for name in rule.facts}
    behind = [
        derivation
        for derivation in advice.base.vocabulary.derived
        if derivation.then.keys() & names
    ]
    return names | {leaf.fact for derivation in behind for leaf in derivation.when.leaves()}


def _conflicts(answer: Answer) -> tuple[Item, ...]:
    points = tuple(
        " and ".join(
            f"{statement(known.name, known.value)} ({known.origin})" for known in conflict.facts
        )
        + f": {conflict.because}"
        for conflict in answer.conflicts
    )
    return (Points(points),) if points else ()


def _recommended(advice: Advice, answer: Answer) -> Iterator[Section]:
    names = list(dict.fromkeys(recommendation.part for recommendation in answer.recommendations))
    for part in names:
        heading = "Recommended" if len(names) == 1 else advice.base.parts[part]
        choices = [
            recommendation
            for recommendation in answer.recommendations
            if recommendation.part == part
        ]
        yield Section(heading, (_choices(choices),))
    for recommendation in answer.recommendations:
        if recommendation.rank == 1:
            notes = tuple(_notes(recommendation, everything=_explains(answer)))
            yield Section(f"With {recommendation.loss}", notes)
    if _explains(answer) and answer.remarks:
        yield Section("For every loss", (Points(answer.remarks),))


def _explains(answer: Answer) -> bool:
    return answer.fired is not None


def _choices(recommendations: Sequence[Recommendation]) -> Entries:
    """List losses with the deciding rule's reason or, where that is given already, their use."""
    shown: set[str] = set()
    entries = []
    for recommendation in recommendations:
        reason = recommendation.because[0]
        repeated = (
            reason in shown
            or not recommendation.leads
            or (recommendation.default and recommendation.rank > 1)
        )
        text = first_sentence(recommendation.fits if repeated else reason)
        entries.append(Entry(Name(recommendation.loss), text))
        shown.add(reason)
    return Entries(tuple(entries), numbered=True)


def _notes(recommendation: Recommendation, *, everything: bool) -> Iterator[Item]:
    """Yield the options of a first choice, its output activation, and remarks on it."""
    entries = list(_option_entries(recommendation, everything=everything))
    if recommendation.activation:
        entries.append(Entry("output activation", recommendation.activation))
    if entries:
        yield Entries(tuple(entries))
    reasons = {option.because for option in recommendation.options.values()}
    remarks = [*recommendation.warnings, *recommendation.advice, *recommendation.disagree]
    remarks = [text for text in remarks if text not in reasons]
    points: list[Text] = [*(remarks if everything else remarks[:NOTES])]
    if len(points) < len(remarks):
        points.append((f"{len(remarks) - NOTES} more with ", Code("--explain")))
    if points:
        yield Points(tuple(points))


def _option_entries(recommendation: Recommendation, *, everything: bool) -> Iterator[Entry]:
    shown = [
        name for name, option in recommendation.options.items() if option.because or everything
    ]
    for because, names in groupby(shown, key=lambda name: recommendation.options[name].because):
        flags = (Code(_flag(name, recommendation.options[name].value)) for name in names)
        yield Entry(joined(flags), first_sentence(because))


def _flag(name: str, value: object) -> str:
    return flag(name, value if isinstance(value, bool) else "none" if value is None else str(value))


def _discouraged(answer: Answer) -> Iterator[Section]:
    entries = tuple(
        Entry(_counted(names), first_sentence(because))
        for because, names in _by_reason(answer.avoid).items()
    )
    if entries:
        yield Section("Avoid", (Entries(entries),))
    entries = tuple(
        Entry(joined(names), because) for because, names in _by_reason(answer.vetoed).items()
    )
    if entries and not answer.recommendations:
        yield Section("Does not fit", (Entries(entries),))


def _by_reason(losses: Iterable[Avoided | Vetoed]) -> dict[str, list[Name]]:
    """Put losses with the same reason together."""
    names: dict[str, list[Name]] = {}
    for loss in losses:
        names.setdefault(loss.because, []).append(Name(loss.loss))
    return names


def _counted(names: Sequence[Part]) -> Text:
    """List the first few names, and count the rest."""
    listed = joined(names[:NAMED])
    return (*parts(listed), f" and {len(names) - NAMED} more") if len(names) > NAMED else listed


def _explained(advice: Advice, answer: Answer, explanation: Explanation) -> Section:
    """Describe a loss, the rules for and against it, and what would rank it first."""

    def reasons(label: str, of_rules: Sequence[Reason]) -> Iterator[Entry]:
        for reason in of_rules:
            cited = _citations(advice, reason.sources, with_places=_explains(answer))
            support = cited or f"{reason.file}, line {reason.line}"
            details = (
                Paragraph((Name(reason.rule), f": {', '.join(reason.facts) or 'always'}")),
                Paragraph(f"{reason.evidence}: {support}"),
            )
            yield Entry(label, reason.text, details)

    entries = [
        Entry("fits", explanation.fits),
        Entry("strengths", " ".join(explanation.strengths)),
        Entry("weaknesses", " ".join(explanation.weaknesses)),
        Entry("used for", "; ".join(explanation.use)),
        *reasons("in favour", explanation.votes_for),
        *reasons("against", explanation.votes_against),
        *(Entry("does not fit", text) for text in explanation.vetoes[1:]),
        Entry("may depend on", _counted(explanation.unknown)),
    ]
    if explanation.state != "first":
        change = ", ".join(
            statement(name, value) for name, value in explanation.smallest_change.items()
        )
        entries.append(Entry("would be first with", change or "no change of one or two facts"))
    items = (Entries(tuple(entry for entry in entries if entry.text)),)
    if explanation.state == "first":
        return Section(f"Why {explanation.loss} is ranked first", items)
    heading = f"Why {explanation.loss} is not ranked first"
    return Section(heading, (Paragraph(explanation.because), *items))


def _citations(advice: Advice, sources: Sequence[str], *, with_places: bool) -> str:
    """Cite publications by their short names; with the cited places, if these are wanted."""
    places: dict[str, list[str]] = {}
    for source in sources:
        places.setdefault(source.partition("#")[0], []).append(source)
    return "; ".join(
        advice.base.sources[name].short + (f" [{', '.join(cited)}]" if with_places else "")
        for name, cited in places.items()
    )


def _background(advice: Advice, answer: Answer) -> Iterator[Section]:
    """Show what was known, which rules fired or depend on unknown facts, and their sources."""
    if answer.fired is None or answer.pending is None:
        return
    facts = tuple(
        Entry(
            statement(known.name, known.value),
            f"{known.origin}, {known.confidence}. {known.evidence}".rstrip(),
        )
        for known in answer.facts
    )
    if facts:
        yield Section("Facts", (Entries(facts),))
    fired = tuple(
        Entry(Name(reason.rule), f"{reason.kind}, {reason.evidence}: {reason.when}")
        for reason in answer.fired
    )
    if fired:
        yield Section(f"Rules that fire ({len(fired)})", (Entries(fired),))
    pending = joined(Name(reason.rule) for reason in answer.pending)
    if pending:
        heading = f"Rules that depend on unknown facts ({len(answer.pending)})"
        yield Section(heading, (Paragraph(pending),))
    cited = dict.fromkeys(
        source.partition("#")[0] for reason in answer.fired for source in reason.sources
    )
    if cited:
        sources = tuple(Entry(name, str(advice.base.sources[name])) for name in cited)
        yield Section("Sources", (Entries(sources),))
    yield Section("Rule base", (Snippet(answer.rules_digest),))


def _questions(answer: Answer) -> tuple[Item, ...]:
    entries = tuple(
        Entry(question.question, details=_outcomes(question)) for question in answer.questions
    )
    return (Entries(entries),) if entries else ()


def _outcomes(question: Question) -> tuple[Item, ...]:
    """Say what the data suggest, and which answers would change what."""
    details: list[Item] = []
    if question.guess:
        suggested = in_words(question.guess.value)
        details.append(Paragraph(f"The data suggest {suggested}: {question.guess.evidence}"))
    changing = [possible for possible in question.values if possible.changes == "first"]
    shown = changing or [possible for possible in question.values if possible.changes == "top"]

    def outcome(possible: PossibleAnswer) -> Text:
        if not changing:
            return "same first choice, other alternatives"
        return (*parts(joined(map(Name, possible.first.values()))), " first")

    entries = tuple(
        Entry(joined((Code(possible.option) for possible in answers), " or "), text)
        for text, answers in groupby(shown, key=outcome)
    )
    return (*details, Entries(entries))


def _next_steps(answer: Answer) -> tuple[Item, ...]:
    firsts = [first for first in answer.recommendations if first.rank == 1]
    if not firsts:
        return ()
    commands = [
        Command(
            first.command,
            f"does not accept the data as they are: {first.refused}" if first.refused else "",
        )
        for first in firsts
    ]
    return (Commands((*commands, Command(f"lossctl show {firsts[0].loss}"))),)


def first_sentence(text: str) -> str:
    """Return a text up to its first full stop.

    >>> first_sentence("It is robust. At 1.345 sigma it is precise.")
    'It is robust.'
    """
    return re.split(r"(?<=[.!?]) (?=[A-Z])", text)[0]


def _table(recommendations: Sequence[Recommendation]) -> Table:
    """Put the recommendations in rows, for formats that hold nothing else."""
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
    rows = [
        tuple(as_fields(getattr(recommendation, column.name)) for column in columns)
        for recommendation in recommendations
    ]
    return Table("recommendations", columns, rows, "loss")
