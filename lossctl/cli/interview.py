"""The interview: asking for what would change the answer, until nothing would."""

from __future__ import annotations

import sys

import typer

from lossctl.advice.problem import from_options
from lossctl.advice.recommendation import Advice, Question, advise
from lossctl.errors import UsageError, visible
from lossctl.facts.vocabulary import FactValue, Known


def interview(advice: Advice) -> Advice:
    """Ask until no answer would change the advice, or the user has no more.

    Questions go to standard error, so that standard output is the answer alone.
    """
    typer.echo("Answer with a word or its number; Enter: none of these, or not known.", err=True)
    while advice.questions:
        question = advice.questions[0]
        name = question.fact
        try:
            value = _asked(advice, question)
        except EOFError:
            break
        if value is None:
            advice = advise(advice.base, advice.stated, declined=advice.declined | {name})
        else:
            said = Known(name, value, "flag", evidence="answered")
            others = [each for each in advice.stated if each.name != name]
            advice = advise(advice.base, [*others, said], declined=advice.declined)
    return advice


def _asked(advice: Advice, question: Question) -> FactValue | None:
    """Ask one question until the answer is understood; None if there is none."""
    fact = advice.base.vocabulary.facts[question.fact]
    numbered = {str(number): word for number, word in enumerate(question.answers, 1)}
    typer.echo("", err=True)
    for conflict in advice.conflicts:
        typer.echo(f"{conflict.because}", err=True)
    typer.echo(fact.question, err=True)
    if question.guess:
        typer.echo(f"  {visible(question.guess.evidence)}", err=True)
    for number, word in numbered.items():
        meaning = f": {fact.values[word]}" if word in fact.values else ""
        typer.echo(f"  {number}  {word}{meaning}", err=True)
    while word := _line():
        if word in numbered and fact.type != "integer":
            return question.answers[numbered[word]].value
        switches = {"y": True, "yes": True, "n": False, "no": False}
        said = switches.get(word.lower(), word) if fact.type == "flag" else word
        try:
            return from_options(advice.base, {fact.name: said})[0].value
        except UsageError as error:
            typer.echo(f"  {error.message}. {error.hint}".rstrip(), err=True)
    return None


def _line() -> str:
    """Read an answer.

    Raises:
        EOFError: there are no more.
    """
    typer.echo("> ", err=True, nl=False)
    try:
        line = sys.stdin.readline()
    except UnicodeError:
        raise UsageError("standard input is not UTF-8") from None
    if not line:
        raise EOFError
    return line.strip()
