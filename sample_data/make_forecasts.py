"""Make the sample forecasts of whole distributions, for the patients of the diabetes data.

Every forecast is cross-validated. The data ship with scikit-learn, so nothing is downloaded. Run it
with `python sample_data/make_forecasts.py`; it writes the CSV files beside itself.
"""

import numpy as np
import pandas as pd
from make import DECIMALS, SEED, numbered, write
from sklearn.datasets import load_diabetes
from sklearn.ensemble import BaggingRegressor
from sklearn.linear_model import BayesianRidge, LogisticRegression, QuantileRegressor
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

MEMBERS = 10
BINS = 5


class Data:
    """The diabetes data, the ids of the patients, and the folds."""

    def __init__(self) -> None:
        """Load what ships with scikit-learn."""
        frame = load_diabetes(scaled=False, as_frame=True)
        self.inputs = frame.data
        self.target = frame.target.to_numpy()
        self.identity = pd.Series(numbered("d", np.arange(1, len(self.target) + 1), 3), name="id")
        self.folds = KFold(n_splits=10, shuffle=True, random_state=SEED)

    def write(self, name: str, values: np.ndarray, columns: list[str]) -> None:
        """Write values beside the ids of their patients."""
        table = pd.concat([self.identity, pd.DataFrame(values, columns=columns)], axis=1)
        write(name, table, float_format="%.6g" if values.dtype == float else None)


def make_gaussian(data: Data) -> None:
    """A normal distribution a patient, by Bayesian ridge regression."""
    mean, deviation = np.empty((2, len(data.target)))
    for known, unseen in data.folds.split(data.inputs):
        model = make_pipeline(StandardScaler(), BayesianRidge())
        model.fit(data.inputs.iloc[known], data.target[known])
        mean[unseen], deviation[unseen] = model.predict(data.inputs.iloc[unseen], return_std=True)
    values = np.column_stack([mean, deviation**2]).round(DECIMALS)
    table = pd.DataFrame(values, columns=["mean", "variance"])
    table.insert(0, "id", data.identity)
    table["target"] = data.target.astype(int)
    write("diabetes_gaussian.csv", table)


def make_laplace(data: Data) -> None:
    """A Laplace distribution a patient: the median, and how far known patients are from theirs."""
    location, scale = np.empty((2, len(data.target)))
    for known, unseen in data.folds.split(data.inputs):
        model = make_pipeline(StandardScaler(), QuantileRegressor(quantile=0.5, alpha=0.0))
        model.fit(data.inputs.iloc[known], data.target[known])
        location[unseen] = model.predict(data.inputs.iloc[unseen])
        distance = np.abs(data.target[known] - model.predict(data.inputs.iloc[known]))
        scale[unseen] = distance.mean()
    values = np.column_stack([location, scale]).round(DECIMALS)
    table = pd.DataFrame(values, columns=["location", "scale"])
    table.insert(0, "id", data.identity)
    table["target"] = data.target.astype(int)
    write("diabetes_laplace.csv", table)


def make_ensemble(data: Data) -> None:
    """Ten predictions a patient, by trees that are each grown on its own bootstrap sample."""
    members = np.empty((len(data.target), MEMBERS))
    for known, unseen in data.folds.split(data.inputs):
        tree = DecisionTreeRegressor(min_samples_leaf=8)
        model = BaggingRegressor(tree, n_estimators=MEMBERS, random_state=SEED)
        model.fit(data.inputs.iloc[known].to_numpy(), data.target[known])
        inputs = data.inputs.iloc[unseen].to_numpy()
        members[unseen] = np.column_stack([tree.predict(inputs) for tree in model.estimators_])
    columns = [f"member_{k}" for k in range(1, MEMBERS + 1)]
    data.write("diabetes_ensemble.csv", members, columns)


def make_bins(data: Data) -> None:
    """The probability of each fifth of the target's range, by logistic regression."""
    edges = np.linspace(data.target.min(), data.target.max(), BINS + 1)
    number = np.digitize(data.target, edges[1:-1])
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1))
    probabilities = cross_val_predict(
        model, data.inputs, number, cv=data.folds, method="predict_proba"
    )
    columns = [f"bin_{k}" for k in range(1, BINS + 1)]
    data.write("diabetes_bins_prediction.csv", probabilities, columns)
    data.write("diabetes_bins_target.csv", np.eye(BINS, dtype=int)[number], columns)


def make_samples(data: Data) -> None:
    """The body mass index of the patients, in two samples of different size."""
    for sex in (1, 2):
        sample = data.inputs.loc[data.inputs["sex"] == sex, ["bmi"]]
        write(f"diabetes_bmi_sex_{sex}.csv", sample)


if __name__ == "__main__":
    diabetes = Data()
    make_gaussian(diabetes)
    make_laplace(diabetes)
    make_ensemble(diabetes)
    make_bins(diabetes)
    make_samples(diabetes)
