"""Each detector on data whose facts are known by hand."""

from __future__ import annotations

import numpy as np
import pytest

import lossctl
from lossctl.block import Block, Words
from lossctl.detectors import Names, compare_files, detect, detect_files
from lossctl.detectors import profile as memory
from lossctl.detectors.probabilities import calibration_error
from lossctl.detectors.profile import Profile, Sample
from lossctl.detectors.residuals import Spread, medcouple
from lossctl.errors import DataError, UsageError
from lossctl.tables import Reading


def facts(target, prediction=None, columns=None):
    """All facts as `name: (value, confidence)`, and the kinds of the observations."""
    roles = {} if prediction is None else {"prediction": np.asarray(prediction, float)}
    roles["target"] = target if isinstance(target, Words) else np.asarray(target, float)
    rows = len(roles["target"].codes) if isinstance(target, Words) else len(roles["target"])
    findings = detect([Block(roles, rows)], Names(columns or {}))
    found = {fact.name: (fact.value, fact.confidence) for fact in findings.facts}
    return found, [observation.kind for observation in findings.observations]


def words(*texts):
    distinct = sorted(set(texts))
    return Words(np.array([distinct.index(text) for text in texts]), tuple(distinct))


def test_zeros_and_ones_are_binary_for_certain():
    found, _ = facts([0, 1, 1, 0])
    assert found["task"] == ("binary_classification", "likely")
    assert found["labels"] == ("binary_01", "certain")
    assert found["foreground"] == (0.5, "certain")
    assert found["imbalance"] == ("none", "certain")


def test_minus_one_and_one_may_be_an_order():
    found, _ = facts([-1, 1, 1])
    assert found["labels"] == ("plus_minus_1", "likely")


def test_two_other_values_are_asked_about():
    found, _ = facts([0, 5, 5])
    assert found["task"] == ("binary_classification", "weak")
    assert "labels" not in found


def test_one_and_two_are_classes():
    found, _ = facts([1, 2, 2])
    assert found["labels"] == ("integer", "likely")
    assert found["label_min"] == (1, "likely")


def test_two_columns_for_a_binary_label_are_counted():
    scores = np.arange(60).reshape(30, 2) - 30.5
    found, _ = facts([0, 1, 1] * 10, scores)
    assert found["n_outputs"] == (2, "certain")
    found, _ = facts([0, 1, 1] * 10, scores[:, 0])
    assert "n_outputs" not in found
    found, _ = facts([0, 1, 2] * 10, np.hstack([scores, scores]))
    assert "n_outputs" not in found


@pytest.mark.parametrize(
    ("share", "degree", "imbalanced"),
    [
        (0.005, "extreme", (True, "likely")),
        (0.015, "moderate", (True, "likely")),
        (0.1, "moderate", (True, "weak")),  # cleanlab and evalml would not warn
        (0.3, "mild", (False, "likely")),
        (0.45, "none", (False, "likely")),
    ],
)
def test_the_degree_of_imbalance(share, degree, imbalanced):
    target = np.arange(1_000) < 1_000 * share
    found, _ = facts(target)
    assert found["imbalance"] == (degree, "certain")
    assert found["imbalanced"] == imbalanced
    found, _ = facts(~target)
    assert found["imbalance"] == (degree, "certain")


def test_thresholds_that_disagree_are_named():
    # 10 %: ratio 9, not above it; share 0.2 of an equal one; 1 - entropy 0.531
    findings = detect([Block({"target": np.arange(1_000.0) < 100}, 1_000)], Names({}))
    (evidence,) = [fact.evidence for fact in findings.facts if fact.name == "imbalanced"]
    assert evidence == (
        "The minority class has 10 % of the rows; "
        "ydata-profiling would warn, but not cleanlab or evalml."
    )


def test_one_hot_rows():
    found, observations = facts(np.eye(4)[[0, 1, 2, 2, 1, 0]])
    assert found["task"] == ("multiclass_classification", "likely")
    assert found["labels"] == ("one_hot", "certain")
    assert found["n_classes"] == (4, "likely")
    assert observations == ["absent_classes"]


