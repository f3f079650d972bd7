"""Losses of whole batches: values that can be worked out by hand, at the edges too."""

from __future__ import annotations

import math
import operator

import numpy as np
import pytest

import lossctl
from lossctl.block import Ragged, Words
from lossctl.catalogue.families.metric import batches as batch_losses
from lossctl.catalogue.families.metric.batches import info_nce, nt_xent, supcon

INF = math.inf
MOST = float(np.finfo(np.float64).max)


def close(expected):
    """Equal but for a few rounding steps, however small the number."""
    return pytest.approx(expected, rel=4e-15, abs=0)


THREES = {"temperature": 1 / math.log(3)}
"""With it, e^(cos / temperature) is 3 for equal, 1 for orthogonal, 1/3 for opposite directions."""

RIGHT, UP, LEFT, DOWN, NOWHERE = [1, 0], [0, 1], [-1, 0], [0, -1], [0, 0]


def ln(number):
    return math.log(number)


def batches(*rows_of_each):
    """Gather the vectors of some batches, of two dimensions."""
    rows = [row for rows in rows_of_each for row in rows]
    vectors = np.array(rows, dtype=float).reshape(-1, 2)
    return Ragged(vectors, np.array([len(rows) for rows in rows_of_each]))


def labels(*of_each):
    """Gather the labels of some batches, a letter each."""
    words = "zabcdefghi"  # of which nothing is a z
    codes = np.array([words.index(letter) for letter in "".join(of_each)], dtype=int)
    return Ragged(Words(codes, tuple(words)), np.array([len(letters) for letters in of_each]))


@pytest.mark.parametrize(
    ("anchor", "positive", "expected"),
    [
        ([RIGHT, UP], [RIGHT, UP], ln(4 / 3)),  # -ln(3 / (3 + 1)), twice
        ([RIGHT, LEFT], [RIGHT, LEFT], ln(10 / 9)),  # -ln(3 / (3 + 1/3))
        ([RIGHT, LEFT], [LEFT, RIGHT], ln(10)),  # -ln(1/3 / (1/3 + 3))
        ([RIGHT, UP], [RIGHT, RIGHT], ln(2)),  # 3 / (3 + 3) and 1 / (1 + 1)
        ([RIGHT, RIGHT], [RIGHT, UP], ln(16 / 3) / 2),  # 3 / (3 + 1) and 1 / (1 + 3)
        ([UP, UP, UP], [UP, UP, UP], ln(3)),
        # shares of 3, 1 and 1/3 in 3 + 1 + 1/3
        ([RIGHT, LEFT, RIGHT], [RIGHT, UP, LEFT], ln(13 / 9 * 13 / 3 * 13) / 3),
        ([NOWHERE, RIGHT], [RIGHT, UP], ln(2 * 4) / 2),  # 1 / (1 + 1) and 1 / (3 + 1)
        # only directions count
        ([[1e200, 0], [0, 3e-200]], [[7e-5, 0], [0, MOST]], ln(4 / 3)),
        ([LEFT], [RIGHT], 0),
        ([], [], 0),
    ],
)
def test_info_nce_by_hand(anchor, positive, expected):
    (found,) = info_nce(batches(anchor), batches(positive), **THREES)
    assert found == close(expected)


@pytest.mark.parametrize(
    ("anchor", "positive", "expected"),
    [
        ([RIGHT, UP], [RIGHT, UP], ln(4 / 3)),
        # 3 / (3 + 3) and 1 / (1 + 1); from the other side 3 / (3 + 1) and 1 / (3 + 1)
        ([RIGHT, UP], [RIGHT, RIGHT], (ln(2) + ln(16 / 3) / 2) / 2),
        ([RIGHT, RIGHT], [RIGHT, UP], (ln(2) + ln(16 / 3) / 2) / 2),
        ([LEFT], [RIGHT], 0),
        ([], [], 0),
    ],
)
def test_symmetric_info_nce_by_hand(anchor, positive, expected):
    (found,) = info_nce(batches(anchor), batches(positive), symmetric=True, **THREES)
    assert found == close(expected)


