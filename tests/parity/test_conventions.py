"""The same data, different numbers: what each framework makes of them, and lossctl under `like`.

Most rows have three opinions: the framework that is installed, lossctl, and a number that was
published or worked out by hand. `like` is the framework of the code unless a row says otherwise;
`like=None` is for what another tool does, whose number the options of lossctl reach as well.
"""

import importlib
import math
from dataclasses import dataclass, field

import numpy as np
import pytest

import lossctl
from lossctl.errors import DataError, UsageError

PERFECTLY_WRONG = ([1.0], [0.0])
NEVER_EXPECTED = ([0.0], [1.0])
TWO_QUESTIONS = ([[1.0, 1.0], [1.0, 0.0]], [[1.0, 0.0], [1.0, 0.0]])
NOT_NORMALISED = [[0.9, 0.05, 0.05], [0.5, 0.89, 0.6], [0.05, 0.01, 0.94]]
TRUTH = [[0.36, 0.48, 0.16], [0.2, 0.3, 0.5]]
GUESS = [[1 / 3, 1 / 3, 1 / 3], [0.1, 0.6, 0.3]]
RESIDUALS = ([0.1, 0.5, 5.0], [0.0, 0.0, 0.0])
CLASS_MARGINS = ([[-1.0, -5.0, -3.0], [0.5, 1.0, 0.25], [2.0, 1.5, 1.75]], [0, 0, 2])
MARGINS = ([-0.5, 0.3, 0.8], [0.0, 1.0, 0.0])
BINARY_LOGITS = ([2.0, -1.0, 0.5, -3.0], [1.0, 1.0, 0.0, 0.0])
CLASS_LOGITS = [[2.0, 0.0, -1.0], [0.0, 1.0, 0.5], [1.0, 1.0, 1.0]]
COUNTS = ([1.0, 9.0, 2.0, 5.0, 2.0, 6.0], [4.0, 8.0, 12.0, 8.0, 1.0, 3.0])
SIGNED = ([[4.0, 8.0, 12.0], [8.0, 1.0, 3.0]], [[1.0, 9.0, 2.0], [-5.0, -2.0, 6.0]])
LABELS = [0, 1, 2]
ONE_HOT = np.eye(3).tolist()
FLOAT32 = 2.0**-23
"""The distance of 1 from its neighbour in float32, which is what is left of 1 - 1e-7 there."""

TORCH_BCE = "torch.nn.functional.binary_cross_entropy(prediction, target)"
KERAS_BCE = "keras.losses.BinaryCrossentropy(dtype='float64')(target, prediction)"
KERAS_BCE_32 = "keras.losses.BinaryCrossentropy(dtype='float32')(target, prediction)"
SKLEARN_BCE = "sklearn.metrics.log_loss(target, prediction, labels=[0, 1])"
SKLEARN_BCE_32 = "sklearn.metrics.log_loss(target, prediction.astype('f4'), labels=[0, 1])"
NORMS = "statsmodels.robust.norms"


@dataclass(frozen=True)
class Row:
    """A number of a framework, and how lossctl comes to it."""

    framework: str
    code: str
    loss: str
    roles: tuple
    number: float | None
    like: str | None = ""
    weight: list | None = None
    options: dict = field(default_factory=dict)

    @property
    def preset(self):
        return self.framework if self.like == "" else self.like


