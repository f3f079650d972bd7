"""The numbers of the samples, computed again from the shipped files by the tools that gave them.

The files are read with pandas, numpy and Pillow. Where no tool has a loss, its formula is worked
out in plain Python, with fractions wherever the formula allows.
"""

import importlib
import itertools
import math
import shlex
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from samples import PLAIN, SAMPLES

ROLES = ("prediction", "target")
FOLDER = Path(__file__).parent.parent.parent / "sample_data"


def table(name):
    """Read a table, in the order of its rows or, where it has one, of its key."""
    frame = pd.read_csv(FOLDER / name)
    return frame.sort_values("id").set_index("id") if "id" in frame else frame


def column(name, column):
    return table(name)[column].to_numpy()


def matrix(name):
    return table(name).to_numpy(dtype=np.float64)


def exact(name, column=None):
    """Read the numbers of a table as they are written: a column, or its rows."""
    frame = pd.read_csv(FOLDER / name, dtype=str)
    frame = frame.sort_values("id").set_index("id") if "id" in frame else frame
    if column is not None:
        return [Fraction(word) for word in frame[column]]
    return [[Fraction(word) for word in row] for row in frame.to_numpy()]


def mean(numbers):
    numbers = list(numbers)
    return sum(numbers) / len(numbers)


def image(name):
    """Read an 8-bit picture as shares of white."""
    image = pytest.importorskip("PIL.Image").open(FOLDER / name)
    return np.asarray(image, dtype=np.float64) / 255.0


def images(folder):
    return np.stack([image(f"{folder}/{crop}.png").reshape(-1) for crop in "abcd"])


def array(name):
    return np.load(FOLDER / name).astype(np.float64)


def padded(frame, by, units):
    """Stack the rows of each unit, with zeros behind them, and count them."""
    parts = [frame[by == unit].to_numpy() for unit in units]
    lengths = np.array([len(part) for part in parts])
    stacked = np.zeros((len(parts), lengths.max(), *parts[0].shape[1:]), dtype=parts[0].dtype)
    for place, part in zip(stacked, parts, strict=True):
        place[: len(part)] = part
    return stacked, lengths


# Arrays of the roles, by what the tools call them


def diabetes():
    prediction = column("diabetes_predictions.csv", "prediction")
    return {"prediction": prediction, "target": column("diabetes_targets.csv", "target")}


def forecast():
    frame = table("diabetes_quantile.csv")
    return {name: frame[name].to_numpy() for name in ("prediction", "target")}


def visits():
    prediction = column("visits_predictions.csv", "prediction")
    return {"prediction": prediction, "target": column("visits_targets.csv", "target") * 1.0}


def cancer():
    frame = table("breast_cancer_scores.csv") * 1.0
    return {"prediction": frame["p"].to_numpy(), "target": frame["y"].to_numpy()}


def margins():
    frame = table("breast_cancer_scores.csv") * 1.0
    return {"prediction": frame["score"].to_numpy(), "target": frame["sign"].to_numpy()}


def digits():
    one_hot = matrix("digits_one_hot.csv")
    return {"prediction": matrix("digits_probabilities.csv"), "target": one_hot}


def digit_labels():
    return {"prediction": digits()["prediction"], "target": digits()["target"].argmax(axis=1)}


def iris():
    probabilities = table("iris_probabilities.csv")
    species = list(probabilities.columns)
    label = [species.index(name) for name in column("iris_labels.csv", "species")]
    return {"prediction": probabilities.to_numpy(), "target": np.array(label)}


def coin_labels():
    counts = {"frequency": np.array([3680.0, 456.0, 2264.0])}
    return counts | {
        "prediction": array("coins_probabilities.npy").reshape(-1, 3),
        "target": np.load(FOLDER / "coins_classes.npy").reshape(-1).astype(np.int64),
    }


def digit_scores():
    labels = column("digits_labels.csv", "label")
    return {"prediction": matrix("digits_logits.csv"), "target": labels}


def fifths(name):
    """Number the fifths from 0; say which are above a column's, and which reach it."""
    target = column("diabetes_fifths.csv", "fifth") - 1
    number = np.arange(4)
    return {
        "prediction": matrix(f"diabetes_{name}.csv"),
        "target": target,
        "above": (target[:, None] > number) * 1.0,
        "reached": target[:, None] >= number,
    }


def directions():
    first, second = matrix("digits_first.csv"), matrix("digits_second.csv")
    sign = 2.0 * column("digits_pairs.csv", "similar") - 1.0
    return {"first": first, "second": second, "similar": sign}


