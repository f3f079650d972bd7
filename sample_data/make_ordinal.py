"""Make the sample predictions of ordered classes: the fifth in which a patient's diabetes is.

Every prediction is cross-validated, with the fifths of `make_forecasts.py`. The data ship with
scikit-learn, so nothing is downloaded. Run it with `python sample_data/make_ordinal.py`; it writes
the CSV files beside itself.
"""

import numpy as np
import pandas as pd
from make import DECIMALS, write
from make_forecasts import BINS, Data
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from statsmodels.miscmodels.ordinal_model import OrderedModel

THRESHOLDS = BINS - 1
LEVELS = ("lowest", "low", "middle", "high", "highest")


def fifths(data: Data) -> np.ndarray:
    """Number the fifth of the target's range in which each patient is, from 0."""
    edges = np.linspace(data.target.min(), data.target.max(), BINS + 1)
    return np.digitize(data.target, edges[1:-1])


def by_proportional_odds(inputs: np.ndarray, fifth: np.ndarray, unseen: np.ndarray) -> np.ndarray:
    """Return threshold minus score, by the proportional odds model."""
    model = OrderedModel(fifth, inputs, distr="logit")
    found = model.fit(method="bfgs", maxiter=1000, gtol=1e-7, disp=False).params
    slopes, thresholds = found[: inputs.shape[1]], model.transform_threshold_params(found)[1:-1]
    return thresholds - (unseen @ slopes)[:, None]


def by_coral(inputs: np.ndarray, fifth: np.ndarray, unseen: np.ndarray) -> np.ndarray:
    """Return logits of being above each fifth, by one score and a bias for each of them."""
    above = fifth[:, None] > np.arange(THRESHOLDS)

    def logits(parameters: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return (rows @ parameters[THRESHOLDS:])[:, None] + parameters[:THRESHOLDS]

    def cost(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        found = logits(parameters, inputs)
        wrong = expit(found) - above
        slope = np.concatenate([wrong.sum(axis=0), inputs.T @ wrong.sum(axis=1)])
        return np.logaddexp(0.0, np.where(above, -found, found)).sum(), slope

    start = np.zeros(THRESHOLDS + inputs.shape[1])
    fitted = minimize(cost, start, jac=True, method="BFGS", options={"gtol": 1e-6})
    return logits(fitted.x, unseen)


def by_corn(inputs: np.ndarray, fifth: np.ndarray, unseen: np.ndarray) -> np.ndarray:
    """Return logits of being above each fifth, fitted on the patients who reach it."""
    columns = []
    for number in range(THRESHOLDS):
        reached = fifth >= number
        model = LogisticRegression(C=0.1, solver="newton-cholesky", tol=1e-10)
        model.fit(inputs[reached], fifth[reached] > number)
        columns.append(model.decision_function(unseen))
    return np.column_stack(columns)


def make_predictions(data: Data) -> None:
    """Three predictions of the fifth, and which it is."""
    fifth = fifths(data)
    models = {
        "diabetes_cumulative.csv": ("up_to", by_proportional_odds),
        "diabetes_coral.csv": ("above", by_coral),
        "diabetes_corn.csv": ("above", by_corn),
    }
    for name, (word, fitted) in models.items():
        scores = np.empty((len(fifth), THRESHOLDS))
        for known, unseen in data.folds.split(data.inputs):
            scale = StandardScaler().fit(data.inputs.iloc[known])
            scores[unseen] = fitted(
                scale.transform(data.inputs.iloc[known]),
                fifth[known],
                scale.transform(data.inputs.iloc[unseen]),
            )
        columns = [f"{word}_{k}" for k in range(1, BINS)]
        table = pd.DataFrame(scores.round(DECIMALS), columns=columns)
        write(name, pd.concat([data.identity, table], axis=1))
    levels = {"id": data.identity, "fifth": fifth + 1, "level": [LEVELS[each] for each in fifth]}
    write("diabetes_fifths.csv", pd.DataFrame(levels))


if __name__ == "__main__":
    make_predictions(Data())
