"""Values of the regression losses that can be worked out by hand, at the edges too."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

import pytest

import lossctl
from lossctl.errors import DataError, UsageError

LN2 = math.log(2)
INF = math.inf


def of_one(name, prediction, target, **options):
    """Compute the loss of a single row."""
    return lossctl.compute(name, [prediction], [target], **options)


def close(expected):
    """Equal but for a few rounding steps, however small the number."""
    return pytest.approx(expected, rel=4e-15, abs=0)


@pytest.mark.parametrize(
    ("prediction", "target", "options", "expected"),
    [
        (1.0, 1.0, {}, 0),
        (5.0, 2.0, {}, 9),  # 3²
        (2.0, 5.0, {}, 9),
        (5.0, 2.0, {"half": True}, 4.5),
        (1e150, 0.0, {}, 1e300),  # still no infinity
        (1e-150, 0.0, {}, 1e-300),  # still no zero
        ([3.0, 1.0], [0.0, 0.0], {}, 5),  # (9 + 1) / 2: the mean of the columns
        ([3.0, 1.0], [0.0, 0.0], {"reduction": "sum"}, 5),
        ([3.0, 1.0], [0.0, 0.0], {"reduction": "sum", "per": "element"}, 10),
    ],
)
def test_mse_by_hand(prediction, target, options, expected):
    assert of_one("mse", prediction, target, **options) == close(expected)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, Decimal("6.75").sqrt()),  # (9 + 1 + 16 + 1) / 4
        ({"average": "columns"}, (Decimal("12.5").sqrt() + 1) / 2),  # (9 + 16) / 2; (1 + 1) / 2
        # rows of mean square 5 and 8.5, the second one three times: 30.5 / 4
        ({"weight": [1.0, 3.0]}, Decimal("7.625").sqrt()),
        # (9 + 3 × 16) / 4 = 14.25 and 1
        ({"weight": [1.0, 3.0], "average": "columns"}, (Decimal("14.25").sqrt() + 1) / 2),
    ],
)
def test_rmse_by_hand(options, expected):
    prediction, target = [[3.0, 1.0], [4.0, -1.0]], [[0.0, 0.0], [0.0, 0.0]]
    assert lossctl.compute("rmse", prediction, target, **options) == close(float(expected))


def test_rmse_of_a_single_row_is_its_residual():
    single = lossctl.compute("rmse", [3.0, -4.0], [0.0, 0.0], reduction="none")
    assert single.tolist() == [3.0, 4.0]


def test_rmse_is_not_the_mean_of_the_rmse_of_parts():
    # √((9 + 16) / 2), where the mean of the parts would be 3.5
    assert lossctl.compute("rmse", [3.0, -4.0], [0.0, 0.0]) == close(5 / math.sqrt(2))


@pytest.mark.parametrize(
    ("prediction", "target", "expected"),
    [
        (5.0, 2.0, 3),
        (2.0, 5.0, 3),
        (-1e308, 0.0, 1e308),
        (5e-324, 0.0, 5e-324),
        ([3.0, 1.0], [0.0, 0.0], 2),
    ],
)
def test_mae_by_hand(prediction, target, expected):
    assert of_one("mae", prediction, target) == expected


@pytest.mark.parametrize(
    ("residual", "delta", "expected"),
    [
        (0.5, 1.0, 0.125),  # half the square
        (-0.5, 1.0, 0.125),
        (3.0, 1.0, 2.5),  # 1 × (3 - ½)
        (-3.0, 2.0, 4.0),  # 2 × (3 - 1)
        (1.5, 1.5, 1.125),  # at the threshold both branches give 9/8
        (math.nextafter(1.5, 2.0), 1.5, 1.125 + 1.5 * 2**-52),  # and beyond it goes on with slope
        (1e200, 1.0, 1e200),  # whose square would be infinite
        (1e200, 1e250, INF),  # ½ 1e400 is infinite
        (2.0, 1e-300, 2e-300),
        (1e-170, 1.0, 0.0),  # ½ 1e-340 is less than the least float
    ],
)
def test_huber_by_hand(residual, delta, expected):
    assert of_one("huber", residual, 0.0, delta=delta) == close(expected)


def test_huber_has_delta_1_by_default():
    assert of_one("huber", 3.0, 0.0) == 2.5


@pytest.mark.parametrize(
    ("residual", "beta", "expected"),
    [
        (0.25, 0.5, 0.0625),  # ½ 1/16 / ½
        (-0.25, 0.5, 0.0625),
        (3.0, 0.5, 2.75),
        (0.5, 0.5, 0.25),  # at the threshold both branches give ½ beta
        (3.0, 0.0, 3.0),  # beta 0 is mae
        (0.0, 0.0, 0.0),
        (1.0, 5e-324, 1.0),
        (1e200, 1e300, 5e99),  # ½ 1e400 / 1e300, although 1e400 is infinite
        (1e-200, 1e-100, 5e-301),  # ½ 1e-400 / 1e-100, although 1e-400 is 0
    ],
)
def test_smooth_l1_by_hand(residual, beta, expected):
    assert of_one("smooth_l1", residual, 0.0, beta=beta) == close(expected)


@pytest.mark.parametrize(
    "residual", [1e-150, 1e-9, 1e-3, 0.5, 1.0, math.nextafter(1, 0), 2.0, 19.5, 700.0, 1e4, 1e6]
)
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_log_cosh_has_all_digits(residual, sign):
    with localcontext(prec=400):
        exact = Decimal(residual)
        expected = float(((exact.exp() + (-exact).exp()) / 2).ln())
    found = of_one("log_cosh", sign * residual, 0.0)
    assert found == pytest.approx(expected, rel=1e-14, abs=0)


def test_log_cosh_far_out_is_the_residual_less_ln_2():
    # e^-2000000 is far less than the last digit
    assert of_one("log_cosh", 1e6, 0.0) == 999999.3068528194400546905827678785418
    assert of_one("log_cosh", 0.0, 1e150) == 1e150


def test_log_cosh_of_ln_2_is_ln_of_5_quarters():
    # cosh ln 2 = (2 + ½) / 2
    assert of_one("log_cosh", LN2, 0.0) == close(math.log(1.25))


@pytest.mark.parametrize(
    ("missed", "tau", "expected"),
    [
        (2.0, 0.75, 1.5),
        (-1.0, 0.75, 0.25),
        (0.0, 0.75, 0.0),
        (3.0, 0.5, 1.5),
        (-3.0, 0.5, 1.5),
        (8.0, 5e-324, 4e-323),  # the least tau there is
        (-8.0, 5e-324, 8.0),
        (8.0, 1 - 2**-53, 8 - 2**-50),  # and the greatest
        (-8.0, 1 - 2**-53, 2**-50),
        (-1e150, 0.25, 7.5e149),
    ],
)
def test_quantile_by_hand(missed, tau, expected):
    assert of_one("quantile", 0.0, missed, tau=tau) == close(expected)


@pytest.mark.parametrize(
    ("prediction", "target", "options", "expected"),
    [
        (2.0, 0.0, {}, 2),
        (1.0, 3.0, {}, 1),  # ln 1 = 0
        (0.5, 2.0, {}, 0.5 + 2 * LN2),
        (1024.0, 1.0, {}, 1024 - 10 * LN2),
        # a rate of 0 is raised to 2⁻⁵², whose logarithm is -52 ln 2
        (0.0, 0.0, {}, 2**-52),
        (0.0, 3.0, {}, 156 * LN2),
        (0.0, 0.0, {"floor": 0.0}, 0),
        (0.0, 3.0, {"floor": 0.0}, INF),
        (0.25, 1.0, {"floor": 1.0}, 1),
        # eps stands in the logarithm only
        (0.0, 5.0, {"floor": 0.0, "eps": 1.0}, 0),
        (1.0, 4.0, {"eps": 1.0}, 1 - 4 * LN2),
        # e^0 - 5 × 0, e^1 - 2 × 1, e^-1 - 3 × -1
        (0.0, 5.0, {"log_input": True}, 1),
        (1.0, 2.0, {"log_input": True}, math.e - 2),
        (-1.0, 3.0, {"log_input": True}, 1 / math.e + 3),
        (-1e6, 0.0, {"log_input": True}, 0),
        (700.0, 0.0, {"log_input": True}, float(Decimal(700).exp())),
        # 4 - 4 ln 4 + (4 ln 4 - 4 + ½ ln 8π): all but the last cancels
        (4.0, 4.0, {"full": True}, math.log(8 * math.pi) / 2),
        (1.0, 2.0, {"full": True}, 2 * LN2 - 1 + math.log(4 * math.pi) / 2),
        (1.0, 1.0, {"full": True}, 1),  # Stirling's formula only above 1
        (1.0, 0.0, {"full": True}, 1),
        (0.0, 2.0, {"full": True, "log_input": True}, 2 * LN2 - 1 + math.log(4 * math.pi) / 2),
    ],
)
def test_poisson_by_hand(prediction, target, options, expected):
    assert of_one("poisson", prediction, target, **options) == close(expected)


def test_a_negative_rate_may_be_a_logarithm():
    with pytest.raises(DataError) as caught:
        of_one("poisson", -1.0, 2.0)
    assert caught.value.message == "prediction[0]: -1.0 is not a finite number of at least 0"
    assert caught.value.hint == "--log-input: prediction holds log rates"


def test_a_log_rate_above_700_is_refused():
    with pytest.raises(DataError) as caught:
        of_one("poisson", 701.0, 2.0, log_input=True)
    assert str(caught.value) == "prediction[0]: 701.0 is not a finite number of at most 700"


@pytest.mark.parametrize(
    ("prediction", "target", "options", "expected"),
    [
        (0.0, 0.0, {}, 0),
        (7.0, 1.0, {}, 4 * LN2**2),  # ln 8 - ln 2 = 2 ln 2
        (1.0, 7.0, {}, 4 * LN2**2),
        (-0.5, 0.0, {}, LN2**2),
        (1e-12, 0.0, {}, 1e-24 * (1 - 1e-12)),  # ln(1 + x)² = x² - x³ + …
        (-5.0, 1.0, {"floor": 0.0}, LN2**2),  # ln 1 - ln 2
        (0.0, 3.0, {"floor": 1.0}, LN2**2),  # ln 2 - ln 4
        (3.0, -9.0, {"floor": 1.0}, LN2**2),
        (math.nextafter(-1, 0), 0.0, {}, (53 * LN2) ** 2),  # ln 2⁻⁵³, the greatest there is
    ],
)
def test_msle_by_hand(prediction, target, options, expected):
    assert of_one("msle", prediction, target, **options) == close(expected)


def test_minus_1_has_no_logarithm():
    with pytest.raises(DataError) as caught:
        lossctl.compute("msle", [0.0, -1.0], [1.0, 1.0])
    assert caught.value.message == "prediction[1]: -1.0 is not a finite number above -1"
    assert caught.value.hint == (
        "--floor FLOOR: values below this, including negative ones, are raised to it"
    )


@pytest.mark.parametrize(
    ("prediction", "target", "options", "expected"),
    [
        (90.0, 100.0, {}, 0.1),
        (90.0, 100.0, {"percent": True}, 10),
        (3.0, 2.0, {}, 0.5),
        (1.0, -4.0, {}, 1.25),
        (0.0, 0.0, {}, 0),
        (3.0, 0.0, {}, 3 * 2.0**52),  # 2⁻⁵² replaces the target
        (3.0, -0.0, {}, 3 * 2.0**52),
        (1.0, 0.25, {"eps": 0.5}, 1.5),  # ¾ / ½
        (1.0, -0.25, {"eps": 0.5}, 2.5),
        (1.0, 0.5, {"eps": 0.5}, 1.0),
        (1e150, 1e-150, {"eps": 1e-300}, 1e300),
    ],
)
def test_mape_by_hand(prediction, target, options, expected):
    assert of_one("mape", prediction, target, **options) == close(expected)


@pytest.mark.parametrize(
    ("residual", "delta", "expected"),
    [
        (0.0, 1.0, 0.0),
        (0.75, 1.0, 0.25),  # √(1 + 9/16) = 5/4
        (-0.75, 1.0, 0.25),
        (8.0, 6.0, 24.0),  # √(1 + 16/9) = 5/3, 36 (5/3 - 1)
        (5.0, 12.0, 12.0),  # √(1 + 25/144) = 13/12, 144 / 12
        (2.0, 2.0, 4 * math.sqrt(2) - 4),
        (1e-9, 1.0, 5e-19),  # ½ r² (1 - ¼ r² + …): the root is 1 to the last digit
        (1e-150, 1.0, 5e-301),
        (1e150, 1e200, 5e299),  # although delta² is infinite
        (1e20, 1.0, 1e20),  # r - 1 + …
        (1e200, 1.0, 1e200),  # whose square would be infinite
        (2.0, 1e-300, 2e-300),
        (1e200, 1e250, INF),  # ½ 1e400 is infinite
        ([0.75, -0.75], 1.0, 0.25),  # the mean of the columns
    ],
)
def test_pseudo_huber_by_hand(residual, delta, expected):
    target = [0.0] * len(residual) if isinstance(residual, list) else 0.0
    assert of_one("pseudo_huber", residual, target, delta=delta) == close(expected)


def test_pseudo_huber_has_delta_1_by_default():
    assert of_one("pseudo_huber", 0.75, 0.0) == 0.25


def test_pseudo_huber_is_not_undefined_where_the_residual_is_no_float():
    assert of_one("pseudo_huber", 1.5e308, -1.5e308) == INF


def test_pseudo_huber_is_far_out_half_of_the_square_of_delta_below_huber():
    # 3 (3e9 - 3) + …, and 3 (3e9 - 3/2)
    for name, expected in {"pseudo_huber": 9e9 - 9, "huber": 9e9 - 4.5}.items():
        assert of_one(name, 3e9, 0.0, delta=3.0) == pytest.approx(expected, rel=1e-15, abs=0)


@pytest.mark.parametrize(
    ("residual", "epsilon", "expected"),
    [
        (3.0, 4.0, 5.0),
        (-3.0, 4.0, 5.0),
        (0.0, 4.0, 4.0),
        (0.0, 0.0, 0.0),
        (3.0, 0.0, 3.0),  # epsilon 0 is mae
        (5e-324, 0.0, 5e-324),
        (0.75, 1.0, 1.25),
        (3e-200, 4e-200, 5e-200),  # whose squares would be 0
        (3e200, 4e200, 5e200),  # and infinite
        (1.5e308, 1e-3, 1.5e308),
        ([3.0, 0.0], 4.0, 4.5),  # the mean of the columns
    ],
)
def test_charbonnier_by_hand(residual, epsilon, expected):
    target = [0.0] * len(residual) if isinstance(residual, list) else 0.0
    assert of_one("charbonnier", residual, target, epsilon=epsilon) == close(expected)


def test_charbonnier_has_epsilon_a_thousandth_by_default():
    assert of_one("charbonnier", 2.0, 2.0) == 0.001
    # 3² + 4² = 5² in units of 0.00025
    assert of_one("charbonnier", 0.00075, 0.0) == close(0.00125)


def test_charbonnier_with_epsilon_1_is_pseudo_huber_and_1():
    residuals = [0.0, 0.1, -0.75, 2.0, 1e6]
    nothing = [0.0] * len(residuals)
    one, other = (
        lossctl.compute(name, residuals, nothing, reduction="none", **options)
        for name, options in {"charbonnier": {"epsilon": 1.0}, "pseudo_huber": {}}.items()
    )
    assert one.tolist() == close((other + 1.0).tolist())


@pytest.mark.parametrize(
    ("residual", "c", "expected"),
    [
        (0.0, 4.685, 0.0),
        (1.0, 2.0, 37 / 96),  # (1 - (¾)³) 4/6 = 37/64 × 2/3
        (-1.0, 2.0, 37 / 96),
        (2.0, 2.0, 2 / 3),  # at c it reaches 4/6
        (math.nextafter(2.0, 3.0), 2.0, 2 / 3),
        (1e300, 2.0, 2 / 3),  # and stays there
        (3.0, 6.0, 3.46875),  # 6 × 37/64
        (6.0, 6.0, 6.0),
        (1.0, 1e8, 0.5),  # ½ r² (1 - (r/c)² + …): the square of r / c is 1e-16
        (1e-9, 1.0, 5e-19),
        (1e-150, 1.0, 5e-301),
        (1e-150, 1e-150, 1e-300 / 6),
        (1.0, 1e200, 0.5),  # although c² is infinite
        (1e200, 1e200, INF),  # 1e400 / 6
        ([1.0, 2.0], 2.0, 101 / 192),  # the mean of the columns, 37/96 and 64/96
    ],
)
def test_tukey_biweight_by_hand(residual, c, expected):
    target = [0.0] * len(residual) if isinstance(residual, list) else 0.0
    assert of_one("tukey_biweight", residual, target, c=c) == close(expected)


def test_tukey_biweight_has_the_c_of_95_percent_efficiency_by_default():
    # 4.685² = 21.949225
    assert of_one("tukey_biweight", 9.0, 0.0) == close(21.949225 / 6)


def test_tukey_biweight_of_a_residual_that_is_no_float():
    assert of_one("tukey_biweight", 1.5e308, -1.5e308, c=6.0) == 6.0


def test_an_outlier_moves_tukey_biweight_no_further():
    rows = [0.5, -0.25, 3.0], [0.0, 0.0, 0.0]
    near, far = (
        lossctl.compute("tukey_biweight", [*rows[0], outlier], [*rows[1], 0.0])
        for outlier in (5.0, 5e6)
    )
    assert near == far


@pytest.mark.parametrize(
    ("missed", "tau", "expected"),
    [
        (2.0, 0.75, 3.0),  # ¾ × 4
        (-1.0, 0.75, 0.25),  # ¼ × 1
        (0.0, 0.75, 0.0),
        (3.0, 0.5, 4.5),  # ½ × 9
        (-3.0, 0.5, 4.5),
        (8.0, 2**-53, 2**-47),  # the greatest share of the other side is 1 - 2⁻⁵³
        (-8.0, 2**-53, 64 - 2**-47),
        (8.0, 1 - 2**-53, 64 - 2**-47),
        (-8.0, 1 - 2**-53, 2**-47),
        (1.0, 5e-324, 5e-324),  # the least tau there is
        (-8.0, 5e-324, 64.0),
        (-1e150, 0.25, 7.5e299),
        (1e160, 1e-100, 1e220),  # although the square is infinite
        (1e200, 0.25, INF),
        ([2.0, -1.0], 0.75, 1.625),  # (3 + ¼) / 2: the mean of the columns
    ],
)
def test_expectile_by_hand(missed, tau, expected):
    prediction = [0.0] * len(missed) if isinstance(missed, list) else 0.0
    assert of_one("expectile", prediction, missed, tau=tau) == close(expected)


def test_expectile_has_tau_a_half_by_default():
    assert of_one("expectile", 0.0, 3.0) == of_one("expectile", 3.0, 0.0) == 4.5


def test_the_best_constant_is_the_expectile():
    # of 0, 0 and 7 the one of ¾ is 4.2: ¾ × (7 - 4.2) = 2.1 = ¼ × (4.2 + 4.2)
    def of_constant(number):
        return lossctl.compute("expectile", [number] * 3, [0.0, 0.0, 7.0], tau=0.75)

    best = of_constant(4.2)
    # ¾ × 2.8² = 5.88 and 2 × ¼ × 4.2² = 8.82, 14.7 of three
    assert best == close(4.9)
    # there, with gradient 0, it is a parabola of curvature (¾ + ½) / 3 on both sides
    for step in (-0.1, 0.1):
        assert of_constant(4.2 + step) == pytest.approx(4.9 + 0.01 * 1.25 / 3, rel=1e-14)


@pytest.mark.parametrize(
    ("residual", "epsilon", "expected"),
    [
        (3.0, 0.5, 2.5),
        (-3.0, 0.5, 2.5),
        (0.25, 0.5, 0.0),
        (-0.25, 0.5, 0.0),
        (0.5, 0.5, 0.0),  # at epsilon it still costs nothing
        (math.nextafter(0.5, 1.0), 0.5, 2**-53),  # and right beyond it something
        (0.0, 0.0, 0.0),
        (-3.0, 0.0, 3.0),  # epsilon 0 is mae
        (5e-324, 0.0, 5e-324),
        (1e308, 1.0, 1e308),
        (1.0, 1e308, 0.0),
        ([3.0, -0.25], 0.5, 1.25),  # the mean of the columns
    ],
)
def test_epsilon_insensitive_by_hand(residual, epsilon, expected):
    target = [0.0] * len(residual) if isinstance(residual, list) else 0.0
    assert of_one("epsilon_insensitive", residual, target, epsilon=epsilon) == close(expected)


def test_epsilon_insensitive_has_epsilon_a_tenth_by_default():
    assert of_one("epsilon_insensitive", 0.1, 0.0) == 0.0
    assert of_one("epsilon_insensitive", 1.0, 0.0) == close(0.9)


@pytest.mark.parametrize("name", ["expectile", "epsilon_insensitive"])
def test_a_residual_that_is_no_float_costs_infinitely_much(name):
    assert of_one(name, 1.5e308, -1.5e308) == INF


@pytest.mark.parametrize(
    ("prediction", "target", "power", "expected"),
    [
        # for 1.5 the formula is 4 (√t - √p)² / √p
        (4.0, 0.0, 1.5, 8),  # 4 × 2² / 2
        (1.0, 4.0, 1.5, 4),
        (16.0, 1.0, 1.5, 9),  # 4 × 3² / 4
        (7.0, 7.0, 1.5, 0),
        (1e-150, 1e150, 1.5, 4e225),  # 4 × 1e150 / 1e-75
        (1e150, 1e-150, 1.5, 4e75),
        (1e-150, 0.0, 1.5, 4e-75),
        # 0 is the square, of any numbers
        (-3.0, 2.0, 0.0, 25),
        (0.0, 0.0, 0.0, 0),
        # 1 is Poisson's: 2 (t ln(t / p) - t + p)
        (1.0, 0.0, 1.0, 2),
        (2.0, 1.0, 1.0, 2 - 2 * LN2),
        (1.0, 2.0, 1.0, 4 * LN2 - 2),
        # 2 (16^¾ / (-¼ × ¾) + 16 / ¼ + 1 / ¾) = 2 (-128 / 3 + 64 + 4 / 3)
        (1.0, 16.0, 1.25, 136 / 3),
        (16.0, 0.0, 1.25, 64 / 3),  # 2 × 16^¾ / ¾
        # 2 is that of the gamma distribution
        (1.0, 2.0, 2.0, 2 - 2 * LN2),
        (2.0, 1.0, 2.0, 2 * LN2 - 1),
        (10.0, 20.0, 2.0, 2 - 2 * LN2),  # only the ratio counts
        # 3 is that of the inverse Gaussian, (t - p)² / (p² t)
        (2.0, 1.0, 3.0, 0.25),
        (1.0, 2.0, 3.0, 0.5),
        # near a match (t - p)² / p^power, whatever the power
        (1.0, 1 + 2**-45, 1.5, 2**-90),
        (4.0, 4 + 2**-43, 1.5, 2**-89),
        (4.0, 4 + 2**-43, 3.0, 2**-92),
        (1.0, 1 + 2**-45, 1.0, 2**-90),
        (1.0, 1 + 2**-45, 2.0, 2**-90),
    ],
)
def test_tweedie_deviance_by_hand(prediction, target, power, expected):
    found = of_one("tweedie_deviance", prediction, target, power=power)
    assert found == pytest.approx(expected, rel=1e-13, abs=0)


def test_tweedie_deviance_of_the_documentation():
    # the examples in scikit-learn's documentation of mean_tweedie_deviance and its two relatives
    counts = [0.5, 0.5, 2.0, 2.0], [2.0, 0.0, 1.0, 4.0]
    assert lossctl.compute("tweedie", *counts, power=1) == pytest.approx(1.4260, abs=5e-5)
    assert lossctl.compute("sklearn.metrics.mean_poisson_deviance", *counts) == pytest.approx(
        1.4260, abs=5e-5
    )
    amounts = [0.5, 0.5, 2.0, 2.0], [2.0, 0.5, 1.0, 4.0]
    assert lossctl.compute("gamma_deviance", *amounts) == pytest.approx(1.0568, abs=1e-4)


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_near_a_power_tweedie_deviance_is_nearly_that_power_s(power):
    for prediction, target in [(1.0, 3.0), (3.0, 1.0), (5.0, 4.999)]:
        exact = of_one("tweedie_deviance", prediction, target, power=power)
        for close_to_it in (math.nextafter(power, 9), power + 1e-12):
            near = of_one("tweedie_deviance", prediction, target, power=close_to_it)
            assert near == pytest.approx(exact, rel=1e-11)


def test_the_framework_s_own_power_is_0():
    name = "sklearn.metrics.mean_tweedie_deviance"
    assert of_one(name, -3.0, 2.0) == 25
    assert of_one(name, 1.0, 4.0, power=1.5) == close(4)


@pytest.mark.parametrize("power", [0.5, -1, 0.999, 101, "one"])
def test_between_0_and_1_there_is_no_tweedie_distribution(power):
    with pytest.raises(UsageError) as caught:
        of_one("tweedie_deviance", 1.0, 1.0, power=power)
    assert caught.value.message == f"power must be a number between 1 and 100 or 0, not '{power}'"


@pytest.mark.parametrize(
    ("prediction", "target", "power", "message"),
    [
        (0.0, 1.0, 1.0, "prediction[0]: 0.0 is not a finite number above 0 (at least 1e-150)"),
        (-1.0, 1.0, 3.0, "prediction[0]: -1.0 is not a finite number above 0 (at least 1e-150)"),
        (1.0, -1.0, 1.5, "target[0]: -1.0 is not a finite number of at least 0"),
        (1.0, 0.0, 2.0, "target[0]: 0.0 is not a finite number above 0 (at least 1e-150)"),
    ],
)
def test_the_power_decides_what_tweedie_deviance_takes(prediction, target, power, message):
    with pytest.raises(DataError) as caught:
        of_one("tweedie_deviance", prediction, target, power=power)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("prediction", "target", "expected"),
    [
        (1.0, 2.0, 2 - 2 * LN2),  # ln ½ + 2 - 1, twice
        (2.0, 1.0, 2 * LN2 - 1),  # ln 2 + ½ - 1, twice
        (3.0, 3.0, 0),
        (1e-150, 1e150, 2e300),
        (1e150, 1e-150, 600 * math.log(10) - 2),
        (1.0, 1 + 2**-45, 2**-90),
        ([1.0, 2.0], [2.0, 1.0], 0.5),  # the mean of the columns
    ],
)
def test_gamma_deviance_by_hand(prediction, target, expected):
    assert of_one("gamma_deviance", prediction, target) == pytest.approx(expected, rel=1e-13, abs=0)


@pytest.mark.parametrize(
    ("prediction", "target", "options", "expected"),
    [
        # with dispersion 1 it is the geometric distribution: m^t / (1 + m)^(t + 1)
        (1.0, 0.0, {}, LN2),
        (1.0, 3.0, {}, 4 * LN2),
        (3.0, 1.0, {}, math.log(16 / 3)),
        (0.0, 0.0, {}, 2**-52),  # a mean of 0 is raised
        (0.0, 1.0, {}, 52 * LN2),
        (0.0, 0.0, {"floor": 0.0}, 0),
        (0.0, 1.0, {"floor": 0.0}, INF),
        # with ½ it is (t + 1) (2 / (2 + m))² (m / (2 + m))^t: 3 / 16
        (2.0, 2.0, {"dispersion": 0.5}, math.log(16 / 3)),
        (2.0, 0.0, {"dispersion": 0.5}, 2 * LN2),
        # with a dispersion of almost 0 it is Poisson's: m - t ln m + ln t!
        (1.0, 1.0, {"dispersion": 1e-300}, 1),
        (2.0, 3.0, {"dispersion": 5e-324}, 2 - 3 * LN2 + math.log(6)),
        (2.0, 3.0, {"dispersion": 1e-17}, 2 - 3 * LN2 + math.log(6)),
        (0.5, 0.0, {"dispersion": 1e-300}, 0.5),
        # between integers Γ is defined too: Γ(1.5) = √π / 2, and then ln(1 / (¼ √π))
        (1.0, 0.5, {"dispersion": 1.0}, 1.5 * LN2),
        (1.0, 0.5, {"dispersion": 1e-300}, 1 + math.log(math.sqrt(math.pi) / 2)),
        # scipy 1.17.1: -stats.nbinom.logpmf(t, 1 / dispersion, 1 / (1 + dispersion m))
        (2.5, 7.0, {"dispersion": 0.3}, 3.7852334239738243),
        (40.0, 12.0, {"dispersion": 4.0}, 4.504685202902817),
        (1000.0, 1003.0, {"dispersion": 0.01}, 5.5758725185193185),
    ],
)
def test_negative_binomial_by_hand(prediction, target, options, expected):
    found = of_one("negative_binomial", prediction, target, **options)
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize(("mean", "dispersion"), [(0.3, 2.0), (5.0, 0.1), (30.0, 1e-9)])
def test_negative_binomial_sums_to_1_with_its_mean_and_variance(mean, dispersion):
    counts = [float(count) for count in range(400)]
    losses = lossctl.compute(
        "negative_binomial", [mean] * 400, counts, dispersion=dispersion, reduction="none"
    )
    chances = [math.exp(-loss) for loss in losses]
    moments = [math.fsum(p * c**k for p, c in zip(chances, counts, strict=True)) for k in range(3)]
    assert moments[:2] == pytest.approx([1, mean], rel=1e-12)
    variance = mean + dispersion * mean * mean
    assert moments[2] - mean * mean == pytest.approx(variance, rel=1e-10)


def test_negative_binomial_keeps_its_digits_where_gamma_functions_are_large():
    # Near its mean m a count of variance m + m² / r is nearly normal: ½ ln 2π(m + m² / r) + …,
    # of which the next parts are of the order of 1 / m and 1 / r.
    found = of_one("negative_binomial", 1e14, 1e14, dispersion=1e-14)
    assert found == pytest.approx(0.5 * math.log(2 * math.pi * 2e14), rel=1e-13)
