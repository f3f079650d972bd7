"""Make the sample pictures: segmented coins, a denoised photograph, and a network on digits.

The pictures ship with scikit-image, the digits with scikit-learn, so nothing is downloaded. Run it
with `python sample_data/make_images.py`; it writes its files beside itself.
"""

import numpy as np
import onnx
import pandas as pd
import torch
from make import DECIMALS, FOLDER, SEED, write
from networks import fit, repeatable
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import InferenceSession
from scipy import ndimage
from shared import split_digits, write_array, write_picture
from skimage import data
from skimage.filters import sobel
from skimage.measure import label, regionprops
from skimage.morphology import remove_small_objects
from skimage.restoration import denoise_nl_means
from skimage.segmentation import watershed
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.nn import functional

COIN_HALF = 152  # rows of coins 1 and 2 are above this row of pixels, rows 3 and 4 below it
COIN_CROPS = {"a": (28, 40), "b": (105, 95), "c": (238, 40), "d": (0, 58)}  # top row, left column
COIN_SIDE = 40
COIN_SCALES = (4,)  # in pixels
EDGE_WIDTH = 3
SMALLEST_COIN = 300  # pixels

CAMERA_CROPS = ((118, 190), (160, 400), (300, 270))  # top row, left column
CAMERA_SIDE = 48
NOISE = 0.08

SHOWN_DIGITS = 10
COMPONENTS = 12
STEPS = 400
BATCH = 128


def reference_coins(picture: np.ndarray) -> np.ndarray:
    """Return where coins are: a watershed on the gradient from surely dark and surely bright.

    The outermost pixels, part coin and part background, count as background.
    """
    markers = np.zeros(picture.shape, dtype=int)
    markers[picture < 30] = 1
    markers[picture > 150] = 2
    filled = ndimage.binary_fill_holes(watershed(sobel(picture), markers) == 2)
    return remove_small_objects(ndimage.binary_erosion(filled), max_size=SMALLEST_COIN)


def coin_classes(mask: np.ndarray) -> np.ndarray:
    """Return 0 for the background, 1 for the edge of a coin, 2 for its inside."""
    return mask.astype(np.uint8) + ndimage.binary_erosion(mask, iterations=EDGE_WIDTH)


def coin_features(picture: np.ndarray) -> np.ndarray:
    """Describe each pixel by what is around it."""
    grey = picture / 255.0
    background = ndimage.minimum_filter(ndimage.gaussian_filter(grey, 2), 61)
    features = [ndimage.gaussian_filter(background, 20)]
    for scale in COIN_SCALES:
        smooth = ndimage.gaussian_filter(grey, scale)
        square = ndimage.gaussian_filter(grey**2, scale)
        features += [
            smooth - features[0],
            np.sqrt(np.maximum(square - smooth**2, 0)),
            ndimage.gaussian_gradient_magnitude(grey, scale),
            ndimage.gaussian_laplace(grey, scale) * scale**2,
        ]
    return np.stack(features, axis=-1)


