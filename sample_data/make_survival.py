"""Make the sample survival times: patients after a heart transplant, with risks and expected times.

Both predictions know nothing but the patient's age, and are cross-validated. The data ship with
statsmodels, so nothing is downloaded. Run it with `python sample_data/make_survival.py`; it writes
the CSV file beside itself.
"""

import numpy as np
import pandas as pd
import statsmodels.api as sm
from make import DECIMALS, SEED, numbered, write
from scipy.optimize import minimize
from scipy.stats import norm
from sklearn.model_selection import StratifiedKFold
from statsmodels.duration.hazard_regression import PHReg


def fitted_time(age: np.ndarray, time: np.ndarray, event: np.ndarray) -> np.ndarray:
    """Fit log-normal times that depend on the age: intercept, slope, logarithm of the scale."""

    def loss(parameters: np.ndarray) -> float:
        intercept, slope, log_scale = parameters
        z = (np.log(time) - intercept - slope * age) / np.exp(log_scale)
        return -np.where(event == 1, norm.logpdf(z) - log_scale, norm.logsf(z)).sum()

    return minimize(loss, [np.log(time).mean(), 0.0, 0.0], tol=1e-10).x


def make_heart() -> None:
    """Days from the transplant to death, or to the end of the study."""
    data = sm.datasets.heart.load_pandas().data
    age, time, event = (data[name].to_numpy() for name in ("age", "survival", "censors"))
    log_risk, log_time = np.empty((2, len(age)))
    folds = StratifiedKFold(n_splits=10, shuffle=True, random_state=SEED)
    for known, unseen in folds.split(age, event):
        years, unseen_years = (age[rows] - age[known].mean() for rows in (known, unseen))
        hazard = PHReg(time[known], years[:, None], status=event[known], ties="efron").fit()
        log_risk[unseen] = hazard.params[0] * unseen_years
        intercept, slope, _ = fitted_time(years, time[known], event[known])
        log_time[unseen] = intercept + slope * unseen_years
    columns = {
        "id": numbered("h", np.arange(1, len(age) + 1), 2),
        "log_risk": log_risk.round(DECIMALS),
        "log_time": log_time.round(DECIMALS),
        "time": time.astype(int),
        "event": event.astype(int),
    }
    write("heart_survival.csv", pd.DataFrame(columns))


if __name__ == "__main__":
    make_heart()
