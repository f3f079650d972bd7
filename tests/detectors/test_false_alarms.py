"""How often detectors are wrong where nothing is there, and how often they find what is.

Each test draws data many times from a fixed seed. The limits are those that the documentation of
the detectors states; what is only asked, because it is weak, is no alarm.
"""

from __future__ import annotations

import numpy as np
import pytest

from lossctl.block import Block
from lossctl.detectors import Names, detect
from lossctl.detectors.findings import Findings

DRAWS = 100

pytestmark = pytest.mark.slow


def observed(prediction, target) -> Findings:
    roles = {"prediction": np.asarray(prediction, float), "target": np.asarray(target, float)}
    return detect([Block(roles, len(roles["target"]))], Names({}))


def value_of(findings: Findings, name: str, *, weak: bool = False):
    """The value of a fact that is not weak, or None."""
    return next(
        (
            fact.value
            for fact in findings.facts
            if fact.name == name and (weak or fact.confidence != "weak")
        ),
        None,
    )


def rate(make, name: str, value=True, *, draws: int = DRAWS, weak: bool = False) -> float:
    random = np.random.default_rng(20_240_601)
    hits = [value_of(observed(*make(random)), name, weak=weak) == value for _ in range(draws)]
    return float(np.mean(hits))


def errors(shape, rows):
    def make(random):
        prediction = random.normal(10, 3, rows)
        return prediction, prediction + shape(random, rows)

    return make


CLEAN = {
    "normal": (lambda random, n: random.normal(size=n), 0.0),
    "uniform": (lambda random, n: random.uniform(-1, 1, n), 0.0),
    "laplace": (lambda random, n: random.laplace(size=n), 0.0),
    "t with 5 degrees": (lambda random, n: random.standard_t(5, n), 0.05),
    "exponential": (lambda random, n: random.exponential(size=n), 0.0),
    "lognormal": (lambda random, n: random.lognormal(size=n), 0.0),
}


@pytest.mark.parametrize("rows", [200, 500, 2_000])
@pytest.mark.parametrize("shape", CLEAN)
def test_clean_errors_are_not_called_outliers(shape, rows):
    draw, at_most = CLEAN[shape]
    assert rate(errors(draw, rows), "outliers") <= at_most


def contaminated(share, size):
    def draw(random, n):
        far = size * random.choice([-1, 1], n) * (random.random(n) < share)
        return random.normal(size=n) + far

    return draw


@pytest.mark.parametrize(
    ("share", "size", "rows", "at_least"),
    [
        (0.01, 10, 2_000, 0.95),
        (0.01, 10, 500, 0.85),
        (0.01, 10, 200, 0.5),
        (0.05, 5, 2_000, 0.85),
        (0.05, 10, 2_000, 0.85),
    ],
)
def test_contaminated_errors_are_found(share, size, rows, at_least):
    assert rate(errors(contaminated(share, size), rows), "outliers") >= at_least


def test_clean_errors_are_called_clean():
    assert rate(errors(CLEAN["normal"][0], 2_000), "outliers", False, draws=50) >= 0.95


@pytest.mark.parametrize(
    ("degrees", "low", "high"), [(2, 0.95, 1), (3, 0.8, 1), (5, 0, 0.1), (100, 0, 0)]
)
def test_heavy_tails_are_distinguished_from_light_ones(degrees, low, high):
    shape = errors(lambda random, n: random.standard_t(degrees, n), 2_000)
    assert low <= rate(shape, "heavy_tailed", draws=50) <= high


@pytest.mark.parametrize("shape", CLEAN)
def test_errors_of_constant_variance_are_not_called_heteroscedastic(shape):
    assert rate(errors(CLEAN[shape][0], 500), "heteroscedastic") <= 0.02


def test_errors_that_grow_are_called_heteroscedastic():
    def make(random):
        prediction = random.uniform(1, 10, 500)
        return prediction, prediction + random.normal(size=500) * prediction

    assert rate(make, "heteroscedastic") >= 0.95


def counting(rates, draw, rows=500):
    def make(random):
        mean = rates(random, rows)
        return mean, draw(random, mean)

    return make


VARYING = {
    "small": lambda random, n: random.gamma(2, 1, n) + 0.1,
    "large": lambda random, n: random.gamma(3, 2, n) + 0.5,
}