def test_one_hot_rows_of_two_classes_are_binary():
    found, _ = facts(np.eye(2)[[0, 1, 1, 1]])
    assert found["task"] == ("binary_classification", "likely")
    assert found["imbalance"] == ("mild", "certain")
    assert "foreground" not in found


def test_two_of_several_classes_are_not_compared_as_two():
    found, observations = facts(np.eye(3)[[0, 1, 1, 1]])
    assert "imbalance" not in found
    assert observations == ["absent_classes"]


@pytest.mark.parametrize("scale", [1.7e308, 1e200, 1.0, 1e-320])
def test_numbers_of_any_size_are_described_without_a_warning(scale):
    random = np.random.default_rng(1)
    prediction, target = scale * random.uniform(-1, 0.5, (2, 300))
    found, _ = facts(target, prediction)
    assert found["positive"] == (False, "certain")


def test_multi_hot_rows():
    found, _ = facts([[0, 1, 1], [0, 0, 0], [1, 0, 0]], [[0.1, 0.9, 0.7], [0, 0, 0.2], [1, 0, 0]])
    assert found["labels"] == ("multi_hot", "likely")
    assert found["foreground"] == (1 / 3, "certain")
    assert found["output"] == ("probability", "weak")  # too few rows


def test_soft_rows():
    found, _ = facts([[0.2, 0.8], [0.5, 0.5]])
    assert found["labels"] == ("soft", "likely")
    assert found["task"] == ("multiclass_classification", "likely")


def test_words_are_classes():
    found, _ = facts(words("ham", "spam", "ham"))
    assert found["task"] == ("binary_classification", "likely")
    assert found["labels"] == ("integer", "likely")
    assert "foreground" not in found


def test_many_words_are_not_classes():
    found, observations = facts(words(*(f"user{number}" for number in range(100))))
    assert not found
    assert observations == ["many_words"]


def test_sentences_may_be_sequences():
    found, _ = facts(words(*(f"the cat number {number}" for number in range(100))))
    assert found == {"task": ("sequence", "weak")}


def test_integers_are_classes_if_the_columns_match():
    probabilities = np.full((30, 3), 1 / 3)
    probabilities += [0.1, -0.1, 0]
    found, _ = facts([0, 1, 2] * 10, probabilities)
    assert found["task"] == ("multiclass_classification", "likely")
    assert found["label_min"] == (0, "likely")
    assert found["output"] == ("distribution", "likely")


@pytest.mark.parametrize(
    ("row", "output"),
    [
        ([0.5, 0.3, 0.19], "distribution"),  # 0.01 is less than 3 times half a hundredth
        ([0.5, 0.3, 0.18], "probability"),
        ([0.5, 0.3, 0.199], "distribution"),
        ([0.5, 0.301, 0.197], "probability"),
        ([0.5, 0.3, 0.19999], "distribution"),
        ([0.50001, 0.3, 0.19799], "probability"),
        ([0.05] + [0.01] * 80, "probability"),  # however many columns there are, 0.15 is too far
    ],
)
def test_a_sum_may_be_as_far_from_1_as_rounding_takes_it(row, output):
    rows = [np.roll(row, n) for n in range(60)]
    classes = np.resize(np.arange(len(row)), 60)
    found, _ = facts(classes, rows)
    assert found["output"] == (output, "likely")


def test_prices_are_not_classes():
    found, _ = facts(np.arange(100) * 1_000 + 99_000)
    assert found["task"] == ("regression", "likely")
    assert "counts" not in found


def test_small_counts_and_classes_look_alike():
    found, _ = facts([0] * 50 + [1] * 30 + [2] * 12 + [3] * 6 + [4] * 2)
    assert found["task"] == ("multiclass_classification", "weak")
    assert found["counts"] == (True, "weak")
    assert "labels" not in found


def test_real_predictions_distinguish_counts_from_classes():
    target = [0] * 50 + [1] * 30 + [2] * 12 + [3] * 6 + [4] * 2
    found, _ = facts(target, np.linspace(0.5, 1.5, 100))
    assert found["task"] == ("regression", "likely")
    assert found["counts"] == (True, "likely")


