"""A command for every loss of the family `ranking`, and the number that another tool gives."""

import numpy as np

from samples.files import padded, table
from samples.sample import Live, Sample


def ranking():
    frame = table("digits_ranking.csv") * 1.0
    return {name: frame[name].to_numpy() for name in ("positive", "negative", "order")}


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


SAMPLES = [
    Sample(
        "margin_ranking sample_data/digits_ranking.csv --margin 0.1",
        0.35684233,
        Live(
            "torch",
            "torch.nn.functional.margin_ranking_loss(positive, negative, order, margin=0.1)",
            ranking,
        ),
    ),
    Sample(
        "pairwise_logistic sample_data/digits_ranking.csv",
        0.5047887325128508,
        Live("torch", "torch.nn.functional.soft_margin_loss(positive - negative, order)", ranking),
    ),
    Sample(
        "listnet sample_data/digits_lists.csv --unit list",
        2.4390109689900465,
        Live("scipy", LISTNET, lists),
    ),
    Sample(
        "lambdarank sample_data/digits_lists.csv --unit list",
        1.1179870880480867,
        Live("sklearn", LAMBDARANK, lists),
    ),
]
