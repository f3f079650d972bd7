"""Sums that do not round: held to `math.fsum`, on data made to make sums round."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossctl.engine.sums import LARGEST, STRIDE, Sums

INF, NAN = math.inf, math.nan
HOSTILE = [0.0, 1.0, -1.0, 1e100, -1e100, 5e-324, 2.0**979, -(2.0**979), 1e-308, 1 + 2**-52]

terms_of_any_size = st.lists(
    st.floats(-1e290, 1e290) | st.sampled_from(HOSTILE), min_size=1, max_size=60
)


def total(terms, weight=None):
    """Sum some terms of a single slice."""
    sums = Sums(1)
    sums.add(np.array(terms, dtype=float)[:, None], weight)
    return float(sums.terms()[0, 0])


@settings(deadline=None, max_examples=200)
@given(terms_of_any_size)
def test_a_sum_is_rounded_once(terms):
    assert total(terms) == math.fsum(terms)


@settings(deadline=None, max_examples=100)
@given(terms_of_any_size, st.data())
def test_the_order_and_the_cuts_do_not_matter(terms, data):
    order = data.draw(st.permutations(terms))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(terms)))))
    sums = Sums(1)
    for part in np.split(np.array(order), cuts):
        sums.add(part[:, None])
    assert float(sums.terms()[0, 0]) == math.fsum(terms)
    assert sums.units().tolist() == [len(terms)]


@settings(deadline=None, max_examples=100)
@given(terms_of_any_size, st.data())
def test_every_slice_has_its_own_exact_sum(terms, data):
    codes = data.draw(st.lists(st.integers(0, 3), min_size=len(terms), max_size=len(terms)))
    sums = Sums(1)
    sums.add(np.array(terms)[:, None], slices=np.array(codes))
    pairs = list(zip(terms, codes, strict=True))
    expected = [
        math.fsum(term for term, code in pairs if code == number)
        for number in range(max(codes) + 1)
    ]
    assert sums.terms()[:, 0].tolist() == expected
    assert float(sums.whole().terms()[0, 0]) == math.fsum(terms)


@settings(deadline=None, max_examples=100)
@given(terms_of_any_size, st.data())
def test_merging_adds_each_slice_to_its_target(terms, data):
    codes = data.draw(st.lists(st.integers(0, 3), min_size=len(terms), max_size=len(terms)))
    places = data.draw(st.permutations(range(4)))
    one, other = Sums(1), Sums(1)
    one.add(np.array([[1.0], [2.0]]), slices=np.array([0, 3]))
    other.add(np.array(terms)[:, None], slices=np.array(codes))
    one.merge(other, np.array(places[: other.slices]))
    pairs = [*zip(terms, codes, strict=True), (1.0, places.index(0)), (2.0, places.index(3))]
    expected = [
        math.fsum(term for term, code in pairs if places[code] == number)
        for number in range(one.slices)
    ]
    assert one.terms()[:, 0].tolist() == expected


def test_slices_may_be_merged_into_one():
    one, other = Sums(1), Sums(1)
    other.add(np.array([[1e100], [1.0], [-1e100]]), slices=np.array([0, 1, 2]))
    one.merge(other, np.array([5, 5, 5]))
    assert one.terms()[:, 0].tolist() == [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]
    assert one.units().tolist() == [0.0, 0.0, 0.0, 0.0, 0.0, 3.0]


def test_nothing_is_lost_when_large_terms_cancel():
    assert total([1e100, 1.0, -1e100]) == 1.0
    assert total([1e100, 1e50, 1.0, 1e-300, -1e50, -1e100, -1.0]) == 1e-300
    assert total([2.0**979, 5e-324, -(2.0**979)]) == 5e-324


def test_the_smallest_numbers_add_up():
    assert total([5e-324] * 100_000) == 100_000 * 5e-324
    assert total([1e-310, 5e-324, -1e-310]) == 5e-324


def test_a_tenth_a_million_times_is_rounded_once():
    # The float 0.1 is a little more than a tenth, and numpy's own sum is off in the last digits.
    assert total(np.full(1_000_000, 0.1)) == float(Fraction(0.1) * 1_000_000)


def test_numbers_at_the_end_of_the_range_are_added_inexactly():
    assert total([1e300, 2e300]) == 3e300
    assert total([1e308, 1e308]) == INF
    assert total([1e300, 1.0, -1e300]) == 1.0


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ([INF, 1.0], INF),
        ([-INF, 1e300], -INF),
        ([INF, INF], INF),
        ([INF, -INF], NAN),
        ([NAN, 1.0], NAN),
        ([NAN, INF], NAN),
    ],
)
def test_what_is_not_finite_follows_the_rules_of_floats(terms, expected):
    assert total(terms) == pytest.approx(expected, nan_ok=True)


def test_an_infinite_slice_leaves_the_others_exact():
    sums = Sums(1)
    terms = np.array([[INF], [1e100], [1.0], [-1e100], [NAN]])
    sums.add(terms, slices=np.array([0, 1, 1, 1, 2]))
    np.testing.assert_equal(sums.terms()[:, 0], [INF, 1.0, NAN])


@pytest.mark.parametrize("count", [STRIDE - 1, STRIDE, STRIDE + 1, 2 * STRIDE, 2 * STRIDE + 1])
def test_sums_longer_than_a_stride_are_as_exact(count):
    generator = np.random.default_rng(count)
    terms = generator.normal(size=count) * 10.0 ** generator.integers(-200, 200, count)
    terms = np.concatenate([terms, -terms[:-1]])
    assert total(generator.permutation(terms)) == terms[count - 1]


def test_slices_whose_sums_are_larger_than_any_term_merge_exactly():
    large = 0.9 * LARGEST
    sums = Sums(1)
    sums.add(
        np.array([[-large], [-large], [large], [large], [1.0]]), slices=np.array([0, 0, 1, 1, 1])
    )
    assert float(sums.whole().terms()[0, 0]) == 1.0


def test_a_hundred_thousand_slices():
    generator = np.random.default_rng(1)
    terms = generator.normal(size=(300_000, 1)) * 1e20
    codes = np.concatenate([generator.permutation(100_000)] * 3)
    terms[200_000:] = -terms[:100_000]  # the last third takes the first away again
    sums = Sums(1)
    sums.add(terms, slices=codes)
    expected = np.zeros(100_000)
    expected[codes[100_000:200_000]] = terms[100_000:200_000, 0]
    assert np.array_equal(sums.terms()[:, 0], expected)
    assert np.array_equal(sums.units(), np.full(100_000, 3.0))


def test_weights_multiply_terms_and_are_summed():
    sums = Sums(2)
    sums.add(np.array([[1.0, 10.0], [2.0, 20.0]]), np.array([3.0, 0.5]))
    assert sums.terms().tolist() == [[4.0, 40.0]]
    assert sums.weight().tolist() == [3.5]
    assert sums.units().tolist() == [2.0]


def test_without_weights_the_weight_is_the_number_of_units():
    sums = Sums(1)
    sums.add(np.ones((3, 1)), slices=np.array([0, 0, 2]))
    assert sums.weight().tolist() == sums.units().tolist() == [2.0, 0.0, 1.0]


def test_weights_add_up_exactly():
    sums = Sums(1)
    sums.add(np.zeros((4, 1)), np.array([1e100, 1.0, 1e-9, 1e100]))
    assert sums.weight().tolist() == [math.fsum([1e100, 1.0, 1e-9, 1e100])]


def test_ignored_units_count_neither_as_units_nor_as_weight():
    sums = Sums(1)
    sums.add(np.array([[1.0], [2.0]]), np.array([5.0, 7.0]), ignored=np.array([False, True]))
    assert (sums.terms()[0, 0], sums.weight()[0], sums.units()[0]) == (5.0, 5.0, 1.0)


def test_blocks_with_and_without_ignored_units_add_up():
    # In the first block nothing is ignored, so nothing is said of it.
    sums = Sums(1)
    sums.add(np.array([[1.0], [2.0]]))
    sums.add(np.array([[3.0], [4.0]]), ignored=np.array([True, False]))
    assert (sums.terms()[0, 0], sums.weight()[0], sums.units()[0]) == (7.0, 3.0, 3.0)


def test_infinite_terms_without_weight_are_nothing():
    sums = Sums(1)
    sums.add(np.array([[INF], [NAN], [2.0]]), np.array([0.0, 0.0, 2.0]))
    sums.add(np.array([[INF], [2.0]]), np.array([1.0, 1.0]), ignored=np.array([True, False]))
    assert (sums.terms()[0, 0], sums.weight()[0]) == (6.0, 3.0)


def test_nothing_may_be_added():
    sums = Sums(1)
    sums.add(np.zeros((0, 1)))
    assert (sums.terms()[0, 0], sums.units()[0]) == (0.0, 0.0)


def test_empty_sums_have_no_slices():
    assert Sums(1).slices == 0
    assert Sums(1).terms().shape == (0, 1)
    assert Sums(1).units().tolist() == []


def test_adding_leaves_the_arrays_as_they_are():
    terms, weight = np.array([[1.0], [1e100]]), np.array([2.0, 3.0])
    Sums(1).add(terms, weight, np.array([0, 0]), np.array([True, False]))
    assert terms.tolist() == [[1.0], [1e100]]
    assert weight.tolist() == [2.0, 3.0]


def test_merging_leaves_the_other_as_it_is():
    one, other = Sums(1), Sums(1)
    other.add(np.array([[1.0]]))
    one.merge(other)
    one.add(np.array([[5.0]]))
    assert other.terms().tolist() == [[1.0]]
    assert other.units().tolist() == [1.0]
