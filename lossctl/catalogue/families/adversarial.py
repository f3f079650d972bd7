"""Losses of the two players of an adversarial training.

`real` and `fake` hold what the discriminator or critic says of real and of generated examples, one
number each; there may be more of one than of the other, and the means of both are added. A
generator sees `fake` only. Discriminators give probabilities or logits of being real, critics any
number. Natural logarithms give nats. A value out of its domain never reaches these functions:
whoever reads the data raises `lossctl.errors.OutOfDomain`.
"""

from __future__ import annotations

from typing import Annotated

from lossctl.block import Array
from lossctl.catalogue.definition import PerRole, PerRow, Twin, loss
from lossctl.catalogue.families.classification.cross_entropy import binary_cross_entropy
from lossctl.catalogue.kinds import PROBABILITIES, SCORES, VALUES, apart, narrowed
from lossctl.catalogue.options import Interval, Option
from lossctl.catalogue.probabilities import EPSILON, HALF, SHARE
from lossctl.lazy import np

CHANCE = narrowed(PROBABILITIES, columns="one")
SCORE = narrowed(SCORES, columns="one")
NORM = narrowed(VALUES, columns="one", at_least=0)

Chances = Annotated[Array, apart(CHANCE)]
Judgements = Annotated[Array, apart(SCORE)]

Logits = Annotated[
    bool,
    Option(
        "real and fake hold logits, not probabilities",
        turns={"real": apart(SCORE), "fake": apart(SCORE)},
    ),
]
FakeLogits = Annotated[bool, Option("fake holds logits, not probabilities", turns={"fake": SCORE})]
Clip = Annotated[
    float,
    Option(
        "probabilities are clipped to [clip, 1 - clip]",
        HALF,
        clips={"real": "clipped", "fake": "clipped"},
    ),
]
FakeClip = Annotated[
    float,
    Option("probabilities are clipped to [clip, 1 - clip]", HALF, clips={"fake": "clipped"}),
]
LogFloor = Annotated[float | None, Option("no logarithm is below this", Interval(below=0))]
Half = Annotated[bool, Option("halve the squares, as the paper does")]


@loss(
    aliases=("discriminator_loss", "minimax_discriminator"),
    twins=(
        Twin(
            "torch",
            "torch.nn.functional.binary_cross_entropy_with_logits("
            "real, torch.full_like(real, 1 - {label_smoothing}))"
            " + torch.nn.functional.binary_cross_entropy_with_logits("
            "fake, torch.zeros_like(fake))",
            needs={"from_logits": True, "halve": False},
            reductions={"mean": ""},
            named=False,
        ),
        Twin(
            "torch",
            "torch.nn.functional.binary_cross_entropy("
            "real, torch.full_like(real, 1 - {label_smoothing}))"
            " + torch.nn.functional.binary_cross_entropy(fake, torch.zeros_like(fake))",
            sets={"clip": 0.0, "log_floor": -100.0},
            needs={"from_logits": False, "halve": False},
            reductions={"mean": ""},
            named=False,
        ),
    ),
)
def gan_discriminator(
    real: Chances,
    fake: Chances,
    *,
    from_logits: Logits = False,
    label_smoothing: Annotated[
        float, Option("the label of real examples is 1 less this; that of fake ones stays 0", SHARE)
    ] = 0.0,
    halve: Annotated[bool, Option("halve the sum of the two means")] = False,
    clip: Clip = EPSILON,
    log_floor: LogFloor = None,
) -> PerRole:
    """Cross-entropy of telling real from generated examples, added over the two.

    Helps:
        When the discriminator of a classical GAN is judged: 0 if it tells all apart, 2 ln 2 if it
        says ½ to everything.

    Hurts:
        When it is read as the quality of the generator: a weak discriminator makes it large, too.
        Smoothed labels and halved sums give other numbers for the same outputs.

    Formula:
        -mean of ln D(real) - mean of ln(1 - D(fake)); with smoothing s, the first is the mean of
        (1 - s) ln D(real) + s ln(1 - D(real)); with `from_logits`, D = 1 / (1 + e^-logit)

    Domain:
        real: (n,), fake: (m,), in [0, 1], or finite with `from_logits`. Result: at least 0, in
        nats.

    Example:
        >>> gan_discriminator(np.array([0.5, 1.0]), np.array([0.75]))
        (array([6.93147181e-01, 2.22044605e-16]), array([1.38629436]))

    References:
        I. Goodfellow et al., Generative adversarial nets, NeurIPS 2014; T. Salimans et al.,
        Improved techniques for training GANs, NeurIPS 2016 (one-sided smoothing)
    """
    factor = 0.5 if halve else 1.0
    of_real = _cost(real, 1.0 - label_smoothing, from_logits, clip, log_floor)
    return factor * of_real, factor * _cost(fake, 0.0, from_logits, clip, log_floor)


