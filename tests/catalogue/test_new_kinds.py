"""Vectors, directions, boxes, masks, features and names: what they accept, and their messages."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lossctl.block import Words
from lossctl.catalogue.kinds import (
    BOXES,
    DIRECTIONS,
    FEATURES,
    IMAGES,
    MASK,
    MASK_IMAGES,
    NAMES,
    SAMPLE,
    SHARES,
    VECTORS,
    Partners,
    apart,
    in_units,
)
from lossctl.errors import DataError

ALONE = Partners()
OF_THREE = Partners(3)
ONE_BOX = [[0.0, 0.0, 2.0, 3.0]]


def validate(kind, values, partners=ALONE):
    """Admit an array, or words, to the role `x`."""
    array = values if isinstance(values, Words) else np.array(values, dtype=float)
    return kind.validate("x", array, partners)


def refusal(kind, values, partners=ALONE):
    with pytest.raises(DataError) as caught:
        validate(kind, values, partners)
    return str(caught.value)


def words(*texts):
    known = sorted(set(texts))
    return Words(np.array([known.index(text) for text in texts]), tuple(known))


# Vectors and directions


@pytest.mark.parametrize("kind", [VECTORS, DIRECTIONS])
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([1.0, 2.0], [[1.0], [2.0]]),
        ([[1.0], [2.0]], [[1.0], [2.0]]),
        ([[1.0, 1e308], [-0.0, 5e-324]], [[1.0, 1e308], [-0.0, 5e-324]]),
    ],
)
def test_vectors_always_have_two_dimensions(kind, given, expected):
    assert validate(kind, given).array.tolist() == expected


@pytest.mark.parametrize("kind", [VECTORS, DIRECTIONS])
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([1.0, math.nan], "x[1, 0]: nan is not a finite number"),
        ([[1.0, 2.0], [3.0, -math.inf]], "x[1, 1]: -inf is not a finite number"),
    ],
)
def test_vectors_are_finite(kind, given, message):
    assert refusal(kind, given) == message


def test_zero_vectors_are_counted_where_only_the_direction_counts():
    given = [[0.0, 0.0], [0.0, 5e-324], [-0.0, 0.0], [1.0, 0.0]]
    validated = validate(DIRECTIONS, given)
    (note,) = DIRECTIONS.conclude("x", validated.seen)
    assert (note.kind, note.count) == ("zero_vectors", 2)
    assert note.message == "2 zero vectors in x, whose cosine counts as 0"
    assert VECTORS.conclude("x", validate(VECTORS, given).seen) == []


def test_directions_without_zero_vectors_are_not_noted():
    assert DIRECTIONS.conclude("x", validate(DIRECTIONS, [[1.0, 0.0]]).seen) == []


# Boxes


@pytest.mark.parametrize(
    ("box_format", "given", "expected"),
    [
        ("xyxy", [1.0, 2.0, 4.0, 8.0], [1.0, 2.0, 4.0, 8.0]),
        ("xywh", [1.0, 2.0, 3.0, 6.0], [1.0, 2.0, 4.0, 8.0]),
        ("cxcywh", [2.5, 5.0, 3.0, 6.0], [1.0, 2.0, 4.0, 8.0]),
        ("xyxy", [-4.0, -3.0, -2.0, -1.0], [-4.0, -3.0, -2.0, -1.0]),
        ("xywh", [-1.0, -1.0, 0.5, 0.25], [-1.0, -1.0, -0.5, -0.75]),
        ("cxcywh", [0.0, 0.0, 1.0, 1.0], [-0.5, -0.5, 0.5, 0.5]),
    ],
)
def test_boxes_reach_the_loss_as_corners(box_format, given, expected):
    kind = BOXES.configured({"box_format": box_format})
    assert validate(kind, [given]).array.tolist() == [expected]


@pytest.mark.parametrize(
    ("box_format", "given", "place", "expected"),
    [
        ("xyxy", [2.0, 0.0, 2.0, 3.0], "x[1, 2]: 2.0", "greater than the box's x1, which is 2.0"),
        ("xyxy", [3.0, 0.0, 2.0, 3.0], "x[1, 2]: 2.0", "greater than the box's x1, which is 3.0"),
        ("xyxy", [0.0, 4.0, 2.0, 3.0], "x[1, 3]: 3.0", "greater than the box's y1, which is 4.0"),
        ("xywh", [2.0, 0.0, 0.0, 3.0], "x[1, 2]: 0.0", "a positive width"),
        ("xywh", [2.0, 0.0, 1.0, -3.0], "x[1, 3]: -3.0", "a positive height"),
        ("cxcywh", [2.0, 0.0, -1.0, 3.0], "x[1, 2]: -1.0", "a positive width"),
        # a size that is lost beside a huge coordinate
        ("xywh", [1e20, 0.0, 1.0, 3.0], "x[1, 2]: 1.0", "a positive width"),
    ],
)
def test_a_box_has_a_size(box_format, given, place, expected):
    kind = BOXES.configured({"box_format": box_format})
    good = {"xyxy": ONE_BOX[0], "xywh": [0.0, 0.0, 1.0, 1.0], "cxcywh": [0.0, 0.0, 1.0, 1.0]}
    message, _, hint = refusal(kind, [good[box_format], given]).partition("\n")
    assert message == f"{place} is not {expected}"
    others = [form for form in ("xyxy", "xywh", "cxcywh") if form != box_format]
    assert hint == f"if the boxes have another format: --box-format {' or '.join(others)}"


def test_boxes_whose_corners_are_not_finite_are_refused():
    # 1.5e308 + 1.5e308 is more than there is.
    kind = BOXES.configured({"box_format": "xywh"})
    assert "x[0" in refusal(kind, [[1.5e308, 0.0, 1.5e308, 1.0]])


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_the_numbers_of_a_box_are_finite(bad):
    assert refusal(BOXES, [[0.0, bad, 1.0, 1.0]]) == f"x[0, 1]: {bad!r} is not a finite number"


@pytest.mark.parametrize(
    ("given", "columns"),
    [([1.0, 2.0], "1 column"), ([[1.0]], "1 column"), ([[1.0] * 3], "3 columns"),
     ([[1.0] * 5], "5 columns")],
)  # fmt: skip
def test_a_box_has_four_columns(given, columns):
    assert refusal(BOXES, given) == (
        f"x has {columns}, but a box takes 4\nname them in order: --columns x=A+B+C+D"
    )


# Masks


@pytest.mark.parametrize("kind", [SHARES, MASK])
@pytest.mark.parametrize(
    ("given", "expected", "noted"),
    [
        ([0.0, 0.25, 1.0], [0.0, 0.25, 1.0], 0),
        ([0.0, 1.0], [0.0, 1.0], 0),
        ([0.0, 255.0, 255.0], [0.0, 1.0, 1.0], 2),
        ([255.0], [1.0], 1),
        ([0.0, -0.0], [0.0, -0.0], 0),
        ([[0.0, 255.0], [255.0, 0.0]], [[0.0, 1.0], [1.0, 0.0]], 2),
        ([[0.0], [1.0]], [0.0, 1.0], 0),
    ],
)
def test_a_mask_is_of_shares_or_of_0_and_255(kind, given, expected, noted):
    validated = validate(kind, given)
    assert validated.array.tolist() == expected
    notes = kind.conclude("x", validated.seen)
    assert [(note.kind, note.count) for note in notes] == [("masks_scaled", noted)] * bool(noted)


def test_what_was_scaled_is_said():
    (note,) = MASK.conclude("x", {"full": 1})
    assert note.message == "1 value of x scaled from 255 to 1"
    (note,) = MASK.conclude("x", {"full": 2000})
    assert note.message == "2,000 values of x scaled from 255 to 1"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([0.0, 0.5], [[0.0], [0.5]]),  # lines of one pixel
        ([[0.0, 0.25], [1.0, 0.0]], [[0.0, 0.25], [1.0, 0.0]]),
        ([[255.0, 0.0]], [[1.0, 0.0]]),
        ([[[0.0, 255.0], [255.0, 0.0]]], [[[0.0, 1.0], [1.0, 0.0]]]),
    ],
)
def test_lines_of_masks_are_lines_of_images_with_the_values_of_masks(given, expected):
    # beside a role of three columns too, they are no class numbers
    for partners in (ALONE, OF_THREE):
        assert validate(MASK_IMAGES, given, partners).array.tolist() == expected
    message, _, hint = refusal(MASK_IMAGES, [[0.0, 0.5], [7.0, 1.0]]).partition("\n")
    assert message == "x[1, 0]: 7.0 is not a mask value (between 0 and 1, or 0 or 255)"
    assert hint == "a mask holds values from 0 to 1, or only 0 and 255"


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ([0.0, 7.0], "x[1]: 7.0"),
        ([0.0, -0.5], "x[1]: -0.5"),
        ([0.0, math.nan], "x[1]: nan"),
        ([0.0, math.inf], "x[1]: inf"),
        ([255.0, 128.0], "x[1]: 128.0"),
        ([255.0, 0.5], "x[1]: 0.5"),
        ([255.0, 1.0], "x[1]: 1.0"),
        ([1.0, 255.0, 3.0], "x[2]: 3.0"),
        ([[0.0, 0.5], [2.0, 0.0]], "x[1, 0]: 2.0"),
        ([256.0], "x[0]: 256.0"),
    ],
)
def test_other_numbers_are_no_mask(given, place):
    message, _, hint = refusal(MASK, given).partition("\n")
    assert message == f"{place} is not a mask value (between 0 and 1, or 0 or 255)"
    assert hint == "a mask holds values from 0 to 1, or only 0 and 255"


@pytest.mark.parametrize("shares", [[1.0], [0.5], [0.0, 1.0]])
def test_blocks_of_both_scales_contradict_each_other(shares):
    full, share = validate(MASK, [0.0, 255.0]).seen, validate(MASK, shares).seen
    seen = {key: full.get(key, 0) + share.get(key, 0) for key in {*full, *share}}
    with pytest.raises(DataError) as caught:
        MASK.conclude("x", seen)
    assert str(caught.value) == (
        "x mixes 1 value of 255 with 1 in (0, 1]\ncode masks as values from 0 to 1, or as 0 and 255"
    )


def test_a_block_of_zeros_goes_with_either_scale():
    full, zeros = validate(MASK, [0.0, 255.0]).seen, validate(MASK, [0.0, 0.0]).seen
    seen = {key: full.get(key, 0) + zeros.get(key, 0) for key in {*full, *zeros}}
    assert [note.count for note in MASK.conclude("x", seen)] == [1]


@pytest.mark.parametrize("kind", [SHARES, MASK])
def test_class_numbers_beside_classes_become_columns(kind):
    validated = validate(kind, [2.0, 0.0, 1.0], OF_THREE)
    assert validated.array.tolist() == [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    assert kind.conclude("x", validated.seen) == []


@pytest.mark.parametrize("bad", [3.0, -1.0, 0.5, 255.0, math.nan, math.inf])
def test_other_numbers_are_no_class(bad):
    message = refusal(MASK, [1.0, bad], OF_THREE)
    assert message == f"x[1]: {bad!r} is not a class number from 0 to 2"


def test_columns_beside_classes_are_shares():
    given = [[0.5, 0.5, 0.0]]
    assert validate(MASK, given, OF_THREE).array.tolist() == given


@pytest.mark.parametrize(
    ("foreground", "expected"),
    [("cat", [1.0, 0.0, 1.0]), ("dog", [0.0, 1.0, 0.0]), ("bird", [0.0] * 3)],
)
def test_a_label_may_be_the_mask(foreground, expected):
    kind = MASK.configured({"foreground": foreground})
    assert kind.text
    assert not MASK.text
    assert validate(kind, words("cat", "dog", "cat")).array.tolist() == expected


@pytest.mark.parametrize("given", [[[2.0], [0.0], [2.0]], [2.0, 0.0, 2.0]])
def test_a_class_number_may_be_the_mask(given):
    kind = MASK.configured({"foreground": "2"})
    assert validate(kind, given).array.tolist() == [1.0, 0.0, 1.0]


def test_a_share_is_no_label():
    kind = MASK.configured({"foreground": "2"})
    assert refusal(kind, [2.0, 0.5]) == "x[1]: 0.5 is not a class number"


def test_columns_are_no_labels():
    kind = MASK.configured({"foreground": "2"})
    assert refusal(kind, [[1.0, 0.0]]).startswith("x has 2 columns, but labels take one")


def test_labels_are_no_mask_without_a_foreground():
    assert refusal(MASK, words("cat")) == "x holds text where numbers are needed"


def test_a_mask_is_read_raw_and_shares_are_not():
    assert MASK.raw
    assert not SHARES.raw


# Names, samples, features, images


def test_names_are_any_words():
    validated = validate(NAMES, words("", "a b", "=1+1"))
    assert validated.array.words == ("", "=1+1", "a b")
    assert NAMES.text


def test_integers_are_names_and_others_are_not():
    validated = validate(NAMES, [2.0, 1.0])
    assert [validated.array.words[code] for code in validated.array.codes] == ["2", "1"]
    assert refusal(NAMES, [2.0, 1.5]) == "x[1]: 1.5 is not a class number"


@pytest.mark.parametrize("kind", [SAMPLE, FEATURES])
def test_samples_and_features_have_one_column(kind):
    assert validate(kind, [[1.0], [2.0]]).array.tolist() == [1.0, 2.0]
    assert "x has 2 columns" in refusal(kind, [[1.0, 2.0]])
    assert refusal(kind, [0.0, math.inf]) == "x[1]: inf is not a finite number"
    assert kind.gathers == "units"


@pytest.mark.parametrize(
    "given", [[[1.0, 2.0]], [[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]]
)
def test_lines_of_images_stay_as_they_are(given):
    assert validate(IMAGES, given).array.tolist() == given


def test_an_image_of_one_column_stays_one():
    assert validate(IMAGES, [1.0, 2.0]).array.tolist() == [[1.0], [2.0]]


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("channels", [0, 2])
def test_a_pixel_that_is_not_finite_has_its_place(bad, channels):
    lines = np.zeros((3, 4, channels) if channels else (3, 4))
    lines[2, 1] = bad
    assert refusal(IMAGES, lines) == f"x[2, 1]: {bad!r} is not a finite number"


def test_features_say_where_they_come_from():
    kind = FEATURES.configured({"network": "n.onnx", "layers": "a,b"})
    assert (kind.network, kind.layers) == ("n.onnx", "a,b")


@pytest.mark.parametrize("kind", [VECTORS, DIRECTIONS, BOXES, SHARES, MASK])
def test_variants_differ_in_one_thing(kind):
    assert apart(kind).apart
    assert apart(kind).raw == kind.raw
    assert in_units(kind).gathers == "units"
    assert apart(in_units(kind)) == in_units(apart(kind))


# Through the command line


def test_boxes_by_hand(run, tmp_path):
    # 2 × 2 at (0, 0) and at (1, 1) share 1 and cover 7.
    (tmp_path / "p.csv").write_text("x1,y1,x2,y2\n0,0,2,2\n")
    (tmp_path / "t.csv").write_text("x1,y1,x2,y2\n1,1,3,3\n")
    files = [str(tmp_path / "p.csv"), str(tmp_path / "t.csv")]
    ran = run(["compute", "iou_box", *files, "--format", "value"])
    assert (ran.code, float(ran.out)) == (0, pytest.approx(6 / 7, rel=1e-15))
    # as widths: 2 × 2 at (0, 0) and 3 × 3 at (1, 1) share 1 and cover 12.
    ran = run(["compute", "iou_box", *files, "--box-format", "xywh", "--format", "value"])
    assert (ran.code, float(ran.out)) == (0, pytest.approx(11 / 12, rel=1e-15))


def test_a_box_without_a_size_has_its_place(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.csv").write_text("x1,y1,x2,y2\n0,0,2,2\n0,0,2,2\n")
    (tmp_path / "t.csv").write_text("x1,y1,x2,y2\n1,1,3,3\n1,5,3,5\n")
    ran = run(["compute", "giou_box", "p.csv", "t.csv"])
    assert ran.code == 3
    assert ran.err == (
        "error: 't.csv', line 3, column 'y2': '5' is not greater than the box's y1, which is 5.0\n"
        "  try: if the boxes have another format: --box-format xywh or cxcywh\n"
    )


@pytest.mark.parametrize(("foreground", "expected"), [("cat", 1 / 3), ("dog", 1.0)])
def test_text_masks_by_hand(run, tmp_path, foreground, expected):
    # cat: 1 - 2 × 1 / (2 + 1); dog: no overlap
    (tmp_path / "a.csv").write_text("prediction,label\n1,cat\n1,cow\n0,dog\n")
    command = ["compute", "dice", str(tmp_path / "a.csv"), "--foreground", foreground]
    ran = run([*command, "--format", "value"])
    assert (ran.code, float(ran.out)) == (0, pytest.approx(expected, rel=1e-15))


def test_class_numbers_beside_class_columns_by_hand(run, tmp_path):
    # Two pixels of three classes, the first right, the second not: 1 - 2 × 1 / (2 + 2)
    np.save(tmp_path / "p.npy", np.array([[[[1.0, 0, 0], [1.0, 0, 0]]]]))
    np.save(tmp_path / "t.npy", np.array([[[0, 2]]]))
    files = [str(tmp_path / "p.npy"), str(tmp_path / "t.npy")]
    ran = run(["compute", "dice", *files, "--format", "value"])
    assert (ran.code, ran.out) == (0, "0.5\n")


def test_zero_vectors_are_noted(run, tmp_path):
    # cosines 1 and 0
    (tmp_path / "p.csv").write_text("a,b\n1,0\n0,0\n")
    (tmp_path / "t.csv").write_text("a,b\n2,0\n1,1\n")
    files = [str(tmp_path / "p.csv"), str(tmp_path / "t.csv")]
    ran = run(["compute", "cosine_distance", *files, "--format", "value"])
    assert (ran.code, ran.out) == (0, "0.5\n")
    assert ran.err == ("note: 1 zero vector in prediction, whose cosine counts as 0\n")