def cosines():
    prediction, target = matrix("digits_cosines.csv"), matrix("digits_one_hot.csv")
    return {"prediction": prediction, "target": target}


def distances():
    frame = table("digits_pairs.csv")
    sign = 2.0 * frame["similar"].to_numpy() - 1.0
    return {"distance": frame["distance"].to_numpy(), "similar": sign}


def triplets():
    roles = ("anchors", "positives", "negatives")
    return {role: matrix(f"digits_{role}.csv") for role in roles}


def ranking():
    frame = table("digits_ranking.csv") * 1.0
    return {name: frame[name].to_numpy() for name in ("positive", "negative", "order")}


def views():
    return {role: matrix(f"digits_{role}.csv") for role in ("anchors", "positives")}


def lists():
    frame = table("digits_lists.csv")
    units = frame["list"].unique()
    prediction, lengths = padded(frame["prediction"], frame["list"], units)
    target, _ = padded(frame["target"], frame["list"], units)
    cost = np.log1p(np.exp(prediction[:, None, :] - prediction[:, :, None]))
    better = target[:, :, None] > target[:, None, :]
    return {
        "prediction": prediction,
        "target": target,
        "gain": 2.0**target - 1.0,
        "cost": np.where(better, cost, 0.0),
        "lengths": lengths,
    }


def crops():
    prediction = column("coins_prediction.csv", "prediction").reshape(4, -1)
    return {
        "prediction": prediction,
        "target": column("coins_target.csv", "target").reshape(4, -1) * 1.0,
    }


def coloured(masks):
    """Give masks a second class, the background, as optax wants them where there is no softmax."""
    return {name: np.stack([1.0 - mask, mask], axis=-1) for name, mask in masks.items()}


def all_crops():
    """Put the pixels of all pictures together: without units, they are one mask."""
    roles = {"prediction": "coins_prediction", "target": "coins_target"}
    return coloured({role: images(name).reshape(1, -1) for role, name in roles.items()})


def coin_classes():
    prediction = array("coins_probabilities.npy").reshape(1, -1, 3)
    target = np.load(FOLDER / "coins_classes.npy").reshape(1, -1)
    return {"prediction": prediction, "target": np.eye(3)[target]}


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


def boxes():
    prediction = matrix("coins_boxes_prediction.csv")
    return {"prediction": prediction, "target": matrix("coins_boxes_target.csv")}


def gan(name):
    return {of: column(f"gan_{of}.csv", name) for of in ("real", "fake")}


def critic():
    return {of: column(f"critic_{of}.csv", "score") for of in ("real", "fake")}


def gradients():
    return critic() | {"norm": column("critic_gradients.csv", "norm")}


def samples():
    first = column("diabetes_bmi_sex_1.csv", "bmi")
    return {"first": first, "second": column("diabetes_bmi_sex_2.csv", "bmi")}


def gaussian():
    frame = table("diabetes_gaussian.csv")
    return {name: frame[name].to_numpy() * 1.0 for name in ("mean", "variance", "target")}


def codes():
    mean, variance = (matrix(f"digits_code_{name}.csv") for name in ("means", "variances"))
    return {"mean": mean, "variance": variance}


def laplace():
    frame = table("diabetes_laplace.csv")
    return {name: frame[name].to_numpy() * 1.0 for name in ("location", "scale", "target")}


def ensemble():
    target = column("diabetes_targets.csv", "target")
    return {"prediction": matrix("diabetes_ensemble.csv"), "target": target}


def strips():
    steps, symbols = table("strips_prediction.csv"), table("strips_target.csv")
    units = steps["strip"].unique()
    names = list(steps.columns.drop("strip"))
    label = symbols["label"].map(lambda digit: names.index(str(digit)))
    prediction, lengths = padded(steps[names], steps["strip"], units)
    target, target_lengths = padded(label, symbols["strip"], units)
    return {
        "prediction": prediction,
        "target": target,
        "prediction_lengths": lengths,
        "target_lengths": target_lengths,
    }


def characters():
    steps, label = table("characters_prediction.csv"), column("characters_target.csv", "target")
    names = list(steps.columns.drop("line"))
    return {
        "prediction": steps[names].to_numpy(),
        "target": np.array([names.index(name) for name in label]),
        "line": steps["line"].factorize()[0],
    }


def survival():
    frame = table("heart_survival.csv") * 1.0
    return {name: frame[name].to_numpy() for name in ("log_risk", "log_time", "time", "event")}


