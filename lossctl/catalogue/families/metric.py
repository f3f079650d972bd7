"""Losses of vectors, or of their distances, that should be near each other or far apart.

Vectors come as `(n, d)`, one a row, finite; distances, and the labels that say which rows are
similar, as `(n,)`; cosines with classes as `(n, classes)`. Each loss returns one term a row, but
for those of a whole batch, in which every row is compared with all others: these get the rows of
each batch as `Ragged`, and return one term a batch. Lengths and distances are computed so that no
square overflows or vanishes on the way. A value out of its domain never reaches these functions:
whoever reads the data raises
`lossctl.errors.OutOfDomain`.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Annotated, Literal, TypeAlias

from lossctl.block import Array, Codes, Mask, Ragged, Words
from lossctl.catalogue.definition import DataNote, PerRow, PerUnit, Twin, loss
from lossctl.catalogue.kinds import (
    CLASS_SCORES,
    DIRECTIONS,
    NAMES,
    SIGNS,
    VALUES,
    ZERO_OR_ONE,
    Directions,
    Labels,
    Vectors,
    in_units,
    narrowed,
)
from lossctl.catalogue.numerics import log_softmax, taken
from lossctl.catalogue.options import Interval, Option
from lossctl.lazy import np

LARGEST = sys.float_info.max
DISTANCE = narrowed(VALUES, at_least=0, columns="one")
SIMILAR = narrowed(ZERO_OR_ONE, columns="one")
SIGN = narrowed(SIGNS, columns="one")
COSINES = replace(
    CLASS_SCORES,
    title="cosines of classes",
    noun="a cosine (between -1 and 1)",
    within=Interval(at_least=-1, at_most=1),
)

BATCH = in_units(DIRECTIONS)
GROUPS = replace(in_units(NAMES), title="labels", noun="a label")

CELLS = 2**18
"""So many cosines are held at a time, however large a batch is."""

Places: TypeAlias = tuple[Codes, ...]
"""Rows and columns of a table, to index it with."""

Margin = Annotated[
    float, Option("distance from which dissimilar rows cost nothing", Interval(above=0))
]
Half = Annotated[bool, Option("halve the square, as the paper does")]
SimilarIs = Annotated[Literal["1", "0"], Option("the label of rows that should be near")]
Temperature = Annotated[
    float,
    Option("what cosines are divided by; the lower, the more the nearest count", Interval(above=0)),
]


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
            note="this is the distance that torch takes where none is given",
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
            note="torch's number is the cosine itself, with the other sign; without an epsilon "
            "it is nan at a zero vector",
        ),
        Twin(
            "optax",
            "optax.cosine_similarity(prediction, -target, epsilon={eps} ** 2){reduction}",
            named=False,
            note="optax's number is the cosine itself, with the other sign; without an epsilon "
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
            note="optax takes the cosine from 1, and so has few digits near a match; without an "
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
            note="torch holds its eps, 1e-12, in float32; it takes the cosine from 1, and so has "
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
    cosine = taken(prediction, target)
    # The factors apart: 1 - cos² would have few digits at a small angle.
    sine = np.sqrt((1.0 - cosine) * (1.0 + cosine))
    enlarged = cosine * math.cos(margin) - sine * math.sin(margin)
    if past_half_turn == "linear":
        beyond = cosine < -math.cos(margin)
        enlarged = np.where(beyond, cosine - margin * math.sin(margin), enlarged)
    logits = scale * prediction
    np.put_along_axis(logits, target[:, None], scale * enlarged[:, None], axis=1)
    return 0.0 - taken(log_softmax(logits), target)  # which makes no -0


def _too_few(anchor: Ragged, positive: Ragged) -> Mask:
    del positive
    few: Mask = anchor.lengths < 2
    return few


TOO_FEW = "with fewer than two rows there is nothing to tell apart, which counts as 0"


def _cross_entropy(one: str, other: str) -> str:
    return (
        f"torch.nn.functional.cross_entropy(torch.nn.functional.normalize({one}) "
        f"@ torch.nn.functional.normalize({other}).T / {{temperature}}, torch.arange(len({one})))"
    )


@loss(
    aliases=("info_nce_loss", "contrastive_predictive_coding", "in_batch_negatives"),
    optimum=None,
    data_notes=(DataNote("single_rows", TOO_FEW, of_units=_too_few),),
    twins=(
        Twin(
            "torch",
            _cross_entropy("anchor", "positive"),
            needs={"symmetric": False},
            reductions={"mean": ""},
            named=False,
            note="this is the number of one batch",
        ),
        Twin(
            "torch",
            f"torch.stack([{_cross_entropy('anchor', 'positive')}, "
            f"{_cross_entropy('positive', 'anchor')}]).mean()",
            needs={"symmetric": True},
            reductions={"mean": ""},
            named=False,
            note="this is the number of one batch",
        ),
    ),
)
def info_nce(
    anchor: Annotated[Ragged, BATCH],
    positive: Annotated[Ragged, BATCH],
    *,
    temperature: Temperature = 0.1,
    symmetric: Annotated[
        bool,
        Option("mean of this and of picking the anchor of each positive, as CLIP has it"),
    ] = False,
) -> PerUnit:
    """Negative log likelihood of picking each anchor's own positive among those of the batch.

    Helps:
        When it is known what belongs together, but not what does not: views of an image, a question
        and its answer, an image and its caption. The other rows of the batch are the negatives.

    Hurts:
        When other rows of the batch belong to the anchor too: they are pushed away. The number
        grows with the batch, so only batches of one size can be compared; and with another
        temperature it is another number: MoCo and pytorch-metric-learning have 0.07, and the paper
        has none, for its scores are no cosines.

    Formula:
        mean over i of -ln(e^(cos(aᵢ, pᵢ) / temperature) / Σ over j of
        e^(cos(aᵢ, pⱼ) / temperature)); with `symmetric`, the mean of it and of the same with a and
        p exchanged

    Domain:
        anchor, positive: (n, d) for each batch, finite; row i of both belong together. At a zero
        vector, which has no direction, cosines are taken as 0. Without `--unit` all rows are one
        batch. A batch of one row, or none, counts as 0. Result: at least 0, in nats; at most
        ln n + 2 / temperature.

    Example:
        >>> anchor = Ragged(np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([2]))
        >>> info_nce(anchor, anchor, temperature=1.0)  # ln(1 + 1/e)
        array([0.31326169])

    References:
        A. van den Oord, Y. Li, O. Vinyals, Representation learning with contrastive predictive
        coding, arXiv 1807.03748, 2018; A. Radford et al., Learning transferable visual models from
        natural language supervision, ICML 2021 (symmetric)
    """
    first, second = _unit(anchor.values), _unit(positive.values)

    def of_batch(rows: slice) -> Array:
        one, other = first[rows], second[rows]
        terms = _picked(one, other, np.arange(len(one)), temperature)
        if symmetric:
            terms = 0.5 * (terms + _picked(other, one, np.arange(len(one)), temperature))
        return terms

    return _mean_of_batches(anchor, of_batch)


def _too_few_views(first: Ragged, second: Ragged) -> Mask:
    return _too_few(first, second)


@loss(
    aliases=("nt_xent_loss", "simclr", "normalised_temperature_scaled_cross_entropy"),
    optimum=None,
    data_notes=(DataNote("single_rows", TOO_FEW, of_units=_too_few_views),),
    twins=(
        Twin(
            "optax",
            "optax.losses.ntxent(jax.numpy.concatenate([first, second]), "
            "jax.numpy.tile(jax.numpy.arange(len(first)), 2), temperature={temperature})",
            sets={"temperature": 0.07},
            reductions={"mean": ""},
            note="optax takes the views of one batch, and labels that say which belong together; "
            "vectors shorter than 1.5e-8 it divides by that, not by their length",
        ),
    ),
)
def nt_xent(
    first: Annotated[Ragged, BATCH],
    second: Annotated[Ragged, BATCH],
    *,
    temperature: Temperature = 0.5,
) -> PerUnit:
    """Negative log likelihood of picking each view's partner among all other views of the batch.

    Helps:
        When two views of each example are there, such as two crops of an image, and no labels:
        SimCLR. The views of all other examples, first and second, are the negatives.

    Hurts:
        When other examples of the batch are of the same class: they are pushed away. The number
        grows with the batch. The temperature decides: 0.5 is what the paper found best for
        CIFAR-10, and 0.1 for ImageNet; optax and pytorch-metric-learning have 0.07.

    Formula:
        mean over the 2n views v of -ln(e^(cos(v, v') / temperature) / Σ over w ≠ v of
        e^(cos(v, w) / temperature)); v' is the other view of the same example, and among the w

    Domain:
        first, second: (n, d) for each batch, finite; row i of both are views of the same example.
        At a zero vector, which has no direction, cosines are taken as 0. Without `--unit` all rows
        are one batch. A batch of one row, or none, counts as 0. Result: at least 0, in nats; at
        most ln(2n - 1) + 2 / temperature.

    Example:
        >>> views = Ragged(np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([2]))
        >>> nt_xent(views, views, temperature=1.0)  # ln(1 + 2/e)
        array([0.55144471])

    References:
        T. Chen, S. Kornblith, M. Norouzi, G. Hinton, A simple framework for contrastive learning of
        visual representations, ICML 2020
    """
    one, other = _unit(first.values), _unit(second.values)

    def of_batch(rows: slice) -> Array:
        views = np.concatenate([one[rows], other[rows]])
        partner = np.roll(np.arange(len(views)), len(views) // 2)
        return _picked(views, views, partner, temperature, itself=False)

    return _mean_of_batches(first, of_batch)


def _some_alone(prediction: Ragged, target: Ragged, *, count_alone: bool = False) -> Mask:
    del prediction
    alone = _alone(target) & (not count_alone)
    return np.bincount(target.units[alone], minlength=len(target.lengths)) > 0


@loss(
    aliases=("supcon_loss", "supervised_contrastive", "supervised_contrastive_loss"),
    optimum=None,
    data_notes=(
        DataNote(
            "rows_alone",
            "rows whose label no other row has are left out; where there are no others, it is 0",
            of_units=_some_alone,
        ),
    ),
)
def supcon(
    prediction: Annotated[Ragged, BATCH],
    target: Annotated[Ragged, GROUPS],
    *,
    temperature: Temperature = 0.1,
    count_alone: Annotated[
        bool,
        Option("count rows whose label no other row has as 0, rather than leave them out"),
    ] = False,
) -> PerUnit:
    """Mean negative log likelihood of picking the rows of the same label among all of the batch.

    Helps:
        When classes are known and rows of one class should be near each other, for a classifier
        that is fitted afterwards, or for search.

    Hurts:
        When a class has but one row in a batch: that row teaches nothing. It is left out of the
        mean, as in pytorch-metric-learning; the authors' PyTorch code counts it as 0
        (`--count-alone`), and first gave nan. Each of m rows of one class costs at least ln(m - 1),
        however near they are, also where there is no other class; then pytorch-metric-learning has
        0. The temperature is the paper's, 0.1, as in pytorch-metric-learning; the authors' PyTorch
        code has 0.07, and multiplies the number by temperature / 0.07.

    Formula:
        mean over rows i of the mean over p of -ln(e^(cos(zᵢ, zₚ) / temperature) / Σ over a ≠ i of
        e^(cos(zᵢ, zₐ) / temperature)), where p are the other rows with the label of i: the paper's
        L_out

    Domain:
        prediction: (n, d) for each batch, finite; at a zero vector, which has no direction, cosines
        are taken as 0. target: (n,) words or whole numbers; all that matters is which are equal.
        Views of an example are rows with the same label. Without `--unit` all rows are one batch. A
        batch in which no label comes twice counts as 0. Result: at least 0, in nats; at most
        ln(n - 1) + 2 / temperature.

    Example:
        >>> prediction = Ragged(np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 3.0]]), np.array([3]))
        >>> target = Ragged(Words(np.array([0, 0, 1]), ("cat", "dog")), np.array([3]))
        >>> supcon(prediction, target, temperature=1.0)  # ln(1 + 1/e)
        array([0.31326169])

    References:
        P. Khosla et al., Supervised contrastive learning, NeurIPS 2020
    """
    directions, labels = _unit(prediction.values), target.values.codes
    alone = _alone(target)

    def of_batch(rows: slice) -> Array:
        batch, label = directions[rows], labels[rows]
        terms = np.empty(len(batch))
        for some in _strips(len(batch)):
            places = np.arange(some.start, some.stop)
            itself = places - some.start, places
            like = label[some, None] == label
            like[itself] = False
            terms[some] = _unlikelihood(
                batch[some] @ batch.T, np.nonzero(like), temperature, without=itself
            )
        if count_alone:
            return np.where(alone[rows], 0.0, terms)
        return terms[~alone[rows]]

    return _mean_of_batches(prediction, of_batch)


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


def _mean_of_batches(batches: Ragged, of_batch: Callable[[slice], Array]) -> Array:
    """Average the terms of each batch, which are made of its rows; those of no terms are 0."""
    ends = np.cumsum(batches.lengths).tolist()
    each = map(of_batch, map(slice, batches.starts.tolist(), ends))
    return np.array([terms.mean() if len(terms) else 0.0 for terms in each])


def _strips(rows: int) -> Iterator[slice]:
    """Cut a batch so that the cosines of some rows with all of them are not too many."""
    step = max(1, CELLS // max(1, rows))
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def _picked(
    one: Array, other: Array, partner: Codes, temperature: float, *, itself: bool = True
) -> Array:
    """Return -ln of how likely each direction picks its partner among the others.

    Without `itself`, the row of the same number is not among them.
    """
    terms = np.empty(len(one))
    for some in _strips(len(one)):
        rows = np.arange(some.stop - some.start)
        terms[some] = _unlikelihood(
            one[some] @ other.T,
            (rows, partner[some]),
            temperature,
            without=None if itself else (rows, rows + some.start),
        )
    return terms


def _unlikelihood(
    cosine: Array, positive: Places, temperature: float, *, without: Places | None
) -> Array:
    """Return the mean over the positives of each row of -ln of their share in the row.

    What stands in the places `without` does not count. A row without positives has no number.
    """
    rows, count = positive[0], len(cosine)
    many = np.bincount(rows, minlength=count)
    own = np.bincount(rows, weights=cosine[positive], minlength=count) / np.maximum(many, 1)
    # How far each is ahead of the positives. A single one is so by 0, which adds no rounding to a
    # small loss.
    ahead = cosine - own[:, None]
    ahead /= temperature
    if without is not None:
        ahead[without] = -np.inf
    largest = ahead.max(axis=1)
    # Infinities stay as they are, for their difference would not be a number.
    shift = np.where(np.isfinite(largest), largest, 0.0)
    ahead -= shift[:, None]
    power = np.exp(ahead, out=ahead)
    near = np.bincount(rows, weights=power[positive], minlength=count)
    power[positive] = 0.0
    rest = power.sum(axis=1)
    with np.errstate(divide="ignore"):
        of_one = np.logaddexp(0.0, np.log(rest) + shift)
        return np.where(many == 1, of_one, np.log(near + rest) + shift)


def _alone(labels: Ragged) -> Mask:
    """Mark the rows whose label no other row of their batch has."""
    words: Words = labels.values
    _, group, count = np.unique(
        labels.units * len(words.words) + words.codes, return_inverse=True, return_counts=True
    )
    alone: Mask = count[group] == 1
    return alone
