"""Losses of sequences: symbols in time, and tokens one after the other.

The rows of a sequence are its steps: `prediction` has one column a symbol or class, `target` is one
label a row. Where a loss needs whole sequences, both arrive as `Ragged`, and a sequence may be
empty. Natural logarithms give nats. A value out of its domain never reaches these functions:
whoever reads the data raises `lossctl.errors.OutOfDomain`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
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
SYMBOLS = apart(in_units(replace(LABELS, first_is_a_label=False)))  # the blank is none
TOKEN_SCORES = in_units(CLASS_SCORES)

LEAST = -sys.float_info.max

CELLS = 2**14
"""So many states are moved at a time; about as many as stay in a core's own cache."""


def _steps_needed(target: Ragged) -> Codes:
    """Count the symbols of each unit, and the blanks that must part equal neighbours."""
    doubled = (target.values[1:] == target.values[:-1]) & (target.units[1:] == target.units[:-1])
    blanks = np.bincount(target.units[1:][doubled], minlength=len(target.lengths))
    return target.lengths + blanks


def _impossible(prediction: Ragged, target: Ragged) -> Mask:
    return prediction.lengths < _steps_needed(target)


def _torch_ctc(reduction: str, *, from_logits: bool) -> Twin:
    logs = "log_softmax(2)" if from_logits else "log()"
    known = reduction == "mean" and not from_logits
    return Twin(
        "torch",
        f"torch.nn.functional.ctc_loss(prediction.{logs}.transpose(0, 1), target, "
        "prediction_lengths, target_lengths, blank={blank}, reduction={reduction}, "
        "zero_infinity={zero_infinity})",
        sets={"divide_by_length": reduction == "mean"},
        needs={"from_logits": from_logits, "reduction": reduction},
        reductions={reduction: f'"{reduction}"'},
        names=("torch.nn.CTCLoss",) if known else (),
        named=known,
        note='torch\'s "mean" divides each loss by the length of its target, "sum" does not',
    )