ROWS = {
    "a probability of 1 for a 0": [
        Row("torch", TORCH_BCE, "bce", PERFECTLY_WRONG, 100.0),
        Row("keras", KERAS_BCE, "bce", PERFECTLY_WRONG, 16.1181),
        Row("sklearn", SKLEARN_BCE, "bce", PERFECTLY_WRONG, 36.0437),
        Row(
            "keras",
            KERAS_BCE_32,
            "bce",
            PERFECTLY_WRONG,
            15.9424,
            options={"clip": FLOAT32},
        ),
        Row(
            "sklearn",
            SKLEARN_BCE_32,
            "bce",
            PERFECTLY_WRONG,
            15.9424,
            options={"clip": FLOAT32},
        ),
    ],
    "a probability of 0 for a 1": [
        Row("torch", TORCH_BCE, "bce", NEVER_EXPECTED, 100.0),
        Row("keras", KERAS_BCE, "bce", NEVER_EXPECTED, 16.1181),
        Row("keras", KERAS_BCE_32, "bce", NEVER_EXPECTED, 16.1181),
        Row("sklearn", SKLEARN_BCE, "bce", NEVER_EXPECTED, 36.0437),
        Row(
            "sklearn",
            SKLEARN_BCE_32,
            "bce",
            NEVER_EXPECTED,
            15.9424,
            options={"clip": FLOAT32},
        ),
    ],
    "binary cross-entropy of two columns": [
        Row("torch", TORCH_BCE, "bce", TWO_QUESTIONS, 25.0),
        Row("keras", KERAS_BCE, "bce", TWO_QUESTIONS, 4.02952),
        Row("keras", KERAS_BCE_32, "bce", TWO_QUESTIONS, 3.98560, options={"clip": FLOAT32}),
    ],
    "probabilities that do not sum to 1": [
        Row(
            "keras",
            "keras.losses.CategoricalCrossentropy(dtype='float64')(target, prediction)",
            "categorical_cross_entropy",
            (NOT_NORMALISED, ONE_HOT),
            0.323968,
        ),
        Row(
            "keras",
            "keras.losses.SparseCategoricalCrossentropy(dtype='float64')(target, prediction)",
            "sparse_categorical_cross_entropy",
            (NOT_NORMALISED, LABELS),
            0.323968,
        ),
        Row(
            "keras",
            "keras.losses.SparseCategoricalCrossentropy(dtype='float64')(target, prediction)",
            "pixelwise_cross_entropy",
            (NOT_NORMALISED, LABELS),
            0.323968,
        ),
        Row(
            "sklearn",
            "sklearn.metrics.log_loss(target, prediction)",
            "sparse_categorical_cross_entropy",
            (NOT_NORMALISED, LABELS),
            0.094590,
        ),
        Row(
            "torch",
            "torch.nn.functional.nll_loss(prediction.log(), target)",
            "sparse_categorical_cross_entropy",
            (NOT_NORMALISED, LABELS),
            0.094590,
        ),
        Row(
            "torch",
            "torch.nn.functional.cross_entropy(prediction, target)",
            "sparse_categorical_cross_entropy",
            (NOT_NORMALISED, LABELS),
            0.698144,
            options={"from_logits": True},
        ),
    ],
    "divergence": [
        Row(
            "torch",
            "torch.nn.functional.kl_div(prediction.log(), target)",
            "kl_divergence",
            (GUESS, TRUTH),
            0.045233,
        ),
        Row(
            "torch",
            "torch.nn.functional.kl_div(prediction.log(), target, reduction='batchmean')",
            "kl_divergence",
            (GUESS, TRUTH),
            0.135699,
            options={"per": "row"},
        ),
        Row(
            "torch",
            "torch.nn.functional.kl_div(prediction.log(), target, reduction='sum')",
            "kl_divergence",
            (GUESS, TRUTH),
            0.271398,
            options={"reduction": "sum"},
        ),
        Row(
            "keras",
            "keras.losses.KLDivergence(dtype='float64')(target, prediction)",
            "kl_divergence",
            (GUESS, TRUTH),
            0.135699,
        ),
        Row(
            "optax",
            "optax.kl_divergence(jax.numpy.log(prediction), target).mean()",
            "kl_divergence",
            (GUESS, TRUTH),
            0.135699,
        ),
        Row(
            "keras",
            "keras.losses.KLDivergence(dtype='float64')(target, prediction)",
            "kl_divergence",
            (TRUTH, GUESS),
            0.145390,
        ),
    ],
    "divergence from a guess of 0": [
        Row(
            "torch",
            "torch.nn.functional.kl_div(prediction.log(), target, reduction='batchmean')",
            "kl_divergence",
            ([[0.0, 1.0]], [[0.5, 0.5]]),
            math.inf,
            options={"per": "row"},
        ),
        Row(
            "keras",
            "keras.losses.KLDivergence(dtype='float64')(target, prediction)",
            "kl_divergence",
            ([[0.0, 1.0]], [[0.5, 0.5]]),
            7.3659,
        ),
    ],
    "Huber and its scaled form": [
        Row(
            "torch",
            "torch.nn.functional.huber_loss(prediction, target, delta=0.5)",
            "huber",
            RESIDUALS,
            0.835,
            options={"delta": 0.5},
        ),
        Row(
            "torch",
            "torch.nn.functional.smooth_l1_loss(prediction, target, beta=0.5)",
            "smooth_l1",
            RESIDUALS,
            1.67,
            options={"beta": 0.5},
        ),
        Row(
            "keras",
            "keras.losses.Huber(delta=0.5, dtype='float64')(target, prediction)",
            "huber",
            RESIDUALS,
            0.835,
            options={"delta": 0.5},
        ),
        Row(
            "torch",
            "torch.nn.functional.smooth_l1_loss(prediction, target, beta=0.0)",
            "mae",
            RESIDUALS,
            5.6 / 3,
        ),
    ],
    "hinge with labels 0 and 1": [
        Row(
            "keras",
            "keras.losses.Hinge(dtype='float64')(target, prediction)",
            "hinge",
            MARGINS,
            1.0,
        ),
        Row("sklearn", "sklearn.metrics.hinge_loss(target, prediction)", "hinge", MARGINS, 1.0),
        Row("optax", "optax.hinge_loss(prediction, target).mean()", "hinge", MARGINS, 0.9),
        Row(
            "keras",
            "keras.losses.SquaredHinge(dtype='float64')(target, prediction)",
            "squared_hinge",
            MARGINS,
            # (0.5² + 0.7² + 1.8²) / 3
            3.98 / 3,
        ),
    ],
    "hinge of several classes": [
        # 0, because the label is ahead by 2; 1 - 0.5 + 1; 1 - 1.75 + 2
        Row(
            "sklearn",
            "sklearn.metrics.hinge_loss(target, prediction, labels=[0, 1, 2])",
            "multiclass_hinge",
            CLASS_MARGINS,
            2.75 / 3,
            like=None,
        ),
        Row(
            "optax",
            "optax.losses.multiclass_hinge_loss(prediction, target).mean()",
            "multiclass_hinge",
            CLASS_MARGINS,
            2.75 / 3,
        ),
        # in the first row 1 + 1 + 0, for the 0 in the place of the label is above the others
        Row(
            "keras",
            "keras.losses.CategoricalHinge(dtype='float64')(keras.ops.one_hot(target, 3), "
            "prediction)",
            "multiclass_hinge",
            CLASS_MARGINS,
            4.75 / 3,
        ),
        # 0; 1.5 + 0.75; 1.25 + 0.75; and each of them by the number of classes
        Row(
            "torch",
            "torch.nn.functional.multi_margin_loss(prediction, target)",
            "weston_watkins_hinge",
            CLASS_MARGINS,
            4.25 / 9,
        ),
    ],
    "generalised cross-entropy": [
        # of ¼ and 1/16: (1 - ½) / ½ and (1 - ¼) / ½, for the root is Keras's default
        Row(
            "keras",
            "keras.losses.CategoricalGeneralizedCrossEntropy(dtype='float64')(target, prediction)",
            "generalised_cross_entropy",
            ([[0.25, 0.75], [0.9375, 0.0625]], [0, 1]),
            1.25,
        ),
    ],
    "binary focal loss": [
        Row(
            "keras",
            "keras.losses.BinaryFocalCrossentropy(from_logits=True, dtype='float64')"
            "(target, prediction)",
            "binary_focal",
            BINARY_LOGITS,
            0.270298,
            options={"from_logits": True},
        ),
        Row(
            "optax",
            "optax.sigmoid_focal_loss(prediction, target).mean()",
            "binary_focal",
            BINARY_LOGITS,
            0.270298,
            options={"from_logits": True},
        ),
        Row(
            "keras",
            "keras.losses.BinaryFocalCrossentropy(apply_class_balancing=True, from_logits=True, "
            "dtype='float64')(target, prediction)",
            "binary_focal",
            BINARY_LOGITS,
            0.114765,
            options={"from_logits": True, "alpha": 0.25},
        ),
        Row(
            "optax",
            "optax.sigmoid_focal_loss(prediction, target, alpha=0.25).mean()",
            "binary_focal",
            BINARY_LOGITS,
            0.114765,
            options={"from_logits": True, "alpha": 0.25},
        ),
    ],
    "categorical focal loss": [
        Row(
            "keras",
            "keras.losses.CategoricalFocalCrossentropy(from_logits=True, dtype='float64')"
            "(target, prediction)",
            "keras.losses.CategoricalFocalCrossentropy",
            (CLASS_LOGITS, ONE_HOT),
            0.054842,
            like=None,
            options={"from_logits": True},
        ),
        Row(
            "keras",
            "keras.losses.CategoricalFocalCrossentropy(alpha=1.0, from_logits=True, "
            "dtype='float64')(target, prediction)",
            "categorical_focal",
            (CLASS_LOGITS, ONE_HOT),
            0.219368,
            options={"from_logits": True},
        ),
    ],
    "Poisson": [
        Row(
            "keras",
            "keras.losses.Poisson(dtype='float64')(target, prediction)",
            "poisson",
            COUNTS,
            -3.306582,
        ),
        Row(
            "torch",
            "torch.nn.functional.poisson_nll_loss(prediction, target, log_input=False)",
            "poisson",
            COUNTS,
            -3.306582,
        ),
        Row(
            "torch",
            "torch.nn.functional.poisson_nll_loss(prediction, target)",
            "torch.nn.PoissonNLLLoss",
            COUNTS,
            1418.737,
            like=None,
        ),
        Row(
            "torch",
            "torch.nn.functional.poisson_nll_loss(prediction, target, log_input=False, full=True)",
            "poisson",
            COUNTS,
            4.375084,
            options={"full": True},
        ),
    ],
    "Poisson at a rate of 0": [
        Row(
            "keras",
            "keras.losses.Poisson(dtype='float64')(target, prediction)",
            "poisson",
            NEVER_EXPECTED,
            16.118,
        ),
        Row(
            "torch",
            "torch.nn.functional.poisson_nll_loss(prediction, target, log_input=False)",
            "poisson",
            NEVER_EXPECTED,
            18.42068,
        ),
    ],
    "what a weighted mean is divided by": [
        Row(
            "keras",
            "keras.losses.MeanAbsoluteError(dtype='float64')(target, prediction, weight)",
            "mae",
            ([1.0, 2.0], [0.0, 1.0]),
            0.5,
            weight=[0.0, 1.0],
        ),
        Row(
            "keras",
            "keras.losses.MeanAbsoluteError(reduction='mean_with_sample_weight', dtype='float64')"
            "(target, prediction, weight)",
            "mae",
            ([1.0, 2.0], [0.0, 1.0]),
            1.0,
            weight=[0.0, 1.0],
            options={"divide_by": "weights"},
        ),
        Row(
            "sklearn",
            "sklearn.metrics.mean_absolute_error(target, prediction, sample_weight=weight)",
            "mae",
            ([1.0, 2.0], [0.0, 1.0]),
            1.0,
            weight=[0.0, 1.0],
        ),
        Row(
            "torch",
            "torch.nn.functional.l1_loss(prediction, target, weight=weight)",
            "mae",
            ([1.0, 2.0], [0.0, 1.0]),
            1.0,
            weight=[0.0, 1.0],
        ),
        Row(
            "torch",
            "torch.nn.functional.huber_loss(prediction, target, weight=weight)",
            "huber",
            ([1.0, 2.0], [0.0, 1.0]),
            0.25,
            weight=[0.0, 1.0],
        ),
        Row(
            "torch",
            "torch.nn.functional.binary_cross_entropy(prediction, target, weight=weight)",
            "bce",
            ([0.5, 0.5], [0.0, 1.0]),
            math.log(2.0) / 2.0,
            weight=[0.0, 1.0],
        ),
    ],
    "what a sum is made of": [
        # per element in torch, per row in Keras, whose rows are means of their columns
        Row(
            "torch",
            "torch.nn.functional.mse_loss(prediction, target, reduction='sum')",
            "mse",
            ([[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]]),
            30.0,
            options={"reduction": "sum"},
        ),
        Row(
            "keras",
            "keras.losses.MeanSquaredError(reduction='sum', dtype='float64')(target, prediction)",
            "mse",
            ([[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]]),
            15.0,
            options={"reduction": "sum"},
        ),
    ],
    "half the square": [
        Row("optax", "optax.squared_error(prediction, target).mean()", "mse", ([3.0], [0.0]), 9.0),
        Row(
            "optax",
            "optax.l2_loss(prediction, target).mean()",
            "mse",
            ([3.0], [0.0]),
            4.5,
            options={"half": True},
        ),
    ],
    "the root of which mean": [
        Row(
            "sklearn",
            "sklearn.metrics.root_mean_squared_error(target, prediction)",
            "rmse",
            ([[1.0, 3.0], [1.0, 3.0]], [[0.0, 0.0], [0.0, 0.0]]),
            2.0,
        ),
        Row(
            "sklearn",
            "sklearn.metrics.mean_squared_error(target, prediction) ** 0.5",
            "rmse",
            ([[1.0, 3.0], [1.0, 3.0]], [[0.0, 0.0], [0.0, 0.0]]),
            math.sqrt(5.0),
            options={"average": "elements"},
        ),
    ],
    "a column against a row": [
        # torch broadcasts the two to a table, which is another test
        Row(
            "keras",
            "keras.losses.MeanSquaredError(dtype='float64')(target, prediction)",
            "mse",
            ([[1.0], [2.0], [3.0]], [1.0, 2.0, 3.0]),
            0.0,
        ),
    ],
    "smoothed labels": [
        Row(
            "keras",
            "keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1, "
            "dtype='float64')(target, prediction)",
            "bce",
            ([2.0], [1.0]),
            0.226928,
            options={"from_logits": True, "label_smoothing": 0.1},
        ),
        Row(
            "torch",
            "torch.nn.functional.cross_entropy(prediction, target, label_smoothing=0.1)",
            "sparse_categorical_cross_entropy",
            (CLASS_LOGITS, LABELS),
            None,
            options={"from_logits": True, "label_smoothing": 0.1},
        ),
        Row(
            "keras",
            "keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1, "
            "dtype='float64')(target, prediction)",
            "categorical_cross_entropy",
            (CLASS_LOGITS, ONE_HOT),
            None,
            options={"from_logits": True, "label_smoothing": 0.1},
        ),
    ],
    "percent or fraction": [
        Row(
            "keras",
            "keras.losses.MeanAbsolutePercentageError(dtype='float64')(target, prediction)",
            "mape",
            SIGNED,
            211.852,
        ),
        Row(
            "sklearn",
            "sklearn.metrics.mean_absolute_percentage_error(target, prediction)",
            "mape",
            SIGNED,
            2.118519,
        ),
    ],
    "percentage of 0": [
        Row(
            "sklearn",
            "sklearn.metrics.mean_absolute_percentage_error(target, prediction)",
            "mape",
            ([0.5], [0.0]),
            2.0**51,
        ),
        Row(
            "keras",
            "keras.losses.MeanAbsolutePercentageError(dtype='float64')(target, prediction)",
            "mape",
            ([0.5], [0.0]),
            5e8,
        ),
    ],
    "logarithm of negative numbers": [
        Row(
            "keras",
            "keras.losses.MeanSquaredLogarithmicError(dtype='float64')(target, prediction)",
            "msle",
            SIGNED,
            1.437042,
        ),
    ],
    "pinball": [
        Row(
            "sklearn",
            "sklearn.metrics.mean_pinball_loss(target, prediction, alpha=0.1)",
            "quantile",
            ([0.0, 2.0, 4.0], [1.0, 2.0, 3.0]),
            # (0.1 × 1 + 0 + 0.9 × 1) / 3
            1.0 / 3,
            options={"tau": 0.1},
        ),
    ],
    "log cosh": [
        Row(
            "optax",
            "optax.log_cosh(prediction, target).mean()",
            "log_cosh",
            ([0.0, 500.0], [0.0, 0.0]),
            (500.0 - math.log(2.0)) / 2.0,
        ),
    ],
}


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, id=f"{case}-{number}-{row.framework}")
        for case, rows in ROWS.items()
        for number, row in enumerate(rows)
    ],
)
@pytest.mark.filterwarnings(
    "ignore:The y_prob values do not sum to one:UserWarning",
    "ignore:The y_proba values do not sum to one:UserWarning",
    "ignore:reduction. 'mean' divides:UserWarning",
)
def test_numbers(frameworks, row):
    prediction, target = row.roles
    arrays = {"prediction": prediction, "target": target, "weight": row.weight}
    live = float(frameworks.run(row.framework, row.code, **arrays))
    found = lossctl.compute(row.loss, *row.roles, weight=row.weight, like=row.preset, **row.options)
    # What a framework does in float32 cannot be followed closer than that.
    single = "float32" in row.code or "'f4'" in row.code
    assert found == pytest.approx(live, rel=1e-6 if single else 1e-12, abs=0)
    if row.number is not None:
        assert found == pytest.approx(row.number, rel=1e-5, abs=0)


