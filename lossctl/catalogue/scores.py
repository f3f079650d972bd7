"""Well-known scores, which people ask for as if they were losses, each with the loss nearest to it.

A score grows as a model gets better, and most have no gradient, so that they are no losses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lossctl.catalogue.scan import plain


@dataclass(frozen=True)
class Score:
    """A score.

    Args:
        names: the names in use.
        because: how it relates to the loss.
        loss: the loss nearest to it, with options, as they are typed.
    """

    names: tuple[str, ...]
    because: str
    loss: str


SCORES = (
    Score(
        ("accuracy", "acc", "binary_accuracy", "categorical_accuracy", "subset_accuracy"),
        "it counts correct predictions and has no gradient; the usual loss is cross-entropy",
        "cross_entropy",
    ),
    Score(
        ("balanced_accuracy", "top_k_accuracy", "top_5_accuracy", "sparse_categorical_accuracy"),
        "it counts correct predictions and has no gradient; the usual loss is cross-entropy",
        "cross_entropy",
    ),
    Score(
        ("mcc", "matthews_corrcoef", "kappa", "cohen_kappa", "specificity"),
        "it counts predictions in a confusion matrix and has no gradient; the usual loss is "
        "cross-entropy",
        "cross_entropy",
    ),
    Score(
        ("auc", "roc_auc", "auroc", "gini"),
        "it is the share of pairs in the right order; a smooth loss for that is pairwise_logistic",
        "pairwise_logistic",
    ),
    Score(
        ("average_precision", "ap", "map", "mean_average_precision", "pr_auc", "auprc"),
        "it measures a ranking and has no gradient; the loss nearest to it is lambdarank",
        "lambdarank",
    ),
    Score(
        ("ndcg", "dcg", "mrr", "mean_reciprocal_rank", "hit_rate", "spearman", "kendall_tau"),
        "it measures a ranking and has no gradient; the loss nearest to it is lambdarank",
        "lambdarank",
    ),
    Score(
        ("f1", "f", "f_measure", "fbeta", "f2"),
        "F1 of predicted probabilities is the Dice coefficient, and the loss is 1 minus that",
        "dice",
    ),
    Score(("dice_coefficient", "dice_similarity", "dsc"), "the loss is 1 minus the score", "dice"),
    Score(
        ("jaccard_index", "mean_iou", "miou"),
        "the loss is 1 minus the score",
        "jaccard",
    ),
    Score(
        ("precision", "positive_predictive_value", "ppv"),
        "the Tversky loss is 1 minus precision if only false positives count",
        "tversky --fp-weight 1 --fn-weight 0",
    ),
    Score(
        ("recall", "sensitivity", "true_positive_rate", "tpr"),
        "the Tversky loss is 1 minus recall if only false negatives count",
        "tversky --fp-weight 0 --fn-weight 1",
    ),
    Score(
        ("r2", "r_squared", "coefficient_of_determination", "explained_variance"),
        "it compares the mean squared error with the variance of the target",
        "mse",
    ),
    Score(
        ("pearson", "pearson_correlation", "pearsonr", "correlation"),
        "it ignores scale and offset; the loss nearest to it is the mean squared error",
        "mse",
    ),
    Score(
        ("c_index", "concordance_index", "concordance"),
        "it counts pairs in the right order; the usual loss is the Cox partial likelihood",
        "cox_partial_likelihood",
    ),
    Score(
        ("bleu", "rouge", "meteor"),
        "it compares whole texts and has no gradient; the usual loss is cross-entropy per token",
        "sequence_cross_entropy",
    ),
    Score(
        ("wer", "word_error_rate", "cer", "character_error_rate"),
        "it counts edits and has no gradient; the usual loss without an alignment is CTC",
        "ctc",
    ),
    Score(
        ("ece", "expected_calibration_error", "calibration_error"),
        "it measures calibration only; a loss that measures it too is the Brier score",
        "brier",
    ),
)


def find_score(name: str) -> Score | None:
    """Return the score of a name, as frameworks write it too; None if it is no score.

    >>> find_score("sklearn.metrics.f1_score").loss
    'dice'
    """
    bare = plain(name).rpartition(".")[2]
    scores = _by_name()
    return scores.get(bare) or scores.get(bare.removesuffix("score"))


def _by_name() -> Mapping[str, Score]:
    return {plain(name): score for score in SCORES for name in score.names}