@pytest.mark.parametrize(
    ("temperature", "positive", "expected"),
    [
        (0.1, [RIGHT, LEFT], 2.0611536203143807e-9),  # ln(1 + e^-20), nothing lost beside the 1
        (0.02, [RIGHT, LEFT], 3.720075976020836e-44),  # ln(1 + e^-100) = e^-100
        (0.001, [RIGHT, LEFT], 0),
        (0.001, [LEFT, RIGHT], 2000),  # e^2000 is above all floats
        (5e-324, [RIGHT, LEFT], 0),
        (5e-324, [LEFT, RIGHT], INF),
        (5e-324, [UP, UP], ln(2)),
        (1e308, [LEFT, RIGHT], ln(2)),
    ],
)
def test_info_nce_at_extreme_temperatures(temperature, positive, expected):
    with np.errstate(over="ignore"):
        (found,) = info_nce(batches([RIGHT, LEFT]), batches(positive), temperature=temperature)
    assert found == close(expected)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([RIGHT, UP], [RIGHT, UP], ln(5 / 3)),  # -ln(3 / (3 + 1 + 1)), four times
        ([RIGHT, LEFT], [RIGHT, LEFT], ln(11 / 9)),  # -ln(3 / (3 + 1/3 + 1/3))
        ([RIGHT, LEFT], [LEFT, RIGHT], ln(11)),  # -ln(1/3 / (1/3 + 1/3 + 3))
        # 3 / (3 + 1 + 1) for both views of the first, 1/3 / (1/3 + 1 + 1) for those of the second
        ([RIGHT, UP], [RIGHT, DOWN], ln(5 / 3 * 7) / 2),
        ([UP, UP, UP], [UP, UP, UP], ln(5)),
        ([NOWHERE, RIGHT], [RIGHT, RIGHT], ln(3 * 7 * (7 / 3) ** 2) / 4),
        ([[1e200, 0], [0, 3e-200]], [[7e-5, 0], [0, MOST]], ln(5 / 3)),
        ([LEFT], [RIGHT], 0),
        ([], [], 0),
    ],
)
def test_nt_xent_by_hand(first, second, expected):
    (found,) = nt_xent(batches(first), batches(second), **THREES)
    assert found == close(expected)
    (turned,) = nt_xent(batches(second), batches(first), **THREES)
    assert turned == close(expected)


@pytest.mark.parametrize(
    ("temperature", "second", "expected"),
    [
        (0.1, [RIGHT, LEFT], 4.122307236380407e-9),  # ln(1 + 2 e^-20)
        (0.02, [RIGHT, LEFT], 7.440151952041672e-44),
        (0.001, [LEFT, RIGHT], 2000),  # ln(2 + e^2000)
        (5e-324, [RIGHT, LEFT], 0),
        (5e-324, [LEFT, RIGHT], INF),
        (1e308, [LEFT, RIGHT], ln(3)),
    ],
)
def test_nt_xent_at_extreme_temperatures(temperature, second, expected):
    with np.errstate(over="ignore"):
        (found,) = nt_xent(batches([RIGHT, LEFT]), batches(second), temperature=temperature)
    assert found == close(expected)


@pytest.mark.parametrize(
    ("prediction", "target", "expected"),
    [
        # -ln(3 / (3 + 1)) of both rows of a; the only row of b is left out
        ([RIGHT, RIGHT, UP], "aab", ln(4 / 3)),
        ([UP, RIGHT, RIGHT], "baa", ln(4 / 3)),
        ([RIGHT, RIGHT, LEFT, LEFT], "aabb", ln(11 / 9)),  # -ln(3 / (3 + 1/3 + 1/3))
        ([RIGHT, RIGHT, LEFT, LEFT], "abab", ln(11)),
        # The logarithms are averaged, not the shares: (-ln ¾ - ln ¼) / 2 of the first two rows,
        # where -ln((¾ + ¼) / 2) would be the paper's L_in; and -ln ½ of the third
        ([RIGHT, RIGHT, UP], "aaa", ln(16 / 3 * 2) / 3),
        ([UP, UP, UP, UP], "aaaa", ln(3)),
        ([UP, UP, UP, UP], "aaab", ln(3)),
        ([NOWHERE, RIGHT, RIGHT], "aab", ln(2 * 4) / 2),  # 1 / (1 + 1) and 1 / (1 + 3)
        ([[1e200, 0], [2e-200, 0], [0, MOST]], "aab", ln(4 / 3)),
        ([RIGHT, LEFT], "aa", 0),  # there is no other to be picked
        ([RIGHT, RIGHT, UP], "abc", 0),  # no label twice
        ([RIGHT], "a", 0),
        ([], "", 0),
    ],
)
def test_supcon_by_hand(prediction, target, expected):
    (found,) = supcon(batches(prediction), labels(target), **THREES)
    assert found == close(expected)


@pytest.mark.parametrize(
    ("prediction", "target", "expected"),
    [
        ([RIGHT, RIGHT, UP], "aab", ln(4 / 3) * 2 / 3),
        ([RIGHT, RIGHT, UP, UP], "aabc", ln(5 / 3) / 2),  # -ln(3 / (3 + 1 + 1)), and 0 twice
        ([RIGHT, RIGHT, UP], "aaa", ln(16 / 3 * 2) / 3),
        ([RIGHT, UP], "ab", 0),
    ],
)
def test_rows_alone_may_count_as_0(prediction, target, expected):
    (found,) = supcon(batches(prediction), labels(target), count_alone=True, **THREES)
    assert found == close(expected)


