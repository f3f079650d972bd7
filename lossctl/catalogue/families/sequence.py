"""Losses of sequences: symbols in time, and tokens one after the other.

The rows of a sequence are its steps: `prediction` has one column per symbol or class, `target` one
label per row. If a loss needs whole sequences, both arrive as `Ragged`, and a sequence may be
empty. Logarithms are natural, so results are in nats. Values outside the domain never reach these
functions: the code that reads the data raises `lossctl.errors.OutOfDomain`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from lossctl.block import Array, Codes, Mask, Ragged
from lossctl.catalogue.definition import DataNote, PerUnit, SeveralPerUnit, SeveralTerms, Twin, loss
from lossctl.catalogue.families.classification.cross_entropy import (
    sparse_categorical_cross_entropy,
)
from lossctl.catalogue.kinds import (
    CLASS_SCORES,
    DISTRIBUTION,
    LABELS,
    Distribution,
    Labels,
    apart,
    in_units,
    narrowed,
)
from lossctl.catalogue.numerics import log_softmax
from lossctl.catalogue.options import Interval, Option
from lossctl.catalogue.probabilities import EPSILON, ClassLogits, Clip, Normalise, Smoothing
from lossctl.errors import DataError, OutOfDomain
from lossctl.lazy import np

STEPS = apart(in_units(DISTRIBUTION))
STEP_SCORES = apart(in_units(CLASS_SCORES))
SYMBOLS = apart(in_units(replace(LABELS, first_is_a_label=False)))  # which is the blank
TOKEN_SCORES = in_units(CLASS_SCORES)

LEAST = -sys.float_info.max

CELLS = 2**14
"""How many states are updated at a time: about as many as fit into a core's own cache."""


def _steps_needed(target: Ragged) -> Codes:
    """Count the symbols of each unit, and the blanks needed between equal neighbours."""
    repeated = (target.values[1:] == target.values[:-1]) & (target.units[1:] == target.units[:-1])
    blanks = np.bincount(target.units[1:][repeated], minlength=len(target.lengths))
    return target.lengths + blanks


def _impossible(prediction: Ragged, target: Ragged) -> Mask:
    return prediction.lengths < _steps_needed(target)


def _torch_ctc(reduction: str, *, from_logits: bool) -> Twin:
    logarithm = "log_softmax(2)" if from_logits else "log()"
    named = reduction == "mean" and not from_logits
    return Twin(
        "torch",
        f"torch.nn.functional.ctc_loss(prediction.{logarithm}.transpose(0, 1), target, "
        "prediction_lengths, target_lengths, blank={blank}, reduction={reduction}, "
        "zero_infinity={zero_infinity})",
        sets={"divide_by_length": reduction == "mean"},
        needs={"from_logits": from_logits, "reduction": reduction},
        reductions={reduction: f'"{reduction}"'},
        names=("torch.nn.CTCLoss",) if named else (),
        named=named,
        note='torch\'s "mean" divides each loss by the length of its target, "sum" does not',
    )