@dataclass(frozen=True)
class Live:
    """Code that runs in a tool, and the arrays that stand in it."""

    framework: str
    code: str
    arrays: object

    def number(self, frameworks):
        return float(frameworks.run(self.framework, self.code, **self.arrays()))


@dataclass(frozen=True)
class Steps:
    """Several calls of a tool, in a function that gets the scope of its framework."""

    framework: str
    code: str
    function: object

    def number(self, frameworks):
        return float(self.function(frameworks.scope(self.framework)))


class InPlainPython:
    """What no tool has, by the formula."""

    def charbonnier(self):
        residuals = self._residuals()
        return mean(math.sqrt(residual**2 + Fraction("0.001") ** 2) for residual in residuals)

    def epsilon_insensitive(self):
        return mean(max(abs(residual) - 20, 0) for residual in self._residuals())

    def _residuals(self):
        prediction = exact("diabetes_predictions.csv", "prediction")
        target = exact("diabetes_targets.csv", "target")
        return [guess - true for guess, true in zip(prediction, target, strict=True)]

    def symmetric_cross_entropy(self):
        table = pd.read_csv(FOLDER / "iris_probabilities.csv", dtype=str)
        species = pd.read_csv(FOLDER / "iris_labels.csv")["species"]
        rows = (row.map(Fraction) for _, row in table.iterrows())
        return mean(map(self._symmetric, rows, species))

    def _symmetric(self, row, name):
        return -0.1 * math.log(row[name]) + float(4 * sum(row.drop(name)))

    def asymmetric_loss(self):
        rows = zip(exact("digits_probabilities.csv"), exact("digits_one_hot.csv"), strict=True)
        return mean(math.fsum(map(self._asymmetric, *row)) for row in rows)

    def _asymmetric(self, share, label):
        if label == 1:
            return float(1 - share) * -math.log(share)
        left = max(share - Fraction(1, 20), Fraction(0))
        return float(left**4) * -math.log(1 - left)

    def contrastive(self):
        pairs = zip(
            exact("digits_first.csv"),
            exact("digits_second.csv"),
            exact("digits_pairs.csv", "similar"),
            strict=True,
        )
        return mean(self._contrastive(self._square(a, b), same, 1.0) for a, b, same in pairs)

    def contrastive_distance(self):
        distance = exact("digits_pairs.csv", "distance")
        similar = exact("digits_pairs.csv", "similar")
        return mean(
            self._contrastive(each * each, same, 1.2)
            for each, same in zip(distance, similar, strict=True)
        )

    def _square(self, one, other):
        return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))

    def _contrastive(self, square, similar, margin):
        return float(square) / 2 if similar else max(0.0, margin - math.sqrt(square)) ** 2 / 2

    def supcon(self):
        vectors = [list(map(float, row)) for row in exact("digits_first.csv")]
        labels = exact("digits_pairs.csv", "first_digit")
        return mean(
            mean(-math.log(share) for share in of_row)
            for row in range(len(labels))
            if (of_row := self._shares(vectors, labels, row))
        )

    def _shares(self, vectors, labels, row):
        """List how likely a row picks each of those with its label."""
        others = [number for number in range(len(labels)) if number != row]
        powers = {
            number: math.exp(self._cosine(vectors[row], vectors[number]) / 0.1) for number in others
        }
        total = math.fsum(powers.values())
        return [powers[number] / total for number in others if labels[number] == labels[row]]

    def _cosine(self, one, other):
        dot = math.fsum(a * b for a, b in zip(one, other, strict=True))
        return dot / (math.hypot(*one) * math.hypot(*other))

    def generalised_dice(self):
        probabilities = np.load(FOLDER / "coins_probabilities.npy").reshape(-1, 3).tolist()
        labels = np.load(FOLDER / "coins_classes.npy").reshape(-1).tolist()
        above = below = 0
        for number in range(3):
            shares = [Fraction(pixel[number]) for pixel in probabilities]
            true = zip(shares, labels, strict=True)
            size = labels.count(number)
            above += sum(share for share, label in true if label == number) / size**2
            below += (sum(shares) + size) / size**2
        return 1 - 2 * above / below

    def lovasz_softmax(self):
        shares = array("coins_probabilities.npy").reshape(4, -1, 3)
        labels = np.load(FOLDER / "coins_classes.npy").reshape(4, -1)
        return mean(map(self._lovasz_of_present, shares, labels))

    def _lovasz_of_present(self, shares, labels):
        masks = [(shares[:, number], labels == number) for number in sorted(set(labels.tolist()))]
        return mean(self._of_thresholds(np.abs(true - each), true) for each, true in masks)

    def lovasz_hinge(self):
        score, sign = (column("breast_cancer_scores.csv", name) for name in ("score", "sign"))
        return self._of_thresholds(np.maximum(1.0 - score * sign, 0.0), sign > 0)

    def _of_thresholds(self, errors, true):
        """Integrate the Jaccard loss of what is above a threshold over all thresholds."""
        levels = np.unique([0.0, *errors])
        return math.fsum(
            (high - low) * (errors > low).sum() / (true | (errors > low)).sum()
            for low, high in itertools.pairwise(levels)
        )

    def total_variation(self):
        rows = exact("camera_restored.csv")
        lines = [*rows, *map(list, zip(*rows, strict=True))]
        return sum(self._square(line[1:], line[:-1]) for line in lines)

    def iou_box(self):
        return mean(1 - self._iou(*pair) for pair in self._boxes())

    def giou_box(self):
        return mean(self._giou(*pair) for pair in self._boxes())

    def diou_box(self):
        return mean(1 - self._iou(*pair) + self._offset(*pair) for pair in self._boxes())

    def ciou_box(self):
        return mean(self._ciou(*pair) for pair in self._boxes())

    def _boxes(self):
        names = ("coins_boxes_prediction.csv", "coins_boxes_target.csv")
        return zip(*map(exact, names), strict=True)

    def _area(self, box):
        return max(box[2] - box[0], 0) * max(box[3] - box[1], 0)

    def _common(self, one, other):
        low, high = map(max, one[:2], other[:2]), map(min, one[2:], other[2:])
        return self._area([*low, *high])

    def _around(self, one, other):
        return [*map(min, one[:2], other[:2]), *map(max, one[2:], other[2:])]

    def _iou(self, one, other):
        common = self._common(one, other)
        return common / (self._area(one) + self._area(other) - common)

    def _giou(self, one, other):
        around = self._area(self._around(one, other))
        union = self._area(one) + self._area(other) - self._common(one, other)
        return 1 - self._iou(one, other) + (around - union) / around

    def _offset(self, one, other):
        around = self._around(one, other)
        centres = [[box[0] + box[2], box[1] + box[3]] for box in (one, other)]
        return self._square(*centres) / 4 / self._square(around[:2], around[2:])

    def _ciou(self, one, other):
        angles = [math.atan((box[2] - box[0]) / (box[3] - box[1])) for box in (one, other)]
        shape = 4.0 / math.pi**2 * (angles[0] - angles[1]) ** 2
        missed = float(1 - self._iou(one, other))
        return missed + float(self._offset(one, other)) + shape**2 / (missed + shape)

    def wasserstein_critic(self):
        return -self.wasserstein_distance()

    def wasserstein_generator(self):
        return -mean(exact("critic_fake.csv", "score"))

    def wasserstein_distance(self):
        return mean(exact("critic_real.csv", "score")) - mean(exact("critic_fake.csv", "score"))

    def wgan_gp(self):
        norms = exact("critic_gradients.csv", "norm")
        return self.wasserstein_critic() + 10 * mean((norm - 1) ** 2 for norm in norms)

    def gan_hinge_generator(self):
        return self.wasserstein_generator()

    def earth_mover_bins(self):
        prediction, target = (
            exact(f"diabetes_bins_{role}.csv") for role in ("prediction", "target")
        )
        return mean(map(self._moved, prediction, target))

    def _moved(self, one, other):
        return sum(abs(sum(one[:end]) - sum(other[:end])) for end in range(1, len(one) + 1))


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