@pytest.mark.parametrize(
    ("temperature", "target", "expected"),
    [
        (0.1, "aabb", 4.122307236380407e-9),  # ln(1 + 2 e^-20)
        (0.001, "abab", 2000),
        (0.001, "aaaa", 4000 / 3),  # of the three others, two are 2000 behind the nearest
        (5e-324, "aabb", 0),
        (5e-324, "abab", INF),
        (5e-324, "aaaa", INF),
        (1e308, "abab", ln(3)),
    ],
)
def test_supcon_at_extreme_temperatures(temperature, target, expected):
    prediction = batches([RIGHT, RIGHT, LEFT, LEFT])
    with np.errstate(over="ignore"):
        (found,) = supcon(prediction, labels(target), temperature=temperature)
    assert found == close(expected)


def test_two_rows_a_label_are_the_two_views_of_an_example():
    generator = np.random.default_rng(8)
    first, second = generator.normal(size=(2, 9, 2))
    views = batches([*first, *second])
    found = supcon(views, labels("abcdefghi" * 2), temperature=0.5)
    assert found == pytest.approx(nt_xent(batches(first), batches(second)), rel=1e-14)


def test_each_batch_has_its_own_number():
    some = batches([RIGHT, UP], [], [LEFT], [RIGHT, LEFT])
    assert info_nce(some, some, **THREES) == close([ln(4 / 3), 0, 0, ln(10 / 9)])
    assert nt_xent(some, some, **THREES) == close([ln(5 / 3), 0, 0, ln(11 / 9)])
    # a label that comes again in another batch is alone all the same
    target = labels("aa", "", "a", "ba")
    assert supcon(batches([UP, UP], [], [LEFT], [UP, UP]), target, **THREES) == close([0] * 4)


@pytest.mark.parametrize("cells", [1, 7, 30])
def test_a_large_batch_is_taken_in_strips(monkeypatch, cells):
    generator = np.random.default_rng(9)
    first, second = (batches(rows) for rows in generator.normal(size=(2, 11, 2)))
    target = labels("abcabcabcad")
    losses = [(info_nce, (first, second)), (nt_xent, (first, second)), (supcon, (first, target))]
    whole = [loss(*roles) for loss, roles in losses]
    monkeypatch.setattr(batch_losses, "CELLS", cells)
    in_strips = [loss(*roles) for loss, roles in losses]
    assert np.ravel(in_strips) == pytest.approx(np.ravel(whole), rel=1e-14)


def by_loops(views, like, temperature):
    """Average, over the views, of -ln of the share of each view that is like it."""
    terms = []
    for place, view in enumerate(views):
        powers = {
            other: math.exp(
                sum(map(operator.mul, view, each))
                / math.hypot(*view)
                / math.hypot(*each)
                / temperature
            )
            for other, each in enumerate(views)
            if other != place
        }
        total = math.fsum(powers.values())
        found = [-math.log(powers[other] / total) for other in powers if like(place, other)]
        terms += [math.fsum(found) / len(found)] if found else []
    return math.fsum(terms) / len(terms)


@pytest.mark.parametrize("temperature", [0.05, 0.5, 3.0])
def test_losses_of_batches_by_loops(temperature):
    generator = np.random.default_rng(10)
    first, second = generator.normal(size=(2, 8, 2)).tolist()
    found = nt_xent(batches(first), batches(second), temperature=temperature)
    expected = by_loops(first + second, lambda i, j: i % 8 == j % 8, temperature)
    assert found == pytest.approx([expected], rel=1e-12)
    target = "aabcacbd"
    found = supcon(batches(first), labels(target), temperature=temperature)
    expected = by_loops(first, lambda i, j: target[i] == target[j], temperature)
    assert found == pytest.approx([expected], rel=1e-12)


@pytest.mark.parametrize(
    "target", [["cat", "cat", "dog"], [7, 7, -3], ["1", "1", "01"], np.array([2.0, 2.0, 9.0])]
)
def test_labels_only_tell_what_is_alike(target):
    found = lossctl.compute("supcon", np.array([RIGHT, RIGHT, UP]), target, **THREES)
    assert found == close(ln(4 / 3))


def test_a_batch_without_rows_may_stand_among_others():
    vectors, words = [[], [RIGHT, RIGHT, UP]], [[], ["cat", "cat", "dog"]]
    found = lossctl.compute("supcon", vectors, words, reduction="none", **THREES)
    assert found == close([0, ln(4 / 3)])
