"""The functions for Python programs: what the command line does, with arrays instead of files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

from lossctl.errors import UsageError

if TYPE_CHECKING:
    from lossctl.block import Array
    from lossctl.catalogue.definition import Loss
    from lossctl.detectors import Findings


def compute(
    loss: str,
    *roles: Any,  # noqa: ANN401
    weight: Any = None,  # noqa: ANN401
    unit: Any = None,  # noqa: ANN401
    like: str | None = None,
    **options: Any,  # noqa: ANN401
) -> float | Array:
    """Compute a loss from arrays, exactly as the command line does from files.

    Args:
        loss: its name, an alias, or a framework's name, which implies that framework's conventions.
        roles: the inputs in the order that the loss declares, for most `prediction` and `target`:
            anything that numpy can convert, `(n,)` or `(n, d)`. The column names of a data frame
            are the names of its classes. For a loss of whole units (images, sentences, samples),
            a list with one array per unit, or a single array.
        weight: one number per row, at least 0; if the inputs have rows of their own, a list with
            one array per input; for a loss of whole units, one number per unit.
        unit: the name of the unit of each row; the result is the mean of the units' losses.
        like: torch, keras, sklearn, optax, scipy, statsmodels or torchvision, to get the number
            of this framework.
        options: the loss's own options, and `reduction`, `per` and `divide_by`.

    Returns:
        The number. With `reduction="none"`, one number per row (per element with `per="element"`),
        multiplied by its weight.

    Raises:
        UsageError: there is no such loss or option, or options contradict each other.
        DataError: the arrays do not fit the loss or each other.

    >>> compute("mse", [1.0, 2.0], [0.0, 4.0])
    2.5
    >>> compute("mae", [1.0, 2.0], [0.0, 4.0], weight=[3.0, 1.0], reduction="none")
    array([3., 2.])
    """
    from lossctl.engine.arrays import compute  # noqa: PLC0415  # numpy is not needed for --help

    return compute(loss, roles, weight=weight, unit=unit, like=like, options=options)


def inspect(*, target: Any, prediction: Any = None) -> Findings:  # noqa: ANN401
    """Infer facts about the problem from predictions and targets.

    Args:
        target: numbers or labels, `(n,)` or `(n, d)`; labels may be words.
        prediction: the model's outputs for them, `(n,)` or `(n, d)`. The column names of a data
            frame are the names of its classes.

    Returns:
        `facts`, each with `name`, `value`, `confidence` (certain, likely, weak) and `evidence`, and
        `remarks`, each with `kind` and `message`.

    Raises:
        DataError: the arrays do not fit each other, or hold values that are not finite numbers.

    >>> [(fact.name, fact.value) for fact in inspect(target=[0, 1, 1, 0]).facts][:2]
    [('task', 'binary_classification'), ('labels', 'binary_01')]
    """
    from lossctl.detectors import detect_arrays  # noqa: PLC0415  # numpy is not needed for --help

    return detect_arrays(target, prediction)


def recommend(
    *,
    target: Any = None,  # noqa: ANN401
    prediction: Any = None,  # noqa: ANN401
    rules: str | PathLike[str] | Sequence[str | PathLike[str]] = (),
    why: Sequence[str] = (),
    why_not: Sequence[str] = (),
    explain: bool = False,
    **facts: Any,  # noqa: ANN401
) -> dict[str, Any]:
    """Recommend losses for a problem, with reasons.

    Args:
        target: targets from which to infer facts, as in `inspect`.
        prediction: the predictions for them.
        rules: files with your own rules, on top of those of lossctl.
        why: losses for which to explain why they are recommended.
        why_not: losses for which to explain why they are not ranked first.
        explain: whether to show every fact and rule behind the answer.
        facts: what is known about the problem, by name: `task="segmentation"`, `imbalanced=True`.

    Returns:
        The object that `lossctl recommend --format json` prints.

    Raises:
        UsageError: there is no such fact, value or loss, or a file of rules is invalid.
        DataError: the arrays do not fit each other, or hold values that are not finite numbers.

    >>> recommend(task="segmentation", imbalanced=True)["recommendations"][0]["loss"]
    'dice'
    """
    from lossctl.advice.answer import answer  # noqa: PLC0415
    from lossctl.advice.problem import from_options, loss_name  # noqa: PLC0415
    from lossctl.advice.recommendation import advise  # noqa: PLC0415  # compute needs no rules
    from lossctl.advice.rule_base import load  # noqa: PLC0415
    from lossctl.render.json import document  # noqa: PLC0415

    if target is None and prediction is not None:
        raise UsageError("facts cannot be inferred from predictions without targets")
    why, why_not = ([names] if isinstance(names, str) else names for names in (why, why_not))
    files = [rules] if isinstance(rules, str | PathLike) else rules
    base = load(tuple(map(str, files)))
    known = from_options(base, facts)
    trial = None
    if target is not None:
        from lossctl.advice.trial import of_arrays  # noqa: PLC0415  # numpy is for data

        known += inspect(target=target, prediction=prediction).facts
        trial = of_arrays(target, prediction)
    result = answer(
        advise(base, known),
        trial=trial,
        why=[loss_name(base, name) for name in why],
        why_not=[loss_name(base, name) for name in why_not],
        explain=explain,
    )
    return document(result.fields)


def losses() -> Mapping[str, Loss]:
    """Return the catalogue: every loss by its name.

    >>> losses()["huber"].aliases
    ('huber_loss', 'hubber_loss')
    """
    from lossctl.catalogue.scan import load  # noqa: PLC0415  # numpy is not needed for --help

    return load()