VIEWS = (
    "torch.nn.functional.cross_entropy(torch.nn.functional.normalize(anchors) "
    "@ torch.nn.functional.normalize(positives).T / 0.1, torch.arange(150))"
)
LISTNET = (
    "-sum((scipy.special.softmax(target[k, :n]) * scipy.special.log_softmax(prediction[k, :n]))"
    ".sum() for k, n in enumerate(lengths)) / len(lengths)"
)
LAMBDARANK = (
    "sum(cost[k, i, j] * abs("
    "sklearn.metrics.ndcg_score(gain[k:k+1, :n], prediction[k:k+1, :n]) - "
    "sklearn.metrics.ndcg_score(gain[k:k+1, :n], [prediction[k, "
    "[j if m == i else i if m == j else m for m in range(n)]]])) "
    "for k, n in enumerate(lengths) for i in range(n) for j in range(n) if cost[k, i, j]"
    ") / len(lengths)"
)


def picture_crops():
    """Return the masks of the crops, one after the other: predicted and true."""
    return zip(*(images(f"coins_{of}").reshape(4, 40, 40) for of in ROLES), strict=True)


def boundary_steps(scope):
    distance = scope["scipy"].ndimage.distance_transform_edt
    found = []
    for shares, mask in picture_crops():
        signed = distance(mask == 0) - np.where(mask == 1, distance(mask == 1) - 1, 0)
        found.append((shares * signed).mean() if mask.any() else 0.0)  # the last has no coin
    return mean(found)


