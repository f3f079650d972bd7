"""Losses of the two players in adversarial training.

`real` and `fake` hold the outputs of the discriminator or critic for real and for generated
examples, one number each; their counts may differ, and the means of both are added. The loss of a
generator takes `fake` only. Discriminators output probabilities or logits of being real, critics
any number. Logarithms are natural, so results are in nats. Values outside the domain never reach
these functions: the code that reads the data raises `lossctl.errors.OutOfDomain`.
"""

from __future__ import annotations

from typing import Annotated

from lossctl.block import Array
from lossctl.catalogue.definition import METHODS, PerRole, PerRow, Twin, loss
from lossctl.catalogue.families.classification.cross_entropy import binary_cross_entropy
from lossctl.catalogue.kinds import PROBABILITIES, SCORES, VALUES, apart, narrowed
from lossctl.catalogue.options import Interval, Option
from lossctl.catalogue.probabilities import EPSILON, HALF, SHARE
from lossctl.lazy import np

PROBABILITY = narrowed(PROBABILITIES, columns="one")
SCORE = narrowed(SCORES, columns="one")
NORM = narrowed(VALUES, columns="one", at_least=0)

Probabilities = Annotated[Array, apart(PROBABILITY)]
Scores = Annotated[Array, apart(SCORE)]

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
LogFloor = Annotated[float | None, Option("lower bound of the logarithms", Interval(below=0))]
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
    real: Probabilities,
    fake: Probabilities,
    *,
    from_logits: Logits = False,
    label_smoothing: Annotated[
        float, Option("label real examples as 1 minus this; fake ones keep the label 0", SHARE)
    ] = 0.0,
    halve: Annotated[bool, Option("halve the sum of the two means")] = False,
    clip: Clip = EPSILON,
    log_floor: LogFloor = None,
) -> PerRole:
    """Cross-entropy of telling real from generated examples, summed over the two.

    Helps:
        When the discriminator of a classical GAN is evaluated: 0 if it separates all examples, 2 ln
        2 if it outputs ½ for everything.

    Hurts:
        When it is read as the quality of the generator: a weak discriminator makes it large, too.
        Label smoothing and halving change the number for the same outputs.

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
    of_real = _cross_entropy(real, 1.0 - label_smoothing, from_logits, clip, log_floor)
    of_fake = _cross_entropy(fake, 0.0, from_logits, clip, log_floor)
    return factor * of_real, factor * of_fake


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
    real: Probabilities, fake: Probabilities, *, from_logits: Logits = False, clip: Clip = EPSILON
) -> PerRole:
    """Value of the minimax game that the discriminator maximises and the generator minimises.

    Helps:
        When both players are followed by one number: 0 means that the discriminator separates all
        examples, -2 ln 2 that it outputs ½ for everything, as it does at the equilibrium.

    Hurts:
        When something to minimise is expected: the discriminator's loss is the negative of this,
        and generators are usually trained on gan_generator instead.

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
    fake: Annotated[Array, PROBABILITY],
    *,
    from_logits: FakeLogits = False,
    clip: FakeClip = EPSILON,
    log_floor: LogFloor = None,
) -> PerRow:
    """Cross-entropy of generated examples with the label of real ones (non-saturating loss).

    Helps:
        When a generator is trained or evaluated in the usual way: its gradient is large as long as
        the discriminator recognises generated examples as fake.

    Hurts:
        When it is compared over time: it depends on the discriminator as much as on the generator.
        It is not the minimax value, whose gradient vanishes where this one's is large.

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
    return _cross_entropy(fake, 1.0, from_logits, clip, log_floor)


@loss(
    aliases=("saturating_generator", "minimax_generator"),
    optimum=None,
    twins=(
        Twin(
            "torch",
            "torch.nn.functional.logsigmoid(-fake){reduction}",
            needs={"from_logits": True},
            reductions=METHODS,
            named=False,
        ),
    ),
)
def gan_generator_minimax(
    fake: Annotated[Array, PROBABILITY],
    *,
    from_logits: FakeLogits = False,
    clip: FakeClip = EPSILON,
) -> PerRow:
    """Logarithm of the probability that a generated example is recognised as fake.

    Helps:
        When the generator's part of the minimax game itself is needed.

    Hurts:
        When a generator is trained from scratch: as long as its examples are recognised as fake,
        this is about 0 and flat. Its only lower bound is the one set by clipping.

    Formula:
        ln(1 - D(fake)); with `from_logits`, D = 1 / (1 + e^-logit)

    Domain:
        fake: (n,), in [0, 1], or finite with `from_logits`. Result: at most 0, in nats; minus
        infinity where D(fake) is 1 and `clip` is 0.

    Example:
        >>> gan_generator_minimax(np.array([0.5, 0.75]))
        array([-0.69314718, -1.38629436])

    References:
        I. Goodfellow et al., Generative adversarial nets, NeurIPS 2014
    """
    return -_cross_entropy(fake, 0.0, from_logits, clip)


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
def lsgan_discriminator(real: Scores, fake: Scores, *, half: Half = True) -> PerRole:
    """Squared distance of scores from 1 for real and from 0 for generated examples.

    Helps:
        When cross-entropy no longer gives a gradient for examples far on the correct side.

    Hurts:
        When scores are far off: a few of them dominate the number. Many implementations leave out
        the ½.

    Formula:
        ½ mean of (D(real) - 1)² + ½ mean of D(fake)²; without `half`, both without the ½

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
        When generated examples that already pass as real should still be drawn towards the real
        ones.

    Hurts:
        When scores are far off: a few of them dominate the number. Many implementations leave out
        the ½.

    Formula:
        ½ (D(fake) - 1)²; without `half`, without the ½

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
def wasserstein_critic(real: Scores, fake: Scores) -> PerRole:
    """Mean score of generated minus mean score of real examples, which the critic minimises.

    Helps:
        When a Lipschitz critic is trained, by weight clipping or with a gradient penalty.

    Hurts:
        When it is read as a distance: that is its negative, wasserstein_distance, and only for a
        1-Lipschitz critic. Without a bound on the critic's gradient it is unbounded below.

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
    """Negative critic score of a generated example.

    Helps:
        When a generator is trained against a critic: its gradient does not vanish.

    Hurts:
        When numbers of different critics are compared: scores have no common zero or scale.

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
def wasserstein_distance(real: Scores, fake: Scores) -> PerRole:
    """Mean score of real minus mean score of generated examples, which a critic maximises.

    Helps:
        When training is monitored: for the best 1-Lipschitz critic this is the earth mover's
        distance between real and generated examples, and falls as these improve.

    Hurts:
        When the critic is weak or not 1-Lipschitz: then it says little. It is an estimate from a
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
    real: Scores,
    fake: Scores,
    gradient_norm: Annotated[Array, apart(NORM)],
    *,
    penalty: Annotated[
        float, Option("weight of the gradient penalty", Interval(at_least=0))
    ] = 10.0,
    target_norm: Annotated[
        float, Option("gradient norm that is not penalised", Interval(at_least=0))
    ] = 1.0,
) -> PerRole:
    """The critic's loss, plus a penalty on gradient norms that differ from 1.

    Helps:
        When a critic is trained with a gradient penalty instead of weight clipping.

    Hurts:
        When the norms are not taken at points between real and generated examples, or are taken
        over a batch instead of over the inputs of one example.

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
def gan_hinge_discriminator(real: Scores, fake: Scores) -> PerRole:
    """Shortfall of scores from 1 for real, and from -1 for generated examples.

    Helps:
        When only examples that are not yet clearly separated should count.

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
    """Negative discriminator score of a generated example.

    Helps:
        When a generator is trained against a discriminator with the hinge loss.

    Hurts:
        When numbers of different discriminators are compared: it is unbounded below. Despite its
        name it has no margin.

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


def _cross_entropy(
    prediction: Array, label: float, from_logits: bool, clip: float, log_floor: float | None = None
) -> Array:
    """Return the cross-entropy of all predictions with one label."""
    labels = np.full(prediction.shape, label)
    return binary_cross_entropy(
        prediction, labels, from_logits=from_logits, clip=clip, log_floor=log_floor
    )
