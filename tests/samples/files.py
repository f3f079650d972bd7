"""The shipped files as arrays, read with pandas, numpy and Pillow: nothing of lossctl reads here."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

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


def diabetes():
    prediction = column("diabetes_predictions.csv", "prediction")
    return {"prediction": prediction, "target": column("diabetes_targets.csv", "target")}


def visits():
    prediction = column("visits_predictions.csv", "prediction")
    return {"prediction": prediction, "target": column("visits_targets.csv", "target") * 1.0}


def cancer():
    frame = table("breast_cancer_scores.csv") * 1.0
    return {"prediction": frame["p"].to_numpy(), "target": frame["y"].to_numpy()}


def digits():
    one_hot = matrix("digits_one_hot.csv")
    return {"prediction": matrix("digits_probabilities.csv"), "target": one_hot}


NLL = "torch.nn.functional.nll_loss(prediction.log(), target)"


BCE = "torch.nn.functional.binary_cross_entropy"


def squared_distance(one, other):
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))
