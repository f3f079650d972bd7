"""Pictures: arrays of three and four dimensions, PNG files and folders of them."""

from __future__ import annotations

import struct
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from lossctl.block import Words
from lossctl.errors import DataError, LossctlError, UsageError
from lossctl.tables import Reading, Role, arrays, open_tables

PIXELS = [Role("prediction", wide=True), Role("target", wide=True)]
LINES = [
    Role("prediction", wide=True, whole=True, lines=True),
    Role("target", wide=True, whole=True, lines=True),
]
LINES_OF_ONE = LINES[:1]
LABELS = [Role("prediction", wide=True), Role("target", text=True)]
MASKS = [Role("prediction", wide=True), Role("target", wide=True, raw=True)]

GREY = np.array([[0, 51], [102, 255]], dtype=np.uint8)
SHARES = [0.0, 0.2, 0.4, 1.0]


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def save(tmp_path):
    """Write an array: `.npy` as it is, `.png` as a picture."""

    def once(name, array, **how):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        if name.endswith(".npy"):
            np.save(path, array)
        else:
            Image.fromarray(array).save(path, "PNG", **how)
        return name

    return once


def png(width, height, depth, colour, lines, extra=b""):
    """Write a PNG by hand: the bytes of its lines as they are stored, `extra` chunks before."""

    def chunk(kind, data):
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + line for line in lines))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + extra
        + chunk(b"IDAT", data)
        + chunk(b"IEND", b"")
    )


def listed(column):
    """Write a column as a plain list."""
    if isinstance(column, Words):
        return [column.words[code] for code in column.codes.tolist()]
    return column.tolist()


def values(files, roles, **options):
    """Read everything, as lists by role, with the names of the units."""
    with open_tables(files, roles, Reading(**options)) as tables:
        found = {role.name: [] for role in roles}
        names = []
        for block in tables.blocks():
            for role, array in block.roles.items():
                found[role] += listed(array)
            if block.unit is not None:
                names += listed(block.unit)
        return found, names


def refusal(files, roles, **options):
    with pytest.raises(LossctlError) as caught:
        values(files, roles, **options)
    return type(caught.value), caught.value.message, caught.value.hint


# Arrays of three and four dimensions


def test_a_stack_without_channels_has_a_row_a_pixel(save):
    stack = np.arange(12.0).reshape(2, 2, 3)
    found, _ = values([save("a.npy", stack), save("b.npy", -stack)], PIXELS)
    assert found["prediction"] == list(range(12))
    assert found["target"] == [-number for number in range(12)]


def test_the_last_of_four_dimensions_is_the_channels(save):
    stack = np.arange(8.0).reshape(1, 2, 2, 2)
    found, _ = values([save("a.npy", stack), save("b.npy", stack)], PIXELS)
    assert found["prediction"] == [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], [6.0, 7.0]]


def test_channels_may_stand_first(save):
    stack = np.arange(8.0).reshape(1, 2, 2, 2)
    files = [save("a.npy", stack), save("b.npy", stack)]
    found, _ = values(files, PIXELS, channels="first")
    assert found["prediction"] == [[0.0, 4.0], [1.0, 5.0], [2.0, 6.0], [3.0, 7.0]]


@pytest.mark.parametrize(
    ("channels", "expected"),
    [
        (None, ([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], [6.0, 7.0]], ["1", "2"])),
        ("first", ([[[0.0, 4.0], [1.0, 5.0]], [[2.0, 6.0], [3.0, 7.0]]], ["1"])),
        ("last", ([[[0.0, 1.0], [2.0, 3.0]], [[4.0, 5.0], [6.0, 7.0]]], ["1"])),
    ],
)
def test_three_dimensions_are_a_stack_or_with_channels_one_picture(save, channels, expected):
    stack = np.arange(8.0).reshape(2, 2, 2)
    found, names = values([save("a.npy", stack)], LINES_OF_ONE, channels=channels)
    assert (found["prediction"], names) == expected


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [">f4", "<f8", "u1", "i2", "?"])
def test_the_layout_and_type_of_an_array_do_not_matter(save, order, dtype):
    stack = np.array([[[0, 1], [1, 0]], [[1, 1], [0, 0]]], dtype=dtype, order=order)
    found, _ = values([save("a.npy", stack), save("b.npy", stack)], PIXELS)
    assert found["target"] == [0, 1, 1, 0, 1, 1, 0, 0]


