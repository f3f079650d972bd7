"""The interview: it asks questions as long as an answer would change the advice."""

from __future__ import annotations

import sys

import typer

from lossctl.advice.problem import from_options
from lossctl.advice.recommendation import Advice, Question, advise
from lossctl.errors import UsageError, visible
from lossctl.facts.vocabulary import FactValue, Known


def interview(advice: Advice) -> Advice:
    """Ask until no answer would change the advice, or the input ends.

    Questions go to standard error, so that standard output holds only the answer.
    """
    typer.echo("Type a word or its number, or press Enter to skip a question.", err=True)
    while advice.questions:
        question = advice.questions[0]
        try:
            value = _ask(advice, question)
        except EOFError:
            break
        if value is None:
            declined = advice.declined | {question.fact}
            advice = advise(advice.base, advice.stated, declined=declined)
        else:
            others = [known for known in advice.stated if known.name != question.fact]
            answered = Known(question.fact, value, "flag", evidence="answered")
            advice = advise(advice.base, [*others, answered], declined=advice.declined)
    return advice


def _ask(advice: Advice, question: Question) -> FactValue | None:
    """Ask a question until the answer is valid; None if it is skipped."""
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
        yes_or_no = {"y": True, "yes": True, "n": False, "no": False}
        value = yes_or_no.get(word.lower(), word) if fact.type == "flag" else word
        try:
            return from_options(advice.base, {fact.name: value})[0].value
        except UsageError as error:
            hint = f"; {error.hint}" if error.hint else ""
            typer.echo(f"  {error.message}{hint}", err=True)
    return None


def _line() -> str:
    """Read a line.

    Raises:
        EOFError: the input has ended.
    """
    typer.echo("> ", err=True, nl=False)
    try:
        line = sys.stdin.readline()
    except UnicodeError:
        raise UsageError("standard input is not UTF-8") from None
    if not line:
        raise EOFError
    return line.strip()
