"""Losses of distances between the vectors of pairs and triplets.

Values outside the domain never reach these functions: the code that reads the data raises
`lossctl.errors.OutOfDomain`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from lossctl.block import Array, Mask
from lossctl.catalogue.definition import PerRow, Twin, loss
from lossctl.catalogue.families.metric.vectors import (
    difference,
    exponent,
    norm,
    normalised,
    squared_length,
)
from lossctl.catalogue.kinds import (
    SIGNS,
    VALUES,
    ZERO_OR_ONE,
    Vectors,
    narrowed,
)
from lossctl.catalogue.options import Interval, Option
from lossctl.lazy import np

DISTANCE = narrowed(VALUES, at_least=0, columns="one")

SIMILAR = narrowed(ZERO_OR_ONE, columns="one")

SIGN = narrowed(SIGNS, columns="one")

Margin = Annotated[
    float, Option("distance beyond which dissimilar rows cost nothing", Interval(above=0))
]

Half = Annotated[bool, Option("halve the squares, as the paper does")]

SimilarIs = Annotated[Literal["1", "0"], Option("the label that marks similar rows")]


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
    """Half the squared distance of similar pairs; of others, half the squared margin shortfall.

    Helps:
        When pairs of vectors are known to match or not, as in face or signature verification.

    Hurts:
        When most pairs are beyond the margin already and contribute nothing; and when labels have
        the opposite meaning: in the paper 0 is similar, in most code 1. Some code leaves out the
        half.

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
    residual = difference(first, second)
    scale = exponent(residual)
    square = squared_length(np.ldexp(residual, -scale[:, None]))
    distance = np.ldexp(np.sqrt(square), scale)
    # The square itself, not that of its root, which would be rounded twice.
    squared_distance = np.ldexp(square, 2 * scale)
    terms = _pulled_or_pushed(squared_distance, distance, similar == float(similar_is), margin)
    return 0.5 * terms if half else terms


@loss(aliases=("contrastive_loss_of_distances", "contrastive_from_distance"))
def contrastive_distance(
    distance: Annotated[Array, DISTANCE],
    similar: Annotated[Array, SIMILAR],
    *,
    margin: Margin = 1.0,
    half: Half = True,
    similar_is: SimilarIs = "1",
) -> PerRow:
    """Contrastive loss, computed from the distances of pairs instead of their vectors.

    Helps:
        When the distances of pairs are available, by any metric, and not the vectors.

    Hurts:
        When similarities are passed as distances; and when labels have the opposite meaning: in the
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
    terms = _pulled_or_pushed(distance * distance, distance, similar == float(similar_is), margin)
    return 0.5 * terms if half else terms


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
    """Distance of similar pairs; of dissimilar ones, the shortfall from the margin.

    Helps:
        When distances of pairs are available and a few wrong labels should not dominate the number,
        as they do with the squares of the contrastive loss.

    Hurts:
        When similarities are passed as distances.

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
            note="shown with torch's default distance",
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
        float,
        Option("how much farther the negative should be than the positive", Interval(above=0)),
    ] = 1.0,
    squared: Annotated[bool, Option("compare squared distances, as FaceNet does")] = True,
    p: Annotated[
        float, Option("order of the norm; 2 is the Euclidean distance", Interval(at_least=1))
    ] = 2.0,
    normalise: Annotated[bool, Option("scale each vector to length 1 first")] = False,
    swap: Annotated[
        bool, Option("take the negative's distance from anchor or positive, whichever is nearer")
    ] = False,
    eps: Annotated[
        float, Option("added where eps_in says, so that gradients exist at 0", Interval(at_least=0))
    ] = 0.0,
    eps_in: Annotated[
        Literal["difference", "root"],
        Option("add eps to the difference of each coordinate, or to the sum under the root"),
    ] = "difference",
) -> PerRow:
    """How far the negative falls short of being a margin farther from the anchor than the positive.

    Helps:
        When only the order of distances matters, as in similarity search and face recognition.

    Hurts:
        When most triplets are easy: they cost nothing, so the mean says little. Squared and plain
        distances need different margins: FaceNet uses squares and vectors of length 1, most
        frameworks use neither.

    Formula:
        max(0, d(a, p)² - d(a, n)² + margin) with d(x, y) = (Σ |x - y|ᵖ)^(1/p); without `squared`,
        max(0, d(a, p) - d(a, n) + margin); with `swap`, min(d(a, n), d(p, n)) for d(a, n)

    Domain:
        anchor, positive, negative: (n, d), finite. With `normalise` a zero vector stays zero.
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
        anchor, positive, negative = map(normalised, (anchor, positive, negative))
    pairs = [(anchor, positive), (anchor, negative)] + [(positive, negative)] * swap
    residuals = [_with_eps(difference(*pair), p, eps, eps_in) for pair in pairs]
    # One scale for all, so that two distances too large for a float still have a difference.
    scale = np.max([exponent(residual) for residual in residuals], axis=0)
    near, *far = (
        norm(np.ldexp(residual, -scale[:, None]), p, squared=squared) for residual in residuals
    )
    gap = np.ldexp(near - np.min(far, axis=0), scale * (2 if squared else 1))
    return np.maximum(0.0, gap + margin)


def _pulled_or_pushed(
    squared_distance: Array, distance: Array, is_similar: Mask, margin: float
) -> Array:
    """Return the squared distance of similar pairs, and the squared margin shortfall of others."""
    shortfall = np.maximum(0.0, margin - distance)
    return np.where(is_similar, squared_distance, shortfall * shortfall)


def _with_eps(residual: Array, order: float, eps: float, eps_in: str) -> Array:
    if not eps:
        return residual
    if eps_in == "difference":
        return residual + eps
    # Under the root, eps is what one more coordinate would add.
    return np.column_stack([residual, np.full(len(residual), eps ** (1.0 / order))])