@pytest.mark.parametrize("rows", [1, 5, 12, 13, 100])
def test_pictures_that_span_blocks_stay_whole(save, monkeypatch, rows):
    monkeypatch.setattr(arrays, "ROWS", rows)
    stack = np.arange(60.0).reshape(5, 3, 4)
    found, names = values([save("a.npy", stack)], LINES_OF_ONE)
    assert found["prediction"] == stack.reshape(15, 4).tolist()
    assert names == ["1", "2", "3", "4", "5"]


def test_several_arrays_of_one_archive_play_the_roles(tmp_path):
    prediction = np.full((1, 2, 2, 3), 0.25)
    np.savez(tmp_path / "a.npz", prediction=prediction, target=np.array([[[0, 1], [2, 0]]]))
    found, _ = values(["a.npz"], LABELS)
    assert found == {"prediction": [[0.25] * 3] * 4, "target": ["0", "1", "2", "0"]}


def test_arrays_of_one_archive_that_do_not_fit_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", prediction=np.zeros((1, 2, 2)), target=np.zeros((1, 2, 3)))
    kind, message, _ = refusal(["a.npz"], PIXELS)
    assert (kind, message) == (DataError, "'a.npz': the arrays have different numbers of rows")


@pytest.mark.parametrize("shape", [(1, 1, 2, 2, 1), (), (1,) * 8])
def test_other_numbers_of_dimensions_are_refused(save, shape):
    kind, message, _ = refusal([save("a.npy", np.zeros(shape)), "a.npy"], PIXELS)
    assert (kind, message) == (DataError, f"'a.npy' has {len(shape)} dimensions, not 1 to 4")


@pytest.mark.parametrize("shape", [(0, 2, 2), (2, 0, 2), (2, 2, 0), (2, 2, 2, 0), (0, 2, 2, 3)])
@pytest.mark.parametrize("roles", [PIXELS, LINES])
def test_pictures_without_pixels_are_refused(save, shape, roles):
    kind, _, _ = refusal([save("a.npy", np.zeros(shape)), save("b.npy", np.zeros(shape))], roles)
    assert kind is DataError


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((2, 3, 4), (2, 4, 3)),  # turned
        ((2, 3, 4), (3, 2, 4)),
        ((1, 2, 6, 3), (1, 3, 4, 3)),
        ((1, 2, 6, 3), (1, 3, 4)),
    ],
)
def test_pictures_of_another_shape_are_refused_though_they_have_as_many_pixels(save, first, second):
    kind, _, _ = refusal([save("a.npy", np.zeros(first)), save("b.npy", np.zeros(second))], PIXELS)
    assert kind is DataError


def test_pictures_of_another_shape_are_refused_line_by_line(save):
    files = [save("a.npy", np.zeros((2, 3, 4))), save("b.npy", np.zeros((3, 2, 4)))]
    kind, message, _ = refusal(files, LINES)
    assert kind is DataError
    assert message.startswith("the files do not line up: ")


def test_stacks_of_several_numbers_of_pictures_are_refused(save):
    files = [save("a.npy", np.zeros((2, 3, 4))), save("b.npy", np.zeros((3, 3, 4)))]
    kind, message, _ = refusal(files, LINES)
    assert (kind, message) == (
        DataError,
        "the files do not line up: 'a.npy' has 6 rows, 'b.npy' has 9 rows",
    )


@pytest.mark.parametrize(
    ("channels", "roles", "expected"),
    [
        (None, PIXELS, "image 2, line 3, pixel 4: inf is not a finite number"),
        (None, LINES, "image 2, line 3: "),
        ("last", PIXELS, "image 1, line 2, pixel 3: "),
        ("last", LINES, "image 1, line 2: "),
        ("first", PIXELS, "image 1, line 3, pixel 4: "),
        ("first", LINES, "image 1, line 3: "),
    ],
)
def test_an_infinite_pixel_has_its_place(save, channels, roles, expected):
    stack = np.zeros((2, 3, 4))
    stack[1, 2, 3] = np.inf
    files = [save("a.npy", np.zeros((2, 3, 4))), save("b.npy", stack)]
    _, message, _ = refusal(files, roles, channels=channels)
    assert message.startswith(f"'b.npy', {expected}")
    assert message.endswith(" is not a finite number")


