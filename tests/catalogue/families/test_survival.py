"""Values of the losses of survival times that can be worked out by hand, at the edges too."""

from __future__ import annotations

import math

import numpy as np
import pytest

import lossctl
from lossctl.block import Ragged
from lossctl.catalogue.families.survival import aft_nll, cox_partial_likelihood
from lossctl.errors import DataError, UsageError

LN2, LN3 = math.log(2), math.log(3)
HALF_LN_2_PI = math.log(2 * math.pi) / 2
INF = math.inf


def close(expected):
    """Equal but for a few rounding steps, however small the number."""
    return pytest.approx(expected, rel=4e-15, abs=0)


def cox_of(prediction, target, event, **options):
    """Compute the loss of one cohort."""
    return lossctl.compute("cox", [prediction], [target], [event], **options)


@pytest.mark.parametrize(
    ("prediction", "target", "event", "expected"),
    [
        ([0.0, 0.0, 0.0], [1.0, 2.0, 3.0], [1, 1, 0], math.log(6) / 2),  # one of 3, one of 2
        ([0.0, 0.0, 0.0], [1.0, 2.0, 3.0], [1, 1, 1], math.log(6) / 3),
        ([0.0, 0.0, 0.0], [3.0, 1.0, 2.0], [0, 1, 1], math.log(6) / 2),  # in any order
        ([5.5, 5.5, 5.5], [1.0, 2.0, 3.0], [1, 1, 0], math.log(6) / 2),  # wherever 0 is
        ([LN2, 0.0], [1.0, 2.0], [1, 0], math.log(1.5)),  # 2 of 2 + 1
        ([0.0, LN2], [1.0, 2.0], [1, 0], LN3),  # 1 of 1 + 2
        ([LN2, 0.0], [1.0, 2.0], [0, 1], 0),  # whoever is left alone is no surprise
        ([0.0, 0.0], [1.0, 1.0], [1, 0], LN2),  # who is last seen then was still there
        ([0.0, 0.0, 0.0], [2.0, 1.0, 3.0], [1, 0, 0], LN2),  # who left before was not
        ([7.0], [0.0], [1], 0),
        ([1.0, 2.0], [1.0, 2.0], [0, 0], 0),  # no event at all
        ([], [], [], 0),
        # far out, and with nothing lost
        ([-1e150, 1e150], [1.0, 2.0], [1, 0], 2e150),
        ([1e150, -1e150], [1.0, 2.0], [1, 0], 0),
        ([0.0, -40.0], [1.0, 2.0], [1, 1], math.exp(-40) / 2),  # ln(1 + e^-40)
    ],
)
@pytest.mark.parametrize("ties", ["breslow", "efron"])
def test_cox_by_hand(prediction, target, event, ties, expected):
    assert cox_of(prediction, target, event, ties=ties) == close(expected)


def test_cox_has_digits_where_those_at_high_risk_have_left():
    found = cox_of([-800.0, -801.0, 0.0], [2.0, 3.0, 1.0], [1, 0, 0])
    assert found == pytest.approx(math.log1p(math.exp(-1)), rel=1e-12)


