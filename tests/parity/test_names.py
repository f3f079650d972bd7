"""Every public loss of the frameworks is known by its name, or listed with the reason why not.

The names are read off the frameworks themselves, so a new release shows what it has added.
"""

import inspect
import re

import pytest

import lossctl
from lossctl.catalogue.names import find
from lossctl.errors import UsageError

KNOWN = {
    "torch.nn": {
        "BCELoss": "binary_cross_entropy",
        "BCEWithLogitsLoss": "binary_cross_entropy",
        "CTCLoss": "ctc",
        "CosineEmbeddingLoss": "cosine_embedding",
        "CrossEntropyLoss": "sparse_categorical_cross_entropy",
        "GaussianNLLLoss": "gaussian_nll",
        "HingeEmbeddingLoss": "hinge_embedding",
        "HuberLoss": "huber",
        "KLDivLoss": "kl_divergence",
        "L1Loss": "mae",
        "MSELoss": "mse",
        "MarginRankingLoss": "margin_ranking",
        "MultiMarginLoss": "weston_watkins_hinge",
        "NLLLoss": "sparse_categorical_cross_entropy",
        "PoissonNLLLoss": "poisson",
        "SmoothL1Loss": "smooth_l1",
        "TripletMarginLoss": "triplet",
        "TripletMarginWithDistanceLoss": "triplet",
    },
    "torch.nn.functional": {
        "binary_cross_entropy": "binary_cross_entropy",
        "binary_cross_entropy_with_logits": "binary_cross_entropy",
        "cosine_embedding_loss": "cosine_embedding",
        "cross_entropy": "sparse_categorical_cross_entropy",
        "ctc_loss": "ctc",
        "gaussian_nll_loss": "gaussian_nll",
        "hinge_embedding_loss": "hinge_embedding",
        "huber_loss": "huber",
        "kl_div": "kl_divergence",
        "l1_loss": "mae",
        "margin_ranking_loss": "margin_ranking",
        "mse_loss": "mse",
        "multi_margin_loss": "weston_watkins_hinge",
        "nll_loss": "sparse_categorical_cross_entropy",
        "poisson_nll_loss": "poisson",
        "smooth_l1_loss": "smooth_l1",
        "triplet_margin_loss": "triplet",
        "triplet_margin_with_distance_loss": "triplet",
    },
    "keras.losses": {
        "BinaryCrossentropy": "binary_cross_entropy",
        "BinaryFocalCrossentropy": "binary_focal",
        "CategoricalCrossentropy": "categorical_cross_entropy",
        "CategoricalFocalCrossentropy": "categorical_focal",
        "CategoricalGeneralizedCrossEntropy": "generalised_cross_entropy",
        "CategoricalHinge": "multiclass_hinge",
        "CosineSimilarity": "cosine_proximity",
        "Dice": "dice",
        "Hinge": "hinge",
        "Huber": "huber",
        "KLDivergence": "kl_divergence",
        "LogCosh": "log_cosh",
        "MeanAbsoluteError": "mae",
        "MeanAbsolutePercentageError": "mape",
        "MeanSquaredError": "mse",
        "MeanSquaredLogarithmicError": "msle",
        "Poisson": "poisson",
        "SparseCategoricalCrossentropy": "sparse_categorical_cross_entropy",
        "SquaredHinge": "squared_hinge",
        "Tversky": "tversky",
        "binary_crossentropy": "binary_cross_entropy",
        "binary_focal_crossentropy": "binary_focal",
        "categorical_crossentropy": "categorical_cross_entropy",
        "categorical_focal_crossentropy": "categorical_focal",
        "categorical_generalized_cross_entropy": "generalised_cross_entropy",
        "categorical_hinge": "multiclass_hinge",
        "cosine_similarity": "cosine_proximity",
        "dice": "dice",
        "hinge": "hinge",
        "huber": "huber",
        "kl_divergence": "kl_divergence",
        "log_cosh": "log_cosh",
        "mean_absolute_error": "mae",
        "mean_absolute_percentage_error": "mape",
        "mean_squared_error": "mse",
        "mean_squared_logarithmic_error": "msle",
        "poisson": "poisson",
        "sparse_categorical_crossentropy": "sparse_categorical_cross_entropy",
        "squared_hinge": "squared_hinge",
        "tversky": "tversky",
    },
    "sklearn.metrics": {
        "brier_score_loss": "brier",
        "hinge_loss": "hinge",
        "log_loss": "binary_cross_entropy",
        "mean_absolute_error": "mae",
        "mean_absolute_percentage_error": "mape",
        "mean_gamma_deviance": "gamma_deviance",
        "mean_pinball_loss": "quantile",
        "mean_poisson_deviance": "tweedie_deviance",
        "mean_squared_error": "mse",
        "mean_squared_log_error": "msle",
        "mean_tweedie_deviance": "tweedie_deviance",
        "root_mean_squared_error": "rmse",
    },
    "optax.losses": {
        "binary_dice_loss": "dice",
        "convex_kl_divergence": "beta_divergence",
        "cosine_distance": "cosine_distance",
        "ctc_loss": "ctc",
        "dice_loss": "dice",
        "generalized_kl_divergence": "beta_divergence",
        "hinge_loss": "hinge",
        "huber_loss": "huber",
        "kl_divergence": "kl_divergence",
        "l2_loss": "mse",
        "log_cosh": "log_cosh",
        "multiclass_hinge_loss": "multiclass_hinge",
        "ntxent": "nt_xent",
        "ranking_softmax_loss": "listnet",
        "safe_softmax_cross_entropy": "categorical_cross_entropy",
        "sigmoid_binary_cross_entropy": "binary_cross_entropy",
        "sigmoid_focal_loss": "binary_focal",
        "softmax_cross_entropy": "categorical_cross_entropy",
        "softmax_cross_entropy_with_integer_labels": "sparse_categorical_cross_entropy",
        "squared_error": "mse",
        "triplet_margin_loss": "triplet",
    },
    "scipy.stats": {"wasserstein_distance": "earth_mover"},
    "scipy.spatial.distance": {"jensenshannon": "js_divergence"},
    "scipy.special": {"pseudo_huber": "pseudo_huber"},
    "statsmodels.robust.norms": {"TukeyBiweight": "tukey_biweight"},
}
"""The loss that each name leads to."""

