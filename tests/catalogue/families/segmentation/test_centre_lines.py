"""Losses of centre lines: values that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from lossctl.catalogue.families.segmentation.centre_lines import _skeleton, cldice


def close(expected):
    """Equal but for a few rounding steps, however small the number."""
    return pytest.approx(expected, rel=4e-15, abs=0)


def image(*lines):
    """Make a stack of one image of lines of digits."""
    return np.array([[[float(digit) for digit in line] for line in lines]])


BLOCK = image("00000", "01110", "01110", "01110", "00000")


def test_skeletons_by_hand():
    # A block of 3: one erosion leaves its middle, whose opening is the block, so that nothing is
    # taken off; the next erosion leaves nothing, so the middle is taken.
    found = _skeleton(BLOCK[:, None], 1)[:, 0]
    assert found.tolist() == image("00000", "00000", "00100", "00000", "00000").tolist()
    assert not _skeleton(BLOCK[:, None], 0).any()
    # a line of one pixel is its own skeleton, also at the border
    line = image("00100", "00100", "00010", "00000", "11100")
    for iterations in (0, 1, 5):
        assert _skeleton(line[:, None], iterations)[:, 0].tolist() == line.tolist()
    # what lies beyond the border does not erode: a full image has no skeleton
    assert not _skeleton(np.ones((1, 1, 4, 4)), 3).any()


def test_soft_skeletons_of_an_independent_implementation():
    # the authors' soft_skel, in torch 2.13, of these 6 × 7 eighths after 2 erosions
    row, column = np.mgrid[0:6, 0:7]
    soft = ((row * row + 3 * column + row * column) % 9) / 8
    found = _skeleton(soft[None, None], 2)
    assert found.sum() == 10.845703125
    assert (found * np.arange(42).reshape(6, 7)).sum() == 213.623046875


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        # Both are their own skeletons, of which one pixel of 2 and one of 3 is in the other; with 1
        # added these are 2/3 and 2/4: 1 - 2 (1/3) / (7/6)
        ({}, 3 / 7),
        # without it ½ and 1/3: 1 - 2 (1/6) / (5/6)
        ({"smooth": 0.0}, 0.6),
        ({"iterations": 0}, 3 / 7),
    ],
)
def test_cldice_by_hand(options, expected):
    prediction = image("00000", "01000", "01000", "00000")
    target = image("00000", "01110", "00000", "00000")
    assert cldice(prediction, target, **options).tolist() == [close(expected)]


def test_cldice_does_not_count_widths():
    thick = image("000000", "111111", "111111", "111111", "000000")
    thin = image("000000", "000000", "111111", "000000", "000000")
    # the skeleton of the thick line is the thin one
    assert cldice(thick, thin).tolist() == [0]
    assert cldice(thin, thick).tolist() == [0]


def test_cldice_of_a_gap():
    # 4 pixels of the line of 5 are predicted, (4 + 1) / (5 + 1), and the other way all is inside,
    # which makes 1 - 2 (5/6) / (11/6)
    broken, whole = image("00000", "11011", "00000"), image("00000", "11111", "00000")
    assert cldice(broken, whole).tolist() == [close(1 / 11)]
    assert cldice(whole, broken).tolist() == [close(1 / 11)]


def test_cldice_at_the_edges():
    empty, line = image("000", "000", "000"), image("000", "111", "000")
    # nothing of the target's line is predicted, (0 + 1) / (3 + 1); an empty skeleton is not outside
    assert cldice(empty, line).tolist() == [close(0.6)]  # 1 - 2 (1/4) / (5/4)
    assert cldice(empty, line, smooth=0.0).tolist() == [1]
    assert cldice(empty, empty, smooth=0.0).tolist() == [0]
    apart = image("111", "000", "000"), image("000", "000", "111")
    assert cldice(*apart, smooth=0.0).tolist() == [1]  # both shares are 0


def test_cldice_of_several_classes_is_one_ratio():
    broken, whole = image("00000", "11011", "00000"), image("00000", "11111", "00000")
    right = image("00000", "00000", "11000")
    prediction, target = (np.stack([each, right], axis=-1) for each in (broken, whole))
    # 4 of 5 and 2 of 2 pixels are predicted, (6 + 1) / (7 + 1): 1 - 2 (7/8) / (15/8)
    assert cldice(prediction, target).tolist() == [close(1 / 15)]
    assert cldice(prediction, target, ignore_class="1").tolist() == [close(1 / 11)]
    assert cldice(prediction, target, ignore_class="0").tolist() == [0]
