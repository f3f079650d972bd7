"""Losses of vectors, or of their distances, that should be near each other or far apart.

Vectors come as `(n, d)`, one a row, finite; distances, and the labels that say which rows are
similar, as `(n,)`; cosines with classes as `(n, classes)`. Each loss returns one term a row.
Lengths and distances are computed so that no square overflows or vanishes on the way. A value out
of its domain never reaches these functions: whoever reads the data raises
`lossctl.errors.OutOfDomain`.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Annotated, Literal

import numpy as np

from lossctl.block import Array, Codes
from lossctl.definition import PerRow, Twin, loss
from lossctl.families.classification import _at, _log_softmax
from lossctl.kinds import (
    CLASS_SCORES,
    SIGNS,
    VALUES,
    ZERO_OR_ONE,
    Directions,
    Labels,
    Vectors,
    narrowed,
)
from lossctl.options import Interval, Option

LARGEST = float(np.finfo(np.float64).max)
DISTANCE = narrowed(VALUES, at_least=0, columns="one")
SIMILAR = narrowed(ZERO_OR_ONE, columns="one")
SIGN = narrowed(SIGNS, columns="one")
COSINES = replace(
    CLASS_SCORES,
    title="cosines of classes",
    noun="a cosine (between -1 and 1)",
    within=Interval(at_least=-1, at_most=1),
)

Margin = Annotated[
    float, Option("distance from which dissimilar rows cost nothing", Interval(above=0))
]
Half = Annotated[bool, Option("halve the square, as the paper does")]
SimilarIs = Annotated[Literal["1", "0"], Option("the label of rows that should be near")]


@loss(aliases=("contrastive_loss",))
def contrastive(
    first: Vectors,
    second: Vectors,
    similar: Annotated[Array, SIMILAR],
    *,
    margin: Margin = 1.0,
    half: Half = True,
    similar_is: SimilarIs = "1",
) -> PerRow:
    """Half the square of the distance of similar vectors, or of what others lack to the margin.

    Helps:
        When pairs of vectors are known to belong together or not, as for verification of faces or
        signatures.

    Hurts:
        When most pairs are beyond the margin already and teach nothing; and when the labels mean
        the opposite: in the paper 0 is similar, in most code 1. Some code leaves out the half.

    Formula:
        ½ (y d² + (1 - y) max(0, margin - d)²) with d = ‖first - second‖, y = 1 where similar;
        without `half`, twice that

    Domain:
        first, second: (n, d), finite. similar: (n,), 0 or 1. Result: at least 0.

    Example:
        >>> contrastive(
        ...     np.array([[3.0, 4.0], [0.0, 0.0]]), np.array([[0.0, 0.0], [0.5, 0.0]]), np.eye(2)[0]
        ... )
        array([12.5  ,  0.125])

    References:
        R. Hadsell, S. Chopra, Y. LeCun, Dimensionality reduction by learning an invariant mapping,
        CVPR 2006
    """
    difference = _difference(first, second)
    exponent = _exponent(difference)
    square = _square(np.ldexp(difference, -exponent[:, None]))
    distance = np.ldexp(np.sqrt(square), exponent)
    # The square itself, not that of its root, which would be rounded twice.
    near = np.ldexp(square, 2 * exponent)
    return _pulled_or_pushed(near, distance, similar, margin, half=half, similar_is=similar_is)


@loss(aliases=("contrastive_loss_of_distances", "contrastive_from_distance"))
def contrastive_distance(
    distance: Annotated[Array, DISTANCE],
    similar: Annotated[Array, SIMILAR],
    *,
    margin: Margin = 1.0,
    half: Half = True,
    similar_is: SimilarIs = "1",
) -> PerRow:
    """Half the square of the distance of similar pairs, or of what others lack to the margin.

    Helps:
        When the distances of pairs are there, of whatever measure, and not the vectors.

    Hurts:
        When similarities are taken for distances; and when the labels mean the opposite: in the
        paper 0 is similar, in most code 1.

    Formula:
        ½ (y d² + (1 - y) max(0, margin - d)²) with d = distance, y = 1 where similar; without
        `half`, twice that

    Domain:
        distance: (n,), at least 0. similar: (n,), 0 or 1. Result: at least 0.

    Example:
        >>> contrastive_distance(np.array([5.0, 0.5, 3.0]), np.array([1.0, 0.0, 0.0]))
        array([12.5  ,  0.125,  0.   ])

    References:
        R. Hadsell, S. Chopra, Y. LeCun, Dimensionality reduction by learning an invariant mapping,
        CVPR 2006
    """
    near = distance * distance
    return _pulled_or_pushed(near, distance, similar, margin, half=half, similar_is=similar_is)


@loss(
    aliases=("hinge_embedding_loss",),
    twins=(
        Twin(
            "torch",
            "torch.nn.functional.hinge_embedding_loss(distance, similar, margin={margin}, "
            "reduction={reduction})",
            names=("torch.nn.HingeEmbeddingLoss",),
        ),
    ),
)
def hinge_embedding(
    distance: Annotated[Array, DISTANCE],
    similar: Annotated[Array, SIGN],
    *,
    margin: Margin = 1.0,
) -> PerRow:
    """Distance of similar pairs, or what others lack to the margin.

    Helps:
        When distances of pairs are there and a few wrong labels should not decide the number, as
        they do with the squares of the contrastive loss.

    Hurts:
        When similarities are taken for distances.

    Formula:
        distance where similar is +1; max(0, margin - distance) where it is -1

    Domain:
        distance: (n,), at least 0. similar: (n,), -1 or +1; 0 and 1 are mapped to them. Result: at
        least 0, in the unit of the distance.

    Example:
        >>> hinge_embedding(np.array([5.0, 0.75, 3.0]), np.array([1.0, -1.0, -1.0]))
        array([5.  , 0.25, 0.  ])

    References:
        https://docs.pytorch.org/docs/stable/generated/torch.nn.HingeEmbeddingLoss.html
    """
    return np.where(similar > 0.0, distance, np.maximum(0.0, margin - distance))


@loss(
    aliases=("triplet_loss", "triplet_margin", "triplet_margin_loss"),
    twins=(
        Twin(
            "torch",
            "torch.nn.functional.triplet_margin_loss(anchor, positive, negative, "
            "margin={margin}, p={p}, eps={eps}, swap={swap}, reduction={reduction})",
            sets={"squared": False, "eps": 1e-6, "eps_in": "difference"},
            needs={"normalise": False},
            names=("torch.nn.TripletMarginLoss",),
        ),
        Twin(
            "torch",
            "torch.nn.functional.triplet_margin_with_distance_loss(anchor, positive, negative, "
            "margin={margin}, swap={swap}, reduction={reduction})",
            sets={"squared": False, "eps": 1e-6, "eps_in": "difference"},
            needs={"normalise": False, "p": 2.0},
            names=("torch.nn.TripletMarginWithDistanceLoss",),
            remark="this is the distance that torch takes where none is given",
        ),
        Twin(
            "optax",
            "optax.losses.triplet_margin_loss(anchor, positive, negative, margin={margin}, "
            "eps={eps}){reduction}",
            sets={"squared": False, "eps": 1e-6, "eps_in": "root"},
            needs={"normalise": False, "p": 2.0, "swap": False},
        ),
    ),
)
def triplet(
    anchor: Vectors,
    positive: Vectors,
    negative: Vectors,
    *,
    margin: Annotated[
        float, Option("how much farther the negative should be", Interval(above=0))
    ] = 1.0,
    squared: Annotated[
        bool, Option("compare the squares of the distances, as FaceNet does")
    ] = True,
    p: Annotated[
        float, Option("degree of the norm; 2 is the Euclidean distance", Interval(at_least=1))
    ] = 2.0,
    normalise: Annotated[bool, Option("scale each vector to length 1 first")] = False,
    swap: Annotated[
        bool, Option("measure the negative from the anchor or the positive, whichever is nearer")
    ] = False,
    eps: Annotated[
        float, Option("added where eps_in says, so that slopes exist at 0", Interval(at_least=0))
    ] = 0.0,
    eps_in: Annotated[
        Literal["difference", "root"],
        Option("eps is added to each coordinate's difference, or to the sum under the root"),
    ] = "difference",
) -> PerRow:
    """How far the negative falls short of being a margin farther from the anchor than the positive.

    Helps:
        When only the order of distances matters, as in search by example and face recognition.

    Hurts:
        When most triplets are easy: they cost nothing, so the mean says little. Squared and plain
        distances need different margins: FaceNet has squares and vectors of length 1, most
        frameworks neither.

    Formula:
        max(0, d(a, p)² - d(a, n)² + margin) with d(x, y) = (Σ |x - y|ᵖ)^(1/p); without `squared`,
        max(0, d(a, p) - d(a, n) + margin); with `swap`, min(d(a, n), d(p, n)) for d(a, n)

    Domain:
        anchor, positive, negative: (n, d), finite. With `normalise` a zero vector stays one.
        Result: at least 0.

    Example:
        >>> triplet(np.array([[0.0, 0.0]]), np.array([[1.0, 0.0]]), np.array([[1.0, 0.5]]))
        array([0.75])

    References:
        F. Schroff, D. Kalenichenko, J. Philbin, FaceNet: A unified embedding for face recognition
        and clustering, CVPR 2015; V. Balntas et al., Learning local feature descriptors with
        triplets and shallow convolutional neural networks, BMVC 2016 (swap)
    """
    if normalise:
        anchor, positive, negative = _unit(anchor), _unit(positive), _unit(negative)
    pairs = [(anchor, positive), (anchor, negative)] + [(positive, negative)] * swap
    differences = [_with_eps(_difference(*pair), p, eps, eps_in) for pair in pairs]
    # One scale for all, so that two distances too large for a float still have a difference.
    exponent = np.max([_exponent(each) for each in differences], axis=0)
    near, *far = (
        _distance(np.ldexp(each, -exponent[:, None]), p, squared=squared) for each in differences
    )
    gap = np.ldexp(near - np.min(far, axis=0), exponent * (2 if squared else 1))
    return np.maximum(0.0, gap + margin)


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
            reductions={"mean": ".mean()", "sum": ".sum()", "none": ""},
            named=False,
            remark="torch's number is the cosine itself, with the other sign; without an epsilon "
            "it is nan at a zero vector",
        ),
        Twin(
            "optax",
            "optax.cosine_similarity(prediction, -target, epsilon={eps} ** 2){reduction}",
            named=False,
            remark="optax's number is the cosine itself, with the other sign; without an epsilon "
            "it is nan at a zero vector",
        ),
    ),
)
def cosine_proximity(
    prediction: Directions,
    target: Directions,
    *,
    eps: Annotated[
        float,
        Option("shorter vectors are divided by it, not by their length", Interval(at_least=0)),
    ] = 0.0,
) -> PerRow:
    """Cosine of the angle between prediction and target, with a minus sign.

    Helps:
        When only the direction of a vector matters, as with embeddings of words and images.

    Hurts:
        When lengths matter; and when it is taken for the cosine distance, which is 1 more, or for
        the cosine itself, which has the other sign. Negative values are normal.

    Formula:
        -Σ x t / (‖x‖ ‖t‖)

    Domain:
        prediction, target: (n, d), finite; at a zero vector, which has no direction, the cosine is
        taken as 0. Result: between -1 and 1.

    Example:
        >>> cosine_proximity(np.array([[3.0, 4.0], [1.0, 0.0]]), np.array([[6.0, 8.0], [3.0, 4.0]]))
        array([-1. , -0.6])

    References:
        https://keras.io/api/losses/regression_losses/#cosinesimilarity-class
    """
    cosine = _cosine(prediction, target) * _floored(prediction, target, eps)
    return 0.0 - cosine  # which makes no -0


@loss(
    twins=(
        Twin(
            "optax",
            "optax.cosine_distance(prediction, target, epsilon={eps} ** 2){reduction}",
            remark="optax takes the cosine from 1, and so has few digits near a match; without an "
            "epsilon its number is nan at a zero vector",
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
        Option("shorter vectors are divided by it, not by their length", Interval(at_least=0)),
    ] = 0.0,
) -> PerRow:
    """One minus the cosine of the angle between prediction and target.

    Helps:
        When only the direction of a vector matters, and 0 should mean that it is right.

    Hurts:
        When lengths matter; and when it is taken for a distance in the strict sense: it goes with
        the square of a small angle.

    Formula:
        1 - Σ x t / (‖x‖ ‖t‖)

    Domain:
        prediction, target: (n, d), finite; at a zero vector, which has no direction, the cosine is
        taken as 0. Result: between 0 and 2.

    Example:
        >>> cosine_distance(np.array([[3.0, 4.0], [1.0, 0.0]]), np.array([[6.0, 8.0], [3.0, 4.0]]))
        array([0. , 0.4])

    References:
        https://en.wikipedia.org/wiki/Cosine_similarity#Cosine_distance
    """
    return _one_minus_cosine(prediction, target, _floored(prediction, target, eps))


@loss(
    aliases=("cosine_embedding_loss",),
    twins=(
        Twin(
            "torch",
            "torch.nn.functional.cosine_embedding_loss(first, second, similar, margin={margin}, "
            "reduction={reduction})",
            sets={"eps": 9.999999960041972e-13},
            names=("torch.nn.CosineEmbeddingLoss",),
            remark="torch holds its eps, 1e-12, in float32; it takes the cosine from 1, and so has "
            "few digits near a match",
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
    """Cosine distance of similar vectors, or by how much the cosine of others exceeds the margin.

    Helps:
        When pairs of vectors are known to belong together or not, and only directions matter.

    Hurts:
        When similar and dissimilar pairs are not about equally many: in high dimensions random
        vectors are nearly orthogonal and cost nothing.

    Formula:
        1 - cos where similar is +1, max(0, cos - margin) where it is -1, with
        cos = Σ x y / (‖x‖ ‖y‖); with eps, √(‖x‖² + eps) for each length

    Domain:
        first, second: (n, d), finite; at a zero vector, which has no direction, the cosine is taken
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
    near = _one_minus_cosine(first, second, factor)
    far = np.maximum(0.0, _cosine(first, second) * factor - margin)
    return np.where(similar > 0.0, near, far)