UNKNOWN = {
    "no family has this loss": {
        "torch.nn": "MultiLabelMarginLoss",
        "torch.nn.functional": "multilabel_margin_loss",
        "keras.losses": "Circle circle",
        "sklearn.metrics": """
            coverage_error hamming_loss label_ranking_loss max_error median_absolute_error
            zero_one_loss
        """,
        "optax.losses": """
            make_fenchel_young_loss multiclass_perceptron_loss
            multiclass_sparsemax_loss perceptron_loss poly_loss_cross_entropy sparsemax_loss
        """,
        "scipy.stats": "energy_distance wasserstein_distance_nd",
        "statsmodels.robust.norms": "AndrewWave Hampel RamsayE TrimmedMean TukeyQuartic",
    },
    "its number follows from that of a loss that has another name or other arguments": {
        # binary_cross_entropy from logits, with labels of -1 and +1, or of several columns
        "torch.nn": "MultiLabelSoftMarginLoss SoftMarginLoss",
        # and the cosine itself, which has the other sign
        "torch.nn.functional": """
            cosine_similarity multilabel_soft_margin_loss soft_margin_loss
        """,
        # the root of msle
        "sklearn.metrics": "root_mean_squared_log_error",
        # the cosine, ctc with more results, kl_divergence of logarithms
        "optax.losses": """
            cosine_similarity ctc_loss_with_forward_probs kl_divergence_with_log_targets
        """,
        # kl_divergence, of rows that it divides by their sums
        "scipy.stats": "entropy",
        # huber, half of mse, half of expectile where its base is the latter, and student_t_nll
        # from 0 on and in another unit
        "statsmodels.robust.norms": "HuberT LeastSquares MQuantileNorm StudentT",
    },
    "a layer with parameters of its own, and a loss behind it": {
        "torch.nn": "AdaptiveLogSoftmaxWithLoss LinearCrossEntropyLoss",
        "torch.nn.functional": "linear_cross_entropy",
    },
    "the lengths of its sequences cannot be given: all steps, and all labels that are not 0": {
        "keras.losses": "CTC ctc",
    },
    "factors of the classes outside the fraction, where generalised_dice has them inside": {
        "optax.losses": "multiclass_generalized_dice_loss",
    },
    "of one pair of vectors, not of rows": {
        "scipy.spatial.distance": """
            braycurtis canberra chebyshev cityblock correlation cosine dice euclidean hamming
            jaccard mahalanobis minkowski rogerstanimoto russellrao seuclidean sokalsneath
            sqeuclidean yule
        """,
    },
    "of all pairs of many vectors": {"scipy.spatial.distance": "cdist directed_hausdorff pdist"},
    "a part of a formula, element by element": {"scipy.special": "entr huber kl_div rel_entr"},
    "no loss": {
        "torch.nn.functional": "pairwise_distance",
        "keras.losses": "Loss deserialize get serialize",
        "optax.losses": "smooth_labels",
        "scipy.stats": "differential_entropy power_divergence",
        "scipy.spatial.distance": "is_valid_dm is_valid_y num_obs_dm num_obs_y squareform",
        "statsmodels.robust.norms": "RobustNorm",
    },
}
"""Names that lead nowhere, by the reason why; a name comes off when its loss is added."""

