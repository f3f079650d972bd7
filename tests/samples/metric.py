"""A command for every loss of the family `metric`, and the number that another tool gives."""

import math

from samples.files import column, exact, matrix, mean, squared_distance, table
from samples.sample import Live, Plain, Sample


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


def views():
    return {role: matrix(f"digits_{role}.csv") for role in ("anchors", "positives")}


VIEWS = (
    "torch.nn.functional.cross_entropy(torch.nn.functional.normalize(anchors) "
    "@ torch.nn.functional.normalize(positives).T / 0.1, torch.arange(150))"
)


COSINE = "torch.nn.functional.cosine_similarity(first, second).neg().mean()"


def contrastive_by_formula():
    pairs = zip(
        exact("digits_first.csv"),
        exact("digits_second.csv"),
        exact("digits_pairs.csv", "similar"),
        strict=True,
    )
    return mean(contrastive(squared_distance(a, b), same, 1.0) for a, b, same in pairs)


def contrastive_distance_by_formula():
    distance = exact("digits_pairs.csv", "distance")
    similar = exact("digits_pairs.csv", "similar")
    return mean(
        contrastive(each * each, same, 1.2) for each, same in zip(distance, similar, strict=True)
    )


def contrastive(square, similar, margin):
    return float(square) / 2 if similar else max(0.0, margin - math.sqrt(square)) ** 2 / 2


def supcon_by_formula():
    vectors = [list(map(float, row)) for row in exact("digits_first.csv")]
    labels = exact("digits_pairs.csv", "first_digit")
    return mean(
        mean(-math.log(share) for share in of_row)
        for row in range(len(labels))
        if (of_row := shares_of_positives(vectors, labels, row))
    )


def shares_of_positives(vectors, labels, row):
    """List how likely a row picks each of those with its label."""
    others = [number for number in range(len(labels)) if number != row]
    powers = {number: math.exp(cosine_of(vectors[row], vectors[number]) / 0.1) for number in others}
    total = math.fsum(powers.values())
    return [powers[number] / total for number in others if labels[number] == labels[row]]


def cosine_of(one, other):
    dot = math.fsum(a * b for a, b in zip(one, other, strict=True))
    return dot / (math.hypot(*one) * math.hypot(*other))


SAMPLES = [
    Sample(
        "contrastive sample_data/digits_first.csv sample_data/digits_second.csv sample_data/digits_pairs.csv",
        0.0490965486274939,
        Plain(contrastive_by_formula),
    ),
    Sample(
        "contrastive_distance sample_data/digits_pairs.csv --margin 1.2",
        0.07095506260247998,
        Plain(contrastive_distance_by_formula),
    ),
    Sample(
        "hinge_embedding sample_data/digits_pairs.csv",
        0.24189241499999997,
        Live("torch", "torch.nn.functional.hinge_embedding_loss(distance, similar)", distances),
    ),
    Sample(
        "triplet sample_data/digits_anchors.csv sample_data/digits_positives.csv sample_data/digits_negatives.csv",
        0.3656201241135533,
        Live(
            "torch",
            "torch.nn.functional.triplet_margin_with_distance_loss(anchors, positives, negatives, "
            "distance_function=lambda one, other: ((one - other) ** 2).sum(1))",
            triplets,
        ),
    ),
    Sample(
        "cosine_proximity sample_data/digits_first.csv sample_data/digits_second.csv",
        -0.5287567855356773,
        Live("torch", COSINE, directions),
    ),
    Sample(
        "cosine_distance sample_data/digits_first.csv sample_data/digits_second.csv",
        0.4712432144643226,
        Live(
            "sklearn",
            "sklearn.metrics.pairwise.paired_cosine_distances(first, second).mean()",
            directions,
        ),
    ),
    Sample(
        "cosine_embedding sample_data/digits_first.csv sample_data/digits_second.csv sample_data/digits_pairs.csv",
        0.21111356860065567,
        Live(
            "torch", "torch.nn.functional.cosine_embedding_loss(first, second, similar)", directions
        ),
    ),
    Sample(
        "arcface sample_data/digits_cosines.csv sample_data/digits_labels.csv --on id",
        7.954966324139989,
        Live(
            "torch",
            "torch.nn.functional.cross_entropy(64 * (prediction.acos() + target / 2).cos(), target)",
            cosines,
        ),
    ),
    Sample(
        "info_nce sample_data/digits_anchors.csv sample_data/digits_positives.csv",
        3.805045262901246,
        Live("torch", VIEWS, views),
    ),
    Sample(
        "nt_xent sample_data/digits_anchors.csv sample_data/digits_positives.csv",
        4.8310621280376855,
        Live(
            "optax",
            "optax.losses.ntxent(jax.numpy.concatenate([anchors, positives]), "
            "jax.numpy.tile(jax.numpy.arange(150), 2), temperature=0.5)",
            views,
        ),
    ),
    Sample(
        "supcon sample_data/digits_first.csv sample_data/digits_pairs.csv --columns target=first_digit",
        3.970132023158845,
        Plain(supcon_by_formula),
    ),
]