@loss(aliases=("arcface_loss", "additive_angular_margin", "angular_margin_softmax"))
def arcface(
    prediction: Annotated[Array, COSINES],
    target: Labels,
    *,
    margin: Annotated[
        float,
        Option(
            "radians by which the angle with the row's own class is enlarged",
            Interval(at_least=0, at_most=math.pi),
        ),
    ] = 0.5,
    scale: Annotated[float, Option("what the cosines are multiplied by", Interval(above=0))] = 64.0,
    past_half_turn: Annotated[
        Literal["linear", "cosine"],
        Option("where the enlarged angle is above π: cos θ - m sin m, or its cosine, which rises"),
    ] = "linear",
) -> PerRow:
    """Cross-entropy of scaled cosines, the own class's angle being enlarged by a margin.

    Helps:
        When vectors of one class should lie close together and apart from those of others, as for
        faces, and the classes of training have vectors of their own.

    Hurts:
        When margins are meant in degrees: half a radian is 28.6 of them. And when numbers of other
        margins or scales are compared. With `cosine` a row that points away from its class costs
        the less, the farther it does so.

    Formula:
        -ln(e^(s cos(θ_y + m)) / (e^(s cos(θ_y + m)) + Σ over other classes of e^(s cos θ_j))), with
        m the margin and s the scale; where θ_y + m > π, cos θ_y - m sin m for cos(θ_y + m), as the
        authors' code has it, or with `cosine` the paper's formula as it is

    Domain:
        prediction: (n, classes), between -1 and 1, the cosine of the row's vector with that of each
        class. target: (n,), class numbers from 0, or names of the prediction's columns. Result: at
        least 0, in nats.

    Example:
        >>> arcface(np.array([[0.8, 0.6]]), np.array([0]), scale=1.0).round(6)  # θ + m = 1.143501
        array([0.790241])

    References:
        J. Deng, J. Guo, N. Xue, S. Zafeiriou, ArcFace: Additive angular margin loss for deep face
        recognition, CVPR 2019; https://github.com/deepinsight/insightface (linear)
    """
    cosine = _at(prediction, target)
    # The factors apart: 1 - cos² would have few digits at a small angle.
    sine = np.sqrt((1.0 - cosine) * (1.0 + cosine))
    enlarged = cosine * math.cos(margin) - sine * math.sin(margin)
    if past_half_turn == "linear":
        beyond = cosine < -math.cos(margin)
        enlarged = np.where(beyond, cosine - margin * math.sin(margin), enlarged)
    logits = scale * prediction
    np.put_along_axis(logits, target[:, None], scale * enlarged[:, None], axis=1)
    return 0.0 - _at(_log_softmax(logits), target)  # which makes no -0


