"""Files to roles, rows to rows: by position and by key, from every kind of source."""

from __future__ import annotations

import io
import os
import sys
import threading

import numpy as np
import pytest
import zstandard

from lossctl.catalogue.names import find
from lossctl.engine.computation import prepare
from lossctl.engine.fold import fold
from lossctl.errors import DataError, LossctlError, UsageError
from lossctl.tables import Reading, Role, open_tables, source, text

NUMBERS = [Role("prediction", wide=True), Role("target", wide=True)]
LABELS = [Role("prediction", wide=True), Role("target", text=True)]


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def values(files, roles=NUMBERS, **options):
    """Read everything, as lists by role; labels as texts."""
    with open_tables(files, roles, Reading(**options)) as tables:
        found = {role.name: [] for role in roles}
        for block in tables.blocks():
            for name, array in block.roles.items():
                is_text = hasattr(array, "words")
                found[name] += (
                    [array.words[code] for code in array.codes] if is_text else array.tolist()
                )
        return found, [note.message for note in tables.notes]


def refusal(files, roles=NUMBERS, **options):
    with pytest.raises(LossctlError) as caught:
        values(files, roles, **options)
    return type(caught.value), caught.value.message, caught.value.hint


@pytest.mark.parametrize("name", ["y_hat", "Pred", "score", "prediction", "p"])
def test_usual_names_are_recognised_among_others(write, name):
    found, _ = values([write("a.csv", f"id,{name},extra\n1,2,3\n"), write("b.csv", "y\n5\n")])
    assert found == {"prediction": [2.0], "target": [5.0]}


def test_one_file_may_hold_all_roles(write):
    found, _ = values([write("a.csv", "id,label,y_pred\n1,2,3\n")])
    assert found == {"prediction": [3.0], "target": [2.0]}


@pytest.mark.parametrize(
    "names",
    ["y_pred,y_true", "Y_Prob,Y_True", "predicted,actual", "logit,label", "forecast,actuals"],
)
def test_one_file_names_both_roles_as_is_usual(write, names):
    """Also where the role may have several columns, of which y_true would be one of y."""
    for roles in (NUMBERS, [Role(role.name, wide=True) for role in NUMBERS]):
        found, _ = values([write("a.csv", f"id,{names}\n1,2,3\n")], roles)
        assert found == {"prediction": [2.0], "target": [3.0]}


def test_columns_with_a_common_beginning_are_one_role(write):
    found, _ = values([write("a.csv", "pred_0,pred_1,label\n1,2,cat\n")], LABELS)
    assert found == {"prediction": [[1.0, 2.0]], "target": ["cat"]}


def test_two_usual_names_are_not_guessed_between(write):
    kind, message, hint = refusal([write("a.csv", "p,score,y\n1,2,3\n")])
    assert kind is DataError
    assert hint == "name it: --columns prediction=NAME, or give one file per role"
    assert "not clear which column is the prediction" in message


def test_a_column_cannot_be_used_for_two_roles(write):
    columns = {"prediction": ("y",), "target": ("y",)}
    kind, message, _ = refusal([write("a.csv", "y,z\n1,2\n")], columns=columns)
    assert (kind, message) == (UsageError, "column 'y' cannot be used for two roles")


def test_columns_of_the_same_names_are_put_in_one_order(write):
    found, _ = values([write("a.csv", "x,z\n1,2\n"), write("b.csv", "z,x\n20,10\n")])
    assert found == {"prediction": [[1.0, 2.0]], "target": [[10.0, 20.0]]}


def test_columns_that_share_only_some_names_are_refused(write):
    kind, message, _ = refusal([write("a.csv", "x,z\n1,2\n"), write("b.csv", "z,w\n1,2\n")])
    assert kind is DataError
    assert message == "'a.csv' and 'b.csv' share some columns, but not 'w', 'x'"


def test_columns_of_other_names_are_matched_by_position(write):
    found, _ = values([write("a.csv", "x,z\n1,2\n"), write("b.csv", "u,w\n3,4\n")])
    assert found == {"prediction": [[1.0, 2.0]], "target": [[3.0, 4.0]]}


@pytest.mark.parametrize("header", ["0,1,2", "1,2,3"])
def test_class_numbers_are_a_header(write, header):
    found, _ = values([write("a.csv", f"{header}\n.5,.25,.25\n"), write("b.csv", "y\n1\n")], LABELS)
    assert found["prediction"] == [[0.5, 0.25, 0.25]]