def test_probabilities_where_torch_wants_their_logarithms(frameworks):
    code = "torch.nn.functional.kl_div(prediction, target, reduction='batchmean')"
    live = frameworks.run("torch", code, prediction=GUESS, target=TRUTH)
    assert live == pytest.approx(-1.363150, rel=1e-6)
    assert lossctl.compute("kl_divergence", GUESS, TRUTH) == pytest.approx(0.135699, rel=1e-5)


def test_nothing_of_nothing_is_undefined_in_torch_only(frameworks):
    code = "torch.nn.functional.kl_div(prediction.log(), target, reduction='sum')"
    certain = [[1.0, 0.0]]
    assert np.isnan(frameworks.run("torch", code, prediction=certain, target=certain))
    found = lossctl.compute("kl_divergence", certain, certain, like="torch", reduction="sum")
    assert found == 0.0


def test_torch_broadcasts_a_column_against_a_row_and_lossctl_does_not(frameworks):
    # of the nine differences of 1, 2 and 3 four are ±1 and two are ±2: 12 / 9
    column, row = [[1.0], [2.0], [3.0]], [1.0, 2.0, 3.0]
    code = "torch.nn.functional.mse_loss(prediction, target)"
    with pytest.warns(UserWarning, match="different to the input size"):
        live = frameworks.run("torch", code, prediction=column, target=row)
    assert live == pytest.approx(1.33333, rel=1e-5)
    assert lossctl.compute("mse", column, row, like="torch") == 0.0


