"""What is read off a loss: its name, options, roles, sections, and its twins' code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pytest

from lossctl.catalogue.definition import (
    Loss,
    MeanOfColumns,
    Option,
    PerRow,
    SeveralTerms,
    SumOfColumns,
    Twin,
    field_settings,
    loss,
)
from lossctl.catalogue.kinds import LABELS, VALUES, Labels, Values, narrowed
from lossctl.catalogue.options import Interval
from lossctl.errors import UsageError

COLUMN = narrowed(VALUES, columns="one")


@loss(aliases=("hub",), twins=(Twin("torch", "torch.nn.HuberLoss(delta={delta})(a, b)"),))
def bent(
    prediction: Values,
    target: Annotated[Values, COLUMN],
    *,
    delta: Annotated[float, Option("where it bends", Interval(above=0))] = 1.0,
) -> MeanOfColumns:
    """Bend it.

    Helps:
        When it
        does.

    Formula:
        a - b
    """
    return (prediction - target) * delta


@loss()
def labelled(prediction: Values, target: Labels, *, half: Annotated[bool, Option("x")] = False):
    """Name it."""


def test_the_mark_leaves_the_function_as_it_is():
    assert bent(3.0, 1.0, delta=2.0) == 4.0


def test_the_loss_is_read_off_the_function():
    assert bent.loss.name == "bent"
    assert bent.loss.family == "test_definition"
    assert bent.loss.summary == "Bend it."
    assert bent.loss.aliases == ("hub",)


def test_the_sections_of_the_docstring_stand_by_their_headings():
    assert bent.loss.sections == {"Helps": "When it\ndoes.", "Formula": "a - b"}


def test_roles_are_the_positional_parameters_in_their_order():
    assert list(bent.loss.roles) == ["prediction", "target"]


def test_the_last_kind_of_an_annotation_is_the_role_s():
    assert bent.loss.roles["prediction"] == VALUES
    assert bent.loss.roles["target"] == COLUMN


def test_options_are_the_keyword_parameters():
    assert list(bent.loss.settings) == ["delta"]
    assert bent.loss.settings["delta"].default == 1.0


def test_options_of_kinds_come_after_those_of_the_loss():
    assert list(labelled.loss.settings) == ["half", "ignore_index", "first_label"]
    assert list(field_settings(LABELS)) == ["ignore_index", "first_label"]
    assert field_settings(VALUES) == {}


@dataclass(frozen=True)
class Scaled:
    """A mean, times a factor."""

    factor: Annotated[float, Option("what the mean is multiplied by")] = 2.0

    def __call__(self, sums, weight):
        return self.factor * sums[:, 0] / weight


@dataclass(frozen=True)
class Raised(Scaled):
    """Such a mean, to some power."""

    power: Annotated[float, Option("exponent")] = 1.0

    def __call__(self, sums, weight):
        return super().__call__(sums, weight) ** self.power


def terms(prediction: Values, *, half: Annotated[bool, Option("x")] = False) -> SeveralTerms:
    """Have two terms."""


def test_options_of_the_value_come_first_its_own_before_those_it_inherits():
    assert list(Loss(terms, value=Raised()).settings) == ["power", "factor", "half"]


def test_the_value_in_the_mark_holds_the_defaults():
    found = Loss(terms, value=Raised(factor=0.5)).checked({"power": 3})
    assert found == {"power": 3.0, "factor": 0.5, "half": False}


def test_a_value_without_options_may_be_a_function():
    assert list(Loss(terms, value=lambda sums, weight: sums[:, 0] / weight).settings) == ["half"]


@pytest.mark.parametrize(
    ("annotation", "elements", "columns"),
    [
        (MeanOfColumns, True, "mean"),
        (SumOfColumns, True, "sum"),
        (PerRow, False, "sum"),
        (SeveralTerms, False, ""),
    ],
)
def test_the_return_annotation_says_what_the_terms_are_one_for(annotation, elements, columns):
    def function(prediction: Values) -> annotation: ...

    function.__annotations__["return"] = annotation
    terms = Loss(function).terms
    assert (terms.elements, terms.columns) == (elements, columns)


def test_options_that_are_not_given_have_their_defaults():
    assert bent.loss.checked({}) == {"delta": 1.0}
    assert bent.loss.checked({"delta": 2}) == {"delta": 2.0}


def test_an_option_that_does_not_exist_is_refused():
    with pytest.raises(UsageError) as caught:
        bent.loss.checked({"detla": 1.0})
    assert str(caught.value) == "unknown option 'detla' of bent\ndid you mean 'delta'?"


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("torch.nn.functional.mse_loss(prediction, target)", "torch.nn.functional.mse_loss"),
        ("keras.losses.Huber(delta={delta})(target, prediction)", "keras.losses.Huber"),
        ("optax.l2_loss(prediction, target).mean()", "optax.l2_loss"),
    ],
)
def test_a_twin_is_named_by_what_its_code_calls(code, name):
    assert Twin("torch", code).name == name


def test_a_twin_that_is_not_named_has_only_its_further_names():
    twin = Twin("torch", "torch.nn.f(x)", names=("torch.nn.F",))
    assert twin.all_names == ("torch.nn.f", "torch.nn.F")
    unnamed = Twin("torch", "torch.nn.f(x)", names=("torch.nn.F",), named=False)
    assert unnamed.all_names == ("torch.nn.F",)


@pytest.mark.parametrize(
    ("framework", "reduction", "weighted", "filled"),
    [
        ("torch", "mean", True, 'f(x, 2.5, reduction="mean", weight=w)'),
        ("torch", "sum", False, 'f(x, 2.5, reduction="sum")'),
        ("keras", "mean", False, 'f(x, 2.5, reduction="sum_over_batch_size")'),
        ("keras", "none", False, "f(x, 2.5, reduction=None)"),
    ],
)
def test_options_are_filled_into_the_code_of_a_twin(framework, reduction, weighted, filled):
    twin = Twin(framework, "f(x, {delta}, reduction={reduction}{weight})", weight=", weight=w")
    assert twin.filled({"delta": 2.5}, reduction, weighted=weighted) == filled


def test_texts_and_switches_are_filled_in_as_python_writes_them():
    twin = Twin("torch", "f(half={half}, name={name}, floor={floor})")
    options = {"half": True, "name": "it's", "floor": None}
    assert twin.filled(options, "mean", weighted=False) == (
        'f(half=True, name="it\'s", floor=None)'
    )


def test_a_twin_may_have_words_of_its_own_for_reductions():
    twin = Twin("torch", "f({reduction})", reductions={"mean": '"batchmean"'})
    assert twin.filled({}, "mean", weighted=False) == 'f("batchmean")'
    assert list(twin.spelling) == ["mean"]