def test_labels_and_slices_and_keys_keep_their_text(write):
    a = write("a.csv", "id,p\n007,1\n7,2\n1e3,3\n")
    b = write("b.csv", "id,y\n1e3,1.0\n7,01\n007,1\n")
    found, _ = values([a, b], [Role("prediction"), Role("target", text=True)], on=("id",))
    assert found == {"prediction": [1.0, 2.0, 3.0], "target": ["1", "01", "1.0"]}


def test_a_region_named_na_is_a_region(write):
    a = write("a.csv", "p,y,region\n1,1,NA\n1,1,\n1,1,nan\n")
    with open_tables([a], NUMBERS, Reading(by=("region",))) as tables:
        (block,) = tables.blocks()
    assert [block.slices.words[code] for code in block.slices.codes] == [("NA",), ("",), ("nan",)]


MANY = 60_000
"""So many values in four columns have more combinations than a 64-bit integer can number."""


def shuffled_columns():
    """Return four columns of the same numbers, each in an order of its own."""
    random = np.random.default_rng(60)
    return np.stack([random.permutation(MANY) for _ in range(4)], axis=1).tolist()


def test_slices_of_many_columns_keep_their_rows(write):
    keys = shuffled_columns()
    lines = [f"{row},0,{a},{b},{c},{d}\n" for row, (a, b, c, d) in enumerate(keys)]
    file = write("a.csv", "p,y,a,b,c,d\n" + "".join(lines))
    with open_tables([file], NUMBERS, Reading(by=("a", "b", "c", "d"))) as tables:
        (block,) = tables.blocks()
    names = [block.slices.words[code] for code in block.slices.codes.tolist()]
    assert names == [tuple(map(str, key)) for key in keys]
    (outcome,), _ = fold([prepare(find("mae")[0], {})], [block])
    found = dict(zip(outcome.keys, outcome.slices.value.tolist(), strict=True))
    assert found == {name: float(row) for row, name in enumerate(names)}


def test_many_units_in_many_slices_keep_their_rows(write):
    keys = shuffled_columns()
    lines = [f"{row},0,{a},{b},{c},{d}\n" for row, (a, b, c, d) in enumerate(keys)]
    file = write("a.csv", "p,y,a,b,c,d\n" + "".join(lines))
    with open_tables([file], NUMBERS, Reading(by=("a", "b", "c"), unit="d")) as tables:
        computation = prepare(find("mae")[0], {"reduction": "none"}, by_unit=True)
        (outcome,), _ = fold([computation], tables.blocks())
    (values_,) = outcome.unit_values
    names = [
        (*outcome.keys[code], unit) for code, unit in zip(values_.slice, values_.unit, strict=True)
    ]
    found = dict(zip(names, values_.value.tolist(), strict=True))
    assert found == {tuple(map(str, key)): float(row) for row, key in enumerate(keys)}


def test_keys_of_many_columns_match_their_rows(write):
    random = np.random.default_rng(61)
    names = list("abcdefgh")  # eight columns of 300 values: 72 bits
    lines = [
        ",".join(map(str, [*key, row])) + "\n"
        for row, key in enumerate(zip(*(random.permutation(300) for _ in names), strict=True))
    ]
    a = write("a.csv", ",".join([*names, "p"]) + "\n" + "".join(lines))
    b = write("b.csv", ",".join([*names, "y"]) + "\n" + "".join(random.permutation(lines)))
    found, _ = values([a, b], on=tuple(names))
    assert found["prediction"] == found["target"] == list(range(300))


def test_several_key_columns_are_one_key(write):
    a = write("a.csv", "k,l,p\n1,1,10\n1,2,20\n")
    b = write("b.csv", "k,l,y\n1,2,2\n1,1,1\n")
    assert values([a, b], on=("k", "l"))[0] == {"prediction": [10.0, 20.0], "target": [1.0, 2.0]}


def test_a_repeated_key_names_both_lines(write):
    a, b = write("a.csv", "id,p\nx,1\ny,2\nx,3\n"), write("b.csv", "id,y\nx,1\n")
    _, message, _ = refusal([a, b], on=("id",))
    assert message == (
        "'a.csv', line 4, column 'id': duplicate key 'x', first in 'a.csv', line 2, column 'id'"
    )