def test_weights_of_classes_are_weights_of_rows_in_torch(frameworks):
    code = (
        "torch.nn.functional.cross_entropy(prediction, target, "
        "weight=torch.tensor([2.0, 4.0, 6.0]).double(), reduction={!r})"
    )
    logits, labels = [*CLASS_LOGITS, [0.0, 3.0, 1.0]], [0, 1, 2, 0]
    for reduction in ("mean", "sum", "none"):
        live = frameworks.run("torch", code.format(reduction), prediction=logits, target=labels)
        found = lossctl.compute(
            "torch.nn.CrossEntropyLoss",
            logits,
            labels,
            weight=[2.0, 4.0, 6.0, 2.0],
            reduction=reduction,
        )
        np.testing.assert_allclose(found, live, rtol=1e-12)


def test_smoothing_of_a_tool_that_is_not_installed_is_twice_as_strong():
    # segmentation_models_pytorch: (1 - t) s + t (1 - s) with s = 0.1 is Keras's with s = 0.2
    found = lossctl.compute("bce", [2.0], [1.0], from_logits=True, label_smoothing=0.2)
    assert found == pytest.approx(0.326928, rel=1e-5)


def test_hinge_of_scores_that_went_through_a_sigmoid():
    # torchmetrics applies it without a word where a score leaves [0, 1]
    scores, labels = MARGINS
    sigmoids = 1.0 / (1.0 + np.exp(-np.array(scores)))
    assert lossctl.compute("hinge", sigmoids, labels) == pytest.approx(1.16436, rel=1e-5)


