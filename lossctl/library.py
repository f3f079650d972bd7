"""The doors for Python programs: what the command line does, with arrays in place of files."""

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
    """Compute a loss of arrays, exactly as the command line does of files.

    Args:
        loss: its name, an alias, or a framework's name, which implies that framework's conventions.
        roles: the arrays in the order that the loss declares, `prediction` and `target` for most:
            anything that numpy reads, `(n,)` or `(n, d)`. The names of a data frame's columns are
            the names of its classes. For a loss of whole units (pictures, sentences, samples) a
            list of arrays, one a unit, or one array.
        weight: one number a row, at least 0; where roles have rows of their own, a list with one
            array a role; one number a unit, where the loss is one of whole units.
        unit: the name of the unit of each row: the result is the mean of the units' losses.
        like: torch, keras, sklearn, optax, scipy, statsmodels or torchvision, to get the number
            that this framework gives.
        options: the loss's own options, and `reduction`, `per` and `divide_by`.

    Returns:
        The number. With `reduction="none"`, one number a row (an element with `per="element"`),
        each times its weight.

    Raises:
        UsageError: no such loss or option, or options that do not go together.
        DataError: arrays that do not fit the loss or each other.

    >>> compute("mse", [1.0, 2.0], [0.0, 4.0])
    2.5
    >>> compute("mae", [1.0, 2.0], [0.0, 4.0], weight=[3.0, 1.0], reduction="none")
    array([3., 2.])
    """
    from lossctl.engine.arrays import compute  # noqa: PLC0415  # numpy is not needed for --help

    return compute(loss, roles, weight=weight, unit=unit, like=like, options=options)


def inspect(*, target: Any, prediction: Any = None) -> Findings:  # noqa: ANN401
    """Find what predictions and targets tell of the problem, as the command line does of files.

    Args:
        target: numbers or labels, `(n,)` or `(n, d)`; labels may be words.
        prediction: what the model has put out for them, `(n,)` or `(n, d)`. The names of a data
            frame's columns are the names of its classes.

    Returns:
        `facts`, each with `name`, `value`, `confidence` (certain, likely, weak) and `evidence`, and
        `remarks`, each with `kind` and `message`.

    Raises:
        DataError: arrays that do not fit each other, or hold what is no finite number.

    >>> [(each.name, each.value) for each in inspect(target=[0, 1, 1, 0]).facts][:2]
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
    """Recommend losses for a problem, with the reasons, as the command line does.

    Args:
        target: targets, to read facts from, as in `inspect`.
        prediction: predictions that belong to them.
        rules: files of rules of your own, over those of lossctl.
        why: losses of which to say what speaks for them.
        why_not: losses of which to say why they are not the first.
        explain: whether to name all rules that speak or wait.
        facts: what is known of the problem, by name: `task="segmentation"`, `imbalanced=True`.

    Returns:
        The object that `lossctl recommend --format json` shows.

    Raises:
        UsageError: there is no such fact, value or loss, or a file of rules is wrong.
        DataError: arrays that do not fit each other, or hold what is no finite number.

    >>> recommend(task="segmentation", imbalanced=True)["recommendations"][0]["loss"]
    'dice'
    """
    from lossctl.advice.answer import answer  # noqa: PLC0415
    from lossctl.advice.problem import from_options, loss_name  # noqa: PLC0415
    from lossctl.advice.recommendation import advise  # noqa: PLC0415  # compute needs no rules
    from lossctl.advice.rule_base import load  # noqa: PLC0415
    from lossctl.render.json import document  # noqa: PLC0415

    if target is None and prediction is not None:
        raise UsageError("predictions say nothing without targets", "give the targets, too")
    why, why_not = ([each] if isinstance(each, str) else each for each in (why, why_not))
    files = [rules] if isinstance(rules, str | PathLike) else rules
    base = load(tuple(map(str, files)))
    known = from_options(base, facts)
    trial = None
    if target is not None:
        from lossctl.advice.trial import of_arrays  # noqa: PLC0415  # numpy is for data

        known += inspect(target=target, prediction=prediction).facts
        trial = of_arrays(target, prediction)
    card = answer(
        advise(base, known),
        trial=trial,
        why=[loss_name(base, name) for name in why],
        why_not=[loss_name(base, name) for name in why_not],
        explain=explain,
    )
    return document(card)


def losses() -> Mapping[str, Loss]:
    """Return the catalogue: every loss by its name.

    >>> losses()["huber"].summary
    'Quadratic for small residuals, linear with slope delta beyond delta.'
    """
    from lossctl.catalogue.scan import load  # noqa: PLC0415  # numpy is not needed for --help

    return load()