@pytest.mark.parametrize("rates", VARYING)
def test_true_poisson_counts_are_not_called_overdispersed(rates):
    make = counting(VARYING[rates], lambda random, mean: random.poisson(mean))
    assert rate(make, "overdispersed", weak=True) <= 0.01
    assert rate(make, "zero_inflated", weak=True) <= 0.01


@pytest.mark.parametrize("rates", VARYING)
def test_counts_of_varying_rates_are_overdispersed(rates):
    def negative_binomial(random, mean):
        return random.poisson(mean * random.gamma(1, 1, len(mean)))

    make = counting(VARYING[rates], negative_binomial)
    assert rate(make, "overdispersed") >= 0.8


def test_counts_with_zeros_of_another_kind_are_zero_inflated():
    def some(random, mean):
        return random.poisson(mean) * (random.random(len(mean)) > 0.4)

    assert rate(counting(VARYING["large"], some), "zero_inflated") >= 0.9


def has_observation(findings: Findings, kind: str) -> bool:
    return any(observation.kind == kind for observation in findings.observations)


def calibration_rate(make, draws=DRAWS) -> float:
    random = np.random.default_rng(20_240_601)
    return float(
        np.mean([has_observation(observed(*make(random)), "calibration") for _ in range(draws)])
    )


def two_classes(rows, believed=lambda p: p):
    def make(random):
        p = random.beta(0.8, 0.8, rows)
        return believed(p), random.random(rows) < p

    return make


def sharpened(p, power=2.0):
    return p**power / (p**power + (1 - p) ** power)


@pytest.mark.parametrize("rows", [100, 300, 1_000, 3_000])
def test_calibrated_models_are_not_called_miscalibrated(rows):
    # the expected error of such models is .119 with 100 rows, and .012 with 10,000
    assert calibration_rate(two_classes(rows)) <= 0.02


def test_overconfident_models_are_called_miscalibrated():
    assert calibration_rate(two_classes(1_000, sharpened)) >= 0.95


def several_classes(rows, sharpness, wrong=0.0, believed=lambda p: p, classes=4):
    def make(random):
        scores = sharpness * random.normal(size=(rows, classes))
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        label = (p.cumsum(axis=1) > random.random(rows)[:, None]).argmax(axis=1)
        other = (label + random.integers(1, classes, rows)) % classes
        label = np.where(random.random(rows) < wrong, other, label)
        shown = believed(p)
        return shown / shown.sum(axis=1, keepdims=True), label

    return make


@pytest.mark.parametrize("sharpness", [1, 3, 10])
def test_clean_labels_are_not_called_noisy(sharpness):
    # even an uncertain calibrated model contradicts many labels
    assert rate(several_classes(1_000, sharpness), "noisy_labels", weak=True) <= 0.02


@pytest.mark.parametrize("sharpness", [1, 3])
def test_overconfident_models_are_not_mistaken_for_noisy_labels(sharpness):
    make = several_classes(1_000, sharpness, believed=lambda p: p**3)
    assert rate(make, "noisy_labels") <= 0.05


def test_wrong_labels_are_found_if_the_model_is_confident():
    make = several_classes(1_000, 20, wrong=0.15)
    assert rate(make, "noisy_labels", weak=True) >= 0.95


def test_wrong_labels_are_likely_if_the_most_confident_are_wrong_as_often():
    make = several_classes(2_000, 8, wrong=0.2)
    assert rate(make, "noisy_labels") >= 0.8


@pytest.mark.parametrize("mean", [0.7, 2, 5])
def test_counts_without_predictions_are_never_mistaken_for_classes(mean):
    random = np.random.default_rng(20_240_601)
    alarms = 0
    for _ in range(DRAWS):
        target = random.poisson(mean, 1_000).astype(float)
        findings = detect([Block({"target": target}, 1_000)], Names({}))
        alarms += value_of(findings, "task") == "multiclass_classification"
    assert alarms <= 0.01 * DRAWS


@pytest.mark.parametrize("classes", [3, 5, 10])
def test_balanced_classes_are_not_mistaken_for_counts(classes):
    random = np.random.default_rng(20_240_601)
    found = 0
    for _ in range(DRAWS):
        target = random.integers(0, classes, 1_000).astype(float)
        findings = detect([Block({"target": target}, 1_000)], Names({}))
        assert value_of(findings, "counts", weak=True) is None
        found += value_of(findings, "task") == "multiclass_classification"
    assert found == DRAWS
