"""Losses of whole images, and of the features that a network extracts from them.

Images come as `(images, height, width)` or `(images, height, width, channels)`, those of one call
in one size; every loss has one number per image. Values outside the domain never reach these
functions: the code that reads the data raises `lossctl.errors.OutOfDomain`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Literal

from lossctl.block import Array, Codes, Mask, Ragged, Words
from lossctl.catalogue.definition import PerUnit, loss
from lossctl.catalogue.kinds import FEATURES, NAMES, Images, in_units
from lossctl.catalogue.options import Interval, Option
from lossctl.errors import DataError, UsageError, quote
from lossctl.grammar import NUMBER
from lossctl.lazy import np

LAYERS = in_units(NAMES)

PIXELS_AT_ONCE = 2**16
"""How many pixels are compared at a time: few enough for intermediates to stay in the cache."""

DataRange = Annotated[
    float,
    Option("difference between the largest and smallest possible pixel value", Interval(above=0)),
]

Window = Annotated[int, Option("side of the window in pixels, an odd number", Interval(at_least=1))]
Sigma = Annotated[float, Option("standard deviation of the Gaussian in pixels", Interval(above=0))]
LuminanceConstant = Annotated[
    float, Option("stabilises the luminance term where both means are small", Interval(above=0))
]
StructureConstant = Annotated[
    float, Option("stabilises the structure term in flat windows", Interval(above=0))
]

SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""The exponents of MS-SSIM, from the finest scale to the coarsest."""


@loss(aliases=("tv", "tv_loss", "total_variation_loss"))
def total_variation(
    image: Images,
    *,
    norm: Annotated[Literal["l2", "l1"], Option("squared differences, or absolute ones")] = "l2",
    average: Annotated[
        Literal["none", "pixels", "differences"],
        Option("the sum; divided by pixels times channels; or the sum of each direction's mean"),
    ] = "none",
) -> PerUnit:
    """Sum of the squared differences between horizontally and vertically adjacent pixels.

    Helps:
        When an image should be smooth: as a penalty added to a loss that compares it with a target.

    Hurts:
        When edges and texture matter: squares blur edges, absolute values produce steps. Sums grow
        with the image size, and conventions differ; see the formula.

    Formula:
        Σ (next row - row)² + Σ (next column - column)², or absolute values with l1. The sum of
        TensorFlow and Kornia is `norm` l1; Kornia's mean is l1 with `average` differences

    Domain:
        image: (images, height, width) or (images, height, width, channels), finite. An image with
        one row or one column has no differences in that direction. Result: at least 0, 0 for a
        constant image.

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
        differences = np.diff(image, axis=axis)
        penalty = differences * differences if norm == "l2" else np.abs(differences)
        count = max(math.prod(differences.shape[1:]), 1) if average == "differences" else 1
        total += penalty.sum(axis=tuple(range(1, image.ndim))) / count
    return total / math.prod(image.shape[1:]) if average == "pixels" else total


@loss(aliases=("psnr_loss", "peak_signal_to_noise_ratio", "negative_psnr"), optimum=None)
def psnr(prediction: Images, target: Images, *, data_range: DataRange = 1.0) -> PerUnit:
    """Negative peak signal-to-noise ratio in decibels, so that lower is better.

    Helps:
        When restored or compressed images are compared by the usual metric, which is this one
        without the minus sign.

    Hurts:
        When it should agree with human perception: a shift by one pixel costs more than blur. The
        mean over images is a mean of logarithms: one perfect image makes it minus infinity.

    Formula:
        -10 log10(data_range² / mean of (prediction - target)²)

    Domain:
        prediction, target: (images, height, width) or (images, height, width, channels), finite.
        Result: any number, in dB; minus infinity for identical images.

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
    # Squares relative to the largest residual neither overflow nor underflow.
    relative = np.divide(residual, largest, out=np.zeros_like(residual), where=largest > 0.0)
    mean = (relative * relative).mean(axis=within)
    return 20.0 * (np.log10(largest.reshape(-1)) - math.log10(data_range)) + 10.0 * np.log10(mean)


