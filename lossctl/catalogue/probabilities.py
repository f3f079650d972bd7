"""Options that losses of probabilities share: logits, label smoothing, normalising, clipping.

Below them is what they do to predictions and targets.
"""

from __future__ import annotations

import sys
from typing import Annotated

from lossctl.block import Array
from lossctl.catalogue.kinds import AMOUNTS, CLASS_SCORES, SCORES
from lossctl.catalogue.numerics import log_softmax
from lossctl.catalogue.options import Interval, Option
from lossctl.lazy import np

EPSILON = sys.float_info.epsilon
SHARE = Interval(at_least=0, at_most=1)
HALF = Interval(at_least=0, below=0.5)

Logits = Annotated[
    bool,
    Option("prediction holds logits, not probabilities", turns={"prediction": SCORES}),
]
ClassLogits = Annotated[
    bool,
    Option("prediction holds logits, not probabilities", turns={"prediction": CLASS_SCORES}),
]
Smoothing = Annotated[float, Option("share of the target spread evenly over the classes", SHARE)]
Clip = Annotated[
    float,
    Option("probabilities are clipped to [clip, 1 - clip]", HALF, clips={"prediction": "clipped"}),
]
Normalise = Annotated[bool, Option("divide each row of probabilities by its sum first")]
NormaliseAmounts = Annotated[
    bool,
    Option(
        "divide each row by its sum first, so that rows may hold any amounts",
        turns={"prediction": AMOUNTS, "target": AMOUNTS},
    ),
]


def smoothed(target: Array, share: float, classes: int) -> Array:
    """Spread a share of the target evenly over the classes.

    >>> smoothed(np.array([1.0, 0.0]), 0.5, 2)
    array([0.75, 0.25])
    """
    return target * (1.0 - share) + share / classes if share else target


def log_probabilities(
    prediction: Array, clip: float, *, from_logits: bool, normalise: bool
) -> Array:
    """Return log class probabilities, of logits by softmax or of probabilities by clipping.

    >>> log_probabilities(np.array([[1.0, 1.0]]), 0.0, from_logits=False, normalise=True)
    array([[-0.69314718, -0.69314718]])
    """
    if from_logits:
        return log_softmax(prediction)
    if normalise:
        prediction = prediction / prediction.sum(axis=1, keepdims=True)
    return np.log(np.clip(prediction, clip, 1.0 - clip))