@loss(
    aliases=("gan", "gan_loss", "adversarial", "adversarial_loss", "minimax_gan", "minmax_gan"),
    optimum=None,
    twins=(
        Twin(
            "torch",
            "torch.nn.functional.logsigmoid(real).mean()"
            " + torch.nn.functional.logsigmoid(-fake).mean()",
            needs={"from_logits": True},
            reductions={"mean": ""},
            named=False,
        ),
    ),
)
def gan_minimax(
    real: Chances, fake: Chances, *, from_logits: Logits = False, clip: Clip = EPSILON
) -> PerRole:
    """Value of the game that the discriminator maximises and the generator minimises.

    Helps:
        When both players are followed by one number: 0 means that all are told apart, -2 ln 2 that
        the discriminator says ½ to everything, as it does in the end.

    Hurts:
        When a sign is expected that both can minimise: the discriminator's loss is the negative of
        this, and generators are mostly trained on another one, gan_generator.

    Formula:
        mean of ln D(real) + mean of ln(1 - D(fake)); with `from_logits`, D = 1 / (1 + e^-logit)

    Domain:
        real: (n,), fake: (m,), in [0, 1], or finite with `from_logits`. Result: at most 0, in nats.

    Example:
        >>> gan_minimax(np.array([0.5]), np.array([0.75, 0.5]))
        (array([-0.69314718]), array([-1.38629436, -0.69314718]))

    References:
        I. Goodfellow et al., Generative adversarial nets, NeurIPS 2014
    """
    of_real, of_fake = gan_discriminator(real, fake, from_logits=from_logits, clip=clip)
    return -of_real, -of_fake


@loss(
    aliases=("generator_loss", "nonsaturating", "nonsaturating_gan", "non_saturating_generator"),
    twins=(
        Twin(
            "torch",
            "torch.nn.functional.binary_cross_entropy_with_logits(fake, torch.ones_like(fake), "
            "reduction={reduction})",
            needs={"from_logits": True},
            named=False,
        ),
        Twin(
            "torch",
            "torch.nn.functional.binary_cross_entropy(fake, torch.ones_like(fake), "
            "reduction={reduction})",
            sets={"clip": 0.0, "log_floor": -100.0},
            needs={"from_logits": False},
            named=False,
        ),
    ),
)
def gan_generator(
    fake: Annotated[Array, CHANCE],
    *,
    from_logits: FakeLogits = False,
    clip: FakeClip = EPSILON,
    log_floor: LogFloor = None,
) -> PerRow:
    """Cross-entropy of generated examples with the label of real ones.

    Helps:
        When a generator is trained or judged in the usual way: its slope is large as long as the
        discriminator sees through it.

    Hurts:
        When it is compared over time: it depends on the discriminator as much as on the generator.
        It is not the minimax value, whose slope fades where this one's is large.

    Formula:
        -ln D(fake); with `from_logits`, D = 1 / (1 + e^-logit)

    Domain:
        fake: (n,), in [0, 1], or finite with `from_logits`. Result: at least 0, in nats.

    Example:
        >>> gan_generator(np.array([0.5, 0.25]))
        array([0.69314718, 1.38629436])

    References:
        I. Goodfellow et al., Generative adversarial nets, NeurIPS 2014
    """
    return _cost(fake, 1.0, from_logits, clip, log_floor)


@loss(
    aliases=("saturating_generator", "minimax_generator"),
    optimum=None,
    twins=(
        Twin(
            "torch",
            "torch.nn.functional.logsigmoid(-fake){reduction}",
            needs={"from_logits": True},
            reductions={"mean": ".mean()", "sum": ".sum()", "none": ""},
            named=False,
        ),
    ),
)
def gan_generator_minimax(
    fake: Annotated[Array, CHANCE], *, from_logits: FakeLogits = False, clip: FakeClip = EPSILON
) -> PerRow:
    """Logarithm of the probability that a generated example is seen through.

    Helps:
        When the generator's part of the minimax game itself is needed.

    Hurts:
        When a generator is trained from scratch: as long as it is seen through, this is about 0 and
        flat. It has no lowest value but what clipping sets.

    Formula:
        ln(1 - D(fake)); with `from_logits`, D = 1 / (1 + e^-logit)

    Domain:
        fake: (n,), in [0, 1], or finite with `from_logits`. Result: at most 0, in nats; -infinite
        where D(fake) is 1 and `clip` is 0.

    Example:
        >>> gan_generator_minimax(np.array([0.5, 0.75]))
        array([-0.69314718, -1.38629436])

    References:
        I. Goodfellow et al., Generative adversarial nets, NeurIPS 2014
    """
    return -_cost(fake, 0.0, from_logits, clip)