def test_focal_loss_of_tools_that_are_not_installed():
    # torchvision's default alpha is 0.25
    balanced = lossctl.compute("binary_focal", *BINARY_LOGITS, from_logits=True, alpha=0.25)
    assert balanced == pytest.approx(0.114765, rel=1e-5)
    # MONAI with softmax, and kornia, divide by rows times classes
    softmax = lossctl.compute("softmax_focal_loss", CLASS_LOGITS, ONE_HOT, from_logits=True)
    assert softmax / 3 == pytest.approx(0.073123, rel=1e-5)
    # MONAI by default, and segmentation_models_pytorch, ask each class by itself
    one_by_one = lossctl.compute("binary_focal", CLASS_LOGITS, ONE_HOT, from_logits=True)
    assert one_by_one == pytest.approx(0.244167, rel=1e-5)


def test_poisson_deviance_is_twice_the_distance_from_the_best_loss(frameworks):
    rates, counts = COUNTS
    code = "sklearn.metrics.mean_poisson_deviance(target, prediction)"
    live = frameworks.run("sklearn", code, prediction=rates, target=counts)
    best = lossctl.compute("poisson", counts, counts)
    found = 2.0 * (lossctl.compute("poisson", rates, counts) - best)
    assert found == pytest.approx(5.363822, rel=1e-6)
    assert found == pytest.approx(float(live), rel=1e-12)