def test_keys_that_are_not_everywhere_can_be_left_out(write):
    a, b = write("a.csv", "id,p\nx,1\ny,2\n"), write("b.csv", "id,y\ny,20\nz,30\n")
    assert refusal([a, b], on=("id",))[2] == (
        "to use only the keys that all files have: --on-missing-keys inner"
    )
    found, notes = values([a, b], on=("id",), on_missing_keys="inner")
    assert found == {"prediction": [2.0], "target": [20.0]}
    assert notes == [
        "1 key of 'a.csv' not in every file ('x'); 1 key of 'b.csv' not in every file ('z')"
    ]


def test_a_missing_cell_takes_its_row_out_of_every_file(write):
    a, b = write("a.csv", "p\n1\n\n3\n4\n"), write("b.csv", "y\n10\n20\nNA\n40\n")
    found, notes = values([a, b], missing="skip")
    assert found == {"prediction": [1.0, 4.0], "target": [10.0, 40.0]}
    assert notes == ["skipped 2 rows with missing values"]


def test_nothing_left_is_an_error(write):
    a, b = write("a.csv", "p\nNA\n"), write("b.csv", "y\n1\n")
    _, message, _ = refusal([a, b], missing="skip")
    assert message == "'a.csv' and 'b.csv': no rows: every row has a missing value"


@pytest.mark.parametrize("on", [(), ("id",)])
def test_a_place_is_the_physical_line_whatever_was_left_out(write, on):
    a = write("a.csv", 'id,p,note\na,1,"two\nlines"\nb,NA,x\nc,3,x\n')
    b = write("b.csv", "id,y\na,1\nb,2\nc,3\n" if not on else "id,y\nc,3\na,1\nb,2\n")
    with open_tables([a, b], NUMBERS, Reading(missing="skip", on=on)) as tables:
        assert sum(block.rows for block in tables.blocks()) == 2
        assert tables.place("prediction", 1) == ("'a.csv', line 5, column 'p'", "3")
        line = 4 if not on else 2
        assert tables.place("target", 1) == (f"'b.csv', line {line}, column 'y'", "3")


@pytest.mark.parametrize("chunk", [8, 64, 4096])
def test_the_line_of_an_error_does_not_depend_on_blocks(write, monkeypatch, chunk):
    monkeypatch.setattr(source, "CHUNK", chunk)
    rows = [f"{number},x" for number in range(500)]
    rows[400] = "oops,x"
    a = write("a.csv", "p,z\n" + "\n".join(rows) + "\n")
    _, message, _ = refusal([a, write("b.csv", "y\n" + "1\n" * 500)])
    assert message == "'a.csv', line 402, column 'p': 'oops' is not a number"


def test_blocks_of_files_of_different_widths_line_up(write, monkeypatch):
    monkeypatch.setattr(source, "CHUNK", 50)
    a = write("a.csv", "p\n" + "".join(f"{n}\n" for n in range(300)))
    b = write("b.csv", "y\n" + "".join(f"{n}.000000000000000\n" for n in range(300)))
    found, _ = values([a, b])
    assert found["prediction"] == found["target"] == [float(n) for n in range(300)]


def test_different_lengths_are_reported_with_a_hint_at_a_common_key(write):
    a, b = write("a.csv", "id,p\n1,1\n2,2\n"), write("b.csv", "id,y\n1,1\n")
    assert refusal([a, b]) == (
        DataError,
        "the files do not line up: 'a.csv' has 2 rows, 'b.csv' has 1 row",
        "to match rows by key: --on id",
    )


def test_a_quoted_newline_across_blocks_is_one_record(write, monkeypatch):
    monkeypatch.setattr(source, "CHUNK", 16)
    monkeypatch.setattr(text, "RECORDS", 3)
    rows = "".join(f'{n},"a\nb,""c"""\n' for n in range(20))
    found, _ = values([write("a.csv", "p,note\n" + rows), write("b.csv", "y\n" + "1\n" * 20)])
    assert found["prediction"] == [float(n) for n in range(20)]


def test_standard_input_is_read_like_a_file(write, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"p\n1\nx\n")))
    kind, message, _ = refusal(["-", write("b.csv", "y\n1\n2\n")])
    assert (kind, message) == (
        DataError,
        "'standard input', line 3, column 'p': 'x' is not a number",
    )


def test_a_named_pipe_is_read_like_a_file(write, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=("p\n1\n2\n",))
    writer.start()
    found, _ = values(["pipe", write("b.csv", "y\n1\n2\n")])
    writer.join()
    assert found["prediction"] == [1.0, 2.0]


