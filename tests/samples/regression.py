"""A command for every loss of the family `regression`, and the number that another tool gives."""

import math
from fractions import Fraction

from samples.files import diabetes, exact, mean, table, visits
from samples.sample import Live, Plain, Sample


def forecast():
    frame = table("diabetes_quantile.csv")
    return {name: frame[name].to_numpy() for name in ("prediction", "target")}


def charbonnier_by_formula():
    return mean(math.sqrt(residual**2 + Fraction("0.001") ** 2) for residual in residuals())


def epsilon_insensitive_by_formula():
    return mean(max(abs(residual) - 20, 0) for residual in residuals())


def residuals():
    prediction = exact("diabetes_predictions.csv", "prediction")
    target = exact("diabetes_targets.csv", "target")
    return [guess - true for guess, true in zip(prediction, target, strict=True)]


SAMPLES = [
    Sample(
        "mse sample_data/diabetes_predictions.csv sample_data/diabetes_targets.csv",
        2979.5841791729677,
        Live("sklearn", "sklearn.metrics.mean_squared_error(target, prediction)", diabetes),
    ),
    Sample(
        "rmse sample_data/diabetes_predictions.csv sample_data/diabetes_targets.csv",
        54.585567498863355,
        Live("sklearn", "sklearn.metrics.root_mean_squared_error(target, prediction)", diabetes),
    ),
    Sample(
        "mae sample_data/diabetes_predictions.csv sample_data/diabetes_targets.csv",
        44.286190214932134,
        Live("sklearn", "sklearn.metrics.mean_absolute_error(target, prediction)", diabetes),
    ),
    Sample(
        "huber sample_data/diabetes_predictions.csv sample_data/diabetes_targets.csv --delta 20",
        704.2331239603243,
        Live("torch", "torch.nn.functional.huber_loss(prediction, target, delta=20)", diabetes),
    ),
    Sample(
        "smooth_l1 sample_data/diabetes_predictions.csv sample_data/diabetes_targets.csv --beta 20",
        35.21165619801622,
        Live("torch", "torch.nn.functional.smooth_l1_loss(prediction, target, beta=20)", diabetes),
    ),
    Sample(
        "log_cosh sample_data/diabetes_predictions.csv sample_data/diabetes_targets.csv",
        43.59831184058877,
        Live("optax", "optax.log_cosh(prediction, target).mean()", diabetes),
    ),
    Sample(
        "quantile sample_data/diabetes_quantile.csv --tau 0.9",
        9.58734920384615,
        Live(
            "sklearn", "sklearn.metrics.mean_pinball_loss(target, prediction, alpha=0.9)", forecast
        ),
    ),
    Sample(
        "poisson sample_data/visits_predictions.csv sample_data/visits_targets.csv",
        -0.48790763733862447,
        Live(
            "torch",
            "torch.nn.functional.poisson_nll_loss(prediction, target, log_input=False, eps=0)",
            visits,
        ),
    ),
    Sample(
        "msle sample_data/diabetes_predictions.csv sample_data/diabetes_targets.csv",
        0.17734205203800849,
        Live("sklearn", "sklearn.metrics.mean_squared_log_error(target, prediction)", diabetes),
    ),
    Sample(
        "mape sample_data/diabetes_predictions.csv sample_data/diabetes_targets.csv",
        0.3954294674815595,
        Live(
            "sklearn",
            "sklearn.metrics.mean_absolute_percentage_error(target, prediction)",
            diabetes,
        ),
    ),
    Sample(
        "pseudo_huber sample_data/diabetes_predictions.csv sample_data/diabetes_targets.csv --delta 20",
        616.4180996428923,
        Live("scipy", "scipy.special.pseudo_huber(20, prediction - target).mean()", diabetes),
    ),
    Sample(
        "charbonnier sample_data/diabetes_predictions.csv sample_data/diabetes_targets.csv",
        44.286190308937286,
        Plain(charbonnier_by_formula),
    ),
    Sample(
        "tukey_biweight sample_data/diabetes_predictions.csv sample_data/diabetes_targets.csv --c 250",
        1312.693776662431,
        Live(
            "statsmodels",
            "statsmodels.robust.norms.TukeyBiweight(250).rho(prediction - target).mean()",
            diabetes,
        ),
    ),
    Sample(
        "expectile sample_data/diabetes_predictions.csv sample_data/diabetes_targets.csv --tau 0.9",
        1519.4273428454014,
        Live(
            "statsmodels",
            "statsmodels.robust.norms.MQuantileNorm(0.9, statsmodels.robust.norms.LeastSquares())"
            ".rho(target - prediction).mean() * 2",
            diabetes,
        ),
    ),
    Sample(
        "epsilon_insensitive sample_data/diabetes_predictions.csv sample_data/diabetes_targets.csv --epsilon 20",
        27.04257332352941,
        Plain(epsilon_insensitive_by_formula),
    ),
    Sample(
        "tweedie_deviance sample_data/visits_predictions.csv sample_data/visits_targets.csv",
        3.2209574567731614,
        Live(
            "sklearn",
            "sklearn.metrics.mean_tweedie_deviance(target, prediction, power=1.5)",
            visits,
        ),
    ),
    Sample(
        "gamma_deviance sample_data/diabetes_predictions.csv sample_data/diabetes_targets.csv",
        0.16370812535881338,
        Live("sklearn", "sklearn.metrics.mean_gamma_deviance(target, prediction)", diabetes),
    ),
    Sample(
        "negative_binomial sample_data/visits_predictions.csv sample_data/visits_targets.csv --dispersion 0.7",
        2.206936813575437,
        Live(
            "scipy",
            "-scipy.stats.nbinom.logpmf(target, 1 / 0.7, 1 / (1 + 0.7 * prediction)).mean()",
            visits,
        ),
    ),
]