def hausdorff_distance_steps(scope):
    distance = scope["scipy"].ndimage.distance_transform_edt
    found = []
    for shares, mask in picture_crops():
        both = [each > 0.5 for each in (shares, mask) if (each > 0.5).any()]
        powers = sum((distance(each) + distance(~each)) ** 2 for each in both)
        found.append(((shares - mask) ** 2 * powers).mean())
    return mean(found)


def cldice_steps(scope):
    torch, pool = scope["torch"], scope["torch"].nn.functional.max_pool2d

    def skeleton(mask):
        found, mask = torch.zeros_like(mask), mask[None]
        for _ in range(4):
            across, down = -pool(-mask, (1, 3), 1, (0, 1)), -pool(-mask, (3, 1), 1, (1, 0))
            eroded = torch.minimum(across, down)
            taken = torch.relu(mask - pool(eroded, 3, 1, 1))[0]
            found, mask = found + taken - found * taken, eroded
        return found

    found = []
    for one, other in (map(torch.from_numpy, crop) for crop in picture_crops()):
        inside = [
            ((skeleton(a) * b).sum() + 1) / (skeleton(a).sum() + 1)
            for a, b in ((one, other), (other, one))
        ]
        found.append(1 - 2 * inside[0] * inside[1] / (inside[0] + inside[1]))
    return mean(found)


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


NLL = "torch.nn.functional.nll_loss(prediction.log(), target)"
COSINE = "torch.nn.functional.cosine_similarity(first, second).neg().mean()"
BCE = "torch.nn.functional.binary_cross_entropy"
FOCAL = "((1 - prediction[range(450), target]) ** 2 * torch.nn.functional.nll_loss("
TVERSKY = (
    "optax.losses.dice_loss(prediction, target, alpha={}, beta={}, smooth=0.0, axis=1, "
    "apply_softmax=False, reduction='none')[:, 1]"
)
SSIM = (
    "sum(1 - skimage.metrics.structural_similarity(*pair, data_range=1, gaussian_weights=True, "
    "sigma=1.5, use_sample_covariance=False) for pair in zip(prediction, target)) / 3"
)
CRPS = (
    "sum(scipy.stats.energy_distance(members, [came]) ** 2 / 2 "
    "for members, came in zip(prediction, target)) / len(target)"
)
CRPS_GAUSSIAN = (
    "(lambda spread: sum(s * ("
    "scipy.integrate.quad(lambda x: scipy.special.ndtr(x) ** 2, -inf, z, epsabs=1e-13)[0] + "
    "scipy.integrate.quad(lambda x: scipy.special.ndtr(-x) ** 2, z, inf, epsabs=1e-13)[0]"
    ") for s, z in zip(spread, (target - mean) / spread)) / len(target))(variance ** 0.5)"
)
CTC = (
    "torch.nn.functional.ctc_loss(prediction.log().transpose(0, 1), target, prediction_lengths, "
    "target_lengths, reduction='none').mean()"
)
PERPLEXITY = "torch.nn.functional.nll_loss(prediction.log(), target).exp()"
COX = (
    "statsmodels.duration.hazard_regression.PHReg(time, log_risk[:, None], status=event, "
    "ties='efron').loglike(event[:1] ** 0) / -event.sum()"
)
AFT = (
    "-scipy.stats.lognorm.logpdf(time, 2.5, scale=scipy.special.expm1(log_time) + 1)[event == 1]"
    ".sum() / 69 - scipy.stats.lognorm.logsf(time, 2.5, scale=scipy.special.expm1(log_time) + 1)"
    "[event == 0].sum() / 69"
)
JS = (
    "(scipy.special.rel_entr(prediction, (prediction + target) / 2) + "
    "scipy.special.rel_entr(target, (prediction + target) / 2)).sum(axis=1).mean() / 2"
)

