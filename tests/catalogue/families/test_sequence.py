"""Values of the sequence losses that can be worked out by hand, at the edges too."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

import lossctl
from lossctl.block import Ragged
from lossctl.catalogue.families import sequence
from lossctl.catalogue.families.sequence import ctc, sequence_cross_entropy
from lossctl.catalogue.names import find
from lossctl.errors import DataError

LN2, LN3, LN10 = math.log(2), math.log(3), math.log(10)
INF = math.inf
CLIPPED = 36.04365338911715
"""-ln 2⁻⁵² = 52 ln 2: what a probability of 0 costs where it is clipped."""


def close(expected):
    """Equal but for a few rounding steps, however small the number."""
    return pytest.approx(expected, rel=4e-15, abs=0)


def steps(*units, symbols=3):
    rows = [np.reshape(np.array(unit, dtype=float), (-1, symbols)) for unit in units]
    return Ragged(np.concatenate(rows), np.array([len(unit) for unit in units]))


def labels(*units):
    lengths = np.array([len(unit) for unit in units])
    return Ragged(np.array([code for unit in units for code in unit], dtype=np.intp), lengths)


def ctc_of(prediction, target, **options):
    """Compute the losses of some units as the engine does, to which infinities are legal."""
    with np.errstate(all="ignore"):
        return ctc(prediction, target, **options)


def of_one(rows, target, **options):
    found = ctc_of(steps(rows, symbols=len(rows[0])), labels(target), **options)
    assert found.shape == (1,)
    return float(found[0])


def drawn(units, symbols, longest, *, seed, longest_target=6):
    """Draw units of all lengths, with empty ones among them, and targets without symbol 0."""
    random = np.random.default_rng(seed)
    lengths = random.integers(0, longest + 1, units)
    logits = random.normal(size=(int(lengths.sum()), symbols)) * 3
    probabilities = np.exp(logits)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    target_lengths = random.integers(0, longest_target + 1, units)
    codes = random.integers(1, symbols, int(target_lengths.sum()))
    return logits, Ragged(probabilities, lengths), Ragged(codes, target_lengths)


def single_units(ragged):
    ends = np.cumsum(ragged.lengths)
    for start, end in zip(ends - ragged.lengths, ends, strict=True):
        yield Ragged(ragged.values[start:end], np.array([end - start]))


# Connectionist temporal classification

HALVES = [[0.5, 0.5]]
UNEVEN = [[0.25, 0.75], [0.5, 0.5]]
A, B, BLANK = [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("rows", "target", "expected"),
    [
        (HALVES, [1], LN2),
        (HALVES, [], LN2),  # the blank
        # 11, 1- and -1 out of four: ¾
        (HALVES * 2, [1], 2 * LN2 - LN3),
        (HALVES * 2, [], 2 * LN2),  # -- alone
        # 111, 11-, 1--, -11, -1-, --1 out of eight; 1-1 gives two symbols, and --- none
        (HALVES * 3, [1], 2 * LN2 - LN3),
        (HALVES * 3, [1, 1], 3 * LN2),
        # 11-1, 1-11, 1--1, 1-1-, -1-1 out of sixteen
        (HALVES * 4, [1, 1], 4 * LN2 - math.log(5)),
        (HALVES * 5, [1, 1, 1], 5 * LN2),  # 1-1-1 alone
        # ¾ ½ + ¾ ½ + ¼ ½ = ⅞
        (UNEVEN, [1], 3 * LN2 - math.log(7)),
        (UNEVEN, [], 3 * LN2),  # ¼ ½
        # 12 out of nine
        ([[1 / 3] * 3] * 2, [1, 2], 2 * LN3),
        # 112, 122, 12-, 1-2, -12 out of 27
        ([[1 / 3] * 3] * 3, [1, 2], 3 * LN3 - math.log(5)),
        ([[1 / 3] * 3] * 3, [1, 1], 3 * LN3),
        # certain
        ([A, B], [1, 2], 0),
        ([A, A, BLANK, A, B, B], [1, 1, 2], 0),
        ([BLANK, BLANK], [], 0),
        ([A, B], [2, 1], INF),
        ([A, B], [1], INF),
        ([A, A], [1, 1], INF),  # it would take a blank between them
        ([A], [1, 2], INF),
        ([A], [], INF),
    ],
)
def test_ctc_by_hand(rows, target, expected):
    assert of_one(rows, target) == close(expected)


def test_a_certain_prediction_costs_0_and_not_minus_0():
    assert math.copysign(1, of_one([A, B], [1, 2])) == 1


def test_without_steps_only_an_empty_target_fits():
    found = ctc_of(steps([], [], [A]), labels([], [1], [1]))
    assert found.tolist() == [0.0, INF, 0.0]
    assert ctc_of(steps([], []), labels([], [1])).tolist() == [0.0, INF]


def test_any_column_may_be_the_blank():
    rows = [[0.75, 0.25], [0.5, 0.5]]
    assert of_one(rows, [0], blank=1) == close(3 * LN2 - math.log(7))


@pytest.mark.parametrize(
    ("logits", "target", "expected"),
    [
        ([[0.0, 0.0]] * 2, [1], 2 * LN2 - LN3),
        ([[7.0, 7.0 + LN3], [-5.0, -5.0]], [1], 3 * LN2 - math.log(7)),
        ([[1e4, -1e4]], [1], 2e4),
        ([[1e4, -1e4]], [], 0),
        ([[1e4, -1e4]] * 3, [1, 1], 4e4),  # 1-1: the blank costs nothing
        ([[1e150, -1e150]] * 3, [1], 2e150),  # the cheapest alignments have one 1
        ([[1e4, -1e4]], [1, 1], INF),
    ],
)
def test_ctc_of_logits_by_hand(logits, target, expected):
    assert of_one(logits, target, from_logits=True) == close(expected)


def test_infinite_losses_may_count_as_0():
    prediction, target = steps([A], [A, B], [A]), labels([2], [1, 1], [1])
    assert ctc_of(prediction, target).tolist() == [INF, INF, 0.0]
    assert ctc_of(prediction, target, zero_infinity=True).tolist() == [0.0, 0.0, 0.0]


def test_each_loss_may_be_divided_by_its_targets_length():
    prediction = steps(HALVES * 3, HALVES * 3, HALVES * 2, symbols=2)
    found = ctc_of(prediction, labels([1, 1], [1], []), divide_by_length=True)
    # 3 ln 2 over 2, ln 4/3 over 1, 2 ln 2 over 1
    assert found == close([1.5 * LN2, 2 * LN2 - LN3, 2 * LN2])


def test_probabilities_far_below_the_least_float_multiply():
    tiny = [1.0, 1e-300, 1e-300]
    # 1212… has no other alignment: 1e-3000
    assert of_one([tiny] * 10, [1, 2] * 5) == close(3000 * LN10)
    # one 1 in any of ten steps, blanks elsewhere; two 1 side by side cost 1e-300 more
    assert of_one([tiny] * 10, [1]) == close(300 * LN10 - LN10)


def test_a_way_that_seemed_hopeless_may_be_the_only_one_left():
    # 1 is all but impossible for 30 steps, then the only symbol: before it, only "no label yet"
    # and "1 already" are there, and what had the greatest part of the sum is cut off in the end
    blank, one = [1.0, 1e-200], [0.0, 1.0]
    assert of_one([blank] * 30 + [one], [1]) == pytest.approx(0, abs=1e-199)
    # the second 1 needs a blank before it, the first one of 30 steps: 1e-200 each, 29 of them,
    # for the last of the 30 steps must be the blank between them
    expected = 200 * LN10 - math.log(29)
    assert of_one([blank] * 30 + [one], [1, 1]) == close(expected)
    # a third one: 1-1 in 30 steps of which the last is blank: two of 29 that are not neighbours
    expected = 400 * LN10 - math.log(29 * 28 / 2 - 28)
    assert of_one([blank] * 30 + [one], [1, 1, 1]) == close(expected)


def test_the_least_probability_is_no_zero():
    assert of_one([[1.0, 5e-324]], [1]) == close(1074 * LN2)


def all_alignments(rows, target, blank):
    """Add the probabilities of all sequences of steps that read as the target, one by one."""
    found = []
    for alignment in itertools.product(range(3), repeat=len(rows)):
        merged = [symbol for symbol, _ in itertools.groupby(alignment)]
        if [symbol for symbol in merged if symbol != blank] == target:
            found.append(math.prod(row[at] for row, at in zip(rows, alignment, strict=True)))
    return math.fsum(found)


@pytest.mark.parametrize("blank", [0, 1, 2])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5])
def test_ctc_is_the_sum_over_all_alignments(blank, count):
    random = np.random.default_rng(count)
    # thirds of zeros among them
    rows = random.integers(0, 6, (count, 3)) // 2 + np.eye(3)[random.integers(0, 3, count)]
    rows /= rows.sum(axis=1, keepdims=True)
    symbols = [symbol for symbol in range(3) if symbol != blank]
    targets = [
        list(target) for long in range(5) for target in itertools.product(symbols, repeat=long)
    ]
    found = ctc_of(steps(*[rows.tolist()] * len(targets)), labels(*targets), blank=blank)
    expected = [all_alignments(rows.tolist(), target, blank) for target in targets]
    assert np.exp(-found) == pytest.approx(expected, rel=1e-13, abs=0)
    # each of the 3^steps alignments reads as exactly one target
    assert math.fsum(np.exp(-found)) <= 1 + 1e-13


@pytest.mark.parametrize(
    ("blank", "targets", "expected"),
    [
        # torch.nn.functional.ctc_loss, PyTorch 2.13.0, float64, reductions none and mean
        (0, ([1, 1, 2], [3, 2]), ([9.865731852889997, 2.8010733847265885], 2.34455698832998)),
        (3, ([1, 1, 2], [0, 2]), ([6.93345386731434, 6.29624335391012], 2.7296364830299202)),
    ],
)
def test_ctc_as_torch_has_it(blank, targets, expected):
    logits = 3 * np.sin(np.arange(48.0)).reshape(12, 4)
    prediction, target = Ragged(logits, np.array([7, 5])), labels(*targets)
    options = {"blank": blank, "from_logits": True}
    assert ctc_of(prediction, target, **options) == pytest.approx(expected[0], rel=1e-13)
    divided = ctc_of(prediction, target, **options, divide_by_length=True)
    assert divided.mean() == pytest.approx(expected[1], rel=1e-13)


@pytest.mark.parametrize("cells", [1, 50, 2**14])
def test_the_other_units_of_a_batch_make_no_difference(monkeypatch, cells):
    monkeypatch.setattr(sequence, "CELLS", cells)
    logits, prediction, target = drawn(80, 5, 30, seed=1)
    found = ctc_of(prediction, target)
    pairs = zip(single_units(prediction), single_units(target), strict=True)
    alone = [float(ctc_of(*pair)[0]) for pair in pairs]
    np.testing.assert_allclose(found, alone, rtol=1e-14)
    assert 0 < np.isinf(found).sum() < 40
    of_logits = ctc_of(Ragged(logits, prediction.lengths), target, from_logits=True)
    np.testing.assert_allclose(of_logits, found, rtol=1e-13, atol=1e-15)


def test_ctc_leaves_its_arrays_as_they_are():
    _, prediction, target = drawn(20, 4, 12, seed=2)
    arrays = (prediction.values, prediction.lengths, target.values, target.lengths)
    before = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    ctc_of(prediction, target)
    ctc_of(prediction, target, from_logits=True, zero_infinity=True, divide_by_length=True)
    assert all(np.array_equal(*pair) for pair in zip(arrays, before, strict=True))


def test_units_with_too_few_steps_are_counted():
    prediction = steps([A, A], [A, A, A], [A], [], [], [A])
    target = labels([1, 1], [1, 1], [1, 2], [], [1], [2])
    (data_note,) = find("ctc")[0].data_notes
    # 11 needs three steps; the last unit has a probability of 0, but enough steps
    marked = data_note.of_units(prediction, target)
    assert marked.tolist() == [True, False, True, False, True, False]
    # 1 at the end of a unit and at the start of the next are not neighbours
    assert not data_note.of_units(steps([A], [A]), labels([1], [1])).any()


def test_units_are_marked_just_where_no_logits_help():
    logits, prediction, target = drawn(200, 3, 8, seed=3)
    found = ctc_of(Ragged(logits, prediction.lengths), target, from_logits=True)
    (data_note,) = find("ctc")[0].data_notes
    assert np.array_equal(data_note.of_units(prediction, target), np.isinf(found))


def test_the_blank_is_no_symbol_of_a_target():
    with pytest.raises(DataError) as caught:
        ctc(steps([A, A], [B]), labels([1, 2], [2, 0]))
    assert str(caught.value) == (
        "target[3]: symbol 0 is not a symbol that a target may contain: column 0 of the prediction "
        "is the blank\n"
        "if another column is the blank: --blank NUMBER"
    )


def test_the_blank_is_a_column_of_the_prediction():
    with pytest.raises(DataError) as caught:
        ctc(steps([A]), labels([1]), blank=3)
    assert str(caught.value) == (
        "the blank is symbol 3, which does not exist\n"
        "the columns of the prediction are numbered from 0 to 2: --blank NUMBER"
    )


# Cross-entropy of tokens


def terms_of(prediction, target, **options):
    with np.errstate(all="ignore"):
        return sequence_cross_entropy(prediction, target, **options)


def averages(terms, weight=None):
    """Average over tokens and over sequences."""
    weight = np.ones(len(terms)) if weight is None else np.array(weight)
    sums, total = (terms * weight[:, None]).sum(axis=0, keepdims=True), weight.sum(keepdims=True)
    value = find("sequence_cross_entropy")[0].value
    averages = (replace(value, average=over) for over in ("token", "sequence"))
    return [float(average(sums, total)[0]) for average in averages]


TOKENS = steps([[0.5, 0.5]], [[0.25, 0.75], [0.125, 0.875], [0.5, 0.5]], [], symbols=2)
CODES = labels([0], [0, 0, 1], [])


def test_sequences_by_hand():
    # ln 2; ln 4 + ln 8 + ln 2 = 6 ln 2 in three tokens; nothing
    expected = [[LN2, 1, LN2, 1], [6 * LN2, 3, 2 * LN2, 1], [0, 0, 0, 0]]
    terms = terms_of(TOKENS, CODES)
    assert terms.dtype == np.float64
    assert terms == pytest.approx(np.array(expected), rel=4e-15, abs=0)
    # 7 ln 2 / 4 tokens; (ln 2 + 2 ln 2) / 2 sequences
    assert averages(terms) == close([1.75 * LN2, 1.5 * LN2])


def test_a_sequence_lends_its_weight_to_its_tokens():
    # (3 × 1 + 6) ln 2 / (3 × 1 + 3); (3 × 1 + 2) ln 2 / 4; the empty one counts in neither
    found = averages(terms_of(TOKENS, CODES), [3.0, 1.0, 5.0])
    assert found == close([1.5 * LN2, 1.25 * LN2])


def test_the_average_is_over_tokens_unless_told():
    value = find("sequence_cross_entropy")[0].value
    assert value(np.array([[6.0, 3.0, 5.0, 2.0]]), np.ones(1)).tolist() == [2.0]


def test_slices_have_their_own_averages():
    value = find("sequence_cross_entropy")[0].value
    sums = np.array([[6.0, 3.0, 5.0, 2.0], [0.0, 0.0, 0.0, 0.0], [INF, 2.0, INF, 1.0]])
    over_tokens, over_sequences = (
        replace(value, average=over)(sums, np.ones(3)) for over in ("token", "sequence")
    )
    assert over_tokens.tolist() == [2.0, 0.0, INF]
    assert over_sequences.tolist() == [2.5, 0.0, INF]


@pytest.mark.parametrize(
    ("row", "code", "options", "expected"),
    [
        ([0.0, 1.0], 0, {}, CLIPPED),
        ([0.0, 1.0], 0, {"clip": 0.0}, INF),
        ([0.0, 1.0], 1, {"clip": 0.0}, 0),
        ([0.0, 1.0], 0, {"clip": 0.125}, 3 * LN2),
        ([0.125, 0.375], 0, {"normalise": True}, 2 * LN2),
        ([0.0, 0.0], 1, {"from_logits": True}, LN2),
        ([1e4, -1e4], 1, {"from_logits": True}, 2e4),
        # labels ¾ and ¼: ¾ ln 2 + ¼ ln 2; a quarter of 20000
        ([0.5, 0.5], 1, {"label_smoothing": 0.5}, LN2),
        ([1e4, -1e4], 0, {"label_smoothing": 0.5, "from_logits": True}, 5e3),
    ],
)
def test_a_token_by_hand(row, code, options, expected):
    terms = terms_of(steps([row], symbols=2), labels([code]), **options)
    assert terms == pytest.approx(np.array([[expected, 1, expected, 1]]), rel=4e-15, abs=0)


def test_sequences_without_tokens_are_counted():
    (data_note,) = find("sequence_loss")[0].data_notes
    assert data_note.of_units(TOKENS, CODES).tolist() == [False, False, True]
    nothing = terms_of(steps([], symbols=2), labels([]))
    assert nothing.tolist() == [[0.0, 0.0, 0.0, 0.0]]


# Perplexity


@pytest.mark.parametrize(
    ("rows", "codes", "options", "expected"),
    [
        ([[0.5, 0.5]], [0], {}, 2),
        ([[0.25] * 4] * 3, [0, 1, 2], {}, 4),  # a blind guess
        ([[0.5, 0.5], [0.125, 0.875]], [0, 0], {}, 4),  # √(2 × 8)
        ([[0.5, 0.5], [0.125, 0.875]], [0, 0], {"weight": [2.0, 1.0]}, 2 ** (5 / 3)),  # ∛(2 2 8)
        ([[0.0, 1.0]], [1], {"clip": 0.0}, 1),
        ([[0.0, 1.0]], [0], {"clip": 0.0}, INF),
        ([[0.0, 1.0]], [0], {}, 2.0**52),
        ([[0.0, 1.0]], [0], {"clip": 0.25}, 4),
        ([[0.125, 0.375]], [0], {"normalise": True}, 4),
        ([[0.0, 0.0]], [1], {"from_logits": True}, 2),
        ([[0.0, LN3]], [0], {"from_logits": True}, 4),
        ([[1e4, -1e4]], [0], {"from_logits": True}, 1),
        ([[1e4, -1e4]], [1], {"from_logits": True}, INF),  # e^20000
    ],
)
def test_perplexity_by_hand(rows, codes, options, expected):
    found = lossctl.compute("perplexity", rows, codes, **options)
    assert found == pytest.approx(expected, rel=1e-14, abs=0)


def test_perplexities_of_single_tokens():
    found = lossctl.compute("ppl", [[0.5, 0.5], [0.125, 0.875]], [0, 0], reduction="none")
    assert found.tolist() == pytest.approx([2.0, 8.0], rel=1e-14)