@loss(
    aliases=("ctc_loss", "connectionist_temporal_classification"),
    data_notes=(
        DataNote(
            "impossible_alignments",
            "no alignment fits: the target needs more steps than there are",
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
            note="optax takes -100,000 for the logarithm of 0: where no alignment fits, it gives "
            "about 100,000, not infinity",
        ),
    ),
)
def ctc(
    prediction: Annotated[Ragged, STEPS],
    target: Annotated[Ragged, SYMBOLS],
    *,
    blank: Annotated[
        int, Option("the column of the blank, counted from 0", Interval(at_least=0))
    ] = 0,
    from_logits: Annotated[
        bool,
        Option("prediction holds logits, not probabilities", turns={"prediction": STEP_SCORES}),
    ] = False,
    zero_infinity: Annotated[bool, Option("count infinite losses as 0")] = False,
    divide_by_length: Annotated[
        bool, Option("divide each loss by the length of its target, or by 1 if that is empty")
    ] = False,
) -> PerUnit:
    """Negative log likelihood of a sequence of symbols, whatever steps they fall on.

    Helps:
        When it is known what was said or written, but not when: speech and handwriting, with more
        steps than symbols.

    Hurts:
        When symbols depend on each other, for steps are taken as independent; when the target may
        be longer than the prediction. Long targets cost more, unless divided by their length.

    Formula:
        -ln Σ over alignments of Π over steps of p[step, symbol]; an alignment has one symbol or
        blank a step, and gives the target when repeated symbols are merged and then blanks removed;
        with `from_logits`, p = softmax(prediction)

    Domain:
        prediction: (steps, symbols) for each unit, rows of probabilities that sum to 1, or finite
        with `from_logits`; any number of steps. target: symbols of each unit, numbers or names of
        the prediction's columns, none of them the blank; any number, also 0. Result: at least 0,
        in nats, but for rows that sum to more than 1; infinite where no alignment fits or each has
        a step of probability 0; 0 for an empty target without steps.

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
            f"there is no symbol {blank} that could be the blank",
            f"the columns of the prediction are numbered from 0 to {symbols - 1}: --blank NUMBER",
        )
    blanks = target.values == blank
    if blanks.any():
        raise OutOfDomain(
            "target",
            int(np.argmax(blanks)),
            -1,
            f"symbol {blank}",
            f"a symbol that a target can hold: column {blank} of the prediction is the blank",
            "if another column is the blank: --blank NUMBER",
        )
    # 0 less the sum, not its negative, which would be -0 for a certain prediction
    result = 0.0 - _log_likelihood(prediction, target, blank, from_logits=from_logits)
    if zero_infinity:
        result = np.where(result == np.inf, 0.0, result)
    return result / np.maximum(target.lengths, 1) if divide_by_length else result


def _log_likelihood(prediction: Ragged, target: Ragged, blank: int, *, from_logits: bool) -> Array:
    """Sum the probabilities of all alignments of each unit; some similar units at a time."""
    table = log_softmax(prediction.values) if from_logits else prediction.values
    found = np.empty(len(target.lengths))
    longest_first = np.argsort(-target.lengths, kind="stable")
    for some in _batches(longest_first, target.lengths):
        units = some[np.argsort(-prediction.lengths[some], kind="stable")]
        labels, lengths = _padded(target, units, blank), target.lengths[units]
        first_row, steps = prediction.starts[units], prediction.lengths[units]
        found[units] = _walked(
            table, first_row, steps, labels, lengths, blank, logarithms=from_logits
        )
    return found


def _batches(units: Codes, lengths: Codes) -> Iterator[Codes]:
    """Cut units, of which the first has the longest target, where their states fill a batch."""
    first = 0
    while first < len(units):
        last = first + max(1, CELLS // (int(lengths[units[first]]) + 1))
        yield units[first:last]
        first = last


def _padded(target: Ragged, units: Codes, blank: int) -> Codes:
    """Write the labels of some units into rows, from column 1 on, with blanks around them."""
    lengths = target.lengths[units][:, None]
    columns = np.arange(lengths.max() + 1)
    inside = (columns >= 1) & (columns <= lengths)
    rows = target.starts[units][:, None] + columns - 1
    labels = np.full(inside.shape, blank)
    labels[inside] = target.values[rows[inside]]
    return labels


def _walked(
    table: Array,
    first_row: Codes,
    steps: Codes,
    labels: Codes,
    lengths: Codes,
    blank: int,
    *,
    logarithms: bool,
) -> Array:
    """Walk through all steps of some units at once; the one with the most steps comes first.

    `after_label` holds, for each unit, in column i the log probability of all ways in which label i
    was the last thing seen, and `after_blank` that of those in which a blank came after it. Before
    the first step, there is only a blank after no label. Column 0 of `after_label` stays
    impossible, so that flat arrays can be shifted by one without one unit running into the next.
    """
    units, width = labels.shape
    symbols = table.shape[1]
    flat = table.reshape(-1)
    at_blank = first_row * symbols + blank
    at_label = (first_row[:, None] * symbols + labels).reshape(-1)
    # A label equal to the one before can only follow a blank.
    row, column = np.nonzero((labels[:, 1:] == labels[:, :-1]) & (labels[:, 1:] != blank))
    doubled = row * width + column

    after_label = np.full(units * width, -np.inf)
    after_blank = after_label.copy()
    after_blank[::width] = 0.0
    buffers = np.empty((4, units * width))

    # Units whose steps are over stay as they are; those that go on are the first ones.
    going = np.searchsorted(-steps, -np.arange(steps[0]))
    with_pairs = np.searchsorted(doubled, going * width)
    for many, pairs in zip(going.tolist(), with_pairs.tolist(), strict=True):
        cells = many * width
        label, was_blank = after_label[:cells], after_blank[:cells]
        either, seen, *free = buffers[:, :cells]
        same = doubled[:pairs]

        # Clipping changes no index; without it numpy copies what it takes.
        np.take(flat, at_label[:cells], mode="clip", out=seen)
        blank_seen = np.take(flat, at_blank[:many], mode="clip")
        if not logarithms:
            np.log(seen, out=seen)
            np.log(blank_seen, out=blank_seen)

        _add(was_blank, label, either, *free)
        only_blank = was_blank[same]
        was_blank.reshape(many, width)[:] = either.reshape(many, width) + blank_seen[:, None]
        either[same] = only_blank
        _add(label[1:], either[:-1], label[1:], *(buffer[1:] for buffer in free))
        label += seen
        label[::width] = -np.inf
        at_blank[:many] += symbols
        at_label[:cells] += symbols

    end = np.arange(units) * width + lengths
    total = np.empty(units)
    _add(after_blank[end], after_label[end], total, *buffers[:2, :units])
    return total


def _add(one: Array, other: Array, out: Array, less: Array, more: Array) -> None:
    """Write ln(e^one + e^other) into out, which may be one of them; the rest is for scratch."""
    np.minimum(one, other, out=less)
    np.maximum(one, other, out=out)
    # Where both are -inf, their difference would not be a number.
    np.maximum(out, LEAST, out=more)
    less -= more
    np.exp(less, out=less)
    np.log1p(less, out=less)
    out += less


def _mean_of_tokens(sums: Array, weight: Array, *, average: str = "token") -> Array:
    del weight  # it is in the sums: the tokens of a sequence weigh what the sequence does
    total, count = (sums[:, 0], sums[:, 1]) if average == "token" else (sums[:, 2], sums[:, 3])
    return np.where(count == 0.0, 0.0, total / np.where(count == 0.0, 1.0, count))


def _empty(prediction: Ragged, target: Ragged) -> Mask:
    del prediction
    return target.lengths == 0


@loss(
    aliases=("sequence_loss", "seq2seq_loss", "token_cross_entropy"),
    value=_mean_of_tokens,
    report_also="average",
    data_notes=(
        DataNote("empty_sequences", "there is no token, which counts as nothing", of_units=_empty),
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
            note="torch averages over tokens; without any it has no number",
        ),
        Twin(
            "optax",
            "optax.softmax_cross_entropy_with_integer_labels(prediction, target)"
            ".mean(where=jax.numpy.arange(target.shape[1]) < target_lengths[:, None])",
            sets={"average": "token"},
            needs={"from_logits": True, "label_smoothing": 0.0},
            reductions={"mean": ""},
            named=False,
            note="optax leaves averages to the caller; this one is over tokens",
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
    average: Annotated[
        Literal["token", "sequence"],
        Option("the mean over all tokens, or the mean over sequences of the means of their tokens"),
    ] = "token",
) -> SeveralPerUnit:
    """Negative log likelihood of the tokens of sequences of any length.

    Helps:
        When each step has its own target token: language models, translation, tagging.

    Hurts:
        When sequences differ much in length and the average is not the one that was meant: over
        tokens long sequences count most, over sequences each token of a short one does.

    Formula:
        Σ over tokens of -ln p[token] / number of tokens; over sequences, the mean of this number of
        each; with `from_logits`, p = softmax(prediction)

    Domain:
        prediction: (tokens, classes) for each sequence, rows of probabilities that sum to 1, or
        finite with `from_logits`. target: a class number or name a token; tokens to ignore are
        taken out before. A sequence may be empty: it counts in neither average, and where there is
        no token at all the result is 0. Result: at least 0, in nats.

    Example:
        >>> prediction = Ragged(np.array([[0.5, 0.5], [0.25, 0.75]]), np.array([2]))
        >>> terms = sequence_cross_entropy(prediction, Ragged(np.array([0, 0]), np.array([2])))
        >>> terms.round(6)  # sum, tokens, mean, sequences
        array([[2.079442, 2.      , 1.039721, 1.      ]])

    References:
        I. Sutskever, O. Vinyals, Q. V. Le, Sequence to sequence learning with neural networks,
        NeurIPS 2014
    """
    del average  # it belongs to the value, not to the terms
    of_token = sparse_categorical_cross_entropy(
        prediction.values,
        target.values,
        from_logits=from_logits,
        label_smoothing=label_smoothing,
        normalise=normalise,
        clip=clip,
    )
    lengths = target.lengths
    total = np.bincount(target.units, weights=of_token, minlength=len(lengths))
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
        When language models with the same tokens are compared: it is a number of choices, so that
        1 is certainty and the number of classes is a blind guess.

    Hurts:
        When tokens differ from model to model; and when a few tokens of almost no probability
        decide the number. Averages of perplexities are no perplexity.

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