def test_a_missing_pixel_has_its_place_and_can_be_skipped(save):
    stack = np.zeros((2, 2, 2))
    stack[1, 0, 1] = np.nan
    files = [save("a.npy", np.zeros((2, 2, 2))), save("b.npy", stack)]
    _, message, hint = refusal(files, PIXELS)
    assert message == "'b.npy', image 2, line 1, pixel 2: 'nan', where a value is needed"
    assert hint == "to leave such rows out: --missing skip"
    found, _ = values(files, PIXELS, missing="skip")
    assert len(found["target"]) == 7


def test_a_missing_pixel_of_whole_pictures_is_not_told_to_be_skipped(save):
    stack = np.zeros((2, 2, 2))
    stack[1, 0, 1] = np.nan
    files = [save("a.npy", np.zeros((2, 2, 2))), save("b.npy", stack)]
    kind, message, _ = refusal(files, LINES, missing="skip")
    assert kind is UsageError
    assert message == "--missing skip leaves rows out, but a picture needs all of its lines"
    _, message, hint = refusal(files, LINES)
    assert message.startswith("'b.npy', image 2, line 1: ")
    assert "--missing skip" not in hint


def test_channels_are_for_pictures(save):
    kind, message, _ = refusal([save("a.npy", np.zeros((4, 2))), "a.npy"], PIXELS, channels="last")
    assert kind is UsageError
    assert message == "--channels is for arrays and pictures of more than two dimensions"


def test_the_number_of_a_picture_is_a_slice_or_unit_too(save):
    stack = np.arange(8.0).reshape(2, 2, 2)
    with open_tables([save("a.npy", stack), "a.npy"], PIXELS, Reading(by=("image",))) as tables:
        (block,) = tables.blocks()
    assert listed(block.slices) == [("1",)] * 4 + [("2",)] * 4


def test_the_number_of_a_picture_is_no_weight(save):
    files = [save("a.npy", np.zeros((2, 2, 2))), "a.npy"]
    kind, _, _ = refusal(files, PIXELS, weight="image")
    assert issubclass(kind, LossctlError)


# PNG files


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (GREY, SHARES),
        (GREY.astype(np.uint16) * 257, SHARES),  # 255 × 257 = 65,535
        (GREY > 60, [0.0, 0.0, 1.0, 1.0]),
        (np.stack([GREY, 255 - GREY, GREY], axis=-1), [[s, 1 - s, s] for s in SHARES]),
        (np.dstack([GREY, GREY, GREY, np.full((2, 2), 255, np.uint8)]), [[s] * 3 for s in SHARES]),
    ],
    ids=["grey", "16 bit", "1 bit", "RGB", "RGBA"],
)
def test_pixels_become_shares_of_the_brightest(save, array, expected):
    found, _ = values([save("a.png", array), "a.png"], PIXELS)
    assert np.allclose(found["prediction"], expected, rtol=0, atol=1e-15)


def test_grey_with_an_opaque_alpha_channel_is_grey(tmp_path):
    alpha = Image.fromarray(np.full((2, 2), 255, dtype=np.uint8))
    image = Image.fromarray(GREY)
    Image.merge("LA", [image, alpha]).save(tmp_path / "a.png")
    found, _ = values(["a.png", "a.png"], PIXELS)
    assert found["prediction"] == SHARES


def test_a_transparent_pixel_is_refused(save):
    alpha = np.array([[255, 255], [254, 255]], dtype=np.uint8)
    name = save("a.png", np.dstack([GREY, GREY, GREY, alpha]))
    kind, message, hint = refusal([name, name], PIXELS)
    assert (kind, message) == (DataError, "'a.png' is partly transparent")
    assert hint == "save it without an alpha channel"


def test_a_level_that_stands_for_transparent_is_refused(save):
    name = save("a.png", GREY, transparency=51)
    kind, message, _ = refusal([name, name], PIXELS)
    assert (kind, message) == (DataError, "'a.png' is partly transparent")


def test_colours_of_a_palette_are_not_brightness(tmp_path):
    Image.fromarray(GREY).convert("P").save(tmp_path / "a.png")
    kind, message, hint = refusal(["a.png", "a.png"], PIXELS)
    assert kind is DataError
    assert message == "'a.png' has a palette, which does not say how bright a pixel is"
    assert hint == "save it as grey levels or as RGB"