def test_sklearn_takes_a_single_class_for_the_negative_one(frameworks):
    code = "sklearn.metrics.hinge_loss(target, prediction, labels=[-1, 1])"
    live = frameworks.run("sklearn", code, prediction=[2.0, 3.0], target=[1.0, 1.0])
    assert live == pytest.approx(3.5)
    assert lossctl.compute("hinge", [2.0, 3.0], [1.0, 1.0], like="sklearn") == 0.0


def test_keras_rounds_to_float32_whatever_its_dtype_says(frameworks, monkeypatch):
    frameworks.scope("keras")
    dtypes = importlib.import_module("keras.src.backend.common.dtypes")
    monkeypatch.setitem(dtypes.BIT64_TO_BIT32_DTYPE, "float64", "float32")
    code = "keras.losses.MeanAbsoluteError(dtype='float64')(target, prediction)"
    prediction, target = [0.1, 0.2, 0.7], [0.0, 0.0, 0.0]
    live = frameworks.run("keras", code, prediction=prediction, target=target)
    found = lossctl.compute("mae", prediction, target, like="keras")
    assert 1e-9 < abs(found - live) / found < 1e-6


IGNORED = [0, -100, 2]

KERAS_IGNORING = (
    "keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-100)"
    "(target, prediction)"
)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
def test_ignored_labels_in_torch(frameworks, reduction, label_smoothing):
    code = (
        "torch.nn.functional.cross_entropy(prediction, target, ignore_index=-100, "
        f"label_smoothing={label_smoothing}, reduction={reduction!r})"
    )
    live = frameworks.run("torch", code, prediction=CLASS_LOGITS, target=IGNORED)
    found = lossctl.compute(
        "torch.nn.CrossEntropyLoss",
        CLASS_LOGITS,
        IGNORED,
        ignore_index=-100,
        label_smoothing=label_smoothing,
        reduction=reduction,
    )
    np.testing.assert_allclose(found, live, rtol=1e-12)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_ignored_labels_in_torch_with_weights(frameworks, reduction):
    code = (
        "torch.nn.functional.cross_entropy(prediction, target, ignore_index=-100, "
        f"weight=torch.tensor([2.0, 4.0, 6.0]).double(), reduction={reduction!r})"
    )
    live = frameworks.run("torch", code, prediction=CLASS_LOGITS, target=IGNORED)
    found = lossctl.compute(
        "torch.nn.CrossEntropyLoss",
        CLASS_LOGITS,
        IGNORED,
        weight=[2.0, 5.0, 6.0],
        ignore_index=-100,
        reduction=reduction,
    )
    assert found == pytest.approx(float(live), rel=1e-12)


