"""A command for every loss of the family `segmentation`, and the number that another tool gives."""

import itertools
import math
from fractions import Fraction

import numpy as np

from samples.files import FOLDER, ROLES, array, column, images, mean
from samples.sample import Live, Plain, Sample, Steps


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


TVERSKY = (
    "optax.losses.dice_loss(prediction, target, alpha={}, beta={}, smooth=0.0, axis=1, "
    "apply_softmax=False, reduction='none')[:, 1]"
)


def generalised_dice_by_formula():
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


def lovasz_softmax_by_formula():
    shares = array("coins_probabilities.npy").reshape(4, -1, 3)
    labels = np.load(FOLDER / "coins_classes.npy").reshape(4, -1)
    return mean(map(lovasz_of_present, shares, labels))


def lovasz_of_present(shares, labels):
    masks = [(shares[:, number], labels == number) for number in sorted(set(labels.tolist()))]
    return mean(of_thresholds(np.abs(true - each), true) for each, true in masks)


def lovasz_hinge_by_formula():
    score, sign = (column("breast_cancer_scores.csv", name) for name in ("score", "sign"))
    return of_thresholds(np.maximum(1.0 - score * sign, 0.0), sign > 0)


def of_thresholds(errors, true):
    """Integrate the Jaccard loss of what is above a threshold over all thresholds."""
    levels = np.unique([0.0, *errors])
    return math.fsum(
        (high - low) * (errors > low).sum() / (true | (errors > low)).sum()
        for low, high in itertools.pairwise(levels)
    )


SAMPLES = [
    Sample(
        "dice sample_data/coins_prediction.csv sample_data/coins_target.csv --unit crop",
        0.36842060435090573,
        Live("scipy", "sum(map(scipy.spatial.distance.dice, prediction, target)) / 4", crops),
    ),
    Sample(
        "jaccard sample_data/coins_prediction sample_data/coins_target",
        0.3034779876100031,
        Live("optax", TVERSKY.format(1.0, 1.0) + ".mean()", all_crops),
    ),
    Sample(
        "tversky sample_data/coins_prediction.csv sample_data/coins_target.csv --unit crop --fn-weight 0.7 --fp-weight 0.3",
        0.38811963908504876,
        Live("optax", TVERSKY.format(0.3, 0.7) + ".mean()", lambda: coloured(crops())),
    ),
    Sample(
        "focal_tversky sample_data/coins_prediction sample_data/coins_target",
        0.29913982243318904,
        Live(
            "optax",
            f"({TVERSKY.format(0.3, 0.7)} ** 0.75).mean()",
            all_crops,
        ),
    ),
    Sample(
        "generalised_dice sample_data/coins_probabilities.npy sample_data/coins_classes.npy",
        0.4786534507320904,
        Plain(generalised_dice_by_formula),
    ),
    Sample(
        "dice_cross_entropy sample_data/coins_probabilities.npy sample_data/coins_classes.npy --average macro",
        0.5538036052842137,
        Live(
            "optax",
            "optax.losses.dice_loss(prediction, target, smooth=0.0, apply_softmax=False).mean() "
            "- (target * jax.numpy.log(prediction)).sum(-1).mean()",
            coin_classes,
        ),
    ),
    Sample(
        "pixelwise_cross_entropy sample_data/coins_probabilities.npy sample_data/coins_classes.npy",
        0.25488091529060286,
        Live(
            "torch",
            "torch.nn.functional.nll_loss(prediction[0].log(), target[0].argmax(1))",
            coin_classes,
        ),
    ),
    Sample(
        "dice_focal sample_data/coins_probabilities.npy sample_data/coins_classes.npy --average macro",
        0.37030824872683105,
        Live(
            "optax",
            "optax.losses.dice_loss(prediction, target, smooth=0.0, apply_softmax=False).mean() "
            "- (target * (1 - prediction) ** 2 * jax.numpy.log(prediction)).sum(-1).mean()",
            coin_classes,
        ),
    ),
    Sample(
        "lovasz_softmax sample_data/coins_probabilities.npy sample_data/coins_classes.npy --unit image",
        0.3036866404576318,
        Plain(lovasz_softmax_by_formula),
    ),
    Sample(
        "lovasz_hinge sample_data/breast_cancer_scores.csv --columns prediction=score,target=sign",
        0.1947377002495422,
        Plain(lovasz_hinge_by_formula),
    ),
    Sample(
        "boundary sample_data/coins_prediction sample_data/coins_target",
        -2.927835247544878,
        Steps("scipy", "scipy.ndimage.distance_transform_edt", boundary_steps),
    ),
    Sample(
        "hausdorff_distance sample_data/coins_prediction sample_data/coins_target",
        11.698470412821994,
        Steps("scipy", "scipy.ndimage.distance_transform_edt", hausdorff_distance_steps),
    ),
    Sample(
        "cldice sample_data/coins_prediction sample_data/coins_target",
        0.31765916577303854,
        Steps("torch", "torch.nn.functional.max_pool2d", cldice_steps),
    ),
]
