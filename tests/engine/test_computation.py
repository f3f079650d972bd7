"""A loss made ready to run: options, conventions, frameworks, signatures."""

from __future__ import annotations

import pytest

import lossctl
from lossctl.catalogue.names import find
from lossctl.catalogue.options import flag
from lossctl.engine.computation import prepare
from lossctl.errors import UsageError

END = f"lossctl:{lossctl.__version__}"


def ready(name, like=None, **given):
    """Prepare a loss by any of its names."""
    loss, twin = find(name)
    return prepare(loss, given, like=like, twin=None if like else twin)


# The signature


@pytest.mark.parametrize(
    ("name", "given", "weight", "signature"),
    [
        ("mae", {}, None, "mae|reduction:mean|denominator:rows|weight:none"),
        (
            "huber",
            {"delta": 1.5},
            None,
            "huber|delta:1.5|reduction:mean|denominator:rows|weight:none",
        ),
        ("huber", {}, "w", "huber|delta:1|reduction:mean|denominator:weights|weight:w"),
        (
            "mae",
            {"per": "element"},
            None,
            "mae|reduction:mean|denominator:elements|weight:none",
        ),
        (
            "mae",
            {"per": "element"},
            "w",
            "mae|reduction:mean|denominator:weights of elements|weight:w",
        ),
        (
            "mae",
            {"divide_by": "units"},
            "w",
            "mae|reduction:mean|denominator:rows|weight:w",
        ),
        (
            "mae",
            {"divide_by": "units", "per": "element"},
            "w",
            "mae|reduction:mean|denominator:elements|weight:w",
        ),
        ("mae", {"reduction": "sum"}, None, "mae|reduction:sum|per:row|weight:none"),
        (
            "mae",
            {"reduction": "none", "per": "element"},
            None,
            "mae|reduction:none|per:element|weight:none",
        ),
        ("rmse", {}, None, "rmse|average:elements|reduction:mean|weight:none"),
        (
            "kl",
            {},
            None,
            (
                "kl_divergence|clip:2.220446049250313e-16|clip_target:0|reduction:mean|"
                "denominator:rows|weight:none"
            ),
        ),
        (
            "bce",
            {},
            None,
            (
                "binary_cross_entropy|from_logits:false|label_smoothing:0|"
                "clip:2.220446049250313e-16|log_floor:none|reduction:mean|denominator:rows|weight:none"
            ),
        ),
        (
            "scce",
            {"ignore_index": -100, "from_logits": True},
            None,
            (
                "sparse_categorical_cross_entropy|from_logits:true|label_smoothing:0|normalise:false|"
                "clip:2.220446049250313e-16|ignore_index:-100|first_label:0|reduction:mean|"
                "denominator:rows|weight:none"
            ),
        ),
    ],
)
def test_the_signature_describes_all_that_the_number_depends_on(name, given, weight, signature):
    computation = ready(name, **given)
    assert computation.signature(weight=weight, missing="error") == f"{signature}|{END}"


def test_the_signature_says_that_rows_were_skipped():
    found = ready("mae").signature(weight=None, missing="skip")
    assert found == f"mae|reduction:mean|denominator:rows|weight:none|missing:skip|{END}"


def test_options_that_differ_in_the_last_digit_have_other_signatures():
    texts = {
        ready("huber", delta=delta).signature(weight=None, missing="error")
        for delta in (0.1, 0.1 + 2**-56)
    }
    assert len(texts) == 2


# Frameworks


@pytest.mark.parametrize(
    ("name", "like", "expected"),
    [
        ("mse", None, {"reduction": "mean", "per": "row", "divide_by": "weights"}),
        ("mse", "torch", {"reduction": "mean", "per": "element", "divide_by": "weights"}),
        ("mse", "keras", {"reduction": "mean", "per": "row", "divide_by": "units"}),
        ("torch.nn.MSELoss", None, {"reduction": "mean", "per": "element", "divide_by": "weights"}),
        ("torch.nn.MSELoss", "keras", {"reduction": "mean", "per": "row", "divide_by": "units"}),
    ],
)
def test_a_framework_brings_its_conventions(name, like, expected):
    assert ready(name, like).conventions == expected


def test_the_user_s_options_take_precedence_over_the_framework_s():
    computation = ready("mse", "torch", per="row", divide_by="units")
    assert computation.conventions["per"] == "row"
    assert computation.conventions["divide_by"] == "units"
    assert ready("bce", "keras", clip=1e-3).options["clip"] == 1e-3


def test_a_framework_s_options_apply_unless_the_user_sets_them():
    assert ready("bce", "keras").options["clip"] == 1e-7
    assert ready("bce", "torch").options["log_floor"] == -100.0
    assert ready("optax.l2_loss").options == {"half": True}


