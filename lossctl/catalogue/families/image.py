"""Losses of whole pictures, and of the features that a network makes of them.

Pictures come as `(pictures, height, width)` or `(pictures, height, width, channels)`, those of one
call of one size; every loss has one number a picture. A value out of its domain never reaches these
functions: whoever reads the data raises `lossctl.errors.OutOfDomain`.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

from lossctl.block import Array, Codes, Mask, Ragged, Words
from lossctl.catalogue.definition import PerUnit, loss
from lossctl.catalogue.kinds import FEATURES, NAMES, Images, in_units
from lossctl.catalogue.options import Interval, Option
from lossctl.errors import DataError, UsageError, quote
from lossctl.grammar import NUMBER
from lossctl.lazy import np

LAYERS = in_units(NAMES)

AT_ONCE = 2**16
"""Pixels that are compared at a time: so few that what is made of them stays in the cache."""

DataRange = Annotated[
    float,
    Option(
        "difference of the greatest and the least value that a pixel can have", Interval(above=0)
    ),
]

Window = Annotated[
    int, Option("width of the window in pixels, an odd number", Interval(at_least=1))
]
Sigma = Annotated[float, Option("standard deviation of the Gaussian in pixels", Interval(above=0))]
SteadyMeans = Annotated[
    float, Option("steadies the comparison of means where both are small", Interval(above=0))
]
SteadyStructure = Annotated[
    float, Option("steadies the comparison of structure in flat windows", Interval(above=0))
]

SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""The exponents of MS-SSIM, from the finest scale to the coarsest."""


@loss(aliases=("tv", "tv_loss", "total_variation_loss"))
def total_variation(
    image: Images,
    *,
    norm: Annotated[
        Literal["l2", "l1"], Option("squares of differences, or their absolute values")
    ] = "l2",
    average: Annotated[
        Literal["none", "pixels", "differences"],
        Option("the sum; divided by pixels times channels; or the mean of each direction, added"),
    ] = "none",
) -> PerUnit:
    """Sum of the squared differences between neighbouring pixels, across and down.

    Helps:
        When a picture should be smooth: as a penalty beside a loss that compares it with a target.

    Hurts:
        When edges and texture matter: squares blur edges, absolute values leave steps. Sums grow
        with the picture, and conventions differ; see the formula.

    Formula:
        Σ (next row - row)² + Σ (next column - column)², or with l1 absolute values. TensorFlow's
        and Kornia's sum is `norm` l1; Kornia's mean is l1 with `average` differences

    Domain:
        image: (pictures, height, width) or (pictures, height, width, channels), finite. A picture
        of one row or one column has no differences that way. Result: at least 0, 0 for a flat one.

    Example:
        >>> total_variation(np.array([[[0.0, 1.0], [2.0, 3.0]]]))
        array([10.])

    References:
        L. I. Rudin, S. Osher, E. Fatemi, Nonlinear total variation based noise removal algorithms,
        Physica D 60, 1992; A. Mahendran, A. Vedaldi, Understanding deep image representations by
        inverting them, CVPR 2015 (squares)
    """
    total = np.zeros(len(image))
    for axis in (1, 2):
        steps = np.diff(image, axis=axis)
        sizes = steps * steps if norm == "l2" else np.abs(steps)
        count = max(math.prod(steps.shape[1:]), 1) if average == "differences" else 1
        total += sizes.sum(axis=tuple(range(1, image.ndim))) / count
    return total / math.prod(image.shape[1:]) if average == "pixels" else total


@loss(aliases=("psnr_loss", "peak_signal_to_noise_ratio", "negative_psnr"), optimum=None)
def psnr(prediction: Images, target: Images, *, data_range: DataRange = 1.0) -> PerUnit:
    """Minus the peak signal-to-noise ratio in decibels, so that less is better.

    Helps:
        When restored or compressed pictures are compared with the usual number, which is this one
        without its sign.

    Hurts:
        When it should agree with the eye: a shift by one pixel costs more than blur. The mean over
        pictures is a mean of logarithms: one perfect picture makes it minus infinity.

    Formula:
        -10 log10(data_range² / mean of (prediction - target)²)

    Domain:
        prediction, target: (pictures, height, width) or (pictures, height, width, channels),
        finite. Result: any number, in dB; minus infinity for identical pictures.

    Example:
        >>> psnr(np.array([[[0.0, 0.5]]]), np.array([[[0.1, 0.4]]]))
        array([-20.])

    References:
        Q. Huynh-Thu, M. Ghanbari, Scope of validity of PSNR in image/video quality assessment,
        Electronics Letters 44, 2008
    """
    within = tuple(range(1, prediction.ndim))
    residual = np.abs(prediction - target)
    largest = residual.max(axis=within, keepdims=True)
    # Squares of shares of the largest residual neither overflow nor vanish.
    share = np.divide(residual, largest, out=np.zeros_like(residual), where=largest > 0.0)
    mean = (share * share).mean(axis=within)
    return 20.0 * (np.log10(largest.reshape(-1)) - math.log10(data_range)) + 10.0 * np.log10(mean)