@loss(
    aliases=("ctc_loss", "connectionist_temporal_classification"),
    data_notes=(
        DataNote(
            "impossible_alignments",
            "no alignment exists, because the target needs more steps than there are",
            of_units=_impossible,
        ),
    ),
    twins=(
        *(
            _torch_ctc(reduction, from_logits=from_logits)
            for from_logits in (False, True)
            for reduction in ("mean", "sum", "none")
        ),
        Twin(
            "optax",
            "optax.ctc_loss(prediction, "
            "jax.numpy.arange(prediction.shape[1]) >= prediction_lengths[:, None], target, "
            "jax.numpy.arange(target.shape[1]) >= target_lengths[:, None], "
            "blank_id={blank}){reduction}",
            sets={"divide_by_length": False},
            needs={"from_logits": True, "zero_infinity": False},
            kinds={"prediction": narrowed(STEP_SCORES, at_least=-1000, at_most=1000)},
            note="optax uses -100,000 as the logarithm of 0: if no alignment exists, it returns "
            "about 100,000, not infinity",
        ),
    ),
)
def ctc(
    prediction: Annotated[Ragged, STEPS],
    target: Annotated[Ragged, SYMBOLS],
    *,
    blank: Annotated[int, Option("column of the blank, counted from 0", Interval(at_least=0))] = 0,
    from_logits: Annotated[
        bool,
        Option("prediction holds logits, not probabilities", turns={"prediction": STEP_SCORES}),
    ] = False,
    zero_infinity: Annotated[bool, Option("count infinite losses as 0")] = False,
    divide_by_length: Annotated[
        bool, Option("divide each loss by the length of its target, or by 1 if that is empty")
    ] = False,
) -> PerUnit:
    """Negative log-likelihood of a sequence of symbols, summed over all their alignments.

    Helps:
        When it is known what was said or written, but not when, as in speech and handwriting
        recognition, with more steps than symbols.

    Hurts:
        When symbols depend on each other, because steps are treated as independent; and when the
        target may be longer than the prediction. Long targets cost more, unless divided by their
        length.

    Formula:
        -ln Σ over alignments of Π over steps of p[step, symbol]; an alignment has one symbol or
        blank per step, and yields the target once repeated symbols are merged and blanks then
        removed; with `from_logits`, p = softmax(prediction)

    Domain:
        prediction: (steps, symbols) for each unit, rows of probabilities that sum to 1, or finite
        with `from_logits`; any number of steps. target: the symbols of each unit, as numbers or
        names of the prediction's columns, none of them the blank; any number, including 0. Result:
        at least 0, in nats, unless rows sum to more than 1; infinite where no alignment fits or
        each one has a step of probability 0; 0 for an empty target without steps.

    Example:
        >>> prediction = Ragged(np.array([[0.5, 0.5], [0.5, 0.5]]), np.array([2]))
        >>> ctc(prediction, Ragged(np.array([1]), np.array([1])))
        array([0.28768207])

    References:
        A. Graves, S. Fernández, F. Gomez, J. Schmidhuber, Connectionist temporal classification,
        ICML 2006
    """
    symbols = prediction.values.shape[1]
    if blank >= symbols:
        raise DataError(
            f"the blank is symbol {blank}, which does not exist",
            f"the columns of the prediction are numbered from 0 to {symbols - 1}: --blank NUMBER",
        )
    blanks = target.values == blank
    if blanks.any():
        raise OutOfDomain(
            "target",
            int(np.argmax(blanks)),
            -1,
            f"symbol {blank}",
            f"a symbol that a target may contain: column {blank} of the prediction is the blank",
            "if another column is the blank: --blank NUMBER",
        )
    # Subtracted from 0, because the negative would be -0 for a certain prediction.
    losses = 0.0 - _log_likelihood(prediction, target, blank, from_logits=from_logits)
    if zero_infinity:
        losses = np.where(losses == np.inf, 0.0, losses)
    return losses / np.maximum(target.lengths, 1) if divide_by_length else losses


def _log_likelihood(prediction: Ragged, target: Ragged, blank: int, *, from_logits: bool) -> Array:
    """Sum the probabilities of all alignments of each unit, for batches of similar units."""
    table = log_softmax(prediction.values) if from_logits else prediction.values
    log_likelihood = np.empty(len(target.lengths))
    longest_first = np.argsort(-target.lengths, kind="stable")
    for batch in _batches(longest_first, target.lengths):
        units = batch[np.argsort(-prediction.lengths[batch], kind="stable")]
        labels, lengths = _padded(target, units, blank), target.lengths[units]
        first_row, steps = prediction.starts[units], prediction.lengths[units]
        log_likelihood[units] = _forward(
            table, first_row, steps, labels, lengths, blank, logarithms=from_logits
        )
    return log_likelihood