@loss(aliases=("ssim_loss", "structural_similarity"))
def ssim(
    prediction: Images,
    target: Images,
    *,
    window: Window = 11,
    gaussian: Annotated[
        bool, Option("weight the pixels of a window by a Gaussian rather than equally")
    ] = True,
    sigma: Sigma = 1.5,
    k1: LuminanceConstant = 0.01,
    k2: StructureConstant = 0.03,
    data_range: DataRange = 1.0,
    halve: Annotated[bool, Option("halve the loss, as Kornia does")] = False,
) -> PerUnit:
    """One minus the mean structural similarity (SSIM) of two images.

    Helps:
        When restored images are judged by structure rather than pixel by pixel, which is closer to
        human perception than squared error.

    Hurts:
        When `data_range` is not that of the pixels: for values from 0 to 255 it is 255.
        Implementations differ in the window and at the border; this is scikit-image's without
        sample covariance.

    Formula:
        1 - mean over channels and all windows that lie inside the image of (2 μ μ' + c) (2 cov + d)
        / ((μ² + μ'² + c) (var + var' + d)), with population means, variances and covariance, c =
        (k1 × data_range)², d = (k2 × data_range)²

    Domain:
        prediction, target: (images, height, width) or (images, height, width, channels), finite,
        meant to be at least 0, no side shorter than the window. Result: between 0 and 2, or 1 with
        `halve`.

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
    losses = np.empty(len(prediction))
    for images in _batches(prediction):
        windows = _dissimilarity(prediction[images], target[images], kernel, *constants)
        losses[images] = windows.mean(axis=tuple(range(1, windows.ndim)))
    return 0.5 * losses if halve else losses


@loss(aliases=("ms_ssim_loss", "multiscale_ssim", "multi_scale_ssim"))
def ms_ssim(
    prediction: Images,
    target: Images,
    *,
    window: Window = 11,
    sigma: Sigma = 1.5,
    k1: LuminanceConstant = 0.01,
    k2: StructureConstant = 0.03,
    data_range: DataRange = 1.0,
) -> PerUnit:
    """One minus the multi-scale structural similarity (MS-SSIM) of two images.

    Helps:
        When images are viewed from various distances, or their details differ in size: structure is
        compared at five scales, luminance at the coarsest only.

    Hurts:
        When images are small: sixteen windows must fit into each side, 176 pixels by default. When
        `data_range` is not that of the pixels. Implementations differ for sides of odd length: here
        the last row or column is dropped, as in torchmetrics.

    Formula:
        1 - Π of powers 0.0448, 0.2856, 0.3001, 0.2363 of the mean structure at the first four
        scales and 0.1333 of the mean similarity at the fifth, where a mean below 0 counts as 0;
        each scale averages blocks of 2 × 2 pixels of the one before; structure is (2 cov + d) /
        (var + var' + d), similarity that of `ssim`; for several channels, the mean of their losses

    Domain:
        prediction, target: (images, height, width) or (images, height, width, channels), finite,
        meant to be at least 0, no side shorter than 16 windows. Result: between 0 and 1.

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
    losses = np.empty(len(prediction))
    for images in _batches(prediction):
        channels = _over_scales(prediction[images], target[images], kernel, *constants)
        losses[images] = channels.reshape(len(channels), -1).mean(axis=1)
    return losses


@loss(aliases=("perceptual_loss", "feature_loss", "content_loss"))
def perceptual(
    prediction: Annotated[Ragged, FEATURES],
    target: Annotated[Ragged, FEATURES],
    layer: Annotated[Ragged, LAYERS] | None = None,
    *,
    layer_weights: Annotated[
        str | None, Option("weight of every layer: relu1=1,relu2=0.5; none means 1 for all")
    ] = None,
    normalise: Annotated[
        bool, Option("divide the term of each layer by its number of features")
    ] = False,
) -> PerUnit:
    """Squared distance between the features that a network extracts from two images.

    Helps:
        When images should look alike without matching pixel by pixel: features of a trained network
        represent what is seen.

    Hurts:
        When features come from different networks, layers or input scales: the number is only as
        good as the features, and only comparable if they are of the same kind.

    Formula:
        for each image, Σ over layers of weight × Σ (prediction - target)²; with `normalise` the
        inner sum is divided by the number of features of the layer

    Domain:
        prediction, target: one feature per row, finite; layer: the name of the layer of each row,
        left out if there is only one layer. Result: at least 0, 0 for an image without features.

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
        raise UsageError("layer_weights needs the layer of every feature, which is missing")
    residual = prediction.values - target.values
    squares = residual * residual
    codes, names = _layers(layer, len(squares))
    images = len(prediction.lengths)
    if normalise or layer_weights is not None:
        # how many features each image has in each layer
        cells = prediction.units * len(names) + codes
        counts = np.bincount(cells, minlength=images * len(names))
        if normalise:
            squares = squares / counts[cells]
        if layer_weights is not None:
            present = counts.reshape(images, len(names)) > 0
            squares = squares * _weight_of_layers(layer_weights, names, present)[codes]
    total = np.zeros(images)
    has_features = prediction.lengths > 0
    if has_features.any():  # for an empty range, reduceat would return the number after it
        total[has_features] = np.add.reduceat(squares, prediction.starts[has_features])
    return total


def _check_window(window: int, sides: tuple[int, ...], scales: int = 1) -> None:
    if window % 2 == 0:
        raise UsageError(f"window must be an odd number, not {window}")
    (height, width), side = sides, min(sides) >> (scales - 1)
    if side < window:
        smaller = side if side % 2 else side - 1
        halved = f" halved {scales - 1} times" if scales > 1 else ""
        raise DataError(
            f"the window of {window} × {window} does not fit into an image of {height} × {width}"
            f"{halved}",
            f"use a smaller one: --window {smaller}" if smaller > 0 else "",
        )


def _batches(images: Array) -> Iterator[slice]:
    """Cut images into batches that are small enough for the cache."""
    step = max(1, PIXELS_AT_ONCE // math.prod(images.shape[1:]))
    for start in range(0, len(images), step):
        yield slice(start, start + step)


def _kernel(window: int, sigma: float) -> Array:
    """Return a Gaussian that sums to 1; with an infinite sigma, a uniform one."""
    offset = (np.arange(window) - window // 2) / sigma
    density: Array = np.exp(-0.5 * offset * offset)
    return density / density.sum()


def _dissimilarity(
    prediction: Array,
    target: Array,
    kernel: Array,
    luminance_constant: float,
    structure_constant: float,
) -> Array:
    """Return one minus the similarity of every window, given the two constants."""
    luminance, structure = _differences(
        prediction, target, kernel, luminance_constant, structure_constant
    )
    return luminance + structure - luminance * structure


def _over_scales(
    prediction: Array,
    target: Array,
    kernel: Array,
    luminance_constant: float,
    structure_constant: float,
) -> Array:
    """Return one minus the similarity over all scales, of each image and channel."""
    logarithm = np.zeros(())
    for exponent in SCALES:
        if exponent != SCALES[0]:
            prediction, target = _halved(prediction), _halved(target)
        luminance, structure = _differences(
            prediction, target, kernel, luminance_constant, structure_constant
        )
        windows = structure
        if exponent == SCALES[-1]:
            windows = luminance + structure - luminance * structure
        # If a mean similarity is 0 or below, the product is 0.
        logarithm = logarithm + exponent * np.log1p(-np.minimum(windows.mean(axis=(1, 2)), 1.0))
    return -np.expm1(logarithm)


def _halved(images: Array) -> Array:
    """Average blocks of 2 × 2 pixels; an odd last row or column is dropped."""
    height, width = (2 * (side // 2) for side in images.shape[1:3])
    even = images[:, :height, :width]
    rows = 0.5 * even[:, ::2] + 0.5 * even[:, 1::2]
    halved: Array = 0.5 * rows[:, :, ::2] + 0.5 * rows[:, :, 1::2]
    return halved


def _differences(
    prediction: Array,
    target: Array,
    kernel: Array,
    luminance_constant: float,
    structure_constant: float,
) -> tuple[Array, Array]:
    """Return one minus the luminance and one minus the structure term of every window."""
    offset = prediction.mean(axis=(1, 2), keepdims=True)
    other_offset = target.mean(axis=(1, 2), keepdims=True)
    # Centring does not change variances and covariances, but keeps more of their digits.
    centred, other_centred = prediction - offset, target - other_offset
    mean, other_mean = _windowed(centred, kernel), _windowed(other_centred, kernel)
    variance = np.maximum(_windowed(centred * centred, kernel) - mean * mean, 0.0)
    variance += np.maximum(
        _windowed(other_centred * other_centred, kernel) - other_mean * other_mean, 0.0
    )
    covariance = _windowed(centred * other_centred, kernel) - mean * other_mean
    # Rounding must not make the covariance larger than the variances allow.
    covariance = np.clip(covariance, -0.5 * variance, 0.5 * variance)
    mean, other_mean = mean + offset, other_mean + other_offset
    # One minus each factor: small losses keep their digits, identical images have exactly 0.
    squares = mean * mean + other_mean * other_mean
    luminance = _ratio((mean - other_mean) ** 2, squares + luminance_constant)
    structure = _ratio(variance - 2.0 * covariance, variance + structure_constant)
    return luminance, structure


def _windowed(images: Array, kernel: Array) -> Array:
    """Return the weighted mean of every window that lies inside the image."""
    middle = len(kernel) // 2
    for axis in (1, 2):
        windows = np.lib.stride_tricks.sliding_window_view(images, len(kernel), axis=axis)
        total = kernel[middle] * windows[..., middle]
        pair = np.empty_like(total)
        for place in range(middle):  # with the pixel as far on the other side of the middle
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


def _ratio(numerator: Array, denominator: Array) -> Array:
    """Divide, with 0 / 0 being 0."""
    where = denominator > 0.0
    return np.divide(numerator, denominator, out=np.zeros_like(denominator), where=where)


def _weight_of_layers(layer_weights: str, names: list[str], present: Mask) -> Array:
    """Return the weight of each layer; every image must have exactly the layers with a weight.

    `present`, `(images, layers)`, marks the layers that each image has.
    """
    weights: dict[str, float] = {}
    for part in layer_weights.split(","):
        name, _, number = (word.strip() for word in part.rpartition("="))
        weight = float(number) if NUMBER.fullmatch(number) else math.nan
        if not name or name in weights or not 0.0 <= weight < math.inf:
            raise UsageError(
                "layer_weights must be comma-separated layer names with weights of at least 0, "
                f"not {quote(layer_weights)}",
                "for example relu1=1,relu2=0.5",
            )
        weights[name] = weight
    for of_image in np.unique(present[present.any(axis=1)], axis=0):
        layers = {names[number] for number in np.flatnonzero(of_image)}
        for name in sorted(weights.keys() - layers):
            raise UsageError.unknown("layer", name, layers)
        for name in sorted(layers - weights.keys()):
            raise UsageError(
                f"layer_weights has no weight for layer {quote(name)}",
                "weight 0 leaves a layer out",
            )
    return np.array([weights.get(name, 0.0) for name in names])
