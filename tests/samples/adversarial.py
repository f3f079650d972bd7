"""A command for every loss of the family `adversarial`, and the number that another tool gives."""

from samples.files import BCE, column, exact, mean
from samples.sample import Live, Plain, Sample


def gan(name):
    return {of: column(f"gan_{of}.csv", name) for of in ("real", "fake")}


def critic():
    return {of: column(f"critic_{of}.csv", "score") for of in ("real", "fake")}


def wasserstein_critic_by_formula():
    return -wasserstein_distance_by_formula()


def wasserstein_generator_by_formula():
    return -mean(exact("critic_fake.csv", "score"))


def wasserstein_distance_by_formula():
    return mean(exact("critic_real.csv", "score")) - mean(exact("critic_fake.csv", "score"))


def wgan_gp_by_formula():
    norms = exact("critic_gradients.csv", "norm")
    return wasserstein_critic_by_formula() + 10 * mean((norm - 1) ** 2 for norm in norms)


def gan_hinge_generator_by_formula():
    return wasserstein_generator_by_formula()


SAMPLES = [
    Sample(
        "gan_discriminator sample_data/gan_real.csv sample_data/gan_fake.csv --columns real=logit,fake=logit --from-logits",
        0.5433418728022605,
        Live(
            "torch",
            f"{BCE}_with_logits(real, torch.ones_like(real)) + "
            f"{BCE}_with_logits(fake, torch.zeros_like(fake))",
            lambda: gan("logit"),
        ),
    ),
    Sample(
        "gan_minimax sample_data/gan_real.csv sample_data/gan_fake.csv --columns real=probability,fake=probability",
        -0.5433417938730618,
        Live(
            "torch",
            f"-{BCE}(real, torch.ones_like(real)) - {BCE}(fake, torch.zeros_like(fake))",
            lambda: gan("probability"),
        ),
    ),
    Sample(
        "gan_generator sample_data/gan_fake.csv --columns fake=probability",
        1.9272045260821868,
        Live("torch", f"{BCE}(fake, torch.ones_like(fake))", lambda: gan("probability")),
    ),
    Sample(
        "gan_generator_minimax sample_data/gan_fake.csv --columns fake=probability",
        -0.206036252079196,
        Live("torch", f"-{BCE}(fake, torch.zeros_like(fake))", lambda: gan("probability")),
    ),
    Sample(
        "lsgan_discriminator sample_data/critic_real.csv sample_data/critic_fake.csv",
        0.22392743616677915,
        Live(
            "torch",
            "torch.nn.functional.mse_loss(real, torch.ones_like(real)) / 2 + "
            "torch.nn.functional.mse_loss(fake, torch.zeros_like(fake)) / 2",
            critic,
        ),
    ),
    Sample(
        "lsgan_generator sample_data/critic_fake.csv",
        0.7432222186363266,
        Live("torch", "torch.nn.functional.mse_loss(fake, torch.ones_like(fake)) / 2", critic),
    ),
    Sample(
        "wasserstein_critic sample_data/critic_real.csv sample_data/critic_fake.csv",
        -0.645439575,
        Plain(wasserstein_critic_by_formula),
    ),
    Sample(
        "wasserstein_generator sample_data/critic_fake.csv",
        0.20985132,
        Plain(wasserstein_generator_by_formula),
    ),
    Sample(
        "wasserstein_distance sample_data/critic_real.csv sample_data/critic_fake.csv",
        0.645439575,
        Plain(wasserstein_distance_by_formula),
    ),
    Sample(
        "wgan_gp sample_data/critic_real.csv sample_data/critic_fake.csv sample_data/critic_gradients.csv",
        -0.6070257959996,
        Plain(wgan_gp_by_formula),
    ),
    Sample(
        "gan_hinge_discriminator sample_data/critic_real.csv sample_data/critic_fake.csv",
        1.35644511,
        Live(
            "keras",
            "keras.losses.Hinge()(real ** 0, real) + keras.losses.Hinge()(-(fake ** 0), fake)",
            critic,
        ),
    ),
    Sample(
        "gan_hinge_generator sample_data/critic_fake.csv",
        0.20985132,
        Plain(gan_hinge_generator_by_formula),
    ),
]
