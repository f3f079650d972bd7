"""What the names of columns say about their roles."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lossctl.tables.reading import Role

USUAL = {
    "prediction": [
        "prediction",
        "predictions",
        "pred",
        "preds",
        "predicted",
        "y_pred",
        "ypred",
        "y_hat",
        "yhat",
        "y_prob",
        "y_proba",
        "y_score",
        "y_predicted",
        "score",
        "scores",
        "prob",
        "proba",
        "probability",
        "probabilities",
        "p",
        "logit",
        "logits",
        "output",
        "outputs",
        "forecast",
        "forecasts",
    ],
    "target": [
        "target",
        "targets",
        "label",
        "labels",
        "y",
        "y_true",
        "ytrue",
        "y_actual",
        "true",
        "true_label",
        "truth",
        "actual",
        "actuals",
        "ground_truth",
        "gt",
        "mask",
    ],
    "similar": ["similar", "same", "is_similar", "label", "target", "y"],
    "order": ["order", "label", "target", "y"],
    "variance": ["variance", "var", "sigma2"],
    "mean": ["mean", "mu", "prediction", "y_hat"],
    "positive": ["positive", "positives", "pos", "score_positive"],
    "negative": ["negative", "negatives", "neg", "score_negative"],
    "anchor": ["anchor", "anchors"],
    "event": ["event", "events", "observed", "status"],
    "gradient_norm": ["gradient_norm", "norm", "norms"],
}
"""The usual names of a column of each role, in lower case."""

KEY = re.compile(r"id|idx|index|row|key|uuid|.*_id|unnamed.*|", re.IGNORECASE)
"""Names of columns that identify rows."""

COMMON_KEYS = ("id", "key", "uuid", "index")
"""Names of keys that hints suggest, the likeliest first."""


def usual_names(role: str) -> list[str]:
    """Return the usual names of a column of a role; others have their own name and its plural."""
    return USUAL.get(role, [role, f"{role}s"])


def with_usual_name(role: Role, candidates: Sequence[str]) -> list[str]:
    """Return the candidates with a name that a single column of the role usually has."""
    if role.several and len(set(candidates)) > 1:
        return []  # among columns of classes, such a name is that of a class
    return [name for name in candidates if name.lower() in usual_names(role.name)]


def with_usual_beginning(role: Role, candidates: Sequence[str]) -> list[str]:
    """Return the candidates whose names begin with a usual one and go on, as in `prob_cat`."""
    names = usual_names(role.name)
    starts = tuple(f"{name}{mark}" for name in names for mark in "_.")
    longer = [name for name in candidates if name.lower() not in names]  # y_true begins with y
    return [name for name in longer if name.lower().startswith(starts)]