def _pulled_or_pushed(
    near: Array, distance: Array, similar: Array, margin: float, *, half: bool, similar_is: str
) -> Array:
    missing = np.maximum(0.0, margin - distance)
    terms = np.where(similar == float(similar_is), near, missing * missing)
    return 0.5 * terms if half else terms


def _difference(first: Array, second: Array) -> Array:
    # Infinite differences could not be told apart.
    return np.clip(first - second, -LARGEST, LARGEST)


def _with_eps(difference: Array, degree: float, eps: float, eps_in: str) -> Array:
    if not eps:
        return difference
    if eps_in == "difference":
        return difference + eps
    # Under the root, eps is what one more coordinate would add.
    return np.column_stack([difference, np.full(len(difference), eps ** (1.0 / degree))])


def _exponent(vectors: Array) -> Codes:
    """Return the power of two just above the largest coordinate of each row."""
    # Scaling by powers of two changes no digit.
    return np.frexp(np.abs(vectors).max(axis=1))[1]


def _square(vectors: Array) -> Array:
    return (vectors * vectors).sum(axis=1)


def _distance(differences: Array, degree: float, *, squared: bool) -> Array:
    """Return the norm of each row, or its square; coordinates are at most 1."""
    if degree == 2.0 and squared:
        return _square(differences)
    exponent = _exponent(differences)
    scaled = np.abs(np.ldexp(differences, -exponent[:, None]))
    if degree == 2.0:
        norm = np.sqrt(_square(scaled))
    elif degree == 1.0:
        norm = scaled.sum(axis=1)
    else:
        # The largest coordinate is made 1, whose power is 1 however high the degree.
        largest = scaled.max(axis=1)
        shares = scaled / np.where(largest == 0.0, 1.0, largest)[:, None]
        norm = largest * (shares**degree).sum(axis=1) ** (1.0 / degree)
    norm = np.ldexp(norm, exponent)
    return norm * norm if squared else norm


