"""A command for every loss of the family `distribution`, and the number that another tool gives."""

import math

from samples.files import cancer, column, diabetes, digits, exact, matrix, mean, table, visits
from samples.sample import Live, Plain, Sample


def samples():
    first = column("diabetes_bmi_sex_1.csv", "bmi")
    return {"first": first, "second": column("diabetes_bmi_sex_2.csv", "bmi")}


def gaussian():
    frame = table("diabetes_gaussian.csv")
    return {name: frame[name].to_numpy() * 1.0 for name in ("mean", "variance", "target")}


def codes():
    mean, variance = (matrix(f"digits_code_{name}.csv") for name in ("means", "variances"))
    return {"mean": mean, "variance": variance}


def laplace():
    frame = table("diabetes_laplace.csv")
    return {name: frame[name].to_numpy() * 1.0 for name in ("location", "scale", "target")}


def ensemble():
    target = column("diabetes_targets.csv", "target")
    return {"prediction": matrix("diabetes_ensemble.csv"), "target": target}


CRPS = (
    "sum(scipy.stats.energy_distance(members, [came]) ** 2 / 2 "
    "for members, came in zip(prediction, target)) / len(target)"
)


CRPS_GAUSSIAN = (
    "(lambda spread: sum(s * ("
    "scipy.integrate.quad(lambda x: scipy.special.ndtr(x) ** 2, -inf, z, epsabs=1e-13)[0] + "
    "scipy.integrate.quad(lambda x: scipy.special.ndtr(-x) ** 2, z, inf, epsabs=1e-13)[0]"
    ") for s, z in zip(spread, (target - mean) / spread)) / len(target))(variance ** 0.5)"
)


JS = (
    "(scipy.special.rel_entr(prediction, (prediction + target) / 2) + "
    "scipy.special.rel_entr(target, (prediction + target) / 2)).sum(axis=1).mean() / 2"
)


def earth_mover_bins_by_formula():
    prediction, target = (exact(f"diabetes_bins_{role}.csv") for role in ("prediction", "target"))
    return mean(map(earth_moved, prediction, target))


def earth_moved(one, other):
    return sum(abs(sum(one[:end]) - sum(other[:end])) for end in range(1, len(one) + 1))


SAMPLES = [
    Sample(
        "earth_mover sample_data/diabetes_bmi_sex_1.csv sample_data/diabetes_bmi_sex_2.csv",
        0.9544023023949023,
        Live("scipy", "scipy.stats.wasserstein_distance(first, second)", samples),
    ),
    Sample(
        "earth_mover_bins sample_data/diabetes_bins_prediction.csv sample_data/diabetes_bins_target.csv --on id",
        0.9469358127262444,
        Plain(earth_mover_bins_by_formula),
    ),
    Sample(
        "js_divergence sample_data/digits_probabilities.csv sample_data/digits_one_hot.csv --on id",
        0.07426114050203055,
        Live("scipy", JS, digits),
    ),
    Sample(
        "brier sample_data/breast_cancer_scores.csv --columns prediction=p,target=y",
        0.023993903176613384,
        Live("sklearn", "sklearn.metrics.brier_score_loss(target, prediction)", cancer),
    ),
    Sample(
        "gaussian_nll sample_data/diabetes_gaussian.csv",
        4.500823721184388,
        Live("torch", "torch.nn.functional.gaussian_nll_loss(mean, target, variance)", gaussian),
    ),
    Sample(
        "beta_nll sample_data/diabetes_gaussian.csv",
        246.37431634950363,
        Live(
            "torch",
            "(torch.nn.functional.gaussian_nll_loss(mean, target, variance, reduction='none') * "
            "variance.sqrt()).mean()",
            gaussian,
        ),
    ),
    Sample(
        "gaussian_kl sample_data/digits_code_means.csv sample_data/digits_code_variances.csv --on id",
        6.753911860651458,
        Live(
            "torch",
            "torch.distributions.kl_divergence(torch.distributions.Normal(mean, variance.sqrt()), "
            "torch.distributions.Normal(0.0, 1.0)).sum(dim=1).mean()",
            codes,
        ),
    ),
    Sample(
        "laplace_nll sample_data/diabetes_laplace.csv",
        5.491850661080781,
        Live("scipy", "-scipy.stats.laplace.logpdf(target, location, scale).mean()", laplace),
    ),
    Sample(
        "crps sample_data/diabetes_ensemble.csv sample_data/diabetes_targets.csv --on id",
        34.84567640950231,
        Live("scipy", CRPS, ensemble),
    ),
    Sample(
        "crps_gaussian sample_data/diabetes_gaussian.csv",
        31.02284024079407,
        Live("scipy", CRPS_GAUSSIAN, lambda: gaussian() | {"inf": math.inf}),
    ),
    Sample(
        "beta_divergence sample_data/visits_predictions.csv sample_data/visits_targets.csv",
        2.203952741106713,
        Live("scipy", "scipy.special.kl_div(target, prediction).mean()", visits),
    ),
    Sample(
        "student_t_nll sample_data/diabetes_predictions.csv sample_data/diabetes_targets.csv --scale 40",
        5.47061520051294,
        Live("scipy", "-scipy.stats.t.logpdf(target, 4, prediction, 40).mean()", diabetes),
    ),
]