@loss(aliases=("ssim_loss", "structural_similarity"))
def ssim(
    prediction: Images,
    target: Images,
    *,
    window: Window = 11,
    gaussian: Annotated[
        bool, Option("weight the pixels of a window by a Gaussian, not all alike")
    ] = True,
    sigma: Sigma = 1.5,
    k1: SteadyMeans = 0.01,
    k2: SteadyStructure = 0.03,
    data_range: DataRange = 1.0,
    halve: Annotated[bool, Option("half of it, as Kornia has it")] = False,
) -> PerUnit:
    """How far the mean structural similarity of two pictures falls short of 1.

    Helps:
        When restored pictures are judged by structure rather than by single pixels, nearer to what
        an eye sees than a square.

    Hurts:
        When `data_range` is not that of the pixels: with 0 to 255 it is 255. Implementations differ
        at the border and in the window; this is scikit-image's without sample covariance.

    Formula:
        1 - mean over channels and all windows that lie in the picture of
        (2 μ μ' + c) (2 cov + d) / ((μ² + μ'² + c) (var + var' + d)), with means, variances and
        covariance of the population, c = (k1 × data_range)², d = (k2 × data_range)²

    Domain:
        prediction, target: (pictures, height, width) or (pictures, height, width, channels),
        finite, meant to be at least 0, no side shorter than the window. Result: between 0 and 2, or
        1 with `halve`.

    Example:
        >>> half = np.full((1, 11, 11), 0.5)
        >>> ssim(half, half), ssim(half, 0.0 * half).round(6)
        (array([0.]), array([0.9996]))

    References:
        Z. Wang et al., Image quality assessment: from error visibility to structural similarity,
        IEEE Transactions on Image Processing 13, 2004
    """
    _check_window(window, prediction.shape[1:3])
    kernel = _kernel(window, sigma if gaussian else math.inf)
    constants = (k1 * data_range) ** 2, (k2 * data_range) ** 2
    found = np.empty(len(prediction))
    step = max(1, AT_ONCE // math.prod(prediction.shape[1:]))
    for start in range(0, len(prediction), step):
        some = slice(start, start + step)
        short = _dissimilarity(prediction[some], target[some], kernel, *constants)
        found[some] = short.mean(axis=tuple(range(1, short.ndim)))
    return 0.5 * found if halve else found


@loss(aliases=("ms_ssim_loss", "multiscale_ssim", "multi_scale_ssim"))
def ms_ssim(
    prediction: Images,
    target: Images,
    *,
    window: Window = 11,
    sigma: Sigma = 1.5,
    k1: SteadyMeans = 0.01,
    k2: SteadyStructure = 0.03,
    data_range: DataRange = 1.0,
) -> PerUnit:
    """How far the structural similarity of two pictures over five scales falls short of 1.

    Helps:
        When pictures are seen from various distances, or their details differ in size: structure is
        compared at five scales, brightness at the coarsest only.

    Hurts:
        When pictures are small: sixteen windows must fit in each side, 176 pixels by default. When
        `data_range` is not that of the pixels. Implementations differ where a side is odd: here the
        last row or column is left out, as in torchmetrics.

    Formula:
        1 - Π of powers 0.0448, 0.2856, 0.3001, 0.2363 of the mean structure at the first four
        scales and 0.1333 of the mean similarity at the fifth, a mean below 0 being 0; each scale
        is the one before with 2 × 2 pixels made to their mean; structure is (2 cov + d) /
        (var + var' + d), similarity that of `ssim`; of several channels the mean of their losses

    Domain:
        prediction, target: (pictures, height, width) or (pictures, height, width, channels),
        finite, meant to be at least 0, no side shorter than 16 windows. Result: between 0 and 1.

    Example:
        >>> half = np.full((1, 176, 176), 0.5)
        >>> ms_ssim(half, half), ms_ssim(half, 0.0 * half).round(6)
        (array([0.]), array([0.647604]))

    References:
        Z. Wang, E. P. Simoncelli, A. C. Bovik, Multiscale structural similarity for image quality
        assessment, Asilomar Conference on Signals, Systems and Computers, 2003
    """
    _check_window(window, prediction.shape[1:3], scales=len(SCALES))
    kernel = _kernel(window, sigma)
    constants = (k1 * data_range) ** 2, (k2 * data_range) ** 2
    found = np.empty(len(prediction))
    step = max(1, AT_ONCE // math.prod(prediction.shape[1:]))
    for start in range(0, len(prediction), step):
        some = slice(start, start + step)
        short = _over_scales(prediction[some], target[some], kernel, *constants)
        found[some] = short.reshape(len(short), -1).mean(axis=1)
    return found


@loss(aliases=("perceptual_loss", "feature_loss", "content_loss"))
def perceptual(
    prediction: Annotated[Ragged, FEATURES],
    target: Annotated[Ragged, FEATURES],
    layer: Annotated[Ragged, LAYERS] | None = None,
    *,
    layer_weights: Annotated[
        str | None, Option("a factor for every layer: relu1=1,relu2=0.5; none is 1 for all")
    ] = None,
    normalise: Annotated[
        bool, Option("divide what a layer adds by the number of its features")
    ] = False,
) -> PerUnit:
    """Squared distance between the features that a network finds in two pictures.

    Helps:
        When pictures should look alike without being so pixel by pixel: features of a trained
        network stand for what is seen.

    Hurts:
        When features come from different networks, layers or scales of the input: the number is
        worth only as much as they are, and only comparable where they are the same.

    Formula:
        Σ over layers of weight × Σ (prediction - target)², of each picture; with `normalise` the
        inner sum is divided by the number of features of the layer

    Domain:
        prediction, target: one feature a row, finite; layer: the name of the layer of each row, or
        none where all are of one. Result: at least 0, 0 for a picture without features.

    Example:
        >>> first = Ragged(np.array([1.0, 2.0, 3.0]), np.array([2, 1]))
        >>> second = Ragged(np.array([0.0, 0.0, 3.0]), np.array([2, 1]))
        >>> perceptual(first, second), perceptual(first, second, normalise=True)
        (array([5., 0.]), array([2.5, 0. ]))

    References:
        J. Johnson, A. Alahi, L. Fei-Fei, Perceptual losses for real-time style transfer and
        super-resolution, ECCV 2016
    """
    if layer is None and layer_weights is not None:
        raise UsageError("layer_weights needs the layer of every feature, which is not given")
    residual = prediction.values - target.values
    squares = residual * residual
    codes, names = _layers(layer, len(squares))
    images = len(prediction.lengths)
    if normalise or layer_weights is not None:
        # how many features each picture has of each layer
        places = prediction.units * len(names) + codes
        counts = np.bincount(places, minlength=images * len(names))
        if normalise:
            squares = squares / counts[places]
        if layer_weights is not None:
            there = counts.reshape(images, len(names)) > 0
            squares = squares * _layer_factors(layer_weights, names, there)[codes]
    total = np.zeros(images)
    some = prediction.lengths > 0
    if some.any():  # reduceat takes the sum of no numbers for the number behind them
        total[some] = np.add.reduceat(squares, prediction.starts[some])
    return total


def _check_window(window: int, sides: tuple[int, ...], scales: int = 1) -> None:
    if window % 2 == 0:
        raise UsageError(f"window must be an odd number, not {window}")
    (height, width), side = sides, min(sides) >> (scales - 1)
    if side < window:
        smaller = side if side % 2 else side - 1
        halved = f" halved {scales - 1} times" if scales > 1 else ""
        raise DataError(
            f"the window of {window} × {window} does not fit in a picture of {height} × {width}"
            f"{halved}",
            f"use a smaller one: --window {smaller}" if smaller > 0 else "",
        )


def _kernel(window: int, sigma: float) -> Array:
    places = (np.arange(window) - window // 2) / sigma
    heights: Array = np.exp(-0.5 * places * places)
    return heights / heights.sum()


def _dissimilarity(
    prediction: Array, target: Array, kernel: Array, of_means: float, of_structure: float
) -> Array:
    """Return 1 less the similarity of every window, given the two steadying constants."""
    unlike, uneven = _differences(prediction, target, kernel, of_means, of_structure)
    return unlike + uneven - unlike * uneven


def _over_scales(
    prediction: Array, target: Array, kernel: Array, of_means: float, of_structure: float
) -> Array:
    """Return 1 less the similarity over all scales, of each picture and channel."""
    logarithm = np.zeros(())
    for exponent in SCALES:
        if exponent != SCALES[0]:
            prediction, target = _halved(prediction), _halved(target)
        unlike, uneven = _differences(prediction, target, kernel, of_means, of_structure)
        short = unlike + uneven - unlike * uneven if exponent == SCALES[-1] else uneven
        # Where a mean is 0 or below, the product is 0.
        logarithm = logarithm + exponent * np.log1p(-np.minimum(short.mean(axis=(1, 2)), 1.0))
    return -np.expm1(logarithm)


def _halved(images: Array) -> Array:
    """Make 2 × 2 pixels to their mean; what is over at the end is left out."""
    height, width = (2 * (side // 2) for side in images.shape[1:3])
    even = images[:, :height, :width]
    rows = 0.5 * even[:, ::2] + 0.5 * even[:, 1::2]
    halved: Array = 0.5 * rows[:, :, ::2] + 0.5 * rows[:, :, 1::2]
    return halved


def _differences(
    prediction: Array, target: Array, kernel: Array, of_means: float, of_structure: float
) -> tuple[Array, Array]:
    """Return 1 less the likeness of the means, and of the structure, of every window."""
    offset, other_offset = (each.mean(axis=(1, 2), keepdims=True) for each in (prediction, target))
    # Variances and covariances are those of the rest, but keep more digits there.
    rest, other_rest = prediction - offset, target - other_offset
    mean, other_mean = _windowed(rest, kernel), _windowed(other_rest, kernel)
    variance = np.maximum(_windowed(rest * rest, kernel) - mean * mean, 0.0)
    variance += np.maximum(
        _windowed(other_rest * other_rest, kernel) - other_mean * other_mean, 0.0
    )
    covariance = _windowed(rest * other_rest, kernel) - mean * other_mean
    # Rounding must not make the covariance larger than the variances allow.
    covariance = np.clip(covariance, -0.5 * variance, 0.5 * variance)
    mean, other_mean = mean + offset, other_mean + other_offset
    # 1 less each factor: small losses keep their digits, identical pictures have exactly 0
    squares = mean * mean + other_mean * other_mean
    unlike = _share((mean - other_mean) ** 2, squares + of_means)
    uneven = _share(variance - 2.0 * covariance, variance + of_structure)
    return unlike, uneven


def _windowed(images: Array, kernel: Array) -> Array:
    """Return the weighted mean of every window that lies in the picture."""
    middle = len(kernel) // 2
    for axis in (1, 2):
        windows = np.lib.stride_tricks.sliding_window_view(images, len(kernel), axis=axis)
        total = kernel[middle] * windows[..., middle]
        pair = np.empty_like(total)
        for place in range(middle):  # the two pixels that are as far from the middle
            np.add(windows[..., place], windows[..., -1 - place], out=pair)
            pair *= kernel[place]
            total += pair
        images = total
    return images


def _layers(layer: Ragged | None, rows: int) -> tuple[Codes, list[str]]:
    """Return the layer of each row and the names of the layers."""
    if layer is None:
        return np.zeros(rows, dtype=np.intp), [""]
    words: Words = layer.values
    return words.codes, [str(name) for name in words.words]


def _share(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0.0)


def _layer_factors(layer_weights: str, names: list[str], there: Mask) -> Array:
    """Return the factor of each layer; every picture must have just the layers that are given one.

    `there` tells, `(pictures, layers)`, which layers the pictures have.
    """
    given: dict[str, float] = {}
    for part in layer_weights.split(","):
        name, _, number = (word.strip() for word in part.rpartition("="))
        factor = float(number) if NUMBER.fullmatch(number) else math.nan
        if not name or name in given or not 0.0 <= factor < math.inf:
            raise UsageError(
                "layer_weights must be names with numbers of at least 0, a comma between them, "
                f"not {quote(layer_weights)}",
                "for example relu1=1,relu2=0.5",
            )
        given[name] = factor
    for of_picture in np.unique(there[there.any(axis=1)], axis=0):
        known = {names[number] for number in np.flatnonzero(of_picture)}
        for name in sorted(given.keys() - known):
            raise UsageError.unknown("layer", name, known)
        for name in sorted(known - given.keys()):
            raise UsageError(
                f"layer_weights has no number for layer {quote(name)}", "0 leaves a layer out"
            )
    return np.array([given.get(name, 0.0) for name in names])
