"""Values of the adversarial losses that can be worked out by hand, at the edges too."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest

from lossctl.catalogue.families.adversarial import (
    gan_discriminator,
    gan_generator,
    gan_generator_minimax,
    gan_hinge_discriminator,
    gan_hinge_generator,
    gan_minimax,
    lsgan_discriminator,
    lsgan_generator,
    wasserstein_critic,
    wasserstein_distance,
    wasserstein_generator,
    wgan_gp,
)
from lossctl.catalogue.names import find

LN2, LN3 = math.log(2), math.log(3)
INF = math.inf
CLIPPED = 36.04365338911715
"""-ln 2⁻⁵² = 52 ln 2: what a probability of 0 costs where it is clipped."""

DISCRIMINATORS = [
    gan_discriminator,
    gan_minimax,
    lsgan_discriminator,
    wasserstein_critic,
    wasserstein_distance,
    gan_hinge_discriminator,
]
GENERATORS = [
    gan_generator,
    gan_generator_minimax,
    lsgan_generator,
    wasserstein_generator,
    gan_hinge_generator,
]


def close(expected):
    """Equal but for a few rounding steps, however small the number."""
    return pytest.approx(expected, rel=4e-15, abs=0)


def terms(function, *roles, **options):
    """Compute the terms as the engine does, to which infinities are legal."""
    with np.errstate(all="ignore"):
        return function(*(np.array(role, dtype=float) for role in roles), **options)


def number(function, *roles, **options):
    """Add the means of the roles."""
    return math.fsum(float(each.mean()) for each in terms(function, *roles, **options))


def softplus(logit):
    """ln(1 + e^logit), in so many digits that none is lost."""
    with localcontext(prec=400):
        return float((1 + Decimal(logit).exp()).ln())


@pytest.mark.parametrize(
    ("real", "fake", "options", "expected"),
    [
        ([0.5], [0.5], {}, 2 * LN2),
        # (ln 2 + ln 4) / 2 and (ln 4 + 2 ln 2) / 3
        ([0.5, 0.25], [0.75, 0.5, 0.5], {}, 1.5 * LN2 + 4 / 3 * LN2),
        ([0.5, 0.25], [0.75, 0.5, 0.5], {"halve": True}, 0.75 * LN2 + 2 / 3 * LN2),
        ([1.0], [0.0], {"clip": 0.0}, 0),
        ([1.0], [0.0], {}, 2**-51),  # both clipped by 2⁻⁵²
        ([0.0], [0.0], {"clip": 0.0}, INF),
        ([1.0], [1.0], {"clip": 0.0}, INF),
        ([0.0], [1.0], {}, 2 * CLIPPED),
        ([0.0], [1.0], {"clip": 0.25}, 4 * LN2),
        ([0.0], [1.0], {"clip": 0.0, "log_floor": -100.0}, 200),
        # the label ¾: ¾ ln 2 + ¼ ln 2, ¾ ln 4 + ¼ ln 4/3; fake labels stay 0
        ([0.5], [0.5], {"label_smoothing": 0.25}, 2 * LN2),
        ([0.25], [0.5], {"label_smoothing": 0.25}, 2 * LN2 - LN3 / 4 + LN2),
        ([1.0], [0.0], {"label_smoothing": 0.25, "clip": 0.0}, INF),
        ([0.0], [0.0], {"label_smoothing": 1.0, "clip": 0.0}, 0),
    ],
)
def test_the_discriminator_by_hand(real, fake, options, expected):
    assert number(gan_discriminator, real, fake, **options) == close(expected)


@pytest.mark.parametrize(
    ("real", "fake", "options", "expected"),
    [
        (0.0, 0.0, {}, 2 * LN2),
        (LN3, -LN3, {}, 2 * (2 * LN2 - LN3)),  # D is ¾ and ¼: 2 ln 4/3
        (1e4, -1e4, {}, 0),
        (-1e4, 1e4, {}, 2e4),
        (40.0, -40.0, {}, 2 * softplus(-40)),  # of which 1 - D would keep nothing
        (-1e150, 0.0, {}, 1e150),
        (1e4, -1e4, {"label_smoothing": 0.25}, 2500),  # a quarter of 10000
        (-1e4, 1e4, {"halve": True}, 1e4),
    ],
)
def test_the_discriminator_of_logits_by_hand(real, fake, options, expected):
    found = number(gan_discriminator, [real], [fake], from_logits=True, **options)
    assert found == close(expected)


@pytest.mark.parametrize(
    ("real", "fake", "options", "expected"),
    [
        ([0.5], [0.5, 0.5], {}, -2 * LN2),
        ([0.5, 0.25], [0.75], {}, -1.5 * LN2 - 2 * LN2),
        ([1.0], [0.0], {"clip": 0.0}, 0),
        ([0.0], [0.0], {"clip": 0.0}, -INF),
        ([0.0], [1.0], {}, -2 * CLIPPED),
        ([-1e4], [1e4], {"from_logits": True}, -2e4),
    ],
)
def test_the_value_of_the_game_by_hand(real, fake, options, expected):
    assert number(gan_minimax, real, fake, **options) == close(expected)


@pytest.mark.parametrize(
    ("fake", "options", "saturating", "usual"),
    [
        (0.5, {}, -LN2, LN2),
        (0.25, {}, LN3 - 2 * LN2, 2 * LN2),  # ln ¾, -ln ¼
        (1.0, {}, -CLIPPED, 2**-52),
        (0.0, {}, -(2**-52), CLIPPED),
        (1.0, {"clip": 0.0}, -INF, 0),
        (0.0, {"clip": 0.0}, 0, INF),
        (1.0, {"clip": 0.25}, -2 * LN2, 2 * LN2 - LN3),
        (0.0, {"from_logits": True}, -LN2, LN2),
        (LN3, {"from_logits": True}, -2 * LN2, 2 * LN2 - LN3),
        (1e4, {"from_logits": True}, -1e4, 0),
        (-1e4, {"from_logits": True}, 0, 1e4),
        (-40.0, {"from_logits": True}, -softplus(-40), softplus(40)),
    ],
)
def test_generators_by_hand(fake, options, saturating, usual):
    assert terms(gan_generator_minimax, [fake], **options) == close([saturating])
    assert terms(gan_generator, [fake], **options) == close([usual])


def test_a_generators_logarithm_may_have_a_floor():
    assert terms(gan_generator, [0.0, 0.5], clip=0.0, log_floor=-100.0) == close([100, LN2])


def test_least_squares_by_hand():
    # ½ (0 + 4) / 2 + ½ (¼ + 9 + 0) / 3
    expected = 1 + 9.25 / 6
    real, fake = [1.0, 3.0], [0.5, -3.0, 0.0]
    assert number(lsgan_discriminator, real, fake) == close(expected)
    assert number(lsgan_discriminator, real, fake, half=False) == close(2 * expected)
    assert terms(lsgan_generator, [1.0, -1.0, 1e150]) == close([0, 2, 5e299])
    assert terms(lsgan_generator, [1.0, -1.0], half=False).tolist() == [0, 4]


def test_critics_by_hand():
    # means 2 and -1
    real, fake = [3.0, 1.0], [0.5, -3.0, -0.5]
    assert number(wasserstein_critic, real, fake) == -3
    assert number(wasserstein_distance, real, fake) == 3
    assert terms(wasserstein_generator, fake).tolist() == [-0.5, 3, 0.5]
    assert terms(gan_hinge_generator, fake).tolist() == [-0.5, 3, 0.5]


@pytest.mark.parametrize(
    ("norms", "options", "expected"),
    [
        ([1.0], {}, -3),
        ([1.5, 0.5, 1.0, 1.0], {}, -1.75),  # -3 + 10 × ½ / 4
        ([0.0], {}, 7),
        ([0.0], {"target_norm": 0.0}, -3),
        ([3.0], {"penalty": 0.5}, -1),  # -3 + ½ 2²
        ([3.0], {"penalty": 0.0}, -3),
        ([5.0], {"penalty": 1.0, "target_norm": 2.0}, 6),
    ],
)
def test_the_gradient_penalty_by_hand(norms, options, expected):
    assert number(wgan_gp, [3.0, 1.0], [-1.0], norms, **options) == close(expected)


@pytest.mark.parametrize(
    ("real", "fake", "expected"),
    [
        ([1.0, 2.0], [-1.0, -1e4], 0),
        ([0.0], [0.0], 2),
        ([0.5, 2.0], [-0.25], 0.25 + 0.75),
        ([-1e4], [1e4], 20002),
    ],
)
def test_hinges_by_hand(real, fake, expected):
    assert number(gan_hinge_discriminator, real, fake) == expected


@pytest.mark.parametrize("function", DISCRIMINATORS, ids=lambda function: function.__name__)
def test_each_role_has_a_term_for_each_of_its_rows(function):
    found = terms(function, [0.5, 0.25, 0.75], [0.5])
    assert [each.shape for each in found] == [(3,), (1,)]
    assert [each.shape for each in terms(function, [], [0.5, 0.5])] == [(0,), (2,)]
    # what one role holds makes no difference to the other
    other = terms(function, [0.125, 0.5], [0.5])
    assert other[1].tolist() == found[1].tolist()


def test_the_penalty_is_a_role_of_its_own():
    found = terms(wgan_gp, [0.5, 0.25], [], [1.0, 2.0, 3.0])
    assert [each.tolist() for each in found] == [[-0.5, -0.25], [], [0, 10, 40]]


@pytest.mark.parametrize("function", DISCRIMINATORS + GENERATORS, ids=lambda each: each.__name__)
def test_arrays_stay_as_they_are(function):
    roles = [np.array([0.5, 0.25, 1.0]) for _ in function.loss.roles]
    for role in roles:
        role.flags.writeable = False
    function(*roles)
    assert all(role.tolist() == [0.5, 0.25, 1.0] for role in roles)


@pytest.mark.parametrize(
    ("function", "perfect"),
    [
        (gan_discriminator, ([1.0], [0.0])),
        (lsgan_discriminator, ([1.0], [0.0])),
        (gan_hinge_discriminator, ([1.0], [-1.0])),
    ],
)
def test_a_perfect_discriminator_reaches_the_optimum(function, perfect):
    assert number(function, *perfect) == pytest.approx(function.loss.optimum, abs=1e-12)


@pytest.mark.parametrize("function", [gan_generator, lsgan_generator])
def test_a_perfect_generator_reaches_the_optimum(function):
    assert terms(function, [1.0]) == pytest.approx(function.loss.optimum, abs=1e-12)


@pytest.mark.parametrize("name", ["gan", "gan_loss", "minmax_gan", "adversarial_loss"])
def test_a_gan_loss_is_the_value_of_the_game(name):
    assert find(name)[0] is gan_minimax.loss


@pytest.mark.parametrize("name", ["wasserstein", "wgan", "wasserstein_loss"])
def test_a_wasserstein_loss_is_the_difference_real_less_fake(name):
    assert find(name)[0] is wasserstein_distance.loss