LIVE = {
    # regression
    "mse": Live("sklearn", "sklearn.metrics.mean_squared_error(target, prediction)", diabetes),
    "rmse": Live(
        "sklearn", "sklearn.metrics.root_mean_squared_error(target, prediction)", diabetes
    ),
    "mae": Live("sklearn", "sklearn.metrics.mean_absolute_error(target, prediction)", diabetes),
    "huber": Live(
        "torch", "torch.nn.functional.huber_loss(prediction, target, delta=20)", diabetes
    ),
    "smooth_l1": Live(
        "torch", "torch.nn.functional.smooth_l1_loss(prediction, target, beta=20)", diabetes
    ),
    "log_cosh": Live("optax", "optax.log_cosh(prediction, target).mean()", diabetes),
    "quantile": Live(
        "sklearn", "sklearn.metrics.mean_pinball_loss(target, prediction, alpha=0.9)", forecast
    ),
    "poisson": Live(
        "torch",
        "torch.nn.functional.poisson_nll_loss(prediction, target, log_input=False, eps=0)",
        visits,
    ),
    "msle": Live("sklearn", "sklearn.metrics.mean_squared_log_error(target, prediction)", diabetes),
    "mape": Live(
        "sklearn", "sklearn.metrics.mean_absolute_percentage_error(target, prediction)", diabetes
    ),
    "pseudo_huber": Live(
        "scipy", "scipy.special.pseudo_huber(20, prediction - target).mean()", diabetes
    ),
    "tukey_biweight": Live(
        "statsmodels",
        "statsmodels.robust.norms.TukeyBiweight(250).rho(prediction - target).mean()",
        diabetes,
    ),
    "expectile": Live(
        "statsmodels",
        "statsmodels.robust.norms.MQuantileNorm(0.9, statsmodels.robust.norms.LeastSquares())"
        ".rho(target - prediction).mean() * 2",
        diabetes,
    ),
    "tweedie_deviance": Live(
        "sklearn", "sklearn.metrics.mean_tweedie_deviance(target, prediction, power=1.5)", visits
    ),
    "gamma_deviance": Live(
        "sklearn", "sklearn.metrics.mean_gamma_deviance(target, prediction)", diabetes
    ),
    "negative_binomial": Live(
        "scipy",
        "-scipy.stats.nbinom.logpmf(target, 1 / 0.7, 1 / (1 + 0.7 * prediction)).mean()",
        visits,
    ),
    # classification
    "binary_cross_entropy": Live("sklearn", "sklearn.metrics.log_loss(target, prediction)", cancer),
    "categorical_cross_entropy": Live("torch", NLL, digit_labels),
    "sparse_categorical_cross_entropy": Live(
        "sklearn", "sklearn.metrics.log_loss(target, prediction)", iris
    ),
    "kl_divergence": Live(
        "scipy", "scipy.special.rel_entr(target, prediction).sum(axis=1).mean()", digits
    ),
    "hinge": Live("sklearn", "sklearn.metrics.hinge_loss(target, prediction)", margins),
    "squared_hinge": Live("keras", "keras.losses.SquaredHinge()(target, prediction)", margins),
    "binary_focal": Live(
        "optax",
        "optax.sigmoid_focal_loss(jax.scipy.special.logit(prediction), target).mean()",
        cancer,
    ),
    "categorical_focal": Live(
        "torch", FOCAL + "prediction.log(), target, reduction='none')).mean()", digit_labels
    ),
    "generalised_cross_entropy": Live(
        "scipy",
        "-scipy.special.boxcox(prediction[range(150), target], 0.7).mean()",
        iris,
    ),
    "logit_adjusted_cross_entropy": Live(
        "torch",
        "torch.nn.functional.cross_entropy(prediction.log() + frequency.log(), target)",
        coin_labels,
    ),
    "multiclass_hinge": Live(
        "sklearn",
        "sklearn.metrics.hinge_loss(target, prediction, labels=range(10))",
        digit_scores,
    ),
    "weston_watkins_hinge": Live(
        "torch",
        "torch.nn.functional.multi_margin_loss(prediction, target, p=2) * 10",
        digit_scores,
    ),
    # ordinal
    "cumulative_link": Live(
        "torch",
        "torch.nn.functional.nll_loss(torch.diff(prediction.sigmoid(), "
        "prepend=torch.zeros_like(prediction[:, :1]), append=torch.ones_like(prediction[:, :1]))"
        ".log(), target)",
        lambda: fifths("cumulative"),
    ),
    "coral": Live(
        "torch",
        f"{BCE}_with_logits(prediction, above, reduction='sum') / len(prediction)",
        lambda: fifths("coral"),
    ),
    "corn": Live(
        "torch",
        f"{BCE}_with_logits(prediction[reached], above[reached])",
        lambda: fifths("corn"),
    ),
    # metric
    "hinge_embedding": Live(
        "torch", "torch.nn.functional.hinge_embedding_loss(distance, similar)", distances
    ),
    "triplet": Live(
        "torch",
        "torch.nn.functional.triplet_margin_with_distance_loss(anchors, positives, negatives, "
        "distance_function=lambda one, other: ((one - other) ** 2).sum(1))",
        triplets,
    ),
    "cosine_proximity": Live("torch", COSINE, directions),
    "cosine_distance": Live(
        "sklearn",
        "sklearn.metrics.pairwise.paired_cosine_distances(first, second).mean()",
        directions,
    ),
    "cosine_embedding": Live(
        "torch", "torch.nn.functional.cosine_embedding_loss(first, second, similar)", directions
    ),
    "arcface": Live(
        "torch",
        "torch.nn.functional.cross_entropy(64 * (prediction.acos() + target / 2).cos(), target)",
        cosines,
    ),
    "info_nce": Live("torch", VIEWS, views),
    "nt_xent": Live(
        "optax",
        "optax.losses.ntxent(jax.numpy.concatenate([anchors, positives]), "
        "jax.numpy.tile(jax.numpy.arange(150), 2), temperature=0.5)",
        views,
    ),
    # ranking
    "margin_ranking": Live(
        "torch",
        "torch.nn.functional.margin_ranking_loss(positive, negative, order, margin=0.1)",
        ranking,
    ),
    "pairwise_logistic": Live(
        "torch", "torch.nn.functional.soft_margin_loss(positive - negative, order)", ranking
    ),
    "listnet": Live("scipy", LISTNET, lists),
    "lambdarank": Live("sklearn", LAMBDARANK, lists),
    # segmentation
    "dice": Live("scipy", "sum(map(scipy.spatial.distance.dice, prediction, target)) / 4", crops),
    "jaccard": Live("optax", TVERSKY.format(1.0, 1.0) + ".mean()", all_crops),
    "tversky": Live("optax", TVERSKY.format(0.3, 0.7) + ".mean()", lambda: coloured(crops())),
    "focal_tversky": Live(
        "optax",
        f"({TVERSKY.format(0.3, 0.7)} ** 0.75).mean()",
        all_crops,
    ),
    "dice_cross_entropy": Live(
        "optax",
        "optax.losses.dice_loss(prediction, target, smooth=0.0, apply_softmax=False).mean() "
        "- (target * jax.numpy.log(prediction)).sum(-1).mean()",
        coin_classes,
    ),
    "pixelwise_cross_entropy": Live(
        "torch",
        "torch.nn.functional.nll_loss(prediction[0].log(), target[0].argmax(1))",
        coin_classes,
    ),
    "dice_focal": Live(
        "optax",
        "optax.losses.dice_loss(prediction, target, smooth=0.0, apply_softmax=False).mean() "
        "- (target * (1 - prediction) ** 2 * jax.numpy.log(prediction)).sum(-1).mean()",
        coin_classes,
    ),
    "boundary": Steps("scipy", "scipy.ndimage.distance_transform_edt", boundary_steps),
    "hausdorff_distance": Steps(
        "scipy", "scipy.ndimage.distance_transform_edt", hausdorff_distance_steps
    ),
    "cldice": Steps("torch", "torch.nn.functional.max_pool2d", cldice_steps),
    # image
    "psnr": Live(
        "skimage",
        "-skimage.metrics.peak_signal_noise_ratio(target, prediction, data_range=1)",
        photograph,
    ),
    "ssim": Live("skimage", SSIM, photographs),
    "ms_ssim": Steps("scipy", "scipy.ndimage.correlate", ms_ssim_steps),
    "perceptual": Live(
        "torch",
        "torch.nn.functional.mse_loss(prediction, target, reduction='sum') / 10",
        features,
    ),
    # adversarial
    "gan_discriminator": Live(
        "torch",
        f"{BCE}_with_logits(real, torch.ones_like(real)) + "
        f"{BCE}_with_logits(fake, torch.zeros_like(fake))",
        lambda: gan("logit"),
    ),
    "gan_minimax": Live(
        "torch",
        f"-{BCE}(real, torch.ones_like(real)) - {BCE}(fake, torch.zeros_like(fake))",
        lambda: gan("probability"),
    ),
    "gan_generator": Live(
        "torch", f"{BCE}(fake, torch.ones_like(fake))", lambda: gan("probability")
    ),
    "gan_generator_minimax": Live(
        "torch", f"-{BCE}(fake, torch.zeros_like(fake))", lambda: gan("probability")
    ),
    "lsgan_discriminator": Live(
        "torch",
        "torch.nn.functional.mse_loss(real, torch.ones_like(real)) / 2 + "
        "torch.nn.functional.mse_loss(fake, torch.zeros_like(fake)) / 2",
        critic,
    ),
    "lsgan_generator": Live(
        "torch", "torch.nn.functional.mse_loss(fake, torch.ones_like(fake)) / 2", critic
    ),
    "gan_hinge_discriminator": Live(
        "keras",
        "keras.losses.Hinge()(real ** 0, real) + keras.losses.Hinge()(-(fake ** 0), fake)",
        critic,
    ),
    # distribution
    "earth_mover": Live("scipy", "scipy.stats.wasserstein_distance(first, second)", samples),
    "js_divergence": Live("scipy", JS, digits),
    "brier": Live("sklearn", "sklearn.metrics.brier_score_loss(target, prediction)", cancer),
    "gaussian_nll": Live(
        "torch", "torch.nn.functional.gaussian_nll_loss(mean, target, variance)", gaussian
    ),
    "beta_nll": Live(
        "torch",
        "(torch.nn.functional.gaussian_nll_loss(mean, target, variance, reduction='none') * "
        "variance.sqrt()).mean()",
        gaussian,
    ),
    "gaussian_kl": Live(
        "torch",
        "torch.distributions.kl_divergence(torch.distributions.Normal(mean, variance.sqrt()), "
        "torch.distributions.Normal(0.0, 1.0)).sum(dim=1).mean()",
        codes,
    ),
    "laplace_nll": Live(
        "scipy", "-scipy.stats.laplace.logpdf(target, location, scale).mean()", laplace
    ),
    "crps": Live("scipy", CRPS, ensemble),
    "crps_gaussian": Live("scipy", CRPS_GAUSSIAN, lambda: gaussian() | {"inf": math.inf}),
    "beta_divergence": Live("scipy", "scipy.special.kl_div(target, prediction).mean()", visits),
    "student_t_nll": Live(
        "scipy", "-scipy.stats.t.logpdf(target, 4, prediction, 40).mean()", diabetes
    ),
    # sequence
    "ctc": Live("torch", CTC, strips),
    "sequence_cross_entropy": Live("torch", NLL, characters),
    "perplexity": Live("torch", PERPLEXITY, characters),
    # survival
    "cox_partial_likelihood": Live("statsmodels", COX, survival),
    "aft_nll": Live("scipy", AFT, survival),
}