def test_grades_are_asked_about():
    found, _ = facts([1, 2, 3, 4, 5] * 10)
    assert found["ordinal"] == (True, "weak")
    found, _ = facts([0, 1, 2] * 10)
    assert "ordinal" not in found
    found, _ = facts([0, 1, 2] * 10, columns={"target": ("tumour_stage",)})
    assert found["ordinal"] == (True, "weak")


def test_a_target_that_never_changes():
    assert facts([3, 3, 3]) == ({}, ["constant_target"])


def test_predictions_that_never_change():
    found, observations = facts([0, 1, 1], [0.5, 0.5, 0.5])
    assert "output" not in found
    assert observations == ["constant_predictions"]


def test_scores_and_probabilities_of_two_classes():
    target = [0, 1] * 20
    assert facts(target, np.linspace(0.1, 0.9, 40))[0]["output"] == ("probability", "likely")
    assert facts(target, np.linspace(-3, 4, 40))[0]["output"] == ("class_scores", "likely")
    assert facts(target, target)[1] == ["hard_predictions"]


def test_few_scores_may_be_between_0_and_1_by_chance():
    assert facts([0, 1, 1], [0.1, 0.9, 0.3])[0]["output"] == ("probability", "weak")


def test_several_predictions_of_one_number():
    target = np.linspace(0, 1.5, 30)
    rising = target[:, None] + np.array([-1, 0, 1])
    assert facts(target, rising)[0]["output"] == ("quantiles", "weak")
    assert facts(target, rising[:, ::-1])[0]["output"] == ("predictive_distribution", "weak")


def test_sign_and_range_of_numbers():
    found, _ = facts([0.1, 0.5, 0.9])
    assert found["positive"] == (True, "certain")
    assert found["range"] == ("unit_interval", "certain")
    found, _ = facts([-0.1, 0.5, 1.9])
    assert found["positive"] == (False, "certain")
    assert found["range"] == ("other", "certain")


@pytest.mark.parametrize(
    ("names", "output"),
    [
        (("mean", "variance"), "mean_and_variance"),
        (("pred_mu", "pred_std"), "mean_and_variance"),
        (("prediction", "var"), "mean_and_variance"),
        (("q0.1", "q0.9"), "quantiles"),
        (("p10", "p50", "p97.5"), "quantiles"),
        (("Quantile_0.05", "quantile_.95"), "quantiles"),
        (("member_1", "member_2", "member_3"), "predictive_distribution"),
    ],
)
def test_forecasts_are_recognised_by_their_names(names, output):
    """Integers, or 0 and 1, are not classes if a mean and its spread are predicted."""
    rng = np.random.default_rng(3)
    forecasts = rng.normal(4, 1, (100, len(names)))
    for target in (rng.integers(0, 9, 100), rng.normal(4, 1, 100), rng.integers(0, 2, 100)):
        found, _ = facts(target, forecasts, {"prediction": names})
        assert found["output"] == (output, "likely")
        assert found["task"] == ("regression", "likely")
        assert "labels" not in found


@pytest.mark.parametrize(
    "names", [("p1", "p2"), ("p9", "p10"), ("mean", "age"), ("location", "scale"), ("q1", "q3")]
)
def test_other_names_are_not_forecasts(names):
    rng = np.random.default_rng(3)
    found, _ = facts(rng.normal(size=100), rng.normal(size=(100, 2)), {"prediction": names})
    assert found["output"][1] == "weak"


def test_numbers_that_cannot_be_counts_or_grades_are_not_asked_about():
    found, _ = facts([-3.0, 25.0, 140.0, 9.0], [0.5, 20.5, 99.5, 7.5])
    assert found["counts"] == (False, "certain")
    found, _ = facts([0.25, 25.0, 140.0])
    assert (found["counts"], found["ordinal"]) == ((False, "likely"), (False, "likely"))
    found, _ = facts([3.0, 25.0, 140.0], [0.5, 20.5, 99.5])
    assert not {"counts", "ordinal"} & found.keys()  # they may be