def test_a_mask_of_0_and_1_is_not_taken_for_an_almost_black_picture(save):
    name = save("a.png", np.array([[0, 1], [1, 0]], dtype=np.uint8))
    kind, message, hint = refusal([name, name], PIXELS)
    assert kind is DataError
    assert message == "'a.png' holds nothing but 0 and 1 of 255, which is all but black"
    assert hint == "write a mask as 0 and 255"


def test_a_black_picture_is_one(save):
    name = save("a.png", np.zeros((2, 2), dtype=np.uint8))
    assert values([name, name], PIXELS)[0]["prediction"] == [0.0] * 4


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_grey_levels_of_few_bits_are_shares_too(tmp_path, depth):
    # one line of two pixels, 0 and the brightest
    line = {1: 0b0100_0000, 2: 0b0011_0000, 4: 0b0000_1111}[depth]
    (tmp_path / "a.png").write_bytes(png(2, 1, depth, 0, [bytes([line])]))
    assert values(["a.png", "a.png"], PIXELS)[0]["prediction"] == [0.0, 1.0]


@pytest.mark.parametrize(
    ("colour", "levels", "expected"),
    [
        (2, [384, 200, 65_535], [384 / 65_535, 200 / 65_535, 1.0]),
        (6, [384, 200, 65_535, 65_535], [384 / 65_535, 200 / 65_535, 1.0]),
        (4, [384, 65_535], 384 / 65_535),
    ],
    ids=["RGB", "RGBA", "grey and alpha"],
)
def test_16_bits_of_colour_are_read_in_full_or_refused(tmp_path, colour, levels, expected):
    line = struct.pack(f">{len(levels)}H", *levels)
    (tmp_path / "a.png").write_bytes(png(1, 1, 16, colour, [line]))
    try:
        found, _ = values(["a.png", "a.png"], PIXELS)
    except DataError as error:
        assert error.message.startswith("'a.png' ")  # noqa: PT017
    else:
        assert np.allclose(found["prediction"], [expected], rtol=0, atol=1e-12)
        assert np.shape(found["prediction"][0]) == np.shape(expected)


def test_a_single_picture_is_one_unit_without_a_name(save):
    found, names = values([save("a.png", GREY)], LINES_OF_ONE)
    assert found["prediction"] == [[0.0, 0.2], [0.4, 1.0]]
    assert names == []


@pytest.mark.parametrize("cut", [30, 45, 50])
def test_a_truncated_picture_is_refused(save, tmp_path, cut):
    noise = np.random.default_rng(1).integers(0, 255, (40, 40), dtype=np.uint8)
    path = tmp_path / save("a.png", noise)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * cut // 100])
    kind, message, _ = refusal(["a.png", "a.png"], PIXELS)
    assert kind is DataError
    assert message.startswith("'a.png' is damaged: ")


def test_a_picture_without_its_last_bytes_is_refused(save, tmp_path):
    path = tmp_path / save("a.png", GREY)
    path.write_bytes(path.read_bytes()[:-20])  # the end, and the checksum before it
    kind, _, _ = refusal(["a.png", "a.png"], PIXELS)
    assert kind is DataError


def test_a_picture_with_a_wrong_checksum_is_refused(save, tmp_path):
    path = tmp_path / save("a.png", GREY)
    data = bytearray(path.read_bytes())
    data[data.index(b"IDAT") + 6] ^= 0xFF
    path.write_bytes(bytes(data))
    kind, message, _ = refusal(["a.png", "a.png"], PIXELS)
    assert kind is DataError
    assert message.startswith("'a.png' is damaged: ")


@pytest.mark.parametrize("side", [12_000, 30_000])
def test_a_picture_that_grows_beyond_reason_is_refused(tmp_path, side):
    (tmp_path / "a.png").write_bytes(png(side, side, 8, 0, []))
    kind, message, _ = refusal(["a.png", "a.png"], PIXELS)
    assert kind is DataError
    assert message.startswith("'a.png' ")


def test_a_picture_whose_comment_is_a_bomb_is_refused_or_read(tmp_path):
    comment = b"c\0\0" + zlib.compress(bytes(200_000_000), 9)
    chunk = struct.pack(">I", len(comment)) + b"zTXt" + comment
    chunk += struct.pack(">I", zlib.crc32(b"zTXt" + comment))
    (tmp_path / "a.png").write_bytes(png(2, 1, 8, 0, [b"\0\xff"], chunk))
    kind, message, _ = refusal(["a.png", "a.png"], PIXELS)
    assert kind is DataError
    assert message.startswith("'a.png' is damaged: ")


