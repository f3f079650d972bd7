"""Compressed arrays and images: what they hold decides how they are read, not how they look."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import struct
import threading
import tracemalloc

import numpy as np
import pytest
import zstandard
from PIL import Image

import lossctl
from lossctl.cli import main
from lossctl.errors import DataError, LossctlError
from lossctl.tables import Reading, Role, open_tables
from lossctl.tables.reading import Features

COMPRESS = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard.ZstdCompressor().compress,
}
PREDICTION, TARGET = np.array([1.0, 2.0, 4.0]), np.array([0.0, 2.0, 1.0])
"""Squared errors of 1, 0 and 9."""

NUMBERS = [Role("prediction", wide=True), Role("target", wide=True)]
GREY = np.array([[0, 51], [102, 255]], dtype=np.uint8)


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(params=COMPRESS)
def kind(request):
    return request.param


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def png(array):
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def write(tmp_path):
    """Write bytes to a file, compressed as its suffix says."""

    def once(name, data):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(COMPRESS.get(name.rpartition(".")[2], bytes)(data))
        return name

    return once


def values(files, roles=NUMBERS, **options):
    with open_tables(files, roles, Reading(**options)) as tables:
        blocks = list(tables.blocks())
        return {
            role.name: np.concatenate([block.roles[role.name] for block in blocks]).tolist()
            for role in roles
        }


def refusal(*arguments, **options):
    with pytest.raises(LossctlError) as caught:
        values(*arguments, **options)
    return type(caught.value), caught.value.message, caught.value.hint


def number(run, *arguments):
    """Run a command whose only output is a number."""
    ran = run([*arguments, "--format", "value"])
    assert ran.err == ""
    return float(ran.out)


@pytest.fixture
def piped(monkeypatch, capsys):
    """Run a command with bytes on standard input."""

    def once(arguments, data):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
        capsys.readouterr()
        code = main(arguments)
        return code, *capsys.readouterr()

    return once


# Arrays


def test_a_compressed_array_is_read(kind, write, run):
    files = [write(f"p.npy.{kind}", npy(PREDICTION)), write(f"t.npy.{kind}", npy(TARGET))]
    assert number(run, "compute", "mse", *files) == 10 / 3


def test_a_name_does_not_matter(kind, tmp_path):
    for name, array in (("p.csv", PREDICTION), ("t.csv", TARGET)):
        (tmp_path / name).write_bytes(COMPRESS[kind](npy(array)))
    assert values(["p.csv", "t.csv"]) == {
        "prediction": PREDICTION.tolist(),
        "target": TARGET.tolist(),
    }


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float32, np.int16, ">f8"])
def test_any_order_and_type_is_read(write, order, dtype):
    table = np.asarray(np.arange(6).reshape(3, 2), dtype, order=order)
    found = values([write("p.npy.gz", npy(table)), write("t.npy", npy(table))])
    assert found["prediction"] == found["target"] == [[0, 1], [2, 3], [4, 5]]


def test_a_compressed_archive_has_all_roles(kind, write, run):
    file = write(f"a.npz.{kind}", npz(prediction=PREDICTION, target=TARGET, w=[1.0, 5.0, 3.0]))
    assert number(run, "compute", "mse", file) == 10 / 3
    assert number(run, "compute", "mse", file, "--weight", "w") == (1 + 27) / 9


def test_an_archive_of_any_name_is_read(write, run):
    file = write("arrays.gz", npz(prediction=PREDICTION, target=TARGET))
    assert number(run, "compute", "mse", file) == 10 / 3


def test_units_and_slices_are_in_a_compressed_archive(write, run):
    arrays = {"prediction": PREDICTION, "target": TARGET, "u": [1, 1, 2], "g": [7, 8, 8]}
    file = write("a.npz.xz", npz(**arrays))
    assert number(run, "compute", "mse", file, "--unit", "u") == (0.5 + 9) / 2
    ran = run(["compute", "mse", file, "--by", "g", "--format", "json"])
    found = {row["slice"].get("g") if row["slice"] else None: row["value"] for row in rows(ran.out)}
    assert found == {"7": 1.0, "8": 4.5, None: 10 / 3}


def rows(out):
    return json.loads(out)["results"]


def test_labels_are_read_from_a_compressed_array(write, run):
    halves = np.full((2, 2), 0.5)
    files = [write("p.npy.gz", npy(halves)), write("t.npy.bz2", npy(np.array([0, 1])))]
    assert number(run, "compute", "scce", *files) == pytest.approx(np.log(2), rel=1e-15)


def test_a_cell_of_a_compressed_array_has_its_place(write):
    broken = np.array([1.0, np.inf, 4.0])
    assert refusal([write("p.npy.gz", npy(broken)), write("t.npy", npy(TARGET))]) == (
        DataError,
        "'p.npy.gz', row 2: inf is not a finite number",
        "",
    )


def test_stacks_of_images_are_read(kind, write, run):
    stack = np.array([[[0.0, 0.0]], [[0.5, 0.0]]])
    files = [write(f"p.npy.{kind}", npy(stack)), write("t.npy", npy(np.zeros((2, 1, 2))))]
    assert number(run, "compute", "mse", *files, "--unit", "image") == (0 + 0.125) / 2


# Images


def test_a_compressed_image_is_read(kind, write, run):
    files = [write(f"p.png.{kind}", png(GREY)), write("t.png", png(np.zeros_like(GREY)))]
    expected = (0 + 0.2**2 + 0.4**2 + 1) / 4
    assert number(run, "compute", "mse", *files) == pytest.approx(expected, rel=1e-15)


def test_class_numbers_of_a_compressed_image_are_read(write):
    labels = Role("target", text=True)
    mask = write("t.png.xz", png(np.array([[0, 2]], dtype=np.uint8)))
    with open_tables([mask], [labels], Reading()) as tables:
        (block,) = tables.blocks()
    words = block.roles["target"]
    assert [words.words[code] for code in words.codes.tolist()] == ["0", "2"]


def test_folders_of_compressed_images_are_matched_by_name(kind, write):
    for name, grey in (("a", 51), ("b", 102)):
        write(f"p/{name}.png.{kind}", png(np.full((1, 2), grey, dtype=np.uint8)))
        write(f"t/{name}.PNG", png(np.full((1, 2), 255 - grey, dtype=np.uint8)))
    found = values(["p", "t"])
    assert found == {"prediction": [0.2, 0.2, 0.4, 0.4], "target": [0.8, 0.8, 0.6, 0.6]}


def test_folders_of_other_images_do_not_line_up(write):
    for folder, name in (("p", "a"), ("t", "b")):
        write(f"{folder}/{name}.png.gz", png(GREY))
    _, message, _ = refusal(["p", "t"])
    assert message.startswith("the files do not line up: 'a' in ")


def test_whole_images_of_a_folder_are_units(write, run):
    for folder, level in (("p", 51), ("t", 0)):
        write(f"{folder}/a.png.gz", png(np.full((16, 16), level, dtype=np.uint8)))
    expected = lossctl.compute("ssim", np.full((16, 16), 0.2), np.zeros((16, 16)))
    assert number(run, "compute", "ssim", "p", "t") == pytest.approx(expected, rel=1e-12)


# Features


def test_stored_features_may_be_compressed(kind, write):
    stored = [
        write(f"{name}.npz.{kind}", npz(deep=np.full((2, 3), level), wide=np.ones((2, 1))))
        for name, level in (("p", 2.0), ("t", 0.0))
    ]
    features = Features(None, ("deep",))
    roles = [Role(name, whole=True, features=features) for name in ("prediction", "target")]
    assert values(stored, roles) == {"prediction": [2.0] * 6, "target": [0.0] * 6}


def test_features_of_a_single_array_may_be_compressed(write, run):
    files = [
        write("p.npy.gz", npy(np.array([[1.0, 2.0]]))),
        write("t.npy.gz", npy(np.array([[0.0, 0.0]]))),
    ]
    assert number(run, "compute", "perceptual", *files) == 1.0**2 + 2.0**2


# Standard input, and other streams


@pytest.mark.parametrize("name", ["plain", *COMPRESS])
def test_an_array_is_read_from_standard_input(piped, write, name):
    data = COMPRESS.get(name, bytes)(npy(PREDICTION))
    target = write("t.npy", npy(TARGET))
    code, out, err = piped(["compute", "mse", "-", target, "--format", "value"], data)
    assert (code, float(out), err) == (0, 10 / 3, "")


@pytest.mark.parametrize("name", ["plain", *COMPRESS])
def test_an_archive_is_read_from_standard_input(piped, name):
    data = COMPRESS.get(name, bytes)(npz(prediction=PREDICTION, target=TARGET))
    code, out, err = piped(["compute", "mse", "-", "--format", "value"], data)
    assert (code, float(out), err) == (0, 10 / 3, "")


def test_a_compressed_image_is_read_from_standard_input(piped, write):
    target = write("t.png", png(np.zeros_like(GREY)))
    arguments = ["compute", "mae", "-", target, "--format", "value"]
    code, out, err = piped(arguments, gzip.compress(png(GREY)))
    assert (code, float(out), err) == (0, pytest.approx(1.6 / 4, rel=1e-15), "")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_compressed_array_is_read_from_a_named_pipe(write, run, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    data = gzip.compress(npy(PREDICTION))
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(data,))
    writer.start()
    assert number(run, "compute", "mse", "pipe", write("t.npy", npy(TARGET))) == 10 / 3
    writer.join()


# Inspecting and recommending


def facts(ran):
    return {fact["name"]: fact["value"] for fact in json.loads(ran.out)["facts"]}


def test_inspect_reads_compressed_arrays_like_others(kind, write, run):
    random = np.random.default_rng(3)
    target = random.normal(size=400)
    arrays = {"p": target + random.normal(size=400), "t": target}
    plain = [write(f"{name}.npy", npy(array)) for name, array in arrays.items()]
    compressed = [write(f"{name}.npy.{kind}", npy(array)) for name, array in arrays.items()]
    expected = run(["inspect", *plain, "--format", "json"])
    assert run(["inspect", *compressed, "--format", "json"]).out == expected.out
    assert facts(expected)["task"] == "regression"


def test_inspect_reads_compressed_masks(write, run):
    mask = np.tile(np.array([[0, 255]], dtype=np.uint8), (8, 8))
    shares = np.tile(np.array([[30, 200]], dtype=np.uint8), (8, 8))
    ran = run(
        [
            "inspect",
            write("p.png.gz", png(shares)),
            write("t.png.gz", png(mask)),
            "--format",
            "json",
        ]
    )
    assert facts(ran)["task"] == "segmentation"


def test_recommend_reads_compressed_arrays(kind, write, run):
    random = np.random.default_rng(3)
    target = random.normal(size=400)
    arrays = {"p": target + random.normal(size=400), "t": target}
    plain = [write(f"{name}.npy", npy(array)) for name, array in arrays.items()]
    compressed = [write(f"{name}.npy.{kind}", npy(array)) for name, array in arrays.items()]
    expected = run(["recommend", *plain, "--format", "json"])
    assert expected.code == 0
    found = run(["recommend", *compressed, "--format", "json"]).out
    assert found.replace(f".npy.{kind}", ".npy") == expected.out


# Limits, damage and other files


def test_a_compressed_array_must_not_exceed_the_limit(kind, write):
    large = write(f"p.npy.{kind}", npy(np.zeros(10_000)))
    assert refusal([large, large], max_bytes=50_000) == (
        DataError,
        f"'p.npy.{kind}' exceeds 50,000 bytes when decompressed",
        "if this is intended, raise the limit: --max-bytes NUMBER",
    )


def test_a_compressed_image_must_not_exceed_the_limit(kind, write):
    noise = np.random.default_rng(1).integers(0, 256, (200, 200), dtype=np.uint8)
    large = write(f"p.png.{kind}", png(noise))
    _, message, _ = refusal([large, large], max_bytes=20_000)
    assert message == f"'p.png.{kind}' exceeds 20,000 bytes when decompressed"


def test_an_image_that_never_ends_is_refused_before_it_fills_the_memory(write, monkeypatch):
    monkeypatch.setattr("lossctl.tables.images.MOST_BYTES", 2**24)
    bomb = write("p.png.gz", png(GREY) + bytes(2**25))
    assert refusal([bomb, bomb])[1] == "'p.png.gz' is too large for an image"


def test_a_compressed_array_is_not_held_in_memory(write):
    size = 2_000_000
    files = [write("p.npy.gz", npy(np.zeros(size))), write("t.npy", npy(np.zeros(size)))]
    tracemalloc.start()
    with open_tables(files, NUMBERS, Reading()) as tables:
        for _ in tables.blocks():
            pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < size * 8


@pytest.mark.parametrize("content", ["npy", "npz", "png"])
@pytest.mark.parametrize("kept", [0.5, 0.9])
def test_what_is_truncated_is_refused(kind, tmp_path, content, kept):
    noise = np.random.default_rng(1).integers(0, 256, (50, 50), dtype=np.uint8)
    data = {"npy": npy(noise), "npz": npz(p=noise), "png": png(noise)}[content]
    whole = COMPRESS[kind](data)
    name = f"p.{content}.{kind}"
    (tmp_path / name).write_bytes(whole[: int(len(whole) * kept)])
    found, message, _ = refusal([name, name])
    assert (found, message.partition(":")[0]) == (DataError, f"'{name}' is damaged")


def test_an_array_that_claims_more_than_it_holds_is_refused(piped, write):
    header = npy(np.zeros(3)).replace(b"(3,), }", b"(9000000000,), }".ljust(7))
    header = header[:8] + struct.pack("<H", len(header) - 10 - 24) + header[10:]
    for data in (header, gzip.compress(header)):
        code, _, err = piped(["compute", "mse", "-", write("t.npy", npy(TARGET))], data)
        assert code == 3
        assert "standard input" in err
        assert "truncated" in err or "damaged" in err


def test_a_file_of_another_kind_is_named(kind, write):
    for data, expected in (
        (b"PAR1 and more", "a Parquet file"),
        (b'{"prediction": 1}', "JSON"),
        (b"PK\x03\x04" + bytes(26) + b"xl/workbook.xml", "a zip archive or a spreadsheet"),
    ):
        name = write(f"a.csv.{kind}", data)
        assert refusal([name, name])[1] == f"'{name}' is {expected}, which is not supported"


def test_an_empty_file_is_empty_when_compressed(kind, write):
    name = write(f"a.csv.{kind}", b"")
    assert refusal([name, name])[1] == f"'{name}' is empty"


def test_a_file_that_is_compressed_twice_is_named(kind, write):
    name = write(f"a.csv.gz.{kind}", gzip.compress(b"p,y\n1,2\n"))
    assert refusal([name, name])[1:] == (
        f"'{name}' is compressed twice",
        "decompress it once",
    )


def test_compressed_text_is_still_text(kind, write):
    name = write(f"a.csv.{kind}", b"p,y\n1,2\n3,5\n")
    assert values([name]) == {"prediction": [1.0, 3.0], "target": [2.0, 5.0]}