def test_shape_of_numbers():
    found, _ = facts(np.exp(np.linspace(-4, 4, 1_001)))
    assert found["skewed"] == (True, "likely")
    assert found["wide_range"] == (True, "likely")  # from e^-3.92 to e^3.92
    found, _ = facts(np.linspace(500.5, 1_500.25, 1_001))
    assert found["skewed"] == (False, "likely")
    assert found["wide_range"] == (False, "likely")
    assert found["scaled"] == (False, "likely")


def test_zeros_among_fractions():
    found, _ = facts(np.concatenate([np.zeros(20), np.linspace(0.5, 9.7, 80)]))
    assert found["zero_inflated"] == (True, "likely")
    found, _ = facts(np.concatenate([np.zeros(4), np.linspace(0.5, 9.7, 96)]))
    assert found["zero_inflated"] == (False, "likely")
    found, _ = facts(np.concatenate([np.zeros(20), np.linspace(-9.7, 9.7, 80)]))
    assert "zero_inflated" not in found  # of numbers of both signs it is not clear


def test_boxes_are_recognised_by_their_names():
    names = ("x1", "y1", "x2", "y2")
    boxes = np.array([[0.0, 0, 2, 2], [5, 5, 9, 9]])
    moved = boxes + np.array([[1], [100]])
    found, _ = facts(boxes, moved, {"prediction": names, "target": names})
    assert found["output"] == ("boxes", "likely")
    assert found["no_overlap"] == (True, "likely")
    assert "task" not in found  # it follows


def test_names_of_boxes_with_other_numbers():
    names = ("x1", "y1", "x2", "y2")
    found, observations = facts(
        np.tile([3.5, 3, 2, 2], (5, 1)) + np.eye(5, 4), None, {"target": names}
    )
    assert observations == ["boxes"]
    assert found["task"] == ("regression", "weak")


def test_placeholders_are_pointed_out():
    target = np.concatenate([np.linspace(1.5, 9.5, 50), [-999, -999, -999]])
    assert facts(target)[1] == ["placeholders"]
    assert facts(np.concatenate([np.linspace(-1_500.5, 9.5, 50), [-999, -999]]))[1] == []


def test_predictions_worse_than_the_mean():
    target = np.linspace(0, 1.5, 200)
    assert "worse_than_mean" in facts(target, -target)[1]


def test_medcouple_by_hand():
    # Centred: -1, 0, 0, 1, 7. Pairs of 1 and 7 with -1: 0 and 0.75; with the zeros: 1 four times;
    # of the zeros with -1: -1 twice; of the zeros themselves: -1, 0, 0, 1.
    assert medcouple(np.array([2.0, 3.0, 4.0, 10.0, 3.0])) == 0.375
    assert medcouple(np.array([1.0, 2.0, 3.0])) == 0.0


def test_spread_by_hand():
    spread = Spread.of(np.concatenate([np.tile([-1.0, 1.0], 99), [10.0, -10.0]]))
    assert spread is not None
    assert spread.top_share == 200 / (198 + 200)
    assert spread.far == 0.01
    assert Spread.of(np.array([0.0, 0.0, 0.0, 1.0])) is None


def test_calibration_error_by_hand():
    sure = np.array([0.2, 0.2, 0.9, 0.9])
    came = np.array([False, True, True, True])
    # |0.2 - 0.5| and |0.9 - 1| of two rows each
    assert calibration_error(sure, came, np.array([0, 0, 1, 1])) == pytest.approx(0.2)


def test_the_sample_is_the_same_however_the_rows_are_cut(monkeypatch):
    monkeypatch.setattr(memory, "MOST_ROWS", 100)
    values = np.arange(5_000.0)
    samples = []
    for size in (5_000, 700, 13):
        sample = Sample()
        for start in range(0, 5_000, size):
            part = values[start : start + size]
            sample.add({"target": part}, len(part))
        samples.append(sample["target"][:, 0])
    assert all(np.array_equal(sample, samples[0]) for sample in samples)
    assert len(samples[0]) == 100
    assert (np.diff(samples[0]) > 0).all()
    assert 1_500 < samples[0].mean() < 3_500


