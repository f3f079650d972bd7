"""Every public loss of the frameworks is known by its name, or listed as not yet in the catalogue.

The names are read off the frameworks themselves, so a new release shows what it has added.
"""

import inspect
import re

import pytest

from lossctl.catalogue import find
from lossctl.errors import UsageError

KNOWN = {
    "torch": {
        "torch.nn.MSELoss": "mse",
        "torch.nn.L1Loss": "mae",
        "torch.nn.HuberLoss": "huber",
        "torch.nn.SmoothL1Loss": "smooth_l1",
        "torch.nn.PoissonNLLLoss": "poisson",
        "torch.nn.BCELoss": "binary_cross_entropy",
        "torch.nn.BCEWithLogitsLoss": "binary_cross_entropy",
        "torch.nn.CrossEntropyLoss": "sparse_categorical_cross_entropy",
        "torch.nn.NLLLoss": "sparse_categorical_cross_entropy",
        "torch.nn.KLDivLoss": "kl_divergence",
        "torch.nn.functional.mse_loss": "mse",
        "torch.nn.functional.l1_loss": "mae",
        "torch.nn.functional.huber_loss": "huber",
        "torch.nn.functional.smooth_l1_loss": "smooth_l1",
        "torch.nn.functional.poisson_nll_loss": "poisson",
        "torch.nn.functional.binary_cross_entropy": "binary_cross_entropy",
        "torch.nn.functional.binary_cross_entropy_with_logits": "binary_cross_entropy",
        "torch.nn.functional.cross_entropy": "sparse_categorical_cross_entropy",
        "torch.nn.functional.nll_loss": "sparse_categorical_cross_entropy",
        "torch.nn.functional.kl_div": "kl_divergence",
    },
    "keras": {
        "keras.losses.MeanSquaredError": "mse",
        "keras.losses.MeanAbsoluteError": "mae",
        "keras.losses.Huber": "huber",
        "keras.losses.LogCosh": "log_cosh",
        "keras.losses.Poisson": "poisson",
        "keras.losses.MeanSquaredLogarithmicError": "msle",
        "keras.losses.MeanAbsolutePercentageError": "mape",
        "keras.losses.BinaryCrossentropy": "binary_cross_entropy",
        "keras.losses.CategoricalCrossentropy": "categorical_cross_entropy",
        "keras.losses.SparseCategoricalCrossentropy": "sparse_categorical_cross_entropy",
        "keras.losses.KLDivergence": "kl_divergence",
        "keras.losses.Hinge": "hinge",
        "keras.losses.SquaredHinge": "squared_hinge",
        "keras.losses.BinaryFocalCrossentropy": "binary_focal",
        "keras.losses.CategoricalFocalCrossentropy": "categorical_focal",
        "keras.losses.mean_squared_error": "mse",
        "keras.losses.mean_absolute_error": "mae",
        "keras.losses.huber": "huber",
        "keras.losses.log_cosh": "log_cosh",
        "keras.losses.poisson": "poisson",
        "keras.losses.mean_squared_logarithmic_error": "msle",
        "keras.losses.mean_absolute_percentage_error": "mape",
        "keras.losses.binary_crossentropy": "binary_cross_entropy",
        "keras.losses.categorical_crossentropy": "categorical_cross_entropy",
        "keras.losses.sparse_categorical_crossentropy": "sparse_categorical_cross_entropy",
        "keras.losses.kl_divergence": "kl_divergence",
        "keras.losses.hinge": "hinge",
        "keras.losses.squared_hinge": "squared_hinge",
        "keras.losses.binary_focal_crossentropy": "binary_focal",
        "keras.losses.categorical_focal_crossentropy": "categorical_focal",
    },
    "sklearn": {
        "sklearn.metrics.mean_squared_error": "mse",
        "sklearn.metrics.root_mean_squared_error": "rmse",
        "sklearn.metrics.mean_absolute_error": "mae",
        "sklearn.metrics.mean_pinball_loss": "quantile",
        "sklearn.metrics.mean_squared_log_error": "msle",
        "sklearn.metrics.mean_absolute_percentage_error": "mape",
        "sklearn.metrics.log_loss": "binary_cross_entropy",
        "sklearn.metrics.hinge_loss": "hinge",
    },
    "optax": {
        "optax.squared_error": "mse",
        "optax.l2_loss": "mse",
        "optax.huber_loss": "huber",
        "optax.log_cosh": "log_cosh",
        "optax.sigmoid_binary_cross_entropy": "binary_cross_entropy",
        "optax.softmax_cross_entropy": "categorical_cross_entropy",
        "optax.safe_softmax_cross_entropy": "categorical_cross_entropy",
        "optax.softmax_cross_entropy_with_integer_labels": "sparse_categorical_cross_entropy",
        "optax.kl_divergence": "kl_divergence",
        "optax.hinge_loss": "hinge",
        "optax.sigmoid_focal_loss": "binary_focal",
    },
}