def _length(vectors: Array) -> Array:
    exponent = _exponent(vectors)
    length = np.ldexp(np.sqrt(_square(np.ldexp(vectors, -exponent[:, None]))), exponent)
    return np.minimum(length, LARGEST)


def _unit(vectors: Array) -> Array:
    """Scale each row to length 1; zeros stay zeros."""
    scaled = np.ldexp(vectors, -_exponent(vectors)[:, None])
    length = np.sqrt(_square(scaled))
    return scaled / np.where(length == 0.0, 1.0, length)[:, None]


def _cosine(first: Array, second: Array) -> Array:
    """Return the cosine of the angle in each row, 0 at a zero vector."""
    one = np.ldexp(first, -_exponent(first)[:, None])
    other = np.ldexp(second, -_exponent(second)[:, None])
    # The root of a square is exact, so equal vectors have the cosine 1, to the last digit.
    lengths = np.sqrt(_square(one) * _square(other))
    product = (one * other).sum(axis=1)
    return np.clip(product / np.where(lengths == 0.0, 1.0, lengths), -1.0, 1.0)


def _one_minus_cosine(first: Array, second: Array, factor: Array) -> Array:
    """Take the cosine times a factor from 1."""
    cosine = _cosine(first, second)
    # Of a small angle 1 - cos keeps few digits; half the square of the chord keeps all.
    chord = 0.5 * _square(_unit(first) - _unit(second))
    return np.where((cosine > 0.5) & (factor == 1.0), chord, 1.0 - cosine * factor)


def _floored(first: Array, second: Array, eps: float) -> Array:
    """Return the factor of a cosine whose lengths are raised to eps."""
    if not eps:
        return np.ones(len(first))
    return np.minimum(_length(first), eps) / eps * (np.minimum(_length(second), eps) / eps)


def _lengthened(first: Array, second: Array, eps: float) -> Array:
    """Return the factor of a cosine to the squares of whose lengths eps is added."""
    if not eps:
        return np.ones(len(first))
    one, other = _length(first), _length(second)
    more = np.sqrt(eps)
    return one / np.hypot(one, more) * (other / np.hypot(other, more))