def test_what_is_kept_does_not_grow():
    profile = Profile(Names({}))
    random = np.random.default_rng(1)
    for _ in range(4):
        profile.add(Block({"target": random.normal(size=50_000)}, 50_000))
    assert profile.rows == 200_000
    assert profile.sample.rows == memory.MOST_ROWS
    assert profile.target.tally is None


def test_findings_do_not_depend_on_blocks():
    random = np.random.default_rng(1)
    prediction, noise = random.normal(size=1_000), random.normal(size=1_000)
    roles = {"prediction": prediction, "target": prediction + noise}
    whole = detect([Block(roles, 1_000)], Names({}))
    parts = [
        Block({role: values[start : start + 77] for role, values in roles.items()}, 77)
        for start in range(0, 1_000, 77)
    ]
    assert detect(parts, Names({})) == whole


def test_words_come_in_any_blocks():
    blocks = [
        Block({"target": words("b", "a")}, 2),
        Block({"target": words("c", "a", "a")}, 3),
    ]
    profile = Profile(Names({}))
    for block in blocks:
        profile.add(block)
    assert profile.words["target"] == {"a": 3, "b": 1, "c": 1}
    assert profile.sample["target"][:, 0].tolist() == [1, 0, 2, 0, 0]


def test_labels_by_name_in_any_order():
    probabilities = np.tile([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]], (60, 1))
    target = words(*["cat", "ant", "bee"] * 60)
    for names in (("cat", "ant", "bee"), ("prob_cat", "prob_ant", "prob_bee")):
        found, observations = facts(target, probabilities, {"prediction": names})
        assert found["n_classes"] == (3, "likely")
        assert "noisy_labels" not in found
        assert observations == ["calibration"]  # always right, but with a confidence of 80 % only


@pytest.fixture
def write(tmp_path):
    def once(name, text):
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return once


def test_one_file_with_both_roles(write):
    file = write("both.csv", "id,y_true,prob_a,prob_b\n" + "1,a,0.5,0.5\n2,b,0.2,0.8\n" * 20)
    findings = detect_files([file], Reading())
    assert {"task", "output"} <= {fact.name for fact in findings.facts}


def test_one_file_with_the_target_only(write):
    findings = detect_files([write("target.csv", "id,label\n1,3\n2,4\n3,3\n")], Reading())
    assert "output" not in {fact.name for fact in findings.facts}


def test_a_single_column_is_the_target_whatever_its_name(write):
    findings = detect_files([write("target.csv", "score\n1.5\n2.5\n4.5\n")], Reading())
    assert findings.facts[0].value == "regression"


def test_several_columns_may_be_named_in_one_file(write):
    file = write("both.csv", "a,b,c\n0.1,0.9,1\n0.8,0.2,0\n")
    columns = {"prediction": ("a", "b"), "target": ("c",)}
    findings = detect_files([file], Reading(columns=columns))
    assert {fact.name: fact.value for fact in findings.facts}["output"] == "distribution"


def test_two_columns_may_be_the_prediction(write):
    file = write("both.csv", "p,score,y\n0.1,2,1\n")
    with pytest.raises(DataError, match="not clear which column is the prediction"):
        detect_files([file], Reading())


def test_words_after_empty_cells_are_words(write):
    file = write("target.csv", "id,label\n1,\n2,cat\n3,dog\n4,cat\n")
    findings = detect_files([file], Reading(missing="skip"))
    assert findings.rows == 3
    assert findings.facts[0].value == "binary_classification"


def test_three_files_are_too_many(write):
    with pytest.raises(UsageError, match="3 files"):
        detect_files([write("a.csv", "a\n1\n")] * 3, Reading())


def rows(values):
    return "prediction,target\n" + "".join(f"{a},{b}\n" for a, b in values)