OTHER_FAMILIES = {
    "torch.nn": """
        AdaptiveLogSoftmaxWithLoss CTCLoss CosineEmbeddingLoss GaussianNLLLoss HingeEmbeddingLoss
        LinearCrossEntropyLoss MarginRankingLoss MultiLabelMarginLoss MultiLabelSoftMarginLoss
        MultiMarginLoss SoftMarginLoss TripletMarginLoss TripletMarginWithDistanceLoss
    """,
    "torch.nn.functional": """
        cosine_embedding_loss ctc_loss gaussian_nll_loss hinge_embedding_loss linear_cross_entropy
        margin_ranking_loss multi_margin_loss multilabel_margin_loss multilabel_soft_margin_loss
        soft_margin_loss triplet_margin_loss triplet_margin_with_distance_loss
    """,
    "keras.losses": """
        CTC CategoricalGeneralizedCrossEntropy CategoricalHinge Circle CosineSimilarity Dice Tversky
        categorical_generalized_cross_entropy categorical_hinge circle cosine_similarity ctc dice
        tversky
    """,
    "sklearn.metrics": """
        brier_score_loss coverage_error hamming_loss label_ranking_loss max_error
        mean_gamma_deviance mean_poisson_deviance mean_tweedie_deviance median_absolute_error
        root_mean_squared_log_error zero_one_loss
    """,
    "optax.losses": """
        binary_dice_loss convex_kl_divergence cosine_distance cosine_similarity ctc_loss
        ctc_loss_with_forward_probs dice_loss generalized_kl_divergence
        kl_divergence_with_log_targets make_fenchel_young_loss multiclass_generalized_dice_loss
        multiclass_hinge_loss multiclass_perceptron_loss multiclass_sparsemax_loss ntxent
        perceptron_loss poly_loss_cross_entropy ranking_softmax_loss sparsemax_loss
        triplet_margin_loss
    """,
}
"""Losses that are not these families'; a name comes off the list when its loss is added."""

NOT_LOSSES = {"Loss", "deserialize", "get", "serialize", "smooth_labels"}

LOSSES = {
    "torch.nn": r"\w+Loss",
    "torch.nn.functional": r"\w*(loss|entropy\w*|_div)",
    "keras.losses": r"[A-Za-z]\w*",
    "sklearn.metrics": r"\w+_(loss|error|deviance)",
    "optax.losses": r"[a-z]\w*",
}
"""How the frameworks spell a loss in each of their modules."""


@pytest.mark.parametrize(
    ("framework", "name", "loss"),
    [(framework, *each) for framework, names in KNOWN.items() for each in names.items()],
)
def test_name_leads_to_its_loss(frameworks, framework, name, loss):
    found, twin = find(name)
    assert (found.name, twin.framework) == (loss, framework)
    assert callable(_looked_up(frameworks, framework, name))


def test_prefixes_that_mean_the_same():
    assert find("tf.keras.losses.MeanSquaredError") == find("keras.losses.mean_squared_error")
    assert find("optax.losses.l2_loss") == find("optax.l2_loss")


def test_name_implies_the_defaults_of_the_framework():
    assert find("torch.nn.PoissonNLLLoss")[1].needs["log_input"] is True
    assert find("keras.losses.CategoricalFocalCrossentropy")[1].sets["alpha"] == 0.25


@pytest.mark.parametrize("module", LOSSES)
def test_no_loss_is_unknown(frameworks, module):
    framework = module.partition(".")[0]
    there = {
        name
        for name, member in inspect.getmembers(_looked_up(frameworks, framework, module), callable)
        if re.fullmatch(LOSSES[module], name) and name not in NOT_LOSSES
    }
    unknown = {name for name in there if not _is_known(f"{module}.{name}")}
    assert unknown == there & set(OTHER_FAMILIES[module].split())


def _is_known(name):
    try:
        find(name)
    except UsageError:
        return False
    return True


def _looked_up(frameworks, framework, name):
    root, *path = name.split(".")
    member = frameworks.scope(framework)[root]
    for part in path:
        member = getattr(member, part)
    return member