@loss(
    aliases=("lsgan", "least_squares_gan", "least_squares_discriminator"),
    twins=(
        Twin(
            "torch",
            "torch.nn.functional.mse_loss(real, torch.ones_like(real))"
            " + torch.nn.functional.mse_loss(fake, torch.zeros_like(fake))",
            needs={"half": False},
            reductions={"mean": ""},
            named=False,
        ),
    ),
)
def lsgan_discriminator(real: Judgements, fake: Judgements, *, half: Half = True) -> PerRole:
    """Squared distance of scores from 1 for real and from 0 for generated examples.

    Helps:
        When cross-entropy gives no slope any more for examples far on the right side.

    Hurts:
        When scores are far off: a few of them decide the number. Many codes leave the ½ out.

    Formula:
        ½ mean of (D(real) - 1)² + ½ mean of D(fake)²; without `half`, both without ½

    Domain:
        real: (n,), fake: (m,), finite scores. Result: at least 0.

    Example:
        >>> lsgan_discriminator(np.array([1.0, 3.0]), np.array([0.5]))
        (array([0., 2.]), array([0.125]))

    References:
        X. Mao et al., Least squares generative adversarial networks, ICCV 2017
    """
    factor = 0.5 if half else 1.0
    return factor * (real - 1.0) * (real - 1.0), factor * fake * fake


@loss(
    aliases=("least_squares_generator",),
    twins=(
        Twin(
            "torch",
            "torch.nn.functional.mse_loss(fake, torch.ones_like(fake), reduction={reduction})",
            needs={"half": False},
            named=False,
        ),
    ),
)
def lsgan_generator(fake: Annotated[Array, SCORE], *, half: Half = True) -> PerRow:
    """Squared distance of the scores of generated examples from 1, the score of real ones.

    Helps:
        When generated examples that already pass as real are to be drawn towards them still.

    Hurts:
        When scores are far off: a few of them decide the number. Many codes leave the ½ out.

    Formula:
        ½ (D(fake) - 1)²; without `half`, without ½

    Domain:
        fake: (n,), finite scores. Result: at least 0.

    Example:
        >>> lsgan_generator(np.array([1.0, -1.0]))
        array([0., 2.])

    References:
        X. Mao et al., Least squares generative adversarial networks, ICCV 2017
    """
    return (0.5 if half else 1.0) * (fake - 1.0) * (fake - 1.0)


@loss(aliases=("critic_loss", "wgan_critic", "wasserstein_discriminator"), optimum=None)
def wasserstein_critic(real: Judgements, fake: Judgements) -> PerRole:
    """Mean score of generated examples less that of real ones, which the critic minimises.

    Helps:
        When a critic is trained whose slope is bounded, by clipped weights or by a penalty.

    Hurts:
        When it is read as a distance: that is its negative, wasserstein_distance, and only for a
        critic of slope 1. Without a bound on the slope it has no lowest value.

    Formula:
        mean of D(fake) - mean of D(real)

    Domain:
        real: (n,), fake: (m,), finite scores. Result: any finite number.

    Example:
        >>> wasserstein_critic(np.array([3.0, 1.0]), np.array([0.5]))
        (array([-3., -1.]), array([0.5]))

    References:
        M. Arjovsky, S. Chintala, L. Bottou, Wasserstein generative adversarial networks, ICML 2017
    """
    return -real, +fake


@loss(aliases=("wgan_generator",), optimum=None)
def wasserstein_generator(fake: Annotated[Array, SCORE]) -> PerRow:
    """Negative score that the critic gives a generated example.

    Helps:
        When a generator is trained against a critic: its slope does not fade.

    Hurts:
        When numbers of different critics are compared: a score has no zero and no scale of its own.

    Formula:
        -D(fake)

    Domain:
        fake: (n,), finite scores. Result: any finite number.

    Example:
        >>> wasserstein_generator(np.array([0.5, -2.0]))
        array([-0.5,  2. ])

    References:
        M. Arjovsky, S. Chintala, L. Bottou, Wasserstein generative adversarial networks, ICML 2017
    """
    return -fake