def coin_probabilities(picture: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return the probability of each class: each half by a model fitted on the other half."""
    features = coin_features(picture)
    width = features.shape[-1]
    halves = (np.s_[:COIN_HALF], np.s_[COIN_HALF:])
    predicted = []
    for unseen, known in (halves, halves[::-1]):
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.001, max_iter=2000))
        model.fit(features[known].reshape(-1, width), classes[known].ravel())
        probabilities = model.predict_proba(features[unseen].reshape(-1, width))
        predicted.append(probabilities.reshape(*classes[unseen].shape, 3))
    return np.concatenate(predicted)


def crops(picture: np.ndarray) -> np.ndarray:
    """Return the crops of the coins, one after the other."""
    return np.stack([picture[y : y + COIN_SIDE, x : x + COIN_SIDE] for y, x in COIN_CROPS.values()])


def overlap(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """Return the intersection of two boxes over their union: top, left, bottom, right."""
    height = min(one[2], other[2]) - max(one[0], other[0])
    width = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(height, 0) * max(width, 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return shared / (sum(areas) - shared)


def write_boxes(name: str, boxes: list[tuple[int, ...]]) -> None:
    """Write one box a row; x2 and y2 are the first column and row after it."""
    table = pd.DataFrame(boxes, columns=["y1", "x1", "y2", "x2"])
    write(name, table[["x1", "y1", "x2", "y2"]])


def make_coins() -> None:
    """Coins: where they are, pixel by pixel in four crops, and their boxes in the picture."""
    picture = data.coins()
    mask = reference_coins(picture)
    classes = coin_classes(mask)
    probabilities = coin_probabilities(picture, classes)
    foreground = probabilities[..., 1:].sum(axis=-1)

    write_array("coins_probabilities.npy", crops(probabilities).astype(np.float32))
    write_array("coins_classes.npy", crops(classes))
    name = np.repeat(list(COIN_CROPS), COIN_SIDE**2)
    prediction = pd.DataFrame({"crop": name, "prediction": crops(foreground).ravel()})
    target = pd.DataFrame({"crop": name, "target": crops(mask).ravel().astype(int)})
    write("coins_prediction.csv", prediction, float_format="%.6g")
    write("coins_target.csv", target)
    for crop, predicted, true in zip(COIN_CROPS, crops(foreground), crops(mask), strict=True):
        write_picture(f"coins_prediction/{crop}.png", predicted)
        write_picture(f"coins_target/{crop}.png", true)

    found = remove_small_objects(foreground > 0.5, max_size=SMALLEST_COIN)
    candidates = [region.bbox for region in regionprops(label(found))]
    true_boxes = [region.bbox for region in regionprops(label(mask))]
    best = [max(candidates, key=lambda box: overlap(box, true)) for true in true_boxes]
    write_boxes("coins_boxes_prediction.csv", best)
    write_boxes("coins_boxes_target.csv", true_boxes)


def make_camera() -> None:
    """Crops of a photograph: as it is, with noise added, and with the noise taken away."""
    original = data.camera() / 255.0
    noise = np.random.default_rng(SEED).normal(0, NOISE, original.shape)
    noisy = np.clip(original + noise, 0, 1)
    restored = denoise_nl_means(
        noisy, patch_size=5, patch_distance=6, h=0.8 * NOISE, sigma=NOISE, fast_mode=True
    )
    pictures = {"original": original, "noisy": noisy, "restored": np.clip(restored, 0, 1)}
    columns = [f"c{k}" for k in range(1, CAMERA_SIDE + 1)]
    for kind, picture in pictures.items():
        stack = np.stack(
            [picture[y : y + CAMERA_SIDE, x : x + CAMERA_SIDE] for y, x in CAMERA_CROPS]
        )
        write(f"camera_{kind}.csv", pd.DataFrame(stack[0].round(DECIMALS), columns=columns))
        if kind != "noisy":
            write_array(f"camera_{kind}.npy", stack.astype(np.float32))
            write_picture(f"camera_{kind}.png", stack[0])


class DigitsNetwork(nn.Module):
    """Two convolutions with ReLU, with a pooling between them, and ten logits."""

    def __init__(self) -> None:
        """Choose the first weights at random."""
        super().__init__()
        self.first = nn.Conv2d(1, 6, 3, padding=1)
        self.second = nn.Conv2d(6, 8, 3, padding=1)
        self.last = nn.Linear(8 * 4 * 4, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the logits."""
        first = functional.avg_pool2d(functional.relu(self.first(images)), 2)
        return self.last(functional.relu(self.second(first)).flatten(1))


def onnx_model(network: DigitsNetwork) -> onnx.ModelProto:
    """Write the network as an ONNX graph, with names for what its layers make."""
    images, logits = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", *shape])
        for name, shape in (("images", (1, 8, 8)), ("logits", (10,)))
    )
    padding = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
    nodes = [
        helper.make_node("Conv", ["images", "first.weight", "first.bias"], ["conv1"], **padding),
        helper.make_node("Relu", ["conv1"], ["relu1"]),
        helper.make_node("AveragePool", ["relu1"], ["pool1"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Conv", ["pool1", "second.weight", "second.bias"], ["conv2"], **padding),
        helper.make_node("Relu", ["conv2"], ["relu2"]),
        helper.make_node("Flatten", ["relu2"], ["flat"], axis=1),
        helper.make_node("Gemm", ["flat", "last.weight", "last.bias"], ["logits"], transB=1),
    ]
    weights = [
        numpy_helper.from_array(value.numpy(), name) for name, value in network.state_dict().items()
    ]
    graph = helper.make_graph(nodes, "digits", [images], [logits], initializer=weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8  # the one of opset 17
    onnx.checker.check_model(model)
    return onnx.shape_inference.infer_shapes(model)


def features(model: onnx.ModelProto, images: np.ndarray) -> dict[str, np.ndarray]:
    """Return what the layers with ReLU make of the images."""
    layers = ["relu1", "relu2"]
    shown = onnx.ModelProto()
    shown.CopyFrom(model)
    shown.graph.output.extend(info for info in model.graph.value_info if info.name in layers)
    session = InferenceSession(shown.SerializeToString(), providers=["CPUExecutionProvider"])
    return dict(zip(layers, session.run(layers, {"images": images[:, None]}), strict=True))


def make_digits_network() -> None:
    """A network that reads digits, and its view of some digits and of their reconstructions."""
    pick = repeatable(SEED)
    known, unseen = split_digits()
    images = torch.from_numpy(known.images()[:, None])
    labels = torch.from_numpy(known.labels)
    network = DigitsNetwork()

    def loss_of_batch() -> torch.Tensor:
        rows = pick.integers(len(images), size=BATCH)
        return functional.cross_entropy(network(images[rows]), labels[rows])

    fit(network, loss_of_batch, STEPS)
    model = onnx_model(network)
    onnx.save(model, FOLDER / "digits_network.onnx")

    components = PCA(COMPONENTS, svd_solver="full").fit(known.pixels.astype(float))
    pixels = unseen.pixels[:SHOWN_DIGITS]
    compressed = components.inverse_transform(components.transform(pixels.astype(float)))
    restored = np.clip(compressed, 0, 1).astype(np.float32).reshape(-1, 8, 8)
    original = unseen.images()[:SHOWN_DIGITS]
    views = {"original": features(model, original), "restored": features(model, restored)}
    for kind, digits in (("original", original), ("restored", restored)):
        write_array(f"digits_images_{kind}.npy", digits)
        np.savez(FOLDER / f"digits_features_{kind}.npz", **views[kind])
    tables = [
        pd.DataFrame(
            {
                "layer": layer,
                "prediction": views["restored"][layer][0].ravel(),
                "target": views["original"][layer][0].ravel(),
            }
        )
        for layer in views["original"]
    ]
    write("digits_features.csv", pd.concat(tables), float_format="%.6g")


if __name__ == "__main__":
    make_coins()
    make_camera()
    make_digits_network()