@pytest.mark.parametrize("files", [("-", "-"), ("a.csv", "b.csv", "c.csv")])
def test_a_wrong_number_of_files_is_wrong_usage(write, files):
    for name in files:
        if name != "-":
            write(name, "p\n1\n")
    assert refusal(list(files))[0] is UsageError


@pytest.mark.parametrize("dtype", ["<f8", ">f4", "<i2", "|b1", "<u8"])
def test_arrays_of_every_plain_kind(tmp_path, dtype):
    np.save(tmp_path / "p.npy", np.array([0, 1, 1], dtype=dtype))
    np.savez(tmp_path / "t.npz", target=np.array([[1.0], [2.0], [3.0]]), other=np.zeros(3))
    found, _ = values(["p.npy", "t.npz"])
    assert found == {"prediction": [0.0, 1.0, 1.0], "target": [[1.0], [2.0], [3.0]]}


def test_an_array_in_fortran_order_is_read_by_rows(tmp_path):
    np.save(tmp_path / "p.npy", np.asfortranarray([[1.0, 2.0], [3.0, 4.0]]))
    found, _ = values(["p.npy", "p.npy"])
    assert found["prediction"] == [[1.0, 2.0], [3.0, 4.0]]


def test_labels_from_an_array_are_integers(tmp_path, write):
    np.save(tmp_path / "t.npy", np.array([2.0, 0.0]))
    found, _ = values([write("p.csv", "a,b\n1,2\n3,4\n"), "t.npy"], LABELS)
    assert found["target"] == ["2", "0"]
    np.save(tmp_path / "t.npy", np.array([2.5, 0.0]))
    assert refusal(["p.csv", "t.npy"], LABELS)[1] == "'t.npy', row 1: 2.5 is not an integer"


def test_a_pickle_in_an_array_file_is_never_run(tmp_path):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, ("exploded",)

    np.save(tmp_path / "p.npy", np.array([Bomb()], dtype=object), allow_pickle=True)
    assert refusal(["p.npy", "p.npy"])[1] == "'p.npy' holds object, not numbers"
    assert not (tmp_path / "exploded").exists()


def test_progress_counts_every_byte(write):
    a, b = write("a.csv", "p\n" + "1\n" * 1000), write("b.csv", "y\n" + "1\n" * 1000)
    seen = []
    with open_tables([a, b], NUMBERS, Reading(), seen.append) as tables:
        list(tables.blocks())
        assert sum(seen) == tables.total_bytes == 2 * 2002


def compressed(contents, frames=1):
    """Compress as zstd does, in one frame or in several that follow each other."""
    size = -(-len(contents) // frames)
    parts = [contents[start : start + size] for start in range(0, len(contents), size)]
    return b"".join(zstandard.ZstdCompressor().compress(part) for part in parts)


@pytest.mark.parametrize("frames", [1, 3])
def test_zstandard_frames_are_one_file(tmp_path, write, frames):
    rows = "".join(f"{number}\n" for number in range(20_000))
    (tmp_path / "p.csv.zst").write_bytes(compressed(f"p\n{rows}".encode(), frames))
    found, _ = values(["p.csv.zst", write("t.csv", f"y\n{rows}")])
    assert found["prediction"] == found["target"] == [float(number) for number in range(20_000)]


@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_a_zstandard_file_that_is_cut_short_is_refused(tmp_path, kept):
    whole = compressed(b"p,y\n" + b"1,2\n3,4\n" * 50_000)
    (tmp_path / "p.csv.zst").write_bytes(whole[: int(len(whole) * kept)])
    kind, message, _ = refusal(["p.csv.zst"])
    assert (kind, message) == (
        DataError,
        "'p.csv.zst' is damaged: the file ends in the middle of its data",
    )


def test_a_damaged_zstandard_file_is_refused(tmp_path):
    whole = bytearray(compressed(os.urandom(2000)))
    whole[4:12] = b"\xff" * 8
    (tmp_path / "p.csv.zst").write_bytes(whole)
    kind, message, _ = refusal(["p.csv.zst"])
    assert kind is DataError
    assert message.startswith("'p.csv.zst' is damaged: ")


def test_without_its_package_a_zstandard_file_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "p.csv.zst").write_bytes(compressed(b"p,y\n1,2\n"))
    monkeypatch.setitem(sys.modules, "zstandard", None)
    assert refusal(["p.csv.zst"])[1:] == (
        "reading .zst files needs the package zstandard",
        "pip install zstandard",
    )