@pytest.mark.parametrize("weight", [None, [2.0, 5.0, 6.0]])
@pytest.mark.parametrize(
    ("reduction", "word"), [("mean", "sum_over_batch_size"), ("sum", "sum"), ("none", None)]
)
def test_ignored_labels_in_keras(frameworks, reduction, word, weight):
    code = (
        "keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-100, "
        f"reduction={word!r}, dtype='float64')(target, prediction"
        f"{'' if weight is None else ', weight'})"
    )
    live = frameworks.run("keras", code, prediction=CLASS_LOGITS, target=IGNORED, weight=weight)
    found = lossctl.compute(
        "keras.losses.SparseCategoricalCrossentropy",
        CLASS_LOGITS,
        IGNORED,
        weight=weight,
        from_logits=True,
        ignore_index=-100,
        reduction=reduction,
    )
    np.testing.assert_allclose(found, live, rtol=1e-12)


@pytest.mark.parametrize(
    ("framework", "code", "number"),
    [
        ("torch", "torch.nn.functional.cross_entropy(prediction, target)", math.nan),
        ("torch", "torch.nn.functional.cross_entropy(prediction, target, reduction='sum')", 0.0),
        (
            "keras",
            KERAS_IGNORING,
            0.0,
        ),
    ],
)
def test_no_row_left(frameworks, framework, code, number):
    nothing = [-100, -100, -100]
    live = frameworks.run(framework, code, prediction=CLASS_LOGITS, target=nothing)
    np.testing.assert_array_equal(live, number)
    with pytest.raises(DataError, match="every row is ignored"):
        lossctl.compute(
            "sparse_categorical_cross_entropy",
            CLASS_LOGITS,
            nothing,
            like=framework,
            from_logits=True,
            ignore_index=-100,
        )


REFUSED = {
    "soft targets of two classes": (
        "sklearn.metrics.log_loss(target, prediction)",
        ("bce", [0.5, 0.5], [0.25, 1.0]),
        "is not 0 or 1",
    ),
    "logarithms of negative numbers": (
        "sklearn.metrics.mean_squared_log_error(target, prediction)",
        ("msle", *SIGNED),
        "is not a finite number above -1",
    ),
    "probabilities above 1": (
        "sklearn.metrics.log_loss(target, prediction)",
        ("bce", [0.5, 1.5], [0.0, 1.0]),
        "is not a probability",
    ),
}


@pytest.mark.parametrize(("code", "call", "message"), REFUSED.values(), ids=REFUSED)
def test_data_that_sklearn_refuses(frameworks, code, call, message):
    loss, prediction, target = call
    frameworks.scope("sklearn")
    with pytest.raises(ValueError, match=r"."):
        frameworks.run("sklearn", code, prediction=prediction, target=target)
    with pytest.raises(DataError, match=message):
        lossctl.compute(loss, prediction, target, like="sklearn")


def test_soft_rows_have_no_labels_for_sklearn():
    with pytest.raises(DataError, match="is not 0 or 1"):
        lossctl.compute("categorical_cross_entropy", TRUTH, GUESS, like="sklearn")


VECTORS = ([[3.0, 4.0], [1.0, -2.0]], [[1.0, 1.0], [-2.0, 0.5]])
LOGARITHMS = "jax.numpy.log(prediction), jax.numpy.log(target)"
ONE_SEQUENCE = "prediction[None], jax.numpy.zeros((1, 3)), target[None], jax.numpy.zeros((1, 2))"
SCORED = ([2.0, -1.0, 0.5], [1.0, 1.0, -1.0])


