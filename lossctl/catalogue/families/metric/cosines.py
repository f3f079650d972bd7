"""Losses of the cosine of the angle between vectors.

Values outside the domain never reach these functions: the code that reads the data raises
`lossctl.errors.OutOfDomain`.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Annotated, Literal

from lossctl.block import Array
from lossctl.catalogue.definition import METHODS, PerRow, Twin, loss
from lossctl.catalogue.families.metric.distances import SIGN
from lossctl.catalogue.families.metric.vectors import cosine, length, one_minus_cosine
from lossctl.catalogue.kinds import (
    CLASS_SCORES,
    Directions,
    Labels,
)
from lossctl.catalogue.numerics import log_softmax, taken
from lossctl.catalogue.options import Interval, Option
from lossctl.lazy import np

COSINES = replace(
    CLASS_SCORES,
    title="cosines with class vectors",
    noun="a cosine (between -1 and 1)",
    within=Interval(at_least=-1, at_most=1),
)


@loss(
    aliases=("negative_cosine_similarity", "cosine_similarity_loss"),
    optimum=-1.0,
    twins=(
        Twin(
            "keras",
            "keras.losses.CosineSimilarity(reduction={reduction}, dtype='float64')"
            "(target, prediction{weight})",
            sets={"divide_by": "units", "eps": 1e-7},
            weight=", sample_weight=weight",
        ),
        Twin(
            "torch",
            "torch.nn.functional.cosine_similarity(prediction, target, eps={eps}).neg(){reduction}",
            sets={"eps": 1e-8},
            reductions=METHODS,
            named=False,
            note="torch returns the cosine itself, hence the minus sign; without an epsilon it is "
            "nan at a zero vector",
        ),
        Twin(
            "optax",
            "optax.cosine_similarity(prediction, -target, epsilon={eps} ** 2){reduction}",
            named=False,
            note="optax returns the cosine itself, hence the minus sign; without an epsilon it is "
            "nan at a zero vector",
        ),
    ),
)
def cosine_proximity(
    prediction: Directions,
    target: Directions,
    *,
    eps: Annotated[
        float,
        Option("shorter vectors are divided by this instead of their length", Interval(at_least=0)),
    ] = 0.0,
) -> PerRow:
    """Negative cosine similarity of prediction and target.

    Helps:
        When only the direction of a vector matters, as for embeddings of words and images.

    Hurts:
        When lengths matter; and when it is mistaken for the cosine distance, which is larger by 1,
        or for the cosine itself, which has the opposite sign. Negative values are normal.

    Formula:
        -Σ x t / (‖x‖ ‖t‖)

    Domain:
        prediction, target: (n, d), finite; at a zero vector, which has no direction, the cosine
        counts as 0. Result: between -1 and 1.

    Example:
        >>> cosine_proximity(np.array([[3.0, 4.0], [1.0, 0.0]]), np.array([[6.0, 8.0], [3.0, 4.0]]))
        array([-1. , -0.6])

    References:
        https://keras.io/api/losses/regression_losses/#cosinesimilarity-class
    """
    # Subtracted from 0, a cosine of 0 does not become -0.
    return 0.0 - cosine(prediction, target) * _floored(prediction, target, eps)


@loss(
    twins=(
        Twin(
            "optax",
            "optax.cosine_distance(prediction, target, epsilon={eps} ** 2){reduction}",
            note="optax subtracts the cosine from 1, which loses digits near a perfect match; "
            "without an epsilon it is nan at a zero vector",
        ),
    ),
    aliases=("cosine_distance_loss",),
)
def cosine_distance(
    prediction: Directions,
    target: Directions,
    *,
    eps: Annotated[
        float,
        Option("shorter vectors are divided by this instead of their length", Interval(at_least=0)),
    ] = 0.0,
) -> PerRow:
    """One minus the cosine similarity of prediction and target.

    Helps:
        When only the direction of a vector matters, and 0 should mean a perfect match.

    Hurts:
        When lengths matter; and when it is treated as a metric: for small angles it grows with
        their square.

    Formula:
        1 - Σ x t / (‖x‖ ‖t‖)

    Domain:
        prediction, target: (n, d), finite; at a zero vector, which has no direction, the cosine
        counts as 0. Result: between 0 and 2.

    Example:
        >>> cosine_distance(np.array([[3.0, 4.0], [1.0, 0.0]]), np.array([[6.0, 8.0], [3.0, 4.0]]))
        array([0. , 0.4])

    References:
        https://en.wikipedia.org/wiki/Cosine_similarity#Cosine_distance
    """
    return one_minus_cosine(prediction, target, _floored(prediction, target, eps))


@loss(
    aliases=("cosine_embedding_loss",),
    twins=(
        Twin(
            "torch",
            "torch.nn.functional.cosine_embedding_loss(first, second, similar, margin={margin}, "
            "reduction={reduction})",
            sets={"eps": 9.999999960041972e-13},
            names=("torch.nn.CosineEmbeddingLoss",),
            note="torch keeps its eps, 1e-12, in float32; it subtracts the cosine from 1, which "
            "loses digits near a perfect match",
        ),
    ),
)
def cosine_embedding(
    first: Directions,
    second: Directions,
    similar: Annotated[Array, SIGN],
    *,
    margin: Annotated[
        float,
        Option("cosine up to which dissimilar rows cost nothing", Interval(at_least=-1, at_most=1)),
    ] = 0.0,
    eps: Annotated[float, Option("added to the square of each length", Interval(at_least=0))] = 0.0,
) -> PerRow:
    """Cosine distance of similar vectors; of others, the excess of the cosine over the margin.

    Helps:
        When pairs of vectors are known to match or not, and only directions matter.

    Hurts:
        When similar and dissimilar pairs are not roughly balanced: in high dimensions random
        vectors are nearly orthogonal and cost nothing.

    Formula:
        1 - cos where similar is +1, max(0, cos - margin) where it is -1, with
        cos = Σ x y / (‖x‖ ‖y‖); with eps, √(‖x‖² + eps) for each length

    Domain:
        first, second: (n, d), finite; at a zero vector, which has no direction, the cosine counts
        as 0. similar: (n,), -1 or +1; 0 and 1 are mapped to them. Result: between 0 and 2.

    Example:
        >>> cosine_embedding(
        ...     np.array([[3.0, 4.0], [1.0, 0.0]]),
        ...     np.array([[6.0, 8.0], [3.0, 4.0]]),
        ...     np.array([1.0, -1.0]),
        ... )
        array([0. , 0.6])

    References:
        https://docs.pytorch.org/docs/stable/generated/torch.nn.CosineEmbeddingLoss.html
    """
    factor = _lengthened(first, second, eps)
    near = one_minus_cosine(first, second, factor)
    far = np.maximum(0.0, cosine(first, second) * factor - margin)
    return np.where(similar > 0.0, near, far)


@loss(aliases=("arcface_loss", "additive_angular_margin", "angular_margin_softmax"))
def arcface(
    prediction: Annotated[Array, COSINES],
    target: Labels,
    *,
    margin: Annotated[
        float,
        Option(
            "angle in radians that is added to the angle with the true class",
            Interval(at_least=0, at_most=math.pi),
        ),
    ] = 0.5,
    scale: Annotated[float, Option("what the cosines are multiplied by", Interval(above=0))] = 64.0,
    past_half_turn: Annotated[
        Literal["linear", "cosine"],
        Option("if the enlarged angle is above π: cos θ - m sin m, or its cosine, which rises"),
    ] = "linear",
) -> PerRow:
    """Cross-entropy of scaled cosines, with a margin added to the true class's angle.

    Helps:
        When vectors of one class should be close together and far from those of other classes, as
        for faces, and the training classes have vectors of their own.

    Hurts:
        When margins are given in degrees: half a radian is 28.6 of them. And when numbers with
        different margins or scales are compared. With `cosine`, a row that points away from its
        class costs less the farther it does so.

    Formula:
        -ln(e^(s cos(θ_y + m)) / (e^(s cos(θ_y + m)) + Σ over other classes of e^(s cos θ_j))), with
        m the margin and s the scale; if θ_y + m > π, cos(θ_y + m) is replaced by cos θ_y - m sin m,
        as in the authors' code, or with `cosine` kept as in the paper

    Domain:
        prediction: (n, classes), between -1 and 1, the cosine of the row's vector with the vector
        of each class. target: (n,), class numbers from 0, or names of the prediction's columns.
        Result: at least 0, in nats.

    Example:
        >>> arcface(np.array([[0.8, 0.6]]), np.array([0]), scale=1.0).round(6)  # θ + m = 1.143501
        array([0.790241])

    References:
        J. Deng, J. Guo, N. Xue, S. Zafeiriou, ArcFace: Additive angular margin loss for deep face
        recognition, CVPR 2019; https://github.com/deepinsight/insightface (linear)
    """
    true = taken(prediction, target)
    # Factored, because 1 - cos² would lose digits at a small angle.
    sine = np.sqrt((1.0 - true) * (1.0 + true))
    enlarged = true * math.cos(margin) - sine * math.sin(margin)
    if past_half_turn == "linear":
        is_past = true < -math.cos(margin)
        enlarged = np.where(is_past, true - margin * math.sin(margin), enlarged)
    logits = scale * prediction
    np.put_along_axis(logits, target[:, None], scale * enlarged[:, None], axis=1)
    return 0.0 - taken(log_softmax(logits), target)  # not -0 where it is 0


def _floored(first: Array, second: Array, eps: float) -> Array:
    """Return what a cosine is multiplied by if lengths below eps are raised to eps."""
    if not eps:
        return np.ones(len(first))
    return np.minimum(length(first), eps) / eps * (np.minimum(length(second), eps) / eps)


def _lengthened(first: Array, second: Array, eps: float) -> Array:
    """Return what a cosine is multiplied by if eps is added to the squares of the lengths."""
    if not eps:
        return np.ones(len(first))
    of_first, of_second, added = length(first), length(second), np.sqrt(eps)
    return of_first / np.hypot(of_first, added) * (of_second / np.hypot(of_second, added))