def test_an_option_chooses_among_the_twins_of_a_framework():
    assert ready("bce", "torch").twin.name == "torch.nn.functional.binary_cross_entropy"
    assert (
        ready("bce", "torch", from_logits=True).twin.name
        == "torch.nn.functional.binary_cross_entropy_with_logits"
    )
    assert ready("mse", "optax").twin.name == "optax.squared_error"
    assert ready("mse", "optax", half=True).twin.name == "optax.l2_loss"


@pytest.mark.parametrize(
    ("name", "like", "given", "message"),
    [
        (
            "quantile",
            "torch",
            {},
            "torch has no equivalent of quantile\n--like sklearn",
        ),
        ("rmse", "jax", {}, "jax has no equivalent of rmse\n--like sklearn"),
        (
            "mse",
            "torch",
            {"half": True},
            "torch has no equivalent of mse with these options\nuse --no-half",
        ),
        (
            "bce",
            "sklearn",
            {"from_logits": True},
            (
                "sklearn has no equivalent of binary_cross_entropy with these options\n"
                "use --no-from-logits --label-smoothing 0.0"
            ),
        ),
        (
            "optax.l2_loss",
            None,
            {"half": False},
            "optax.l2_loss implies --half, not --no-half\nto choose freely, use the name mse",
        ),
        (
            "torch.nn.BCELoss",
            None,
            {"from_logits": True},
            (
                "torch.nn.functional.binary_cross_entropy implies --no-from-logits, "
                "not --from-logits\n"
                "to choose freely, use the name binary_cross_entropy"
            ),
        ),
        (
            "mse",
            "sklearn",
            {"reduction": "sum"},
            "sklearn.metrics.mean_squared_error has no reduction 'sum'\n--reduction mean",
        ),
    ],
)
def test_what_a_framework_does_not_have_is_refused(name, like, given, message):
    with pytest.raises(UsageError) as caught:
        ready(name, like, **given)
    assert str(caught.value) == message


# Options that do not apply


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        (
            "categorical_cross_entropy",
            {"per": "element"},
            (
                "--per element does not apply to categorical_cross_entropy, "
                "which has no value per element"
            ),
        ),
        (
            "rmse",
            {"reduction": "sum"},
            "--reduction sum does not apply to rmse, which is not a plain mean",
        ),
        (
            "rmse",
            {"divide_by": "units"},
            "--divide-by units does not apply to rmse, which is not a plain mean",
        ),
        (
            "huber",
            {"detla": 1.0},
            "unknown option 'detla' of huber\ndid you mean 'delta'?",
        ),
        (
            "mae",
            {"reduction": "median"},
            "unknown value 'median' of reduction\ndid you mean 'mean'?",
        ),
        (
            "mae",
            {"per": "x"},
            "unknown value 'x' of per\none of 'element', 'row'",
        ),
    ],
)
def test_options_that_do_not_apply_are_refused(name, given, message):
    with pytest.raises(UsageError) as caught:
        ready(name, **given)
    assert str(caught.value) == message


def test_an_option_that_is_none_is_not_set():
    assert ready("huber", delta=None).options == {"delta": 1.0}
    assert ready("mae", reduction=None).reduction == "mean"


# Kinds under options


@pytest.mark.parametrize(
    ("name", "given", "title"),
    [
        ("bce", {}, "probabilities"),
        ("bce", {"from_logits": True}, "scores"),
        ("cce", {"from_logits": True}, "class scores"),
        ("msle", {"floor": 0.0}, "values"),  # 0 is a floor, too
    ],
)
def test_an_option_may_change_the_kind_of_a_role(name, given, title):
    assert ready(name, **given).kinds["prediction"].title == title


def test_a_floor_of_0_lets_negative_values_in():
    assert lossctl.compute("msle", [-5.0], [0.0], floor=0.0) == 0.0


def test_a_framework_may_accept_less():
    # sklearn's log loss has no probabilities as targets
    assert ready("bce", "sklearn").kinds["target"].title == "binary labels"
    assert ready("bce").kinds["target"].title == "probabilities"


@pytest.mark.parametrize(
    ("name", "given", "clipped"),
    [
        ("bce", {}, [("clip", "prediction")]),
        ("bce", {"from_logits": True}, []),
        ("kl", {"clip_target": 0.1}, [("clip", "prediction"), ("clip_target", "target")]),
        ("msle", {"floor": 0.0}, [("floor", "prediction"), ("floor", "target")]),
        ("msle", {}, []),
        ("poisson", {"log_input": True}, []),
    ],
)
def test_the_options_that_clip_values_are_known(name, given, clipped):
    clippings = ready(name, **given).clips()
    assert [(clipping.option, clipping.role) for clipping in clippings] == clipped


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("delta", 1.5, "--delta 1.5"),
        ("log_floor", -100.0, "--log-floor -100.0"),
        ("half", True, "--half"),
        ("from_logits", False, "--no-from-logits"),
    ],
)
def test_an_option_is_written_as_it_is_typed(name, value, text):
    assert flag(name, value) == text