@pytest.mark.parametrize(
    ("framework", "code", "roles", "number"),
    [
        (
            "torch",
            "torch.nn.functional.soft_margin_loss(prediction, target)",
            SCORED,
            lambda score, sign: lossctl.compute(
                "bce", score, (np.array(sign) + 1.0) / 2.0, from_logits=True
            ),
        ),
        (
            "torch",
            "torch.nn.functional.multilabel_soft_margin_loss(prediction, target)",
            (CLASS_LOGITS, ONE_HOT),
            lambda *roles: lossctl.compute("bce", *roles, from_logits=True),
        ),
        (
            "torch",
            "torch.nn.functional.cosine_similarity(prediction, target).mean()",
            VECTORS,
            lambda *roles: -lossctl.compute("cosine_proximity", *roles),
        ),
        (
            "optax",
            "optax.losses.cosine_similarity(prediction, target).mean()",
            VECTORS,
            lambda *roles: -lossctl.compute("cosine_proximity", *roles),
        ),
        (
            "sklearn",
            "sklearn.metrics.root_mean_squared_log_error(target, prediction)",
            COUNTS,
            lambda *roles: math.sqrt(lossctl.compute("msle", *roles)),
        ),
        (
            "optax",
            f"optax.losses.kl_divergence_with_log_targets({LOGARITHMS}).mean()",
            (GUESS, TRUTH),
            lambda *roles: lossctl.compute("kl_divergence", *roles),
        ),
        (
            "scipy",
            "scipy.stats.entropy(target, prediction, axis=1).mean()",
            (GUESS, TRUTH),
            lambda *roles: lossctl.compute("kl_divergence", *roles),
        ),
        (
            "optax",
            f"optax.losses.ctc_loss_with_forward_probs({ONE_SEQUENCE})[0][0]",
            (CLASS_LOGITS, [1, 2]),
            lambda *roles: lossctl.compute("ctc", *map(np.array, roles), from_logits=True),
        ),
        (
            "statsmodels",
            f"{NORMS}.HuberT().rho(prediction - target).mean()",
            RESIDUALS,
            lambda *roles: lossctl.compute("huber", *roles, delta=1.345),
        ),
        (
            "statsmodels",
            f"{NORMS}.LeastSquares().rho(prediction - target).mean()",
            RESIDUALS,
            lambda *roles: lossctl.compute("mse", *roles, half=True),
        ),
        (
            "statsmodels",
            f"{NORMS}.MQuantileNorm(0.2, {NORMS}.LeastSquares()).rho(target - prediction).mean()",
            ([0.1, 0.5, -5.0], [0.0, 0.0, 0.0]),
            lambda *roles: lossctl.compute("expectile", *roles, tau=0.2) / 2,
        ),
        (
            "statsmodels",
            f"{NORMS}.StudentT(c=2, df=4).rho(prediction - target).mean()",
            RESIDUALS,
            # ln(8 / 3) + ln 2 is what no residual costs; all else has the factor c² df / (df + 1)
            lambda *roles: (
                (lossctl.compute("student_t_nll", *roles, scale=2) - math.log(16 / 3)) * 3.2
            ),
        ),
    ],
)
def test_names_that_lead_nowhere_because_another_loss_has_the_number(
    frameworks, framework, code, roles, number
):
    live = frameworks.run(framework, code, prediction=roles[0], target=roles[1])
    assert number(*roles) == pytest.approx(float(live), rel=1e-12, abs=0)


def test_keras_takes_each_label_that_is_not_0_for_a_part_of_the_sequence(frameworks):
    code = "keras.losses.ctc(target, prediction)"
    live = frameworks.run("keras", code, prediction=[CLASS_LOGITS], target=[[1, 2, 0]])
    found = lossctl.compute("ctc", np.array(CLASS_LOGITS), [1, 2], from_logits=True)
    assert found == pytest.approx(live.item(), rel=1e-6)


@pytest.mark.parametrize(
    ("loss", "options", "message"),
    [
        ("smooth_l1", {"like": "keras"}, "keras has no equivalent of smooth_l1"),
        ("log_cosh", {"like": "torch"}, "torch has no equivalent of log_cosh"),
        ("quantile", {"like": "optax"}, "optax has no equivalent of quantile"),
        ("mse", {"like": "sklearn", "half": True}, "--no-half"),
        ("bce", {"like": "optax"}, "--from-logits"),
        ("bce", {"like": "sklearn", "label_smoothing": 0.1}, "--no-from-logits"),
        ("mse", {"like": "sklearn", "reduction": "sum"}, "has no reduction"),
        ("mae", {"like": "sklearn", "reduction": "none"}, "has no reduction"),
        ("bce", {"like": "sklearn", "reduction": "none"}, "has no reduction"),
        ("hinge", {"like": "sklearn", "reduction": "sum"}, "has no reduction"),
        ("optax.l2_loss", {"half": False}, "implies --half"),
        ("torch.nn.BCELoss", {"from_logits": True}, "implies --no-from-logits"),
    ],
)
def test_what_a_framework_does_not_have(loss, options, message):
    with pytest.raises(UsageError, match=message):
        lossctl.compute(loss, [0.5, 0.25], [0.0, 1.0], **options)
