"""What a run computes, and what its losses need, before and after the shapes are known."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from lossctl.catalogue.names import find, look_up
from lossctl.catalogue.scan import catalogue
from lossctl.engine.plan import Plan, Wish
from lossctl.errors import LossctlError, UsageError
from lossctl.tables.reading import Features, Role


def plan(*names, like=None, by_unit=False, conventions=None, **options):
    """Plan losses by name; options are those of the first."""
    wishes = [
        Wish(*look_up(name), options if not number else {}) for number, name in enumerate(names)
    ]
    return Plan(wishes, conventions or {}, like, by_unit)


def roles(*names, **more):
    planned = plan(*names, **more)
    return planned.roles(planned.computations())


def refusal(planned, widths=None):
    with pytest.raises(LossctlError) as caught:
        planned.roles(planned.computations(widths))
    return type(caught.value), caught.value.message, caught.value.hint


# What the reader is told


def test_the_roles_of_a_row_loss():
    assert roles("mse") == [Role("prediction", wide=True), Role("target", wide=True)]


def test_labels_are_text_and_classes_several():
    assert roles("scce") == [
        Role("prediction", wide=True, several=True),
        Role("target", text=True),
    ]


def test_roles_apart_and_in_units():
    assert roles("wasserstein_critic") == [Role("real", apart=True), Role("fake", apart=True)]
    assert roles("earth_mover") == [
        Role("first", apart=True, whole=True, weighs_rows=True),
        Role("second", apart=True, whole=True, weighs_rows=True),
    ]
    assert roles("ctc") == [
        Role("prediction", wide=True, several=True, apart=True, whole=True),
        Role("target", text=True, apart=True, whole=True),
    ]
    assert roles("psnr") == [
        Role("prediction", wide=True, whole=True, lines=True),
        Role("target", wide=True, whole=True, lines=True),
    ]


def test_a_role_that_may_be_left_out():
    assert [role.optional for role in roles("margin_ranking")] == [False, False, True]


def test_masks_keep_their_numbers_and_are_text_with_a_foreground():
    assert [(role.raw, role.text) for role in roles("dice")] == [(False, False), (True, False)]
    assert [role.text for role in roles("dice", foreground="cat")] == [False, True]


@pytest.mark.parametrize(
    ("options", "features"),
    [
        ({}, Features()),
        ({"network": "n.onnx"}, Features("n.onnx")),
        ({"layers": "b, a"}, Features(None, ("b", "a"))),
        ({"network": "n.onnx", "layers": "a,"}, Features("n.onnx", ("a",))),
    ],
)
def test_the_source_of_features(options, features):
    prediction, target, layer = roles("perceptual", **options)
    assert prediction.features == target.features == features
    assert layer.features is None
    assert layer.optional


def test_an_option_that_changes_a_role_leaves_the_rest_of_it():
    assert roles("ctc", from_logits=True) == roles("ctc")
    assert roles("gan_discriminator", from_logits=True) == roles("gan_discriminator")


def test_a_role_is_wide_where_one_of_the_losses_takes_several_columns():
    (first, _), (second, _) = roles("bce", "mse"), roles("mse", "bce")
    assert first.wide
    assert second.wide


# Losses that cannot be computed together


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("mse", "scce"),  # numbers and labels
        ("mse", "wasserstein_critic"),  # other roles
        ("mse", "psnr"),  # rows and images
        ("scce", "ctc"),  # rows, and rows apart
        ("scce", "sequence_cross_entropy"),  # rows and units
        ("gan_generator", "gan_discriminator"),
        ("mse", "gaussian_nll"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_losses_that_read_differently_are_refused(one, other, turned):
    names = (other, one) if turned else (one, other)
    kind, message, hint = refusal(plan(*names))
    assert kind is UsageError
    assert "take different inputs" in message or "differently from" in message
    assert hint == "compute them in two runs"


def test_masks_that_are_text_do_not_go_with_those_that_are_numbers():
    kind, _, _ = refusal(plan("dice", "jaccard", foreground="cat"))
    assert kind is UsageError


@pytest.mark.parametrize("names", [("mse", "dice"), ("dice", "mse")])
def test_an_image_is_not_read_scaled_for_one_loss_and_raw_for_another(names, run, tmp_path):
    # White is 1 for mse and may be 255 in a mask: the order of the losses must not matter.
    white = np.full((2, 2), 255, dtype=np.uint8)
    for name in ("p.png", "t.png"):
        Image.fromarray(white).save(tmp_path / name)
    first, other = names
    files = [str(tmp_path / name) for name in ("p.png", "t.png")]
    ran = run(["compute", first, *files, "--also", other, "--format", "value", "--quiet"])
    assert (ran.code, ran.out) in {(0, "0.0\n0.0\n"), (2, "")}


def test_features_of_different_layers_are_not_computed_together():
    wishes = [
        Wish(find("perceptual")[0], None, {"network": "a.onnx"}),
        Wish(find("perceptual")[0], None, {"network": "b.onnx"}),
    ]
    planned = Plan(wishes, {})
    kind, _, _ = refusal(planned)
    assert kind is UsageError


# Names that several losses share


def test_names_that_several_losses_share():
    assert {choice.name: [loss.name for loss in choice.of] for choice in catalogue().choices} == {
        "cross_entropy": [
            "categorical_cross_entropy",
            "sparse_categorical_cross_entropy",
            "binary_cross_entropy",
        ],
        "focal": ["categorical_focal", "binary_focal"],
    }


@pytest.mark.parametrize(
    ("widths", "name"),
    [
        ((1, 1), "binary_cross_entropy"),
        ((3, 1), "sparse_categorical_cross_entropy"),
        ((3, 3), "categorical_cross_entropy"),
        ((2, 2), "categorical_cross_entropy"),
        ((2, 1), "sparse_categorical_cross_entropy"),
    ],
)
def test_cross_entropy_is_chosen_by_the_shapes(widths, name):
    planned = plan("cross_entropy")
    assert not planned.settled
    (found,) = planned.computations(dict(zip(("prediction", "target"), widths, strict=True)))
    assert found.loss.name == name
    (note,) = planned.notes([found])
    assert (note.kind, note.count) == ("chosen", 1)
    assert note.message == f"cross_entropy: using {name}, judging by the shapes of the data"


@pytest.mark.parametrize(
    ("widths", "name"), [((1, 1), "binary_focal"), ((4, 4), "categorical_focal")]
)
def test_focal_is_chosen_by_the_shapes(widths, name):
    (found,) = plan("focal").computations({"prediction": widths[0], "target": widths[1]})
    assert found.loss.name == name


def test_before_the_shapes_are_known_a_role_may_have_any_number_of_columns():
    planned = plan("cross_entropy", "mse")
    assert not planned.settled
    assert planned.roles([]) == [Role("prediction", wide=True), Role("target", wide=True)]


def test_a_choice_is_checked_with_what_goes_along():
    planned = plan("mse", "cross_entropy")
    assert refusal(planned, {"prediction": 3, "target": 1})[0] is UsageError
    found = planned.computations({"prediction": 1, "target": 1})
    assert planned.roles(found) == [Role("prediction", wide=True), Role("target", wide=True)]
    assert [note.message for note in planned.notes(found)] == [
        "cross_entropy: using binary_cross_entropy, judging by the shapes of the data"
    ]


def test_a_settled_plan_has_no_notes():
    planned = plan("mse", "mae")
    assert planned.settled
    assert planned.notes(planned.computations()) == []


def test_a_framework_holds_for_what_was_chosen():
    (found,) = plan("cross_entropy", like="keras").computations({"prediction": 3, "target": 1})
    assert found.twin is not None
    assert found.twin.framework == "keras"
    assert found.options["clip"] == 1e-7


def test_a_framework_without_the_chosen_loss_is_refused():
    kind, message, _ = refusal(plan("cross_entropy", like="scipy"), {"prediction": 1, "target": 1})
    assert (kind, message) == (UsageError, "scipy has no equivalent of binary_cross_entropy")


def test_only_options_that_all_have_are_those_of_the_name():
    choice, _ = look_up("cross_entropy")
    assert list(choice.settings) == ["from_logits", "label_smoothing", "clip"]


@pytest.mark.parametrize("name", ["ce", "xent", "Cross-Entropy", "crossentropy", "CROSS_ENTROPY"])
def test_a_choice_has_other_names_too(name):
    assert look_up(name)[0].name == "cross_entropy"


def test_a_name_of_several_losses_is_not_a_loss():
    with pytest.raises(UsageError) as caught:
        find("focal_loss")
    assert str(caught.value) == (
        "focal covers several losses, chosen by the shapes of the data; choose one\n"
        "one of categorical_focal, binary_focal"
    )


# Units


@pytest.mark.parametrize(
    ("name", "by_unit"),
    [("mse", True), ("rmse", True), ("wasserstein_critic", True), ("ctc", False)],
)
def test_only_losses_of_rows_are_grouped_by_the_unit(name, by_unit):
    (computation,) = plan(name, by_unit=True).computations()
    assert computation.by_unit == by_unit