def _batches(units: Codes, lengths: Codes) -> Iterator[Codes]:
    """Cut units, sorted by decreasing length of their targets, into batches of limited size."""
    first = 0
    while first < len(units):
        last = first + max(1, CELLS // (int(lengths[units[first]]) + 1))
        yield units[first:last]
        first = last


def _padded(target: Ragged, units: Codes, blank: int) -> Codes:
    """Write the labels of some units into rows, from column 1 on, padded with blanks."""
    lengths = target.lengths[units][:, None]
    columns = np.arange(lengths.max() + 1)
    inside = (columns >= 1) & (columns <= lengths)
    rows = target.starts[units][:, None] + columns - 1
    labels = np.full(inside.shape, blank)
    labels[inside] = target.values[rows[inside]]
    return labels


def _forward(
    table: Array,
    first_row: Codes,
    steps: Codes,
    labels: Codes,
    lengths: Codes,
    blank: int,
    *,
    logarithms: bool,
) -> Array:
    """Run the forward algorithm on some units at once; the one with the most steps comes first.

    Column i of `after_label` holds, for each unit, the log probability of all paths that end in
    label i, and `after_blank` that of paths in which a blank followed it. Before the first step
    there is only the blank after no label. Column 0 of `after_label` stays impossible, so that flat
    arrays can be shifted by one without one unit running into the next.
    """
    units, width = labels.shape
    symbols = table.shape[1]
    flat = table.reshape(-1)
    at_blank = first_row * symbols + blank
    at_label = (first_row[:, None] * symbols + labels).reshape(-1)
    # A label that repeats the one before can only follow a blank.
    row, column = np.nonzero((labels[:, 1:] == labels[:, :-1]) & (labels[:, 1:] != blank))
    repeated = row * width + column

    after_label = np.full(units * width, -np.inf)
    after_blank = after_label.copy()
    after_blank[::width] = 0.0
    buffers = np.empty((4, units * width))

    # Units that have no more steps stay as they are; the remaining ones come first.
    remaining = np.searchsorted(-steps, -np.arange(steps[0]))
    repeats = np.searchsorted(repeated, remaining * width)
    for count, repeat_count in zip(remaining.tolist(), repeats.tolist(), strict=True):
        cells = count * width
        label, was_blank = after_label[:cells], after_blank[:cells]
        either, log_label, *free = buffers[:, :cells]
        same = repeated[:repeat_count]

        # Clipping changes no index; without it numpy copies what it takes.
        np.take(flat, at_label[:cells], mode="clip", out=log_label)
        log_blank = np.take(flat, at_blank[:count], mode="clip")
        if not logarithms:
            np.log(log_label, out=log_label)
            np.log(log_blank, out=log_blank)

        _log_add(was_blank, label, either, *free)
        only_blank = was_blank[same]
        was_blank.reshape(count, width)[:] = either.reshape(count, width) + log_blank[:, None]
        either[same] = only_blank
        _log_add(label[1:], either[:-1], label[1:], *(buffer[1:] for buffer in free))
        label += log_label
        label[::width] = -np.inf
        at_blank[:count] += symbols
        at_label[:cells] += symbols

    end = np.arange(units) * width + lengths
    total = np.empty(units)
    _log_add(after_blank[end], after_label[end], total, *buffers[:2, :units])
    return total


def _log_add(first: Array, second: Array, out: Array, less: Array, more: Array) -> None:
    """Write ln(e^first + e^second) into out, which may be one of them; the rest is scratch."""
    np.minimum(first, second, out=less)
    np.maximum(first, second, out=out)
    # Where both are -inf, their difference would not be a number.
    np.maximum(out, LEAST, out=more)
    less -= more
    np.exp(less, out=less)
    np.log1p(less, out=less)
    out += less


@dataclass(frozen=True)
class MeanOfTokens:
    """Mean over all tokens, or over sequences of the means of their tokens."""

    average: Annotated[
        Literal["token", "sequence"],
        Option("average over all tokens, or over sequences of the averages of their tokens"),
    ] = "token"

    def __call__(self, sums: Array, weight: Array) -> Array:
        """Return the loss of each slice."""
        del weight  # it is in the sums: the tokens of a sequence have the weight of the sequence
        columns = (0, 1) if self.average == "token" else (2, 3)
        total, count = (sums[:, column] for column in columns)
        return np.where(count == 0.0, 0.0, total / np.where(count == 0.0, 1.0, count))


def _empty(prediction: Ragged, target: Ragged) -> Mask:
    del prediction
    return target.lengths == 0


@loss(
    aliases=("sequence_loss", "seq2seq_loss", "token_cross_entropy"),
    value=MeanOfTokens(),
    report_also="average",
    data_notes=(
        DataNote("empty_sequences", "no tokens, so the sequence does not count", of_units=_empty),
    ),
    twins=(
        Twin(
            "torch",
            "torch.nn.functional.cross_entropy("
            "prediction[torch.arange(target.shape[1]) < target_lengths[:, None]], "
            "target[torch.arange(target.shape[1]) < target_lengths[:, None]], "
            "label_smoothing={label_smoothing})",
            sets={"average": "token"},
            needs={"from_logits": True},
            reductions={"mean": ""},
            named=False,
            note="torch averages over tokens; without any it returns nan",
        ),
        Twin(
            "optax",
            "optax.softmax_cross_entropy_with_integer_labels(prediction, target)"
            ".mean(where=jax.numpy.arange(target.shape[1]) < target_lengths[:, None])",
            sets={"average": "token"},
            needs={"from_logits": True, "label_smoothing": 0.0},
            reductions={"mean": ""},
            named=False,
            note="optax leaves averaging to the caller; this is the average over tokens",
        ),
    ),
)
def sequence_cross_entropy(
    prediction: Annotated[Ragged, in_units(DISTRIBUTION)],
    target: Annotated[Ragged, in_units(LABELS)],
    *,
    from_logits: Annotated[
        bool,
        Option("prediction holds logits, not probabilities", turns={"prediction": TOKEN_SCORES}),
    ] = False,
    label_smoothing: Smoothing = 0.0,
    normalise: Normalise = False,
    clip: Clip = EPSILON,
) -> SeveralPerUnit:
    """Mean negative log-likelihood of the tokens of sequences of any length.

    Helps:
        When every step has its own target token: language models, translation, tagging.

    Hurts:
        When sequences differ much in length and the average is not the intended one: over tokens,
        long sequences count most; over sequences, the tokens of short ones do.

    Formula:
        Σ over tokens of -ln p[token] / number of tokens; over sequences, the mean of this number
        for each; with `from_logits`, p = softmax(prediction)

    Domain:
        prediction: (tokens, classes) for each sequence, rows of probabilities that sum to 1, or
        finite with `from_logits`. target: one class number or name per token; ignored tokens are
        removed first. A sequence may be empty: it counts in neither average, and if there are no
        tokens at all the result is 0. Result: at least 0, in nats.

    Example:
        >>> prediction = Ragged(np.array([[0.5, 0.5], [0.25, 0.75]]), np.array([2]))
        >>> terms = sequence_cross_entropy(prediction, Ragged(np.array([0, 0]), np.array([2])))
        >>> terms.round(6)  # sum, tokens, mean, sequences
        array([[2.079442, 2.      , 1.039721, 1.      ]])

    References:
        I. Sutskever, O. Vinyals, Q. V. Le, Sequence to sequence learning with neural networks,
        NeurIPS 2014
    """
    of_tokens = sparse_categorical_cross_entropy(
        prediction.values,
        target.values,
        from_logits=from_logits,
        label_smoothing=label_smoothing,
        normalise=normalise,
        clip=clip,
    )
    lengths = target.lengths
    total = np.bincount(target.units, weights=of_tokens, minlength=len(lengths))
    mean = total / np.maximum(lengths, 1)
    return np.column_stack([total, lengths, mean, lengths > 0]).astype(np.float64)


def _exponential_of_mean(sums: Array, weight: Array) -> Array:
    return np.exp(sums[:, 0] / weight)


@loss(
    aliases=("ppl",),
    value=_exponential_of_mean,
    optimum=1.0,
    twins=(
        Twin(
            "torch",
            "torch.nn.functional.cross_entropy(prediction, target).exp()",
            needs={"from_logits": True},
            reductions={"mean": ""},
            named=False,
        ),
    ),
)
def perplexity(
    prediction: Distribution,
    target: Labels,
    *,
    from_logits: ClassLogits = False,
    normalise: Normalise = False,
    clip: Clip = EPSILON,
) -> SeveralTerms:
    """Number of equally likely tokens that would be as hard to predict.

    Helps:
        When language models with the same tokens are compared: as a number of choices, 1 means
        certainty and the number of classes a blind guess.

    Hurts:
        When tokens differ from model to model; and when a few tokens of nearly zero probability
        dominate the number. An average of perplexities is not a perplexity.

    Formula:
        e^(mean over tokens of -ln p[token]); with `from_logits`, p = softmax(prediction)

    Domain:
        prediction: (n, classes), rows of probabilities that sum to 1, or finite with `from_logits`.
        target: (n,), class numbers from 0, or names of the prediction's columns. Result: at least
        1; infinite where a token has probability 0 and `clip` is 0, or above 1.8e308.

    Example:
        >>> terms = perplexity(np.array([[0.5, 0.5], [0.125, 0.875]]), np.array([0, 0]))
        >>> float(np.exp(terms.mean()).round(12))
        4.0

    References:
        F. Jelinek, R. L. Mercer, L. R. Bahl, J. K. Baker, Perplexity: a measure of the difficulty
        of speech recognition tasks, Journal of the Acoustical Society of America 62, 1977
    """
    return sparse_categorical_cross_entropy(
        prediction, target, from_logits=from_logits, normalise=normalise, clip=clip
    )