@loss(aliases=("wasserstein", "wasserstein_loss", "wgan", "wgan_loss"), optimum=None)
def wasserstein_distance(real: Judgements, fake: Judgements) -> PerRole:
    """Mean score of real examples less that of generated ones, which a critic maximises.

    Helps:
        When a training is followed: for the best critic of slope 1 this is the earth mover's
        distance between real and generated examples, and falls as these get better.

    Hurts:
        When the critic is weak or its slope is not 1: then it says little. It is an estimate from a
        critic's scores, not the distance between two samples of numbers.

    Formula:
        mean of D(real) - mean of D(fake)

    Domain:
        real: (n,), fake: (m,), finite scores. Result: any finite number.

    Example:
        >>> wasserstein_distance(np.array([3.0, 1.0]), np.array([0.5]))
        (array([3., 1.]), array([-0.5]))

    References:
        M. Arjovsky, S. Chintala, L. Bottou, Wasserstein generative adversarial networks, ICML 2017
    """
    return +real, -fake


@loss(aliases=("wasserstein_gp", "wgan_gradient_penalty"), optimum=None)
def wgan_gp(
    real: Judgements,
    fake: Judgements,
    gradient_norm: Annotated[Array, apart(NORM)],
    *,
    penalty: Annotated[float, Option("weight of the penalty", Interval(at_least=0))] = 10.0,
    target_norm: Annotated[
        float, Option("norm at which there is no penalty", Interval(at_least=0))
    ] = 1.0,
) -> PerRole:
    """The critic's loss, and a penalty for a slope that is not 1.

    Helps:
        When a critic is trained whose slope is bounded by a penalty, not by clipped weights.

    Hurts:
        When the norms are taken at other points than between real and generated examples; or over a
        batch instead of over the inputs of one example.

    Formula:
        mean of D(fake) - mean of D(real) + penalty × mean of (norm - target_norm)²

    Domain:
        real: (n,), fake: (m,), finite scores; gradient_norm: (k,), at least 0. Result: any finite
        number.

    Example:
        >>> wgan_gp(np.array([3.0]), np.array([0.5]), np.array([1.0, 1.5]))
        (array([-3.]), array([0.5]), array([0. , 2.5]))

    References:
        I. Gulrajani et al., Improved training of Wasserstein GANs, NeurIPS 2017
    """
    excess = gradient_norm - target_norm
    return *wasserstein_critic(real, fake), penalty * excess * excess


@loss(aliases=("hinge_gan", "hinge_discriminator"))
def gan_hinge_discriminator(real: Judgements, fake: Judgements) -> PerRole:
    """How far scores fall short of 1 for real and of -1 for generated examples.

    Helps:
        When only examples that are not yet clearly told apart are to count.

    Hurts:
        When it is read as the quality of the generator; and when scores are probabilities, which
        never reach -1.

    Formula:
        mean of max(0, 1 - D(real)) + mean of max(0, 1 + D(fake))

    Domain:
        real: (n,), fake: (m,), finite scores. Result: at least 0.

    Example:
        >>> gan_hinge_discriminator(np.array([3.0, 0.5]), np.array([-2.0, 0.5]))
        (array([0. , 0.5]), array([0. , 1.5]))

    References:
        J. H. Lim, J. C. Ye, Geometric GAN, arXiv 1705.02894, 2017
    """
    return np.maximum(0.0, 1.0 - real), np.maximum(0.0, 1.0 + fake)


@loss(aliases=("hinge_generator",), optimum=None)
def gan_hinge_generator(fake: Annotated[Array, SCORE]) -> PerRow:
    """Negative score that the discriminator gives a generated example.

    Helps:
        When a generator is trained against a discriminator with the hinge loss.

    Hurts:
        When numbers of different discriminators are compared: it has no lowest value. There is no
        margin in it, whatever its name says.

    Formula:
        -D(fake)

    Domain:
        fake: (n,), finite scores. Result: any finite number.

    Example:
        >>> gan_hinge_generator(np.array([0.5, -2.0]))
        array([-0.5,  2. ])

    References:
        J. H. Lim, J. C. Ye, Geometric GAN, arXiv 1705.02894, 2017
    """
    return -fake


def _cost(
    prediction: Array, label: float, from_logits: bool, clip: float, log_floor: float | None = None
) -> Array:
    """Take the cross-entropy of all predictions with one label."""
    labels = np.full(prediction.shape, label)
    return binary_cross_entropy(
        prediction, labels, from_logits=from_logits, clip=clip, log_floor=log_floor
    )