def test_pictures_that_are_turned_are_refused(save):
    files = [save("a.png", np.zeros((2, 3), np.uint8)), save("b.png", np.zeros((3, 2), np.uint8))]
    kind, _, _ = refusal(files, PIXELS)
    assert kind is DataError


def test_grey_and_colour_do_not_line_up_line_by_line(save, run):
    save("a.png", GREY)
    save("b.png", np.dstack([GREY] * 3))
    ran = run(["compute", "psnr", "a.png", "b.png"])
    assert ran.code == 3
    assert ran.err.startswith("error: the roles do not fit: prediction has 2 columns, ")


# Labels and masks


def test_grey_levels_are_labels_as_they_are(save):
    labels = save("t.png", np.array([[0, 2], [1, 200]], dtype=np.uint8))
    found, _ = values([save("p.png", np.dstack([GREY] * 3)), labels], LABELS)
    assert found["target"] == ["0", "2", "1", "200"]


def test_numbers_of_a_palette_are_labels_as_they_are(save, tmp_path):
    image = Image.fromarray(np.array([[0, 2], [1, 2]], dtype=np.uint8), "P")
    image.putpalette([9, 9, 9, 250, 0, 0, 0, 250, 0])
    image.save(tmp_path / "t.png")
    found, _ = values([save("p.png", np.dstack([GREY] * 3)), "t.png"], LABELS)
    assert found["target"] == ["0", "2", "1", "2"]


@pytest.mark.parametrize("depth", [2, 4])
@pytest.mark.parametrize("roles", [LABELS, MASKS])
def test_grey_levels_of_few_bits_are_class_numbers_as_they_are(save, tmp_path, depth, roles):
    # one line of two pixels, classes 1 and 2
    line = {2: 0b0110_0000, 4: 0b0001_0010}[depth]
    (tmp_path / "t.png").write_bytes(png(2, 1, depth, 0, [bytes([line])]))
    prediction = save("p.png", np.zeros((1, 2, 3), dtype=np.uint8))
    found, _ = values([prediction, "t.png"], roles)
    assert [float(each) for each in found["target"]] == [1.0, 2.0]


def test_labels_of_16_bits_keep_their_numbers(save):
    labels = save("t.png", np.array([[0, 2], [1, 40_000]], dtype=np.uint16))
    found, _ = values([save("p.png", np.dstack([GREY] * 3)), labels], LABELS)
    assert found["target"] == ["0", "2", "1", "40000"]


def test_colours_are_no_labels(save):
    colours = save("t.png", np.dstack([GREY] * 3))
    kind, message, _ = refusal([save("p.png", np.dstack([GREY] * 3)), colours], LABELS)
    assert (kind, message) == (DataError, "'t.png' has colours, but a label is one number")


@pytest.mark.parametrize("bright", [1, 255])
def test_masks_keep_their_numbers(save, bright):
    mask = save("t.png", np.array([[0, bright], [bright, 0]], dtype=np.uint8))
    found, _ = values([save("p.png", GREY), mask], MASKS)
    assert found["target"] == [0.0, bright, bright, 0.0]


def test_a_mask_of_one_bit_is_0_and_1(save):
    found, _ = values([save("p.png", GREY), save("t.png", GREY > 60)], MASKS)
    assert found["target"] == [0.0, 0.0, 1.0, 1.0]


def test_a_mask_that_is_neither_shares_nor_full_has_its_place(save, run):
    save("p.png", GREY)
    save("t.png", np.array([[0, 255], [7, 255]], dtype=np.uint8))
    ran = run(["compute", "dice", "p.png", "t.png"])
    assert ran.code == 3
    assert ran.err == (
        "error: 't.png', line 2, pixel 1: '7.0' is not a mask value "
        "(between 0 and 1, or 0 or 255)\n"
        "  try: a mask holds values from 0 to 1, or only 0 and 255\n"
    )


# Folders


def test_a_folder_is_a_stack_in_the_order_of_the_names(save):
    for name, level in (("b.png", 0), ("a.png", 255), ("c.PNG", 51)):
        save(f"d/{name}", np.full((1, 2), level, dtype=np.uint8))
    found, names = values(["d"], LINES_OF_ONE)
    assert found["prediction"] == [[1.0, 1.0], [0.0, 0.0], [0.2, 0.2]]
    assert names == ["a", "b", "c"]


