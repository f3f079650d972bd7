"""Notes on data that contradict a loss: each is told of such data, and not if one row differs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

import lossctl
from lossctl.block import Block, Words
from lossctl.catalogue.names import find
from lossctl.engine.computation import prepare
from lossctl.engine.data_warnings import data_warnings
from lossctl.engine.fold import fold
from lossctl.report import Note

ROWS = 40
EVEN, ODD = (np.arange(ROWS) % 2 == parity for parity in (0, 1))
ZEROS_AND_ONES = EVEN.astype(float)
SPREAD = np.linspace(0.05, 0.95, ROWS)
HALVES = np.where(EVEN[:, None], [0.5, 0.3, 0.2], [0.1, 0.1, 0.8])
HARD = np.eye(3)[np.arange(ROWS) % 3]
FAR = np.where(EVEN, 9.0, -9.0)


def softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores)
    return powers / powers.sum(axis=1, keepdims=True)


# Softmax of (1, 0, 0) is (e, 1, 1) / (e + 2).
TWICE = softmax(HARD)


def notes_of(
    name: str,
    *blocks: Block,
    more: tuple[tuple[str, Mapping[str, object]], ...] = (),
    **options: object,
) -> list[Note]:
    """Fold losses over blocks, and return what is noted."""
    ready = [prepare(find(each)[0], given) for each, given in ((name, options), *more)]
    return fold(ready, blocks)[1]


def block(prediction: object, target: object, weight: object = None) -> Block:
    arrays = {
        "prediction": np.array(prediction, dtype=float),
        "target": np.array(target, dtype=float),
    }
    weights = None if weight is None else np.array(weight, dtype=float)
    return Block(arrays, len(arrays["target"]), weights)


def said(name: str, prediction: object, target: object, **options: object) -> list[str]:
    """Name the notes on some data that are doubts."""
    found = notes_of(name, block(prediction, target), **options)
    return [each.kind for each in found if each.kind not in ("clipped", "raised", "row_sums")]


def but(array: object, last: object) -> np.ndarray:
    """Return the array with another last row."""
    changed = np.array(array, dtype=float)
    changed[-1] = last
    return changed


# Each doubt: where it is raised, and the one row that takes it away


REGRESSION = [
    name
    for name, loss in lossctl.losses().items()
    if loss.family == "regression"
    if name not in ("poisson", "negative_binomial", "tweedie_deviance", "gamma_deviance")
]


@pytest.mark.parametrize("name", [*REGRESSION, "student_t_nll"])
def test_numbers_of_0_and_1_are_as_of_classes(name):
    assert "classes_as_numbers" in said(name, SPREAD, ZEROS_AND_ONES)
    assert "classes_as_numbers" not in said(name, SPREAD, but(ZEROS_AND_ONES, 2.0))


@pytest.mark.parametrize("constant", [0.0, 1.0])
def test_numbers_that_are_all_the_same_are_no_classes(constant):
    assert said("mse", SPREAD, np.full(ROWS, constant)) == []


def test_several_columns_of_0_and_1_are_as_of_classes():
    assert said("mse", HALVES, HARD) == ["classes_as_numbers"]
    assert said("mse", HALVES, but(HARD, [1.0, 0.0, 0.5])) == []


@pytest.mark.parametrize("name", ["poisson", "negative_binomial", "tweedie_deviance"])
def test_counts_may_be_0_and_1(name):
    assert said(name, SPREAD, ZEROS_AND_ONES) == []


def test_grades_of_a_list_may_be_0_and_1():
    lengths = {role: np.array([ROWS]) for role in ("prediction", "target")}
    given = Block({"prediction": SPREAD, "target": ZEROS_AND_ONES}, 1, lengths=lengths)
    assert notes_of("listnet", given) == []


def test_labels_that_are_asked_for_as_numbers_are_not_doubted():
    assert said("hinge", SPREAD, ZEROS_AND_ONES, raw_labels=True) == []


BINARY = ["binary_cross_entropy", "binary_focal", "asymmetric_loss"]


@pytest.mark.parametrize("name", BINARY)
def test_probabilities_are_no_scores(name):
    assert said(name, SPREAD, ZEROS_AND_ONES, from_logits=True) == ["probabilities_as_scores"]
    for score in (-0.1, 1.1):
        assert said(name, but(SPREAD, score), ZEROS_AND_ONES, from_logits=True) == []
    assert said(name, SPREAD, ZEROS_AND_ONES) == []


def test_scores_of_nothing_but_0_are_scores():
    given = np.zeros(ROWS), ZEROS_AND_ONES
    assert said("binary_cross_entropy", *given, from_logits=True) == []


@pytest.mark.parametrize("name", ["categorical_cross_entropy", "categorical_focal"])
def test_rows_of_probabilities_are_no_scores(name):
    assert said(name, HALVES, HARD, from_logits=True) == ["probabilities_as_scores"]
    for row in ([0.5, 0.3, 0.3], [1.25, -0.5, 0.25]):
        assert said(name, but(HALVES, row), HARD, from_logits=True) == []


def test_rounded_probabilities_are_no_scores_either():
    given = np.tile([0.3333, 0.3333, 0.3333], (ROWS, 1))
    assert said("scce", given, np.zeros(ROWS), from_logits=True) == ["probabilities_as_scores"]


@pytest.mark.parametrize("activation", ["sigmoid", "softmax"])
def test_shares_need_no_activation(activation):
    given = (SPREAD, ZEROS_AND_ONES) if activation == "sigmoid" else (HALVES, HARD)
    assert "probabilities_as_scores" in said("dice", *given, activation=activation)
    last = 1.5 if activation == "sigmoid" else [0.5, 0.5, 0.5]
    changed = but(given[0], last), given[1]
    assert "probabilities_as_scores" not in said("dice", *changed, activation=activation)


def test_whole_units_are_doubted_by_their_rows():
    lengths = {role: np.array([ROWS - 3, 3]) for role in ("prediction", "target")}
    target = np.arange(ROWS) % 3
    given = Block({"prediction": HALVES, "target": target.astype(float)}, 2, lengths=lengths)
    (note,) = notes_of("lovasz_softmax", given, from_logits=True)
    assert (note.kind, note.count) == ("probabilities_as_scores", ROWS)


@pytest.mark.parametrize("name", ["categorical_cross_entropy", "kl_divergence", "js_divergence"])
def test_softmax_is_applied_once(name):
    assert said(name, TWICE, HARD) == ["softmax_of_probabilities"]
    assert said(name, TWICE.round(3), HARD) == ["softmax_of_probabilities"]
    # 3 / 1 is above e.
    assert said(name, but(TWICE, [0.6, 0.2, 0.2]), HARD) == []
    # The largest is e times the least, but no probabilities of sum 1 have such logarithms.
    powers = np.exp([1.0, 1.0, 0.0])
    assert said(name, but(TWICE, powers / powers.sum()), HARD) == []


def test_a_model_that_knows_little_may_have_no_likely_class():
    given = np.tile([0.4, 0.3, 0.3], (ROWS, 1))
    assert said("categorical_cross_entropy", given, HARD) == []


def test_two_classes_say_nothing_of_softmax():
    first = np.where(EVEN, 0.73, 0.27)
    given = np.column_stack([first, 1 - first])
    assert said("categorical_cross_entropy", given, np.eye(2)[np.arange(ROWS) % 2]) == []


NOT_ZERO = np.where(EVEN, 1.0, 2.0)


def test_classes_may_be_numbered_from_one():
    (note,) = notes_of("scce", block(HALVES, NOT_ZERO))
    assert (note.kind, note.count) == ("labels_from_one", ROWS)
    assert (
        note.message == "no target is class 0; if classes are numbered from 1, set --first-label 1"
    )
    assert said("scce", HALVES, but(NOT_ZERO, 0.0)) == []
    assert said("scce", HALVES, np.full(ROWS, 2.0)) == []
    assert said("scce", HALVES, NOT_ZERO, first_label=1) == []


def test_classes_of_another_block_count():
    given = block(HALVES, NOT_ZERO), block(HALVES[:1], [0.0])
    assert notes_of("scce", *given) == []


def test_a_class_that_is_ignored_is_none():
    assert said("scce", HALVES, NOT_ZERO, ignore_index="0") == []


def test_names_of_classes_have_no_numbers():
    labels = Words(np.arange(ROWS) % 2, ("b", "c"))
    given = Block({"prediction": HALVES, "target": labels}, ROWS)
    assert (
        fold([prepare(find("scce")[0], {})], [given], names={"prediction": ("a", "b", "c")})[1]
        == []
    )


def test_the_blank_is_no_label():
    roles = {"prediction": HALVES, "target": np.ones(25)}
    lengths = {"prediction": np.array([ROWS]), "target": np.array([25])}
    found = notes_of("ctc", Block(roles, 1, lengths=lengths))
    assert "labels_from_one" not in [note.kind for note in found]


@pytest.mark.parametrize(
    ("name", "option", "threshold"),
    [
        ("huber", "delta", 1.0),
        ("smooth_l1", "beta", 1.0),
        ("pseudo_huber", "delta", 1.0),
        ("tukey_biweight", "c", 4.685),
        ("epsilon_insensitive", "epsilon", 0.1),
    ],
)
def test_thresholds_that_nearly_all_residuals_are_beyond(name, option, threshold):
    # 38 of 40 are 95 %; the threshold itself is not beyond.
    target = FAR.copy()
    target[:2] = threshold
    (note,) = notes_of(name, block(np.zeros(ROWS), target))
    assert (note.kind, note.count) == ("beyond_threshold", 38)
    assert f"95 % of the residuals are beyond {option} {threshold:g}, " in note.message
    target[2] = threshold
    assert said(name, np.zeros(ROWS), target) == []
    assert said(name, np.zeros(ROWS), FAR, **{option: 9.0}) == []


@pytest.mark.parametrize("name", ["smooth_l1", "epsilon_insensitive"])
def test_a_threshold_of_0_is_not_doubted(name):
    option = "beta" if name == "smooth_l1" else "epsilon"
    assert said(name, np.zeros(ROWS), FAR, **{option: 0.0}) == []


def test_the_tip_of_charbonnier_is_no_threshold():
    assert said("charbonnier", np.zeros(ROWS), FAR) == []


@pytest.mark.parametrize(
    "name", ["categorical_cross_entropy", "categorical_focal", "kl_divergence"]
)
def test_rows_that_look_swapped(name):
    assert said(name, HARD, HALVES) == ["swapped_roles"]
    assert said(name, but(HARD, [0.5, 0.5, 0.0]), HALVES) == []
    assert said(name, HARD, HARD) == []
    assert said(name, HARD, but(HARD, [0.5, 0.5, 0.0])) == ["swapped_roles"]


@pytest.mark.parametrize("name", BINARY)
def test_probabilities_that_look_swapped(name):
    assert said(name, ZEROS_AND_ONES, SPREAD) == ["swapped_roles"]
    assert said(name, but(ZEROS_AND_ONES, 0.5), ZEROS_AND_ONES) == []
    assert said(name, ZEROS_AND_ONES, ZEROS_AND_ONES) == []


@pytest.mark.parametrize("name", ["js_divergence", "earth_mover_bins", "brier"])
def test_where_exchanging_makes_no_difference_nothing_looks_swapped(name):
    assert said(name, HARD, HALVES) == []


@pytest.mark.parametrize("name", BINARY)
def test_targets_that_all_lie_between_the_classes(name):
    assert said(name, SPREAD, SPREAD[::-1]) == ["targets_between_classes"]
    for certain in (0.0, 1.0):
        assert said(name, SPREAD, but(SPREAD[::-1], certain)) == []


# What all doubts share


def test_a_loss_lists_its_doubts():
    def listed(name: str, **options: object) -> list[str]:
        ready = prepare(find(name)[0], options)
        return [each.name for each in data_warnings(ready.loss, ready.kinds, ready.options)]

    assert listed("mae") == ["classes_as_numbers"]
    assert listed("huber") == ["classes_as_numbers", "beyond_threshold"]
    assert listed("binary_cross_entropy") == ["swapped_roles", "targets_between_classes"]
    assert listed("binary_cross_entropy", from_logits=True) == [
        "probabilities_as_scores",
        "targets_between_classes",
    ]
    assert listed("gan_discriminator", from_logits=True) == []


@pytest.mark.parametrize(("rows", "told"), [(19, False), (20, True)])
def test_fewer_than_20_rows_may_be_chance(rows, told):
    assert bool(said("mse", SPREAD[:rows], ZEROS_AND_ONES[:rows])) == told
    assert bool(said("scce", HALVES[:rows], NOT_ZERO[:rows])) == told


def test_blocks_add_up_and_one_row_settles_it():
    parts = [block(SPREAD[:15], ZEROS_AND_ONES[:15]), block(SPREAD[15:], ZEROS_AND_ONES[15:])]
    (note,) = notes_of("mse", *parts)
    assert (note.kind, note.count) == ("classes_as_numbers", ROWS)
    other = block([0.5], [0.5])
    for place in range(3):
        assert notes_of("mse", *parts[:place], other, *parts[place:]) == []


def test_witnesses_may_be_in_different_blocks():
    parts = [block(np.full(20, 0.5), np.full(20, number)) for number in (0.0, 1.0)]
    assert [note.kind for note in notes_of("mse", *parts)] == ["classes_as_numbers"]


def test_a_doubt_that_is_settled_is_not_counted_any_more():
    computation = prepare(find("mse")[0], {})
    arrays = {"prediction": SPREAD, "target": SPREAD}
    assert computation.tallies(arrays, None, ()).keys() == {"classes_as_numbers"}
    assert computation.tallies(arrays, None, {"classes_as_numbers"}) == {}


def test_rows_without_weight_do_not_count():
    weight = but(np.ones(ROWS), 0.0)
    given = block(SPREAD, but(ZEROS_AND_ONES, 7.0), weight)
    (note,) = notes_of("mse", given)
    assert note.count == ROWS - 1
    few = block(SPREAD, ZEROS_AND_ONES, np.arange(ROWS) < 19)
    assert notes_of("mse", few) == []


def test_what_is_the_same_of_several_losses_is_told_once():
    found = notes_of("mse", block(SPREAD, ZEROS_AND_ONES), more=(("mae", {}), ("mse", {})))
    (note,) = found
    assert note.message == (
        "mse, mae: every target is 0 or 1, as of classes: binary_cross_entropy is the loss of "
        "their probability"
    )


def test_thresholds_that_differ_are_told_apart():
    found = notes_of(
        "huber", block(np.zeros(ROWS), FAR), more=(("huber", {"delta": 2}), ("huber", {"delta": 9}))
    )
    assert [note.message.partition(", ")[0] for note in found] == [
        "huber: at least 95 % of the residuals are beyond delta 1",
        "huber: at least 95 % of the residuals are beyond delta 2",
    ]


def test_slices_are_not_doubted_one_by_one():
    by = Words((np.arange(ROWS) >= 30).astype(np.intp), (("a",), ("b",)))
    arrays = {"prediction": SPREAD, "target": np.where(np.arange(ROWS) < 30, ZEROS_AND_ONES, 5.0)}
    assert notes_of("mse", Block(arrays, ROWS, slices=by)) == []


@pytest.mark.parametrize(
    ("name", "given", "options"),
    [
        ("mse", (SPREAD, ZEROS_AND_ONES), {}),
        ("huber", (np.zeros(ROWS), FAR), {}),
        ("binary_cross_entropy", (SPREAD, ZEROS_AND_ONES), {"from_logits": True}),
        ("binary_cross_entropy", (ZEROS_AND_ONES, SPREAD), {}),
        ("kl_divergence", (HARD, HALVES), {}),
        ("scce", (TWICE, NOT_ZERO), {}),
    ],
)
def test_nothing_is_said_in_python(name, given, options, capsys):
    ready = prepare(find(name)[0], options)
    (one,), notes = fold([ready], [block(*given)])
    assert notes
    assert lossctl.compute(name, *given, **options) == float(one.whole.value[0])
    assert capsys.readouterr() == ("", "")
