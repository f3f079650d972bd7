"""Values of the losses of images that can be worked out by hand, at the edges too."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lossctl.block import Ragged, Words
from lossctl.catalogue.families.image import (
    PIXELS_AT_ONCE,
    ms_ssim,
    perceptual,
    psnr,
    ssim,
    total_variation,
)
from lossctl.errors import DataError, UsageError

INF = math.inf


def close(expected):
    """Equal but for a few rounding steps, however small the number."""
    return pytest.approx(expected, rel=4e-15, abs=0)


def image(*rows):
    """Make one image."""
    return np.array([rows], dtype=float)


# Total variation


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        # across 1 and 1, down 2 and 2
        ({}, 10),
        ({"norm": "l1"}, 6),  # the sum of Kornia and of TensorFlow
        ({"average": "pixels"}, 2.5),
        ({"norm": "l1", "average": "pixels"}, 1.5),
        ({"average": "differences"}, 5),  # 1 + 4
        ({"norm": "l1", "average": "differences"}, 3),  # the mean of Kornia
    ],
)
def test_total_variation_by_hand(options, expected):
    square = image([0, 1], [2, 3])
    assert total_variation(square, **options).tolist() == [expected]
    # a second channel, all of one value, brings pixels and differences, but no variation
    channels = np.stack([square, np.ones((1, 2, 2))], axis=-1)
    once = expected if options.get("average", "none") == "none" else expected / 2
    assert total_variation(channels, **options).tolist() == [once]


@pytest.mark.parametrize("average", ["none", "pixels", "differences"])
def test_lines_vary_one_way_only(average):
    # 1 + 9; 3 pixels, 2 differences
    expected = {"none": 10, "pixels": 10 / 3, "differences": 5}[average]
    assert total_variation(image([0, 1, 4]), average=average).tolist() == [expected]
    assert total_variation(image([0], [1], [4]), average=average).tolist() == [expected]
    assert total_variation(image([7]), average=average).tolist() == [0]


def test_each_image_varies_by_itself():
    images = np.array([[[0.0, 1.0]], [[5.0, 5.0]], [[-2.0, 1.0]]])
    assert total_variation(images).tolist() == [1, 0, 9]


# Peak signal-to-noise ratio


@pytest.mark.parametrize(
    ("residual", "data_range", "expected"),
    [
        ([0.1, 0.1], 1.0, -20),
        ([-25.5, 25.5], 255.0, -20),
        ([1.0, 1.0], 1.0, 0),
        ([10.0, -10.0], 1.0, 20),
        ([1.0, 0.0], 1.0, -10 * math.log10(2)),  # a mean square of ½
        ([3.0, 1.0], 1.0, 10 * math.log10(5)),
        ([0.0, 0.0], 1.0, -INF),
        ([1e150, 0.0], 1.0, 3000 - 10 * math.log10(2)),
        ([1e-200, 1e-200], 1.0, -4000),  # whose square is less than the least float
        ([1e300, 1e300], 1e300, 0),  # whose square is infinite
        ([1.0, 1.0], 1e-310, 6200),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_psnr_by_hand(residual, data_range, expected):
    found = psnr(image(residual), image([0, 0]), data_range=data_range)
    assert found.tolist() == pytest.approx([expected], rel=4e-15, abs=4e-15)


def test_psnr_is_one_number_per_image():
    images = np.array([0.1, 0.01, 0.001]).reshape(3, 1, 1, 1) * np.ones((3, 2, 2, 3))
    assert psnr(images, np.zeros((3, 2, 2, 3))).tolist() == pytest.approx([-20, -40, -60])


# Structural similarity

DOT = image([0, 0, 0], [0, 1, 0], [0, 0, 0])

SIGMA = 1 / math.sqrt(2 * math.log(2))
"""With this a pixel one away from the middle weighs half, so that a line weighs ¼, ½, ¼."""


@pytest.mark.parametrize(
    ("prediction", "target", "options", "expected"),
    [
        # means 1 and 2, variances 81/9 - 1 = 8 and 32, covariance 16, constants 1 and 4:
        # 1 - (4 + 1) (32 + 4) / ((5 + 1) (40 + 4)) = 1 - 180/264
        (9 * DOT, 18 * DOT, {"gaussian": False}, 7 / 22),
        (9 * DOT, 18 * DOT, {"gaussian": False, "halve": True}, 7 / 44),
        # covariance -8: 1 - (-2 + 1) (-16 + 4) / ((2 + 1) (16 + 4)) = 1 - 12/60
        (9 * DOT, -9 * DOT, {"gaussian": False}, 0.8),
        # constants 4 and 16: 1 - (4 + 4) (32 + 16) / ((5 + 4) (40 + 16)) = 1 - 384/504
        (9 * DOT, 18 * DOT, {"gaussian": False, "data_range": 2.0}, 5 / 21),
        # the middle weighs ¼: means 1 and 2, variances 16/4 - 1 = 3 and 12, covariance 6:
        # 1 - (4 + 1) (12 + 4) / ((5 + 1) (15 + 4)) = 1 - 80/114
        (4 * DOT, 8 * DOT, {"sigma": SIGMA}, 17 / 57),
        # flat images have no structure that could differ: 1 - (0 + 1) / (4 + 1)
        (0 * DOT, 0 * DOT + 2, {}, 0.8),
        # a window of one pixel has none either: eight alike, one 1 - (4 + 1) / (5 + 1)
        (DOT, 2 * DOT, {"window": 1}, 1 / 54),
    ],
)
def test_ssim_by_hand(prediction, target, options, expected):
    found = ssim(prediction, target, **{"window": 3, "k1": 1.0, "k2": 2.0, **options})
    assert found.tolist() == [close(expected)]


def pattern():
    """Make two images of 12 × 13 pixels between 0 and 1."""
    row, column = np.mgrid[0:12, 0:13]
    first = ((row * row + 3 * column) % 17) / 16
    other = ((row * row + 3 * column + row * column) % 17) / 16
    return first, 0.75 * first + 0.25 * other


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        # scikit-image 0.26.0: 1 - structural_similarity(use_sample_covariance=False, data_range=1)
        # with gaussian_weights=True, sigma=1.5, win_size=11
        ({}, 0.0921776460739604),
        # with win_size=7
        ({"window": 7, "gaussian": False}, 0.08537168121998018),
        # with gaussian_weights=True, sigma=0.9, win_size=7
        ({"window": 7, "sigma": 0.9}, 0.10523792748046834),
        # with gaussian_weights=True, sigma=1.5, win_size=11, K1=0.1, K2=0.2, data_range=2
        ({"k1": 0.1, "k2": 0.2, "data_range": 2.0}, 0.044953239949905854),
    ],
)
def test_ssim_of_an_independent_implementation(options, expected):
    first, other = pattern()
    found = ssim(first[None], other[None], **options)
    assert found.tolist() == [pytest.approx(expected, rel=1e-13)]


def test_ssim_of_channels_of_an_independent_implementation():
    # scikit-image 0.26.0: as the first one above, with data_range=255, channel_axis=-1
    first, other = pattern()
    prediction = np.stack([first, other, 1 - first], axis=-1)
    target = np.stack([other, other, first], axis=-1)
    found = ssim(255 * prediction[None], 255 * target[None], data_range=255.0)
    assert found.tolist() == [pytest.approx(0.6927540393577116, rel=1e-13)]


def test_ssim_is_one_number_per_image():
    first, other = pattern()
    alone = [ssim(each[None], other[None])[0] for each in (first, other, 0 * first)]
    together = ssim(np.stack([first, other, 0 * first]), np.stack([other] * 3))
    assert together.tolist() == alone
    # also where they are too many to be compared at once
    many = PIXELS_AT_ONCE // first.size + 2
    found = ssim(np.stack([first] * many), np.stack([other] * many))
    assert set(found.tolist()) == {alone[0]}


@pytest.mark.parametrize("scale", [1e-150, 1.0, 255.0, 1e9, 1e150])
def test_an_image_is_similar_to_itself_exactly(scale):
    first, _ = pattern()
    same = scale * (first[None] - 0.3)
    assert ssim(same, same).tolist() == [0.0]


@pytest.mark.filterwarnings("ignore:overflow")
def test_ssim_is_finite_for_all_numbers():
    first, other = (each[None] for each in pattern())
    for options in ({"sigma": 1e-300}, {"sigma": 1e300}, {"data_range": 1e-300}):
        for scale in (0.0, 1e-150, 1e150):
            found = ssim(scale * first, 1e150 * other, **options)
            assert ((found >= 0) & (found <= 2)).all()


def test_an_image_smaller_than_the_window_has_no_ssim():
    small = np.zeros((1, 6, 20))
    with pytest.raises(DataError) as caught:
        ssim(small, small)
    assert caught.value.message == "the window of 11 × 11 does not fit into an image of 6 × 20"
    assert caught.value.hint == "use a smaller one: --window 5"
    assert ssim(small, small, window=5).tolist() == [0.0]


def test_a_window_has_a_middle():
    square = np.zeros((1, 20, 20))
    with pytest.raises(UsageError, match="window must be an odd number, not 10"):
        ssim(square, square, window=10)


# Structural similarity over scales


@pytest.mark.parametrize(
    ("prediction", "target", "options", "expected"),
    [
        # In windows of one pixel there is no structure; at the fifth scale the mean of all 16 × 16
        # pixels is left, 1 and 2: (4 + 1) / (5 + 1).
        (1.0, 2.0, {"k1": 1.0}, 1 - (5 / 6) ** 0.1333),
        (2.0, 1.0, {"k1": 1.0}, 1 - (5 / 6) ** 0.1333),
        # constant 4: (4 + 4) / (5 + 4)
        (1.0, 2.0, {"k1": 1.0, "data_range": 2.0}, 1 - (8 / 9) ** 0.1333),
        (1.0, 1.0, {}, 0.0),
        (1.0, -1.0, {"k1": 1.0}, 1.0),  # a mean below 0 is 0
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_ms_ssim_of_brightness_by_hand(prediction, target, options, expected):
    stripes = np.tile([0.0, 2.0], (1, 16, 8))  # of mean 1
    found = ms_ssim(prediction * stripes, target * stripes[:, :, ::-1], window=1, **options)
    assert found.tolist() == [close(expected)]


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_ms_ssim_of_structure_by_hand():
    # Opposite columns have a covariance below 0, of which all scales have a mean below 0, so 0.
    dots = np.tile([0.0, 3.0, 0.0], (1, 48, 16))
    opposite = ms_ssim(dots, -dots, window=3, k2=1e-9)
    assert opposite.tolist() == [1]
    assert ms_ssim(dots, dots, window=3).tolist() == [0]


def scales():
    """Make three images of 177 × 179 pixels between 0 and 1."""
    row, column = np.mgrid[0:177, 0:179]
    first = ((row * row + 3 * column) % 17) / 16
    other = ((row // 8 + column // 5) % 7) / 6
    return first, other, 0.5 * first + 0.5 * other


def test_ms_ssim_of_an_independent_implementation():
    # the formula, with scipy 1.17.1's ndimage.correlate for the means of windows
    first, other, mixed = scales()
    found = ms_ssim(first[None], mixed[None])
    assert found.tolist() == [pytest.approx(0.792943588898278, rel=1e-12)]
    found = ms_ssim(other[None], mixed[None], window=5, data_range=2.0)
    assert found.tolist() == [pytest.approx(0.2658620681809929, rel=1e-12)]
    # channels are compared one by one
    colours = [np.stack([one, two], axis=-1)[None] for one, two in ((first, other), (mixed, mixed))]
    each = ms_ssim(np.stack([first, other]), np.stack([mixed, mixed]))
    assert ms_ssim(*colours).tolist() == [close(each.mean())]


def test_a_small_ms_ssim_keeps_its_digits():
    # twice the difference has about four times the loss
    first, other, _ = scales()
    small, smaller = (ms_ssim(first[None], (first + d * other)[None])[0] for d in (2e-7, 1e-7))
    assert 0 < smaller < 1e-12
    assert small / smaller == pytest.approx(4, rel=1e-4)


def test_an_image_too_small_for_five_scales_has_no_ms_ssim():
    small = np.zeros((1, 175, 200))
    with pytest.raises(DataError) as caught:
        ms_ssim(small, small)
    assert caught.value.message == (
        "the window of 11 × 11 does not fit into an image of 175 × 200 halved 4 times"
    )
    assert caught.value.hint == "use a smaller one: --window 9"
    tiny = np.zeros((1, 15, 15))
    with pytest.raises(DataError) as caught:
        ms_ssim(tiny, tiny, window=1)
    assert caught.value.hint == ""
    with pytest.raises(UsageError, match="window must be an odd number, not 10"):
        ms_ssim(small, small, window=10)


# Features

PREDICTION = Ragged(np.array([1.0, 2.0, 3.0, 5.0, -1.0, 0.5]), np.array([4, 0, 2]))
TARGET = Ragged(np.array([0.0, 0.0, 0.0, 4.0, 1.0, 0.5]), np.array([4, 0, 2]))
LAYER = Ragged(Words(np.array([2, 2, 2, 0, 0, 2]), ("relu2", "never", "relu1")), PREDICTION.lengths)
"""Squares: 1, 4, 9 in relu1 and 1 in relu2; no features; 4 in relu2 and 0 in relu1."""


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [15, 0, 4]),
        ({"normalise": True}, [14 / 3 + 1, 0, 4]),
        ({"layer_weights": "relu1=1,relu2=0.5"}, [14.5, 0, 2]),
        ({"layer_weights": "relu2 = 10 , relu1=.5"}, [17, 0, 40]),
        ({"layer_weights": "relu1=0,relu2=1"}, [1, 0, 4]),
        ({"layer_weights": "relu1=3,relu2=2", "normalise": True}, [16, 0, 8]),
    ],
)
def test_perceptual_by_hand(options, expected):
    assert perceptual(PREDICTION, TARGET, LAYER, **options).tolist() == [*map(close, expected)]


def test_without_names_all_features_are_of_one_layer():
    assert perceptual(PREDICTION, TARGET).tolist() == [15, 0, 4]
    assert perceptual(PREDICTION, TARGET, normalise=True).tolist() == [3.75, 0, 2]


def test_images_without_features_have_loss_0():
    none = Ragged(np.zeros(0), np.array([0, 0]))
    names = Ragged(Words(np.zeros(0, dtype=np.intp), ()), none.lengths)
    for options in ({}, {"normalise": True}):
        assert perceptual(none, none, **options).tolist() == [0, 0]
        assert perceptual(none, none, names, **options).tolist() == [0, 0]
    assert perceptual(none, none, names, layer_weights="relu1=1").tolist() == [0, 0]
    first = Ragged(np.ones(2), np.array([0, 2, 0]))
    assert perceptual(first, Ragged(np.zeros(2), first.lengths)).tolist() == [0, 2, 0]


@pytest.mark.parametrize(
    ("weights", "message", "hint"),
    [
        (
            "relu1=1,relu2=1,relu9=1",
            "unknown layer 'relu9'",
            "did you mean 'relu1' or 'relu2'?",
        ),
        ("relu1=1,relu2=1,never=1", "unknown layer 'never'", "one of 'relu1', 'relu2'"),
        ("relu1=1", "layer_weights has no weight for layer 'relu2'", "weight 0 leaves a layer out"),
    ],
)
def test_layer_weights_name_the_layers_that_there_are(weights, message, hint):
    with pytest.raises(UsageError) as caught:
        perceptual(PREDICTION, TARGET, LAYER, layer_weights=weights)
    assert (caught.value.message, caught.value.hint) == (message, hint)


@pytest.mark.parametrize(
    "weights", ["relu1", "relu1=", "=1", "relu1=-1", "relu1=nan", "relu1=1e999", "a=1,a=2", ""]
)
def test_layer_weights_that_cannot_be_read(weights):
    with pytest.raises(UsageError) as caught:
        perceptual(PREDICTION, TARGET, LAYER, layer_weights=weights)
    assert caught.value.message == (
        "layer_weights must be comma-separated layer names with weights of at least 0, "
        f"not '{weights}'"
    )


def test_layer_weights_without_layers():
    with pytest.raises(UsageError, match="layer_weights needs the layer of every feature"):
        perceptual(PREDICTION, TARGET, layer_weights="relu1=1")