@pytest.mark.parametrize("shape", [(3, 2), (2, 3), (5, 7)])
def test_pictures_of_a_folder_may_have_different_sizes(save, shape, run):
    for folder in ("d", "e"):
        save(f"{folder}/a.png", np.full((2, 2), 51 * (folder == "d"), dtype=np.uint8))
        save(f"{folder}/b.png", np.full(shape, 102 * (folder == "d"), dtype=np.uint8))
    # -10 log10(0.2²) and -10 log10(0.4²)
    ran = run(["compute", "psnr", "d", "e", "--reduction", "none", "--format", "csv"])
    assert (ran.code, ran.err) == (0, "")
    lines = [line.split(",") for line in ran.out.splitlines()[1:]]
    assert [line[1] for line in lines] == ["a", "b"]
    assert [float(line[2]) for line in lines] == pytest.approx(
        [-13.979400086720377, -7.958800173440752], rel=1e-12
    )


def test_a_hidden_file_is_no_part_of_a_folder(save, tmp_path):
    save("d/a.png", GREY)
    (tmp_path / "d" / ".DS_Store").write_bytes(b"x")
    assert values(["d"], LINES_OF_ONE)[1] == ["a"]


def test_another_file_in_a_folder_is_refused(save, tmp_path):
    save("d/a.png", GREY)
    (tmp_path / "d" / "labels.csv").write_text("a\n1\n")
    kind, message, _ = refusal(["d"], LINES_OF_ONE)
    assert (kind, message) == (
        DataError,
        "'d' holds 'labels.csv', which is not a PNG picture",
    )


def test_a_folder_in_a_folder_is_refused(save, tmp_path):
    save("d/a.png", GREY)
    (tmp_path / "d" / "b.png").mkdir()
    kind, _, _ = refusal(["d"], LINES_OF_ONE)
    assert kind is DataError


@pytest.mark.parametrize("form", ["JPEG", "GIF", "BMP", "PPM", "TIFF"])
def test_a_picture_of_another_kind_is_not_read_as_png(save, tmp_path, form):
    save("d/a.png", GREY)
    Image.fromarray(GREY).save(tmp_path / "d" / "b.png", form)
    kind, message, _ = refusal(["d"], LINES_OF_ONE)
    assert kind is DataError
    assert "b.png" in message


def test_text_that_is_named_like_a_picture_is_refused(save, tmp_path):
    save("d/a.png", GREY)
    (tmp_path / "d" / "b.png").write_text("a,b\n1,2\n")
    kind, message, _ = refusal(["d"], LINES_OF_ONE)
    assert kind is DataError
    assert message.startswith("'d/b.png' ")
    assert "<_io" not in message


def test_an_empty_folder_is_refused(tmp_path):
    (tmp_path / "d").mkdir()
    kind, message, _ = refusal(["d"], LINES_OF_ONE)
    assert (kind, message) == (DataError, "'d' holds no PNG pictures")


def test_folders_with_other_names_are_refused_by_name(save):
    for name in ("d/a.png", "d/b.png", "e/a.png", "e/c.png"):
        save(name, GREY)
    kind, message, _ = refusal(["d", "e"], LINES)
    assert kind is DataError
    assert message.startswith("the files do not line up: 'b' in 'd/b.png'")
    assert "but 'c' in 'e/c.png'" in message


def test_folders_with_other_names_are_refused_for_losses_of_pixels_too(save):
    for name in ("d/a.png", "d/b.png", "e/a.png", "e/c.png"):
        save(name, GREY)
    kind, message, _ = refusal(["d", "e"], PIXELS)
    assert kind is DataError
    assert message.startswith("the files do not line up: ")


@pytest.mark.parametrize("more", ["d", "e"])
def test_folders_with_another_number_of_pictures_are_refused(save, more):
    for name in ("d/a.png", "e/a.png", f"{more}/b.png"):
        save(name, GREY)
    kind, message, _ = refusal(["d", "e"], LINES)
    assert kind is DataError
    assert message.startswith("the files do not line up: 'd' has ")


