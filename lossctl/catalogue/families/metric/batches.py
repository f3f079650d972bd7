"""Contrastive losses of whole batches, in which every row is compared with all others.

The rows of each batch arrive as `Ragged`; a batch has one term. Values outside the domain never
reach these functions: the code that reads the data raises `lossctl.errors.OutOfDomain`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Annotated, TypeAlias

from lossctl.block import Array, Codes, Mask, Ragged, Words
from lossctl.catalogue.definition import DataNote, PerUnit, Twin, loss
from lossctl.catalogue.families.metric.vectors import normalised
from lossctl.catalogue.kinds import (
    DIRECTIONS,
    NAMES,
    in_units,
)
from lossctl.catalogue.options import Interval, Option
from lossctl.lazy import np

BATCH = in_units(DIRECTIONS)

GROUPS = replace(in_units(NAMES), title="labels", noun="a label")

CELLS = 2**18
"""How many cosines are held at a time, however large a batch is."""

Places: TypeAlias = tuple[Codes, ...]
"""Rows and columns of a table, to index it with."""

Temperature = Annotated[
    float,
    Option("divisor of the cosines; the lower, the more the nearest rows count", Interval(above=0)),
]


def _too_few(anchor: Ragged, positive: Ragged) -> Mask:
    del positive
    too_few: Mask = anchor.lengths < 2
    return too_few


TOO_FEW = "fewer than two rows, so there is nothing to tell apart, counted as 0"


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
            note="for a single batch",
        ),
        Twin(
            "torch",
            f"torch.stack([{_cross_entropy('anchor', 'positive')}, "
            f"{_cross_entropy('positive', 'anchor')}]).mean()",
            needs={"symmetric": True},
            reductions={"mean": ""},
            named=False,
            note="for a single batch",
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
        Option("average this with picking the anchor of each positive, as CLIP does"),
    ] = False,
) -> PerUnit:
    """Negative log-likelihood of picking each anchor's own positive among those of the batch.

    Helps:
        When it is known what belongs together, but not what does not: views of an image, a question
        and its answer, an image and its caption. The other rows of the batch serve as negatives.

    Hurts:
        When other rows of the batch match the anchor as well: they are pushed away. The number
        grows with the batch, so only batches of one size can be compared; and it depends on the
        temperature: MoCo and pytorch-metric-learning use 0.07, and the paper has none, because its
        scores are not cosines.

    Formula:
        mean over i of -ln(e^(cos(aᵢ, pᵢ) / temperature) / Σ over j of
        e^(cos(aᵢ, pⱼ) / temperature)); with `symmetric`, the mean of it and of the same with a and
        p exchanged

    Domain:
        anchor, positive: (n, d) for each batch, finite; row i of both belong together. The cosine
        with a zero vector, which has no direction, counts as 0. Without `--unit` all rows form one
        batch. A batch of one row or none counts as 0. Result: at least 0, in nats; at most ln n + 2
        / temperature.

    Example:
        >>> anchor = Ragged(np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([2]))
        >>> info_nce(anchor, anchor, temperature=1.0)  # ln(1 + 1/e)
        array([0.31326169])

    References:
        A. van den Oord, Y. Li, O. Vinyals, Representation learning with contrastive predictive
        coding, arXiv 1807.03748, 2018; A. Radford et al., Learning transferable visual models from
        natural language supervision, ICML 2021 (symmetric)
    """
    anchors, positives = normalised(anchor.values), normalised(positive.values)

    def batch_terms(rows: slice) -> Array:
        partner = np.arange(rows.stop - rows.start)
        terms = _picked(anchors[rows], positives[rows], partner, temperature)
        if symmetric:
            terms = 0.5 * (terms + _picked(positives[rows], anchors[rows], partner, temperature))
        return terms

    return _mean_of_batches(anchor, batch_terms)


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
            note="optax takes the views of one batch, and labels that mark which belong together; "
            "it divides vectors shorter than 1.5e-8 by that, not by their length",
        ),
    ),
)
def nt_xent(
    first: Annotated[Ragged, BATCH],
    second: Annotated[Ragged, BATCH],
    *,
    temperature: Temperature = 0.5,
) -> PerUnit:
    """Negative log-likelihood of picking each view's partner among all other views of the batch.

    Helps:
        When there are two views of each example, such as two crops of an image, and no labels, as
        in SimCLR. The views of all other examples, first and second, serve as negatives.

    Hurts:
        When other examples of the batch are of the same class: they are pushed away. The number
        grows with the batch. It depends on the temperature: 0.5 is what the paper found best for
        CIFAR-10, 0.1 for ImageNet; optax and pytorch-metric-learning use 0.07.

    Formula:
        mean over the 2n views v of -ln(e^(cos(v, v') / temperature) / Σ over w ≠ v of
        e^(cos(v, w) / temperature)); v' is the other view of the same example, and among the w

    Domain:
        first, second: (n, d) for each batch, finite; row i of both are views of the same example.
        The cosine with a zero vector, which has no direction, counts as 0. Without `--unit` all
        rows form one batch. A batch of one row or none counts as 0. Result: at least 0, in nats; at
        most ln(2n - 1) + 2 / temperature.

    Example:
        >>> views = Ragged(np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([2]))
        >>> nt_xent(views, views, temperature=1.0)  # ln(1 + 2/e)
        array([0.55144471])

    References:
        T. Chen, S. Kornblith, M. Norouzi, G. Hinton, A simple framework for contrastive learning of
        visual representations, ICML 2020
    """
    firsts, seconds = normalised(first.values), normalised(second.values)

    def batch_terms(rows: slice) -> Array:
        views = np.concatenate([firsts[rows], seconds[rows]])
        partner = np.roll(np.arange(len(views)), len(views) // 2)
        return _picked(views, views, partner, temperature, itself=False)

    return _mean_of_batches(first, batch_terms)


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
            "rows whose label occurs once are left out; a batch without other rows counts as 0",
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
        Option("count rows whose label occurs once as 0, rather than leave them out"),
    ] = False,
) -> PerUnit:
    """Mean negative log-likelihood of picking rows with the same label among those of the batch.

    Helps:
        When classes are known and rows of one class should be close together, for a classifier
        fitted afterwards or for search.

    Hurts:
        When a class has only one row in a batch: that row contributes nothing. It is left out of
        the mean, as in pytorch-metric-learning; the authors' PyTorch code counts it as 0
        (`--count-alone`), and originally returned nan. Each of m rows of one class costs at least
        ln(m - 1), however close they are, even if there is no other class; pytorch-metric-learning
        then returns 0. The temperature is the paper's, 0.1, as in pytorch-metric-learning; the
        authors' PyTorch code uses 0.07, and multiplies the number by temperature / 0.07.

    Formula:
        mean over rows i of the mean over p of -ln(e^(cos(zᵢ, zₚ) / temperature) / Σ over a ≠ i of
        e^(cos(zᵢ, zₐ) / temperature)), where p are the other rows with the label of i: the paper's
        L_out

    Domain:
        prediction: (n, d) for each batch, finite. target: (n,) words or integers; only whether they
        are equal matters. Views of an example are rows with the same label. The cosine with a zero
        vector, which has no direction, counts as 0. Without `--unit` all rows form one batch. A
        batch in which no label occurs twice counts as 0. Result: at least 0, in nats; at most ln(n
        - 1) + 2 / temperature.

    Example:
        >>> prediction = Ragged(np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 3.0]]), np.array([3]))
        >>> target = Ragged(Words(np.array([0, 0, 1]), ("cat", "dog")), np.array([3]))
        >>> supcon(prediction, target, temperature=1.0)  # ln(1 + 1/e)
        array([0.31326169])

    References:
        P. Khosla et al., Supervised contrastive learning, NeurIPS 2020
    """
    directions, labels = normalised(prediction.values), target.values.codes
    alone = _alone(target)

    def batch_terms(rows: slice) -> Array:
        batch, label = directions[rows], labels[rows]
        terms = np.empty(len(batch))
        for strip in _strips(len(batch)):
            columns = np.arange(strip.start, strip.stop)
            itself = columns - strip.start, columns
            same_label = label[strip, None] == label
            same_label[itself] = False
            terms[strip] = _negative_log_likelihood(
                batch[strip] @ batch.T, np.nonzero(same_label), temperature, without=itself
            )
        if count_alone:
            return np.where(alone[rows], 0.0, terms)
        return terms[~alone[rows]]

    return _mean_of_batches(prediction, batch_terms)


def _mean_of_batches(batches: Ragged, batch_terms: Callable[[slice], Array]) -> Array:
    """Average the terms of each batch, computed from its rows; without terms, the mean is 0."""
    ends = np.cumsum(batches.lengths).tolist()
    terms_of_batches = map(batch_terms, map(slice, batches.starts.tolist(), ends))
    return np.array([terms.mean() if len(terms) else 0.0 for terms in terms_of_batches])


def _strips(rows: int) -> Iterator[slice]:
    """Cut a batch into strips whose cosines with all rows are not too many to hold."""
    step = max(1, CELLS // max(1, rows))
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def _picked(
    directions: Array, others: Array, partner: Codes, temperature: float, *, itself: bool = True
) -> Array:
    """Return -ln of the probability with which each direction picks its partner among the others.

    Without `itself`, the other of the same number is not a candidate.
    """
    terms = np.empty(len(directions))
    for strip in _strips(len(directions)):
        rows = np.arange(strip.stop - strip.start)
        terms[strip] = _negative_log_likelihood(
            directions[strip] @ others.T,
            (rows, partner[strip]),
            temperature,
            without=None if itself else (rows, rows + strip.start),
        )
    return terms


def _negative_log_likelihood(
    cosine: Array, positive: Places, temperature: float, *, without: Places | None
) -> Array:
    """Return, for each row, the mean over its positives of -ln of their softmax probability.

    The places `without` do not count. A row without positives has no number.
    """
    rows, count = positive[0], len(cosine)
    positives = np.bincount(rows, minlength=count)
    mean = np.bincount(rows, weights=cosine[positive], minlength=count) / np.maximum(positives, 1)
    # How far each cosine is ahead of the positives. For a single positive that is exactly 0, which
    # adds no rounding error to a small loss.
    ahead = cosine - mean[:, None]
    ahead /= temperature
    if without is not None:
        ahead[without] = -np.inf
    largest = ahead.max(axis=1)
    # Infinities stay as they are, because their difference would not be a number.
    shift = np.where(np.isfinite(largest), largest, 0.0)
    ahead -= shift[:, None]
    power = np.exp(ahead, out=ahead)
    near = np.bincount(rows, weights=power[positive], minlength=count)
    power[positive] = 0.0
    rest = power.sum(axis=1)
    with np.errstate(divide="ignore"):
        of_one = np.logaddexp(0.0, np.log(rest) + shift)
        return np.where(positives == 1, of_one, np.log(near + rest) + shift)


def _alone(labels: Ragged) -> Mask:
    """Mark rows whose label no other row of their batch has."""
    words: Words = labels.values
    _, group, count = np.unique(
        labels.units * len(words.words) + words.codes, return_inverse=True, return_counts=True
    )
    alone: Mask = count[group] == 1
    return alone