def test_a_larger_loss_on_new_rows_looks_like_overfitting(write):
    train = write("train.csv", rows([(1, 2.5), (1, -0.5)] * 20))  # (r²: 2.25)
    worse = write("worse.csv", rows([(1, 3), (1, -1.5)] * 20))  # 4, 6.25
    gap = compare_files([train], [worse], Reading())
    assert (gap.loss, gap.train, gap.validation) == ("squared error", 2.25, 5.125)
    assert gap.ratio == pytest.approx(5.125 / 2.25)
    assert gap.z == pytest.approx(2.875 / np.sqrt(1.125**2 * 40 / 39 / 40))
    assert gap.overfitting
    assert not compare_files([worse], [train], Reading()).overfitting
    assert not compare_files([train], [train], Reading()).overfitting


def test_of_a_mean_with_its_spread_the_mean_is_compared(write):
    """The errors are those above, whatever is in the other column."""
    known = "std,target,mean\n" + "9,2.5,1\n7,-0.5,1\n" * 20
    worse = "std,target,mean\n" + "9,3,1\n7,-1.5,1\n" * 20
    gap = compare_files([write("train.csv", known)], [write("worse.csv", worse)], Reading())
    assert (gap.loss, gap.train, gap.validation) == ("squared error", 2.25, 5.125)


def test_a_significant_but_small_difference_is_not_overfitting(write):
    train = write("train.csv", rows([(0, 1), (0, -1.5)] * 500))
    new = write("new.csv", rows([(0, 1.05), (0, -1.6)] * 500))
    gap = compare_files([train], [new], Reading())
    assert gap.z > 2.33
    assert not gap.overfitting


def test_overfitting_of_probabilities_and_of_scores(write):
    p = np.array([0.9, 0.2] * 20)
    known, new = [1, 0] * 20, [1, 0, 0, 1] * 10
    train, worse = (rows(zip(p, labels, strict=True)) for labels in (known, new))
    gap = compare_files([write("train.csv", train)], [write("worse.csv", worse)], Reading())
    assert gap.loss == "log loss"
    assert gap.train == pytest.approx(-(np.log(0.9) + np.log(0.8)) / 2)
    assert gap.overfitting
    scores = np.log(p / (1 - p))
    train, worse = (rows(zip(scores, labels, strict=True)) for labels in (known, new))
    same = compare_files([write("train.csv", train)], [write("worse.csv", worse)], Reading())
    assert same.train == pytest.approx(gap.train)
    assert same.validation == pytest.approx(gap.validation)


def test_too_few_rows_cannot_show_overfitting(write):
    file = write("few.csv", rows([(1, 2.5), (1, 0)]))
    with pytest.raises(DataError, match="fewer than 30 rows"):
        compare_files([file], [file], Reading())


@pytest.mark.parametrize(
    "target", [[], [1, float("nan")], [[]], 3, [[1], [1, 2]], [1, None], [[["a"]]]]
)
def test_the_library_refuses_what_is_no_table(target):
    with pytest.raises(DataError):
        lossctl.inspect(target=target)


def test_the_library_finds_the_same_facts_as_in_files(write):
    file = write("both.csv", rows([(0.1, 0), (0.7, 1), (0.2, 1)]))
    findings = lossctl.inspect(prediction=[0.1, 0.7, 0.2], target=[0, 1, 1])
    assert findings == detect_files([file], Reading())


def test_the_scale_of_the_errors_is_in_the_unit_of_the_target():
    """The median of |r - 0| of these errors is 20, so the scale is 1.4826 × 20."""
    errors = np.array([-40.0, -20.0, 0.0, 20.0, 40.0] * 40)
    prediction = np.linspace(100.0, 300.0, len(errors))
    findings = lossctl.inspect(target=prediction + errors, prediction=prediction)
    (outliers,) = [fact for fact in findings.facts if fact.name == "outliers"]
    assert outliers.numbers["residual_scale"] == pytest.approx(29.652, rel=1e-9)


def test_an_array_without_rows_is_refused(tmp_path):
    np.save(tmp_path / "empty.npy", np.zeros(0))
    with pytest.raises(DataError, match="no rows"):
        detect_files([str(tmp_path / "empty.npy")], Reading())
