"""A command for every loss of the family `image`, and the number that another tool gives."""

import importlib

import numpy as np
import pytest

from samples.files import FOLDER, array, exact, image, mean, squared_distance
from samples.sample import Live, Plain, Sample, Steps


def features():
    files = (np.load(FOLDER / f"digits_features_{of}.npz") for of in ("restored", "original"))
    prediction, target = (
        np.concatenate([file[layer].reshape(10, -1) for layer in ("relu1", "relu2")], axis=1)
        for file in files
    )
    return {"prediction": prediction.astype(np.float64), "target": target.astype(np.float64)}


def photographs():
    return {"prediction": array("camera_restored.npy"), "target": array("camera_original.npy")}


def photograph():
    return {"prediction": image("camera_restored.png"), "target": image("camera_original.png")}


def of_network():
    """Run the network on both pictures, in the evaluator that belongs to the format itself."""
    onnx = pytest.importorskip("onnx")
    evaluator = importlib.import_module("onnx.reference").ReferenceEvaluator
    network = evaluator(onnx.load(FOLDER / "digits_network.onnx"))
    layers = ["relu1", "relu2"]
    images = (
        np.load(FOLDER / f"digits_images_{of}.npy")[:, None] for of in ("restored", "original")
    )
    found = (network.run(layers, {"images": each}) for each in images)
    squares = (
        ((one.astype(np.float64) - other) ** 2).sum() for one, other in zip(*found, strict=True)
    )
    return sum(squares) / 10


def ms_ssim_steps(scope):
    correlate = scope["scipy"].ndimage.correlate
    line = np.exp(-np.array([1, 0, 1]) / (2 * 1.5**2))
    kernel = np.outer(line, line) / line.sum() ** 2

    def windows(image):
        return correlate(image, kernel)[1:-1, 1:-1]

    found = []
    for one, other in zip(*photographs().values(), strict=True):
        similarity, pair = 1.0, (one, other)
        for power in (0.0448, 0.2856, 0.3001, 0.2363, 0.1333):
            a, b = map(windows, pair)
            squares = windows(pair[0] ** 2 + pair[1] ** 2) - a * a - b * b
            each = (2 * (windows(pair[0] * pair[1]) - a * b) + 9e-4) / (squares + 9e-4)
            if power == 0.1333:
                each = each * (2 * a * b + 1e-4) / (a * a + b * b + 1e-4)
            similarity *= max(each.mean(), 0.0) ** power
            if power != 0.1333:
                half = len(pair[0]) // 2
                pair = [each.reshape(half, 2, half, 2).mean(axis=(1, 3)) for each in pair]
        found.append(1 - similarity)
    return mean(found)


SSIM = (
    "sum(1 - skimage.metrics.structural_similarity(*pair, data_range=1, gaussian_weights=True, "
    "sigma=1.5, use_sample_covariance=False) for pair in zip(prediction, target)) / 3"
)


def total_variation_by_formula():
    rows = exact("camera_restored.csv")
    lines = [*rows, *map(list, zip(*rows, strict=True))]
    return sum(squared_distance(line[1:], line[:-1]) for line in lines)


SAMPLES = [
    Sample(
        "total_variation sample_data/camera_restored.csv",
        8.294316390227,
        Plain(total_variation_by_formula),
    ),
    Sample(
        "psnr sample_data/camera_restored.png sample_data/camera_original.png",
        -30.238192300365014,
        Live(
            "skimage",
            "-skimage.metrics.peak_signal_noise_ratio(target, prediction, data_range=1)",
            photograph,
        ),
    ),
    Sample(
        "ssim sample_data/camera_restored.npy sample_data/camera_original.npy",
        0.12763522946161354,
        Live("skimage", SSIM, photographs),
    ),
    Sample(
        "ms_ssim sample_data/camera_restored.npy sample_data/camera_original.npy --window 3",
        0.04928305511312806,
        Steps("scipy", "scipy.ndimage.correlate", ms_ssim_steps),
    ),
    Sample(
        "perceptual sample_data/digits_features_restored.npz sample_data/digits_features_original.npz",
        19.414123402477323,
        Live(
            "torch",
            "torch.nn.functional.mse_loss(prediction, target, reduction='sum') / 10",
            features,
        ),
    ),
    Sample(
        "perceptual sample_data/digits_images_restored.npy sample_data/digits_images_original.npy --network sample_data/digits_network.onnx --layers relu1,relu2",
        19.41412168157408,
        Plain(of_network),
        tolerance=1e-6,
        repeats=1e-6,
    ),  # a network in float32,
]
