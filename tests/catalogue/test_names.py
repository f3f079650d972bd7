"""Finding losses: by every name, with the nearest names otherwise, and from other packages."""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass, replace
from types import ModuleType

import pytest

from lossctl import losses
from lossctl.catalogue import families, scan
from lossctl.catalogue.definition import MeanOfColumns, loss
from lossctl.catalogue.kinds import Values
from lossctl.catalogue.names import all_names, family_names, find, look_up
from lossctl.catalogue.scan import Catalogue, load
from lossctl.cli.compute import FRAMEWORKS
from lossctl.errors import LossctlError, PluginSkipped, UsageError


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("huber", "huber"),
        ("Huber", "huber"),
        ("log_cosh", "log_cosh"),
        ("log-cosh", "log_cosh"),
        ("logcosh", "log_cosh"),
        ("LogCosh", "log_cosh"),
        ("Log Cosh", "log_cosh"),
        ("mean-squared-error", "mse"),
        ("MeanSquaredError", "mse"),
        ("L2", "mse"),
        ("bce", "binary_cross_entropy"),
        ("torch.nn.HuberLoss", "huber"),
        ("torch.nn.functional.huber_loss", "huber"),
        ("keras.losses.Huber", "huber"),
        ("tf.keras.losses.Huber", "huber"),
        ("TORCH.NN.HUBERLOSS", "huber"),
        ("sklearn.metrics.log_loss", "binary_cross_entropy"),
        ("torch.nn.CrossEntropyLoss", "sparse_categorical_cross_entropy"),
    ],
)
def test_a_loss_is_found_however_its_name_is_written(written, name):
    assert find(written)[0].name == name


@pytest.mark.parametrize(
    ("written", "framework"),
    [("huber", None), ("smooth-l1-loss", None), ("torch.nn.HuberLoss", "torch")],
)
def test_a_framework_s_name_brings_its_twin(written, framework):
    _, twin = find(written)
    assert (twin and twin.framework) == framework


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("hubber", "unknown loss 'hubber'\ndid you mean 'huber'?"),
        ("smoth-l1", "unknown loss 'smoth-l1'\ndid you mean 'smooth_l1'?"),
        ("qqqqq", "unknown loss 'qqqqq'"),
        ("", "unknown loss ''"),
        ("\x1b[31m", "unknown loss '\\x1b[31m'"),
    ],
)
def test_an_unknown_name_is_met_with_the_nearest_ones(written, message):
    with pytest.raises(UsageError) as caught:
        find(written)
    assert str(caught.value) == message


def test_families_stand_together_those_that_most_people_need_first():
    own = list(dict.fromkeys(loss.family for loss in load().values()))
    assert own == family_names() == list(families.MODULES)
    assert (own[0], own[-1]) == ("regression", "adversarial")


def test_every_module_of_a_family_is_named():
    for package in [families, *(getattr(families, name) for name in families.MODULES)]:
        if hasattr(package, "__path__"):
            modules = {info.name for info in pkgutil.iter_modules(package.__path__)}
            assert sorted(package.MODULES) == sorted(modules)


def test_within_a_family_losses_stand_as_in_their_module():
    of_regression = [each.name for each in load().values() if each.family == "regression"]
    assert of_regression[:4] == ["mse", "rmse", "mae", "huber"]


def test_every_name_is_listed_as_it_is_usually_written():
    assert {"huber", "huber_loss", "torch.nn.HuberLoss"} <= set(all_names())


def test_the_catalogue_is_a_mapping_by_name():
    assert all(name == each.name for name, each in losses().items())


# Other packages


@loss(aliases=("squared_thing",))
def new_loss(prediction: Values, target: Values) -> MeanOfColumns:
    """Be new."""
    return (prediction - target) ** 2


@loss(aliases=("mse",))
def intruder(prediction: Values, target: Values) -> MeanOfColumns:
    """Take a name that is taken."""
    return prediction - target


@dataclass(frozen=True)
class Point:
    """An entry point that has been found."""

    module: ModuleType | Exception

    name: str = "thing"
    dist: None = None

    def load(self):
        if isinstance(self.module, Exception):
            raise self.module
        return self.module


@pytest.fixture
def plug_in(monkeypatch):
    """Offer a module with some losses, as another package does."""

    clear = scan.catalogue.cache_clear

    def offer(*functions, error=None):
        module = ModuleType("plug_in")
        for function in functions:
            monkeypatch.setattr(function, "__module__", "plug_in")
            setattr(module, function.__name__, function)
        groups = {"lossctl.losses": [Point(error or module)]}
        monkeypatch.setattr(scan, "entry_points", lambda group: groups[group])
        clear()

    yield offer
    monkeypatch.undo()
    clear()


