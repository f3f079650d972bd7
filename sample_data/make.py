"""Make the sample files: real, out-of-sample predictions on real public data.

The data sets ship with scikit-learn and statsmodels, so nothing is downloaded. Every prediction
comes from a model that has not seen the row: cross-validation, or a held-out part. Run it with
`python sample_data/make.py`; it writes the CSV files beside itself. README.md describes them.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy.special import expit, softmax
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris
from sklearn.linear_model import LogisticRegression, QuantileRegressor, RidgeCV
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FOLDER = Path(__file__).resolve().parent
SEED = 2024
DECIMALS = 6
HELD_OUT_DIGITS = 450
VISITS_BLOCK = 1000  # rows that are fitted on, then rows that are held out, and so on
VISITS_STEP = 20  # of the held-out rows, one in so many is written


def write(name: str, table: pd.DataFrame, float_format: str | None = None) -> None:
    """Write one table as CSV: UTF-8, a header row, LF line ends."""
    table.to_csv(FOLDER / name, index=False, float_format=float_format, lineterminator="\n")


def numbered(prefix: str, numbers: np.ndarray, width: int) -> list[str]:
    """Return an id per number, such as d001."""
    return [f"{prefix}{number:0{width}d}" for number in numbers]


def make_diabetes() -> None:
    """Disease progression after a year: the mean by ridge, the 0.9-quantile by a linear model."""
    data = load_diabetes(scaled=False, as_frame=True)
    folds = KFold(n_splits=10, shuffle=True, random_state=SEED)
    ridge = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-2, 3, 11)))
    quantile = make_pipeline(StandardScaler(), QuantileRegressor(quantile=0.9, alpha=0.0))
    mean = cross_val_predict(ridge, data.data, data.target, cv=folds).round(DECIMALS)
    p90 = cross_val_predict(quantile, data.data, data.target, cv=folds).round(DECIMALS)
    identity = numbered("d", np.arange(1, len(mean) + 1), 3)
    target = data.target.astype(int)
    age_group = pd.cut(
        data.data["age"],
        bins=[0, 40, 60, np.inf],
        right=False,
        labels=["under 40", "40 to 59", "60 and over"],
    )
    sex = [f"sex {int(code)}" for code in data.data["sex"]]
    write("diabetes_predictions.csv", pd.DataFrame({"id": identity, "prediction": mean}))
    write(
        "diabetes_targets.csv",
        pd.DataFrame({"id": identity, "target": target, "sex": sex, "age_group": age_group}),
    )
    write(
        "diabetes_quantile.csv",
        pd.DataFrame({"id": identity, "prediction": p90, "target": target}),
    )


def make_breast_cancer() -> None:
    """Malignant or benign: probabilities and scores by logistic regression."""
    data = load_breast_cancer()
    malignant = (data.target_names[data.target] == "malignant").astype(int)
    score = cross_val_predict(
        make_pipeline(StandardScaler(), LogisticRegression(C=0.1)),
        data.data,
        malignant,
        cv=StratifiedKFold(n_splits=10, shuffle=True, random_state=SEED),
        method="decision_function",
    ).round(DECIMALS)
    weight = len(malignant) / (2 * np.bincount(malignant)[malignant])
    columns = {"p": expit(score), "score": score, "y": malignant, "sign": 2 * malignant - 1}
    table = pd.DataFrame(columns | {"w": weight})
    # Fifteen digits, for a sure prediction must not become a plain 1.
    write("breast_cancer_scores.csv", table, float_format="%.15g")


def make_digits() -> None:
    """Handwritten digits: the last rows, by logistic regression on the rows before them."""
    data = load_digits()
    held_out = np.arange(len(data.target) - HELD_OUT_DIGITS, len(data.target))
    fitted = np.arange(held_out[0])
    pixels = data.data / 16.0
    model = LogisticRegression(solver="newton-cholesky", tol=1e-10)  # the same on any processor
    model.fit(pixels[fitted], data.target[fitted])
    logits = model.decision_function(pixels[held_out]).round(DECIMALS)
    label = data.target[held_out]
    identity = pd.Series(numbered("n", held_out + 1, 4), name="id")
    tables = {
        "digits_logits.csv": logits,
        "digits_probabilities.csv": softmax(logits, axis=1),
        "digits_one_hot.csv": np.eye(10, dtype=int)[label],
    }
    for name, values in tables.items():
        table = pd.concat([identity, pd.DataFrame(values, columns=range(10))], axis=1)
        write(name, table, float_format="%.6g" if "probabilities" in name else None)
    labels = pd.DataFrame({"id": identity, "label": label})
    write("digits_labels.csv", labels.sample(frac=1.0, random_state=SEED))


def make_iris() -> None:
    """Three species of iris: probabilities by logistic regression, labels as text."""
    data = load_iris()
    probabilities = cross_val_predict(
        make_pipeline(StandardScaler(), LogisticRegression()),
        data.data,
        data.target,
        cv=StratifiedKFold(n_splits=10, shuffle=True, random_state=SEED),
        method="predict_proba",
    )
    table = pd.DataFrame(probabilities, columns=data.target_names)
    write("iris_probabilities.csv", table, float_format="%.6g")
    write("iris_labels.csv", pd.DataFrame({"species": data.target_names[data.target]}))


def make_visits() -> None:
    """Visits to a doctor in a year: rates by Poisson regression, for persons it has not seen.

    A person's years are neighbouring rows, at most five of them. Whole blocks of rows are held
    out, and the rows written begin well inside a block, so no person is on both sides.
    """
    data = sm.datasets.randhie.load_pandas().data
    row = np.arange(len(data))
    fitted = row // VISITS_BLOCK % 2 == 0
    written = ~fitted & (row % VISITS_STEP == VISITS_STEP // 2)
    inputs = sm.add_constant(data.drop(columns="mdvis"))
    poisson = sm.GLM(data["mdvis"][fitted], inputs[fitted], family=sm.families.Poisson())
    rate = poisson.fit().predict(inputs[written]).round(DECIMALS)
    identity = numbered("v", row[written] + 1, 5)
    coinsurance = np.expm1(data["lncoins"][written]).round().astype(int).astype(str) + "%"
    deductible = np.where(data["idp"][written] == 1, " with deductible", "")
    write("visits_predictions.csv", pd.DataFrame({"id": identity, "prediction": rate}))
    targets = {"id": identity, "target": data["mdvis"][written], "plan": coinsurance + deductible}
    write("visits_targets.csv", pd.DataFrame(targets))


if __name__ == "__main__":
    make_diabetes()
    make_breast_cancer()
    make_digits()
    make_iris()
    make_visits()