def test_a_picture_and_a_folder_do_not_go_together(save):
    save("d/a.png", GREY)
    kind, message, hint = refusal([save("a.png", GREY), "d"], LINES)
    assert kind is DataError
    assert message == "'a.png' is one picture, but another file is a stack of them"
    assert hint == "give files of the same kind"


def test_a_folder_and_a_stack_are_matched_by_name(save):
    save("d/1.png", GREY)
    stack = save("s.npy", np.zeros((1, 2, 2)))
    found, names = values(["d", stack], LINES)
    assert names == ["1"]
    assert found["prediction"] == [[0.0, 0.2], [0.4, 1.0]]


@pytest.mark.parametrize("image", ["a", "b", "c"])
def test_a_bad_pixel_of_a_folder_has_its_file(save, run, image):
    for name in "abc":
        save(f"p/{name}.png", GREY)
        bad = 7 if name == image else 255
        save(f"t/{name}.png", np.array([[0, 255], [255, bad]], dtype=np.uint8))
    ran = run(["compute", "dice", "p", "t"])
    assert ran.code == 3
    assert ran.err.startswith(f"error: 't/{image}.png', line 2, pixel 2: '7.0' is not a mask value")


def test_a_bad_pixel_has_its_file_where_one_folder_plays_both_roles(save, run):
    for name in "abc":
        bad = 7 if name == "c" else 255
        save(f"t/{name}.png", np.array([[0, 255], [255, bad]], dtype=np.uint8))
    ran = run(["compute", "dice", "t", "t"])
    assert ran.code == 3
    assert ran.err.startswith("error: 't/c.png', line 2, pixel 2: '7.0' is not a mask value")


def test_masks_of_a_folder_that_use_both_scales_are_refused(save, run):
    for name, bright in (("a", 255), ("b", 1)):
        save(f"p/{name}.png", GREY)
        save(f"t/{name}.png", np.array([[0, bright], [bright, 0]], dtype=np.uint8))
    ran = run(["compute", "dice", "p", "t"])
    assert ran.code == 3
    assert ran.err == (
        "error: target mixes 2 values of 255 with 2 in (0, 1]\n"
        "  try: code masks as values from 0 to 1, or as 0 and 255\n"
    )


def test_dice_of_each_picture_by_hand(save, run):
    # a: 1 - 2 × 1 / (2 + 1); b: equal
    save("p/a.png", np.array([[255, 255], [0, 0]], dtype=np.uint8))
    save("t/a.png", np.array([[255, 0], [0, 0]], dtype=np.uint8))
    save("p/b.png", np.array([[0, 255]], dtype=np.uint8))
    save("t/b.png", np.array([[0, 255]], dtype=np.uint8))
    ran = run(
        ["compute", "dice", "p", "t", "--unit", "image", "--reduction", "none", "-f", "value", "-q"]
    )
    assert ran.code == 0
    assert [float(line) for line in ran.out.splitlines()] == pytest.approx([1 / 3, 0.0])


def test_without_pillow_pictures_are_refused_with_the_way_to_get_it(save, monkeypatch):
    name = save("a.png", GREY)
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    kind, message, hint = refusal([name, name], PIXELS)
    assert (kind, message) == (UsageError, "pictures need the package pillow")
    assert hint == 'install it: pip install "lossctl[images]"'


# Pictures as tables of text


def test_the_lines_of_pictures_may_be_rows_of_text_with_a_unit(tmp_path):
    (tmp_path / "a.csv").write_text("i,c1,c2\nx,1,2\nx,3,4\ny,5,6\n")
    found, names = values(["a.csv"], LINES_OF_ONE, unit="i")
    assert found["prediction"] == [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    assert names == ["x", "y"]


def test_psnr_of_text_by_hand(tmp_path, run):
    # x: mean square (1 + 0 + 0 + 1) / 4, so 10 log10(0.5); y: (1 + 1) / 2
    (tmp_path / "a.csv").write_text("i,c1,c2\nx,1,2\nx,3,4\ny,5,6\n")
    (tmp_path / "b.csv").write_text("i,c1,c2\nx,0,2\nx,3,5\ny,6,5\n")
    ran = run(
        ["compute", "psnr", "a.csv", "b.csv", "--unit", "i", "--reduction", "none", "-f", "value"]
    )
    assert ran.code == 0
    assert [float(line) for line in ran.out.splitlines()] == pytest.approx(
        [-3.010299956639812, 0.0]
    )