def test_another_package_may_bring_losses(plug_in):
    plug_in(new_loss)
    assert find("squared-thing")[0] is new_loss.loss
    assert load()["new_loss"].family == "plug_in"
    assert list(load())[-1] == "new_loss"


def test_a_loss_that_a_module_only_imports_is_not_its_own(plug_in, monkeypatch):
    plug_in(new_loss)
    monkeypatch.setattr(new_loss, "__module__", "elsewhere")
    assert "new_loss" not in load()


def test_a_plug_in_with_a_name_that_is_taken_is_skipped(plug_in, monkeypatch):
    monkeypatch.setattr(new_loss, "__name__", "mse")
    plug_in(new_loss)
    with pytest.warns(PluginSkipped, match="'thing' was skipped: .*two losses are named mse$"):
        assert load()["mse"].family == "regression"


def test_a_plug_in_with_an_alias_that_is_another_loss_s_name_is_skipped(plug_in):
    plug_in(new_loss, intruder)
    with pytest.warns(PluginSkipped, match="mse names both mse and intruder$"):
        assert find("huber")[0].name == "huber"
    assert not {"new_loss", "intruder"} & load().keys()  # all of it, or nothing


def test_a_plug_in_with_a_framework_s_name_that_is_another_loss_s_is_skipped(plug_in, monkeypatch):
    twins = load()["huber"].twins
    monkeypatch.setattr(new_loss, "loss", replace(new_loss.loss, twins=twins))
    plug_in(new_loss)
    with pytest.warns(PluginSkipped, match="names both huber and new_loss$"):
        assert find("mse")[0].name == "mse"


def test_two_own_losses_of_one_name_are_refused():
    module = ModuleType("own")
    module.new_loss = new_loss
    catalogue = Catalogue()
    new_loss.__module__, before = "own", new_loss.__module__
    try:
        catalogue.add(module)
        with pytest.raises(LossctlError, match=r"^two losses are named new_loss$"):
            catalogue.add(module)
    finally:
        new_loss.__module__ = before


@pytest.mark.parametrize(
    "error", [ModuleNotFoundError("No module named 'gone'"), ValueError("x\ny")]
)
@pytest.mark.parametrize("arguments", [["list", "--format", "value"], ["show", "mse"]])
def test_a_plug_in_that_does_not_load_is_named_and_ends_nothing(plug_in, run, error, arguments):
    before = run(arguments)
    plug_in(error=error)
    ran = run(arguments)
    first = str(error).partition("\n")[0]
    assert (ran.code, ran.out) == (0, before.out)
    assert ran.err == f"note: the plug-in 'thing' was skipped: {type(error).__name__}: {first}\n"


@pytest.mark.parametrize(
    ("name", "loss"),
    [
        ("L2 loss", "mse"),
        ("squared loss", "mse"),
        ("L1 loss", "mae"),
        ("Hubber loss", "huber"),
        ("Log-Cosh", "log_cosh"),
        ("logistic loss", "binary_cross_entropy"),
        ("sparse CCE", "sparse_categorical_cross_entropy"),
        ("IoU loss", "jaccard"),
        ("pixel-wise cross-entropy", "pixelwise_cross_entropy"),
        ("Minmax GAN loss", "gan_minimax"),
        ("adversarial loss", "gan_minimax"),
        ("least squares GAN loss", "lsgan_discriminator"),
        ("Earth Mover's Distance", "earth_mover"),
        ("emd", "earth_mover"),
        ("Wasserstein loss", "wasserstein_distance"),
        ("cosine proximity loss", "cosine_proximity"),
        ("sequence loss", "sequence_cross_entropy"),
        ("beta-divergence", "beta_divergence"),
        ("Poisson loss", "poisson"),
        ("generalized cross-entropy loss", "generalised_cross_entropy"),
        ("balanced softmax", "logit_adjusted_cross_entropy"),
        ("ASL", "asymmetric_loss"),
        ("categorical hinge", "multiclass_hinge"),
        ("multi-margin loss", "weston_watkins_hinge"),
        ("cross-entropy", "cross_entropy"),
        ("focal loss", "focal"),
    ],
)
def test_the_names_that_textbooks_use_lead_to_a_loss(name, loss):
    assert look_up(name)[0].name == loss


def test_the_command_line_offers_every_framework_that_a_twin_is_of():
    assert {*FRAMEWORKS} == {twin.framework for loss in losses().values() for twin in loss.twins}
