"""Make the sample pairs, triplets, cosines, rankings and lists, from the handwritten digits.

A small network learns on the first half of the images to put pictures of the same digit close
together; the files hold what it makes of the other half. Run it with
`python sample_data/make_vectors.py`; it writes the CSV files beside itself.
"""

import numpy as np
import pandas as pd
import torch
from make import DECIMALS, SEED, numbered, write
from networks import fit, repeatable
from shared import Digits, split_digits
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import RidgeCV
from torch import nn
from torch.nn import functional

HELD_OUT = 899
DIMENSIONS = 6
PAIRS = 200
TRIPLETS = 150
RANKED = 200
LISTS = 24
SHORTEST, LONGEST = 4, 9
MARGIN = 1.0
STEPS = 300
BATCH = 128


def indices_of_same(labels: np.ndarray, rows: np.ndarray, pick: np.random.Generator) -> np.ndarray:
    """Return for each row another row with the same label."""
    return np.array(
        [pick.choice(np.setdiff1d(np.flatnonzero(labels == labels[row]), row)) for row in rows]
    )


def indices_of_other(labels: np.ndarray, rows: np.ndarray, pick: np.random.Generator) -> np.ndarray:
    """Return for each row a row with another label."""
    return np.array([pick.choice(np.flatnonzero(labels != labels[row])) for row in rows])


def fit_embedding(known: Digits, pick: np.random.Generator) -> nn.Module:
    """Fit a network with one hidden layer by the contrastive loss of random pairs."""
    pixels = torch.from_numpy(known.pixels)
    network = nn.Sequential(nn.Linear(64, 24), nn.Tanh(), nn.Linear(24, DIMENSIONS))

    def loss_of_pairs() -> torch.Tensor:
        first = pick.integers(len(pixels), size=BATCH)
        half = BATCH // 2
        second = np.concatenate(
            [
                indices_of_same(known.labels, first[:half], pick),
                indices_of_other(known.labels, first[half:], pick),
            ]
        )
        distance = functional.pairwise_distance(network(pixels[first]), network(pixels[second]))
        apart = functional.relu(MARGIN - distance[half:])
        return (distance[:half].square().sum() + apart.square().sum()) / BATCH

    fit(network, loss_of_pairs, STEPS)
    return network


def write_vectors(name: str, vectors: np.ndarray) -> None:
    """Write one vector a row."""
    write(name, pd.DataFrame(vectors, columns=[f"e{k}" for k in range(1, DIMENSIONS + 1)]))


def make_embeddings() -> None:
    """Pairs, half of them of the same digit, and triplets."""
    pick = repeatable(SEED)
    known, unseen = split_digits(HELD_OUT)
    network = fit_embedding(known, pick)
    with torch.no_grad():
        vectors = network(torch.from_numpy(unseen.pixels)).numpy().astype(float).round(DECIMALS)
    labels = unseen.labels

    first = pick.choice(len(labels), size=PAIRS, replace=False)
    similar = np.arange(PAIRS) % 2 == 0
    second = np.where(
        similar,
        indices_of_same(labels, first, pick),
        indices_of_other(labels, first, pick),
    )
    write_vectors("digits_first.csv", vectors[first])
    write_vectors("digits_second.csv", vectors[second])
    pairs = {
        "similar": (labels[first] == labels[second]).astype(int),
        "distance": np.linalg.norm(vectors[first] - vectors[second], axis=1).round(DECIMALS),
        "first_digit": labels[first],
        "second_digit": labels[second],
    }
    write("digits_pairs.csv", pd.DataFrame(pairs))

    anchor = pick.choice(len(labels), size=TRIPLETS, replace=False)
    write_vectors("digits_anchors.csv", vectors[anchor])
    write_vectors("digits_positives.csv", vectors[indices_of_same(labels, anchor, pick)])
    write_vectors("digits_negatives.csv", vectors[indices_of_other(labels, anchor, pick)])


def rated() -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers that images show, and the scores that a regression gives them."""
    known, unseen = split_digits(HELD_OUT)
    model = RidgeCV(np.logspace(-2, 3, 11)).fit(known.pixels.astype(float), known.labels)
    return unseen.labels, model.predict(unseen.pixels.astype(float)).round(DECIMALS)


def make_ranking() -> None:
    """Rank images by the number they show: a ridge regression on the pixels gives the scores."""
    pick = np.random.default_rng(SEED)
    labels, score = rated()
    first = pick.choice(len(score), size=RANKED, replace=False)
    second = indices_of_other(labels, first, pick)
    order = np.sign(labels[first] - labels[second])
    columns = {"positive": score[first], "negative": score[second], "order": order}
    write("digits_ranking.csv", pd.DataFrame(columns))


def make_cosines() -> None:
    """The cosines of an image with the mean image of each digit, in the discriminants' space."""
    known, unseen = split_digits()
    model = LinearDiscriminantAnalysis().fit(known.pixels.astype(float), known.labels)
    space = model.transform(known.pixels.astype(float))
    means = np.array([space[known.labels == digit].mean(axis=0) for digit in range(10)])
    vectors = model.transform(unseen.pixels.astype(float))
    lengths = np.linalg.norm(vectors, axis=1)[:, None] * np.linalg.norm(means, axis=1)
    cosines = pd.DataFrame((vectors @ means.T / lengths).round(DECIMALS), columns=range(10))
    places = len(known.labels) + np.arange(1, len(cosines) + 1)
    cosines.insert(0, "id", numbered("n", places, 4))
    write("digits_cosines.csv", cosines)


def make_lists() -> None:
    """Lists of images to rank, by the same scores; the grade of relevance goes with the number."""
    pick = np.random.default_rng(SEED + 1)
    labels, score = rated()
    lengths = pick.integers(SHORTEST, LONGEST + 1, size=LISTS)
    image = pick.choice(len(score), size=lengths.sum(), replace=False)
    columns = {
        "list": np.repeat([f"q{number:02}" for number in range(1, LISTS + 1)], lengths),
        "prediction": score[image],
        "target": np.maximum(labels[image] - 5, 0),
    }
    write("digits_lists.csv", pd.DataFrame(columns))


if __name__ == "__main__":
    make_embeddings()
    make_ranking()
    make_cosines()
    make_lists()
