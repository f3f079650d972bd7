"""A command for every loss of the family `classification`, and the number that another tool gives."""

import math
from fractions import Fraction

import numpy as np
import pandas as pd

from samples.files import FOLDER, NLL, array, cancer, column, digits, exact, matrix, mean, table
from samples.sample import Live, Plain, Sample


def margins():
    frame = table("breast_cancer_scores.csv") * 1.0
    return {"prediction": frame["score"].to_numpy(), "target": frame["sign"].to_numpy()}


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


FOCAL = "((1 - prediction[range(450), target]) ** 2 * torch.nn.functional.nll_loss("


def symmetric_cross_entropy_by_formula():
    table = pd.read_csv(FOLDER / "iris_probabilities.csv", dtype=str)
    species = pd.read_csv(FOLDER / "iris_labels.csv")["species"]
    rows = (row.map(Fraction) for _, row in table.iterrows())
    return mean(map(symmetric, rows, species))


def symmetric(row, name):
    return -0.1 * math.log(row[name]) + float(4 * sum(row.drop(name)))


def asymmetric_loss_by_formula():
    rows = zip(exact("digits_probabilities.csv"), exact("digits_one_hot.csv"), strict=True)
    return mean(math.fsum(map(asymmetric, *row)) for row in rows)


def asymmetric(share, label):
    if label == 1:
        return float(1 - share) * -math.log(share)
    left = max(share - Fraction(1, 20), Fraction(0))
    return float(left**4) * -math.log(1 - left)


SAMPLES = [
    Sample(
        "binary_cross_entropy sample_data/breast_cancer_scores.csv --columns prediction=p,target=y",
        0.09497090782154172,
        Live("sklearn", "sklearn.metrics.log_loss(target, prediction)", cancer),
    ),
    Sample(
        "categorical_cross_entropy sample_data/digits_probabilities.csv sample_data/digits_one_hot.csv --on id",
        0.3017278170496714,
        Live("torch", NLL, digit_labels),
    ),
    Sample(
        "sparse_categorical_cross_entropy sample_data/iris_probabilities.csv sample_data/iris_labels.csv",
        0.1418881770074753,
        Live("sklearn", "sklearn.metrics.log_loss(target, prediction)", iris),
    ),
    Sample(
        "kl_divergence sample_data/digits_probabilities.csv sample_data/digits_one_hot.csv --on id",
        0.30172781704967144,
        Live("scipy", "scipy.special.rel_entr(target, prediction).sum(axis=1).mean()", digits),
    ),
    Sample(
        "hinge sample_data/breast_cancer_scores.csv --columns prediction=score,target=sign",
        0.07462104393673111,
        Live("sklearn", "sklearn.metrics.hinge_loss(target, prediction)", margins),
    ),
    Sample(
        "squared_hinge sample_data/breast_cancer_scores.csv --columns prediction=score,target=sign",
        0.14811829461586992,
        Live("keras", "keras.losses.SquaredHinge()(target, prediction)", margins),
    ),
    Sample(
        "binary_focal sample_data/breast_cancer_scores.csv --columns prediction=p,target=y",
        0.02685555516407412,
        Live(
            "optax",
            "optax.sigmoid_focal_loss(jax.scipy.special.logit(prediction), target).mean()",
            cancer,
        ),
    ),
    Sample(
        "categorical_focal sample_data/digits_probabilities.csv sample_data/digits_one_hot.csv --on id",
        0.1793148068525166,
        Live("torch", FOCAL + "prediction.log(), target, reduction='none')).mean()", digit_labels),
    ),
    Sample(
        "generalised_cross_entropy sample_data/iris_probabilities.csv sample_data/iris_labels.csv",
        0.1245337309378642,
        Live(
            "scipy",
            "-scipy.special.boxcox(prediction[range(150), target], 0.7).mean()",
            iris,
        ),
    ),
    Sample(
        "symmetric_cross_entropy sample_data/iris_probabilities.csv sample_data/iris_labels.csv",
        0.4877260560368544,
        Plain(symmetric_cross_entropy_by_formula),
    ),
    Sample(
        "logit_adjusted_cross_entropy sample_data/coins_probabilities.npy sample_data/coins_classes.npy --prior 3680,456,2264",
        0.330647485853725,
        Live(
            "torch",
            "torch.nn.functional.cross_entropy(prediction.log() + frequency.log(), target)",
            coin_labels,
        ),
    ),
    Sample(
        "asymmetric_loss sample_data/digits_probabilities.csv sample_data/digits_one_hot.csv --on id",
        0.22331168964435644,
        Plain(asymmetric_loss_by_formula),
    ),
    Sample(
        "multiclass_hinge sample_data/digits_logits.csv sample_data/digits_labels.csv --on id",
        0.25446242444444445,
        Live(
            "sklearn",
            "sklearn.metrics.hinge_loss(target, prediction, labels=range(10))",
            digit_scores,
        ),
    ),
    Sample(
        "weston_watkins_hinge sample_data/digits_logits.csv sample_data/digits_labels.csv --on id --power 2",
        1.3869933598684558,
        Live(
            "torch",
            "torch.nn.functional.multi_margin_loss(prediction, target, p=2) * 10",
            digit_scores,
        ),
    ),
]