LOSSES = {
    "torch.nn": r"\w+Loss",
    "torch.nn.functional": r"\w*(loss|entropy\w*|_div|similarity|pairwise_distance)",
    "keras.losses": r"[A-Za-z]\w*",
    "sklearn.metrics": r"\w+_(loss|error|deviance)",
    "optax.losses": r"[a-z]\w*",
    "scipy.stats": r"\w*(distance|divergence|entropy)\w*",
    "scipy.spatial.distance": r"[a-z]\w*",
    "scipy.special": r"\w*(entr|kl_div|huber)\w*",
    "statsmodels.robust.norms": r"[A-Z]\w*",
}
"""How the frameworks spell a loss in each of their modules."""

NAMES = [(module, *each) for module, names in KNOWN.items() for each in names.items()]


def listed(module):
    """Name what a module has and lossctl does not know."""
    return [name for names in UNKNOWN.values() for name in names.get(module, "").split()]


@pytest.mark.parametrize(("module", "name", "loss"), NAMES)
def test_name_leads_to_its_loss(frameworks, module, name, loss):
    found, twin = find(f"{module}.{name}")
    assert (found.name, twin.framework) == (loss, module.partition(".")[0])
    assert callable(_looked_up(frameworks, f"{module}.{name}"))


def test_prefixes_that_mean_the_same():
    assert find("tf.keras.losses.MeanSquaredError") == find("keras.losses.mean_squared_error")
    assert find("optax.losses.l2_loss") == find("optax.l2_loss")


def test_optax_has_the_same_losses_twice(frameworks):
    optax = frameworks.scope("optax")["optax"]
    for name in KNOWN["optax.losses"]:
        if hasattr(optax, name):
            assert getattr(optax, name) is getattr(optax.losses, name)


def test_name_implies_the_defaults_of_the_framework():
    assert find("torch.nn.PoissonNLLLoss")[1].needs["log_input"] is True
    assert find("keras.losses.CategoricalFocalCrossentropy")[1].sets["alpha"] == 0.25
    assert find("torch.nn.TripletMarginLoss")[1].sets["squared"] is False
    assert find("torch.nn.CTCLoss")[1].sets["divide_by_length"] is True


@pytest.mark.parametrize("module", LOSSES)
def test_no_loss_is_unknown(frameworks, module):
    there = _there(frameworks, module)
    unknown = {name for name in there if not _is_known(f"{module}.{name}")}
    assert unknown == there & set(listed(module))
    assert there - unknown == KNOWN[module].keys()


@pytest.mark.parametrize("module", LOSSES)
def test_no_name_is_listed_that_leads_to_a_loss_or_is_listed_already(module):
    names = listed(module)
    assert [name for name in names if _is_known(f"{module}.{name}")] == []
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("framework", "name"),
    [
        pytest.param(twin.framework, name, id=name)
        for loss in lossctl.losses().values()
        for twin in loss.twins
        if twin.framework != "torchvision"
        for name in (twin.name, *twin.names)
    ],
)
def test_name_of_a_twin_is_one_of_the_framework(frameworks, framework, name):
    assert name.partition(".")[0] == framework
    assert callable(_looked_up(frameworks, name))


def _there(frameworks, module):
    """Name the public losses of a module; where it says what is public, only that."""
    found = _looked_up(frameworks, module)
    public = set(getattr(found, "__all__", dir(found)))
    return {
        name
        for name, _ in inspect.getmembers(found, callable)
        if name in public and re.fullmatch(LOSSES[module], name)
    }


def _is_known(name):
    try:
        find(name)
    except UsageError:
        return False
    return True


def _looked_up(frameworks, name):
    root, *path = name.split(".")
    member = frameworks.scope(root)[root]
    for part in path:
        member = getattr(member, part)
    return member