def tool_of(sample):
    """Return what computes the number of a sample again, and the code or name of the tool."""
    if "--network" in sample.arguments:
        return (lambda _: of_network()), "onnx.reference.ReferenceEvaluator"
    if sample.loss in LIVE:
        return LIVE[sample.loss].number, LIVE[sample.loss].code
    return (lambda _: getattr(InPlainPython(), sample.loss)()), PLAIN


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.arguments)
@pytest.mark.filterwarnings("ignore:The y_prob values do not sum to one:UserWarning")
def test_the_tool_gives_the_number_again(frameworks, monkeypatch, run, sample):
    compute_again, code = tool_of(sample)
    assert sample.tool in code
    again = float(compute_again(frameworks))
    # A network computes in float32, whose last digits depend on the processor.
    rel = sample.tolerance if "--network" in sample.arguments else 1e-12
    assert sample.number == pytest.approx(again, rel=rel, abs=0)
    monkeypatch.chdir(FOLDER.parent)
    ran = run(["compute", *shlex.split(sample.arguments), "--format", "value", "--quiet"])
    assert float(ran.out) == pytest.approx(again, rel=sample.tolerance, abs=0)


def test_no_tool_is_left_over():
    plain = {name for name in vars(InPlainPython) if not name.startswith("_")}
    assert not plain & LIVE.keys()
    assert plain | LIVE.keys() == {sample.loss for sample in SAMPLES}