@pytest.mark.parametrize(
    ("prediction", "target", "event", "breslow", "efron"),
    [
        # twice one of 3; or one of 3, and then of 3 - ½ × 2
        ([0.0, 0.0, 0.0], [1.0, 1.0, 2.0], [1, 1, 0], LN3, math.log(6) / 2),
        # three times one of 3; or 3, 3 - ⅓ × 3, 3 - ⅔ × 3
        ([0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [1, 1, 1], LN3, math.log(6) / 3),
        # 2 and 1 of 4, ½ and ¼; or 2 of 4 and 1 of 4 - ½ × 3
        ([LN2, 0.0, 0.0], [1.0, 1.0, 2.0], [1, 1, 0], 1.5 * LN2, math.log(5) / 2),
        # who is last seen at the time of the events is no event: 3, 3 - ½ × 2
        ([0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [1, 0, 1], LN3, math.log(6) / 2),
        # statsmodels 0.15.0: PHReg(...).loglike([1.0]) of these risks, by the four events
        (
            [0.1, -0.3, 0.5, 0.0, 0.2],
            [1.0, 2.0, 2.0, 3.0, 4.0],
            [1, 1, 1, 0, 1],
            4.5001535155624754 / 4,
            4.200242060350593 / 4,
        ),
    ],
)
def test_cox_with_ties_by_hand(prediction, target, event, breslow, efron):
    assert cox_of(prediction, target, event) == close(breslow)
    assert cox_of(prediction, target, event, ties="efron") == close(efron)


REMISSION = {
    "treated": ([6, 6, 6, 7, 10, 13, 16, 22, 23], [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]),
    "placebo": ([1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23], []),
}
"""Weeks to a relapse, and to last seen without (E. J. Freireich and others, Blood 21, 1963)."""


@pytest.mark.parametrize(
    ("ties", "coefficient", "log_likelihood"),
    [
        # D. G. Kleinbaum, M. Klein, Survival analysis: -2 ln L = 172.759 at 1.509
        ("breslow", 0.0, -93.98505),
        ("breslow", 1.50919, -86.37962),
        # R's survival, coxph(), whose default is Efron's
        ("efron", 0.0, -93.18427),
        ("efron", 1.57213, -85.00842),
    ],
)
def test_cox_of_a_known_trial(ties, coefficient, log_likelihood):
    rows = [
        (coefficient * (group == "placebo"), float(week), event)
        for group, times in REMISSION.items()
        for event, weeks in zip((1, 0), times, strict=True)
        for week in weeks
    ]
    found = cox_of(*zip(*rows, strict=True), ties=ties)
    assert -30 * found == pytest.approx(log_likelihood, abs=1e-5)  # there are 30 relapses


def test_cox_of_several_cohorts():
    roles = [[0.0, 0.0], [], [0.0, 0.0, 0.0], [3.0]], [[1.0, 2.0], [], [1.0, 2.0, 3.0], [1.0]]
    events = [[1, 0], [], [1, 1, 0], [0]]
    found = lossctl.compute("cox", *roles, events, reduction="none")
    assert found.tolist() == close([LN2, 0.0, math.log(6) / 2, 0.0])
    assert lossctl.compute("cox", *roles, events) == close((LN2 + math.log(6) / 2) / 4)


@pytest.mark.parametrize("ties", ["breslow", "efron"])
def test_cox_is_the_same_to_the_bit_in_any_order(ties):
    generator = np.random.default_rng(5)
    risk, event = generator.normal(size=60) * 3, generator.integers(0, 2, 60) * 1.0
    time = generator.integers(1, 9, 60) * 1.0
    expected = cox_of(risk, time, event, ties=ties)
    for _ in range(5):
        order = generator.permutation(60)
        assert cox_of(risk[order], time[order], event[order], ties=ties) == expected


def test_cohorts_without_events_are_marked():
    lengths = np.array([2, 0, 1])
    event = Ragged(np.array([0.0, 1.0, 0.0]), lengths)
    other = Ragged(np.array([1.0, 2.0, 3.0]), lengths)
    (data_note,) = cox_partial_likelihood.loss.data_notes
    assert data_note.of_units(other, other, event).tolist() == [False, True, True]
    assert cox_partial_likelihood(other, other, event).tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("roles", "message"),
    [
        (([0.0], [-1.0], [1]), "target[0]: -1.0 is not a finite number of at least 0"),
        (([0.0], [1.0], [2]), "event[0]: 2.0 is not 0 or 1"),
        (([0.0], [1.0], [0.5]), "event[0]: 0.5 is not 0 or 1"),
        (([INF], [1.0], [1]), "prediction[0]: inf is not a finite number"),
    ],
)
def test_cox_names_what_it_cannot_take(roles, message):
    with pytest.raises(DataError) as caught:
        cox_of(*roles)
    assert caught.value.message == message


def test_there_are_two_ways_with_ties():
    with pytest.raises(UsageError):
        cox_of([0.0], [1.0], [1], ties="exact")


def of_one(prediction, target, event, **options):
    """Compute the accelerated failure time loss of one row."""
    arrays = (np.array([role]) for role in (prediction, target, event))
    with np.errstate(all="ignore"):
        return float(aft_nll(*arrays, **options)[0])


NORMAL, LOGISTIC, EXTREME = ({"distribution": name} for name in ("normal", "logistic", "extreme"))


@pytest.mark.parametrize(
    ("prediction", "target", "event", "options", "expected"),
    [
        # -ln φ(0); with z = 1 another ½, and ln t
        (0.0, 1.0, 1.0, {}, HALF_LN_2_PI),
        (0.0, math.e, 1.0, {}, 1.5 + HALF_LN_2_PI),
        (2.0, 1.0, 1.0, {}, 2 + HALF_LN_2_PI),
        (0.0, 1.0, 1.0, {"scale": 2.0}, LN2 + HALF_LN_2_PI),
        (2.0, 1.0, 1.0, {"scale": 2.0}, LN2 + 0.5 + HALF_LN_2_PI),
        (0.0, 1.0, 0.0, {}, LN2),  # half of all is later
        # mpmath, 40 digits: -ln(erfc(z / √2) / 2), and of -z
        (-5.0, 1.0, 0.0, {}, 15.0649983939887257),
        (5.0, 1.0, 0.0, {}, 2.8665161296376205e-07),
        (-20.0, 1.0, 0.0, {}, 203.917155371097264),
        (-25.0, 1.0, 0.0, {}, 316.639408008020259),
        (-40.0, 1.0, 0.0, {}, 804.608442013753788),
        (-1e4, 1.0, 0.0, {}, 50000010.1292789152),
        (-1e150, 1.0, 0.0, {}, 5e299),
        (1e150, 1.0, 0.0, {}, 0),
        (1e150, 1.0, 1.0, {}, 5e299),
        # f(0) = ¼; at z = ln 3 F is ¾ and f is 3 / 16
        (0.0, 1.0, 1.0, LOGISTIC, 2 * LN2),
        (0.0, 1.0, 0.0, LOGISTIC, LN2),
        (0.0, 3.0, 1.0, LOGISTIC, 4 * LN2),  # ln 3 - ln 3 / 16
        (0.0, 3.0, 0.0, LOGISTIC, 2 * LN2),
        (0.0, 9.0, 0.0, {**LOGISTIC, "scale": 2.0}, 2 * LN2),
        (-1e150, 1.0, 0.0, LOGISTIC, 1e150),
        (1e150, 1.0, 1.0, LOGISTIC, 1e150),
        # with scale 1 times are exponential, of mean e^prediction: t / mean, + ln mean for events
        (0.0, 2.0, 0.0, EXTREME, 2),
        (0.0, 2.0, 1.0, EXTREME, 2),
        (LN2, 6.0, 0.0, EXTREME, 3),
        (LN2, 6.0, 1.0, EXTREME, 3 + LN2),
        # with scale ½ they are Weibull of shape 2: t², less ln 2t for events
        (0.0, 3.0, 0.0, {**EXTREME, "scale": 0.5}, 9),
        (0.0, 3.0, 1.0, {**EXTREME, "scale": 0.5}, 9 - math.log(6)),
        (800.0, 1.0, 1.0, EXTREME, 800),
        (800.0, 1.0, 0.0, EXTREME, math.exp(-400) * math.exp(-400)),
        (-800.0, 1.0, 1.0, EXTREME, INF),
        (-800.0, 1.0, 0.0, EXTREME, INF),
        (-1.0, 1.0, 1.0, {**EXTREME, "scale": 5e-324}, INF),
    ],
)
def test_aft_nll_by_hand(prediction, target, event, options, expected):
    found = of_one(prediction, target, event, **options)
    assert found == pytest.approx(expected, rel=2e-14, abs=0)


@pytest.mark.parametrize(
    ("event", "time", "distribution", "gradients"),
    [
        # XGBoost's own test of survival:aft: gradients at the predictions ln 2^(1 + 14 k / 19),
        # which it took from an implementation in R
        (1.0, 100.0, "normal", {0: -3.9120, 8: 0.1739, 19: 5.7920}),
        (1.0, 100.0, "logistic", {0: -0.9608, 8: 0.0867, 19: 0.9939}),
        (1.0, 100.0, "extreme", {3: -9.8028, 8: 0.1596, 19: 0.9969}),
        (0.0, 60.0, "normal", {0: -3.6583, 8: -0.4190, 12: -0.0097}),
        (0.0, 60.0, "logistic", {0: -0.9677, 8: -0.3352, 19: -0.0018}),
        (0.0, 60.0, "extreme", {2: -10.8018, 8: -0.5042, 19: -0.0018}),
    ],
)
def test_aft_nll_has_the_gradients_of_xgboost(event, time, distribution, gradients):
    for place, expected in gradients.items():
        middle = (1 + 14 * place / 19) * LN2
        above, below = (
            of_one(middle + step, time, event, distribution=distribution) for step in (1e-4, -1e-4)
        )
        assert (above - below) / 2e-4 == pytest.approx(expected, abs=6e-5)


@pytest.mark.parametrize(
    ("roles", "message"),
    [
        (([0.0], [0.0], [1]), "target[0]: 0.0 is not a finite number above 0"),
        (([0.0], [1.0], [-1]), "event[0]: -1.0 is not 0 or 1"),
    ],
)
def test_aft_nll_names_what_it_cannot_take(roles, message):
    with pytest.raises(DataError) as caught:
        lossctl.compute("aft_nll", *roles)
    assert caught.value.message == message
