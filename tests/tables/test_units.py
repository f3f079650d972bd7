"""Whole units out of files: which rows belong together, and what is refused with its place."""

from __future__ import annotations

import numpy as np
import pytest

from lossctl.block import Words
from lossctl.errors import DataError, LossctlError, UsageError
from lossctl.tables import Reading, Role, open_tables, source

STEPS = Role("prediction", wide=True, several=True, apart=True, whole=True)
SYMBOLS = Role("target", text=True, apart=True, whole=True)
SEQUENCES = [STEPS, SYMBOLS]
SAMPLES = [
    Role("first", apart=True, whole=True, weighs_rows=True),
    Role("second", apart=True, whole=True, weighs_rows=True),
]
TOGETHER = [Role("prediction", whole=True), Role("target", text=True, whole=True)]

P = "u,a,b\nx,1,0\nx,2,0\ny,3,0\nz,4,0\n"
T = "u,s\nx,A\ny,B\ny,C\nz,D\n"


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def listed(column):
    """Write a column as a plain list."""
    if isinstance(column, Words):
        return [column.words[code] for code in column.codes.tolist()]
    return column.tolist()


def units(files, roles=SEQUENCES, *, unit="u", **options):
    """Read everything, as a list of units: the name and, by role, the rows."""
    with open_tables(files, roles, Reading(unit=unit, **options)) as tables:
        found = []
        for block in tables.blocks():
            names = [""] * block.rows if block.unit is None else listed(block.unit)
            for place, name in enumerate(names):
                rows = {}
                for role, array in block.roles.items():
                    ends = np.cumsum(block.lengths[role]).tolist()
                    start = ends[place] - int(block.lengths[role][place])
                    rows[role] = listed(array)[start : ends[place]]
                    if role in block.row_weight:
                        weights = block.row_weight[role].tolist()
                        rows[f"weight of {role}"] = weights[start : ends[place]]
                if block.weight is not None:
                    rows["weight"] = float(block.weight[place])
                if block.slices is not None:
                    rows["slice"] = listed(block.slices)[place]
                found.append((name, rows))
        return found, [note.message for note in tables.notes]


def refusal(files, roles=SEQUENCES, **options):
    with pytest.raises(LossctlError) as caught:
        units(files, roles, **options)
    return type(caught.value), caught.value.message, caught.value.hint


# Units of roles that are apart


def test_each_role_has_as_many_rows_in_a_unit_as_it_likes(write):
    found, notes = units([write("p.csv", P), write("t.csv", T)])
    assert found == [
        ("x", {"prediction": [[1.0, 0.0], [2.0, 0.0]], "target": ["A"]}),
        ("y", {"prediction": [[3.0, 0.0]], "target": ["B", "C"]}),
        ("z", {"prediction": [[4.0, 0.0]], "target": ["D"]}),
    ]
    assert notes == []


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("u,s\ny,B\nz,D\n", [[], ["B"], ["D"]]),  # at the start
        ("u,s\nx,A\nz,D\n", [["A"], [], ["D"]]),  # in the middle
        ("u,s\nx,A\ny,B\n", [["A"], ["B"], []]),  # at the end
        ("u,s\ny,B\n", [[], ["B"], []]),
    ],
)
def test_a_unit_of_words_may_be_empty_which_is_noted(write, target, expected):
    found, notes = units([write("p.csv", P), write("t.csv", target)])
    assert [rows["target"] for _, rows in found] == expected
    empty = expected.count([])
    what = "1 unit" if empty == 1 else f"{empty} units"
    assert notes == [f"{what} without rows of target, treated as empty"]


def test_the_unit_column_may_be_anywhere(write):
    found, _ = units([write("p.csv", "a,u,b\n1,x,2\n"), write("t.csv", "s,u\nA,x\n")])
    assert found == [("x", {"prediction": [[1.0, 2.0]], "target": ["A"]})]


def test_units_are_named_by_text_not_by_number(write):
    found, _ = units(
        [write("p.csv", "u,a,b\n007,1,2\n7,3,4\n"), write("t.csv", "u,s\n007,A\n7,B\n")]
    )
    assert [(name, rows["target"]) for name, rows in found] == [("007", ["A"]), ("7", ["B"])]


def test_the_number_of_a_unit_must_be_written_alike_in_both_files(write):
    kind, message, _ = refusal([write("p.csv", "u,a,b\n1,1,2\n"), write("t.csv", "u,s\n1.0,A\n")])
    assert (kind, message) == (DataError, "unit '1.0' of target does not occur in prediction")


def test_without_a_unit_all_rows_are_one(write):
    files = [write("p.csv", "a,b\n1,0\n2,0\n"), write("t.csv", "s\nA\nB\nC\n")]
    found, _ = units(files, unit=None)
    assert found == [("", {"prediction": [[1.0, 0.0], [2.0, 0.0]], "target": ["A", "B", "C"]})]


def test_the_first_role_decides_which_units_there_are(write):
    kind, message, hint = refusal([write("p.csv", P), write("t.csv", "u,s\nx,A\nq,B\n")])
    assert (kind, message) == (DataError, "unit 'q' of target does not occur in prediction")
    assert hint == "name the units alike in the unit column of both"


def test_units_in_another_order_are_refused(write):
    kind, message, hint = refusal([write("p.csv", P), write("t.csv", "u,s\ny,B\nx,A\nz,D\n")])
    assert (kind, message) == (
        DataError,
        "unit 'x' of prediction is out of order in target",
    )
    assert hint == "put the units in the same order in all files"


def test_numbers_in_another_order_are_not_reported_as_missing(write):
    files = [write("a.csv", "u,first\nx,1\ny,2\n"), write("b.csv", "u,second\ny,2\nx,1\n")]
    kind, _, hint = refusal(files, SAMPLES)
    assert kind is DataError
    assert hint == "put the units in the same order in all files"


@pytest.mark.parametrize("late", [True, False])
def test_a_unit_of_numbers_has_rows_in_every_role(write, late):
    # No distance leads to a sample of nothing.
    second = "u,second\nx,1\n" if late else "u,second\ny,1\n"
    files = [write("a.csv", "u,first\nx,1\ny,2\n"), write("b.csv", second)]
    kind, message, _ = refusal(files, SAMPLES)
    assert kind is DataError
    assert message.startswith(
        f"unit '{'y' if late else 'x'}' of first is missing or out of order in second"
    )


def test_a_unit_whose_rows_are_not_adjacent_is_refused_in_the_first_file(write):
    kind, message, hint = refusal(
        [write("p.csv", "u,a,b\nx,1,0\ny,3,0\nx,2,0\n"), write("t.csv", T)]
    )
    assert (kind, message) == (
        DataError,
        "'p.csv', line 4, column 'u': the rows of unit 'x' are not adjacent",
    )
    assert hint == "sort the file by unit, without changing the order of rows within a unit"


def test_a_unit_whose_rows_are_not_adjacent_is_refused_in_the_second_file(write):
    _, message, _ = refusal([write("p.csv", P), write("t.csv", "u,s\nx,A\ny,B\nz,C\ny,D\n")])
    assert message == "'t.csv', line 5, column 'u': the rows of unit 'y' are not adjacent"


def test_a_unit_whose_rows_are_not_adjacent_after_skipped_rows_has_its_own_line(write):
    _, message, _ = refusal(
        [write("p.csv", "u,a,b\nx,1,0\nx,,0\ny,3,0\nx,2,0\n"), write("t.csv", T)], missing="skip"
    )
    assert message == "'p.csv', line 5, column 'u': the rows of unit 'x' are not adjacent"


@pytest.mark.parametrize("without", ["p.csv", "t.csv"])
def test_every_file_needs_the_unit_column(write, without):
    files = [write("p.csv", P), write("t.csv", T)]
    write(without, "a,b\n1,0\n" if without == "p.csv" else "s\nA\n")
    kind, message, _ = refusal(files)
    assert kind is UsageError
    assert message.startswith("unknown column 'u'")


def test_a_unit_without_a_name_is_a_missing_value(write):
    _, message, hint = refusal([write("p.csv", P), write("t.csv", "u,s\nx,A\n,B\n")])
    assert message == "'t.csv', line 3, column 'u': missing value"
    assert hint == "to skip rows with missing values: --missing skip"


def test_the_names_of_units_are_shown_without_their_control_characters(write):
    _, message, _ = refusal([write("p.csv", P), write("t.csv", "u,s\nx\x1b[31m,B\n")])
    assert message == r"unit 'x\x1b[31m' of target does not occur in prediction"


def test_missing_rows_shorten_their_own_role_only(write):
    found, notes = units(
        [write("p.csv", "u,a,b\nx,1,0\nx,,0\ny,3,0\n"), write("t.csv", "u,s\nx,A\nx,B\ny,\n")],
        missing="skip",
    )
    assert found == [
        ("x", {"prediction": [[1.0, 0.0]], "target": ["A", "B"]}),
        ("y", {"prediction": [[3.0, 0.0]], "target": []}),
    ]
    assert sorted(notes) == [
        "1 unit without rows of target, treated as empty",
        "skipped 1 row with missing values",
        "skipped 1 row with missing values",
    ]


def test_rows_are_matched_by_unit_not_by_key(write):
    kind, message, _ = refusal([write("p.csv", P), write("t.csv", T)], on=("u",))
    assert kind is UsageError
    assert message == (
        "--on matches the rows of several files, "
        "but the rows of 'prediction', 'target' do not line up"
    )


# One file for all roles


def test_one_file_may_hold_all_roles_of_a_unit(write):
    found, _ = units(
        [write("a.csv", "u,a,b,s\nx,1,2,A\nx,3,4,B\ny,5,6,C\n")],
        columns={"prediction": ("a", "b"), "target": ("s",)},
    )
    assert found == [
        ("x", {"prediction": [[1.0, 2.0], [3.0, 4.0]], "target": ["A", "B"]}),
        ("y", {"prediction": [[5.0, 6.0]], "target": ["C"]}),
    ]


def test_in_one_file_a_cell_of_one_role_may_be_missing(write):
    found, notes = units(
        [write("a.csv", "first,second\n1,2\n3,\n")], SAMPLES, unit=None, missing="skip"
    )
    assert found == [("", {"first": [1.0, 3.0], "second": [2.0]})]
    assert notes == ["skipped 1 row with missing values"]


# Weights and slices of units


def test_a_unit_has_the_weight_and_slice_of_its_rows(write):
    found, _ = units(
        [
            write("p.csv", "u,g,w,a,b\nx,m,2,1,0\nx,m,2,2,0\ny,n,0,3,0\n"),
            write("t.csv", "u,s\nx,A\ny,B\n"),
        ],
        by=("g",),
        weight="w",
    )
    assert [(rows["weight"], rows["slice"]) for _, rows in found] == [
        (2.0, ("m",)),
        (0.0, ("n",)),
    ]


def test_a_unit_with_several_weights_is_refused(write):
    files = [write("p.csv", "u,w,a,b\nq,1,0,0\nx,2,1,0\nx,3,2,0\n"), write("t.csv", "u,s\nx,A\n")]
    kind, message, hint = refusal(files, weight="w")
    assert (kind, message) == (DataError, "the rows of unit 'x' differ in their weight")
    assert hint == "give all rows of a unit the same weight"


def test_a_unit_with_several_slices_is_refused(write):
    files = [write("p.csv", "u,g,a,b\nq,m,0,0\nx,m,1,0\nx,n,2,0\n"), write("t.csv", "u,s\nx,A\n")]
    assert refusal(files, by=("g",))[:2] == (
        DataError,
        "the rows of unit 'x' differ in their slice",
    )


def test_a_unit_with_several_slices_is_refused_where_they_are_of_two_columns(write):
    files = [
        write("p.csv", "u,g,h,a,b\nx,m,1,1,0\nx,m,2,2,0\n"),
        write("t.csv", "u,s\nx,A\n"),
    ]
    assert refusal(files, by=("g", "h"))[1] == "the rows of unit 'x' differ in their slice"


def test_a_negative_weight_of_a_unit_has_its_place_after_skipped_rows(write):
    files = [
        write("p.csv", "u,w,a,b\nx,1,,0\nx,1,1,0\ny,-1,1,0\n"),
        write("t.csv", "u,s\nx,A\n"),
    ]
    kind, message, _ = refusal(files, weight="w", missing="skip")
    assert kind is DataError
    assert message == (
        "'p.csv', line 4, column 'w': '-1' is not a weight (a finite number, at least 0)"
    )


def test_without_units_slices_would_split_the_only_one(write):
    files = [write("p.csv", "g,a,b\nm,1,0\n"), write("t.csv", "s\nA\n")]
    kind, message, hint = refusal(files, unit=None, by=("g",))
    assert (kind, message) == (
        UsageError,
        "without --unit all rows are one unit, which --by cannot split",
    )
    assert hint == "for one value per g: --unit g --reduction none"


def test_a_column_is_not_the_unit_and_the_slice(write):
    kind, message, _ = refusal([write("p.csv", P), write("t.csv", T)], by=("u",))
    assert (kind, message) == (UsageError, "column 'u' cannot be both the unit and the slice")


def test_samples_have_weights_of_their_own_rows(write):
    files = [
        write("a.csv", "u,w,first\nx,1,5\nx,2,6\ny,0,7\n"),
        write("b.csv", "u,w,second\nx,3,5\ny,4,6\ny,5,7\n"),
    ]
    found, _ = units(files, SAMPLES, weight="w")
    assert found == [
        (
            "x",
            {
                "first": [5.0, 6.0],
                "weight of first": [1.0, 2.0],
                "second": [5.0],
                "weight of second": [3.0],
            },
        ),
        (
            "y",
            {
                "first": [7.0],
                "weight of first": [0.0],
                "second": [6.0, 7.0],
                "weight of second": [4.0, 5.0],
            },
        ),
    ]


def test_a_negative_weight_of_the_second_sample_has_its_place(write):
    files = [
        write("a.csv", "u,w,first\nx,1,5\nx,2,6\ny,0,7\n"),
        write("b.csv", "u,w,second\nx,3,5\ny,4,6\ny,-5,7\n"),
    ]
    _, message, _ = refusal(files, SAMPLES, weight="w")
    assert message == (
        "'b.csv', line 4, column 'w': '-5' is not a weight (a finite number, at least 0)"
    )


def test_both_samples_need_the_weight(write):
    files = [write("a.csv", "w,first\n1,5\n"), write("b.csv", "second\n5\n")]
    kind, message, _ = refusal(files, SAMPLES, unit=None, weight="w")
    assert kind is UsageError
    assert message.startswith("unknown column 'w'")


# Units of roles whose rows line up


def test_units_may_be_named_in_one_file_where_rows_line_up(write):
    found, _ = units(
        [write("p.csv", "u,p\nx,1\ny,2\ny,3\n"), write("t.csv", "t\nA\nB\nC\n")], TOGETHER
    )
    assert found == [
        ("x", {"prediction": [1.0], "target": ["A"]}),
        ("y", {"prediction": [2.0, 3.0], "target": ["B", "C"]}),
    ]


def test_files_that_name_other_units_for_a_row_are_refused(write):
    files = [write("p.csv", "u,p\nx,1\ny,2\ny,3\n"), write("t.csv", "u,t\nx,A\nx,B\ny,C\n")]
    kind, message, _ = refusal(files, TOGETHER)
    assert kind is DataError
    assert message == (
        "the files do not line up: 'y' in 'p.csv', line 3, column 'u', "
        "but 'x' in 't.csv', line 3, column 'u'"
    )


def test_rows_matched_by_key_are_in_the_units_of_the_first_file(write):
    files = [write("p.csv", "k,u,p\n1,x,5\n2,x,6\n3,y,7\n"), write("t.csv", "k,t\n3,C\n2,B\n1,A\n")]
    found, _ = units(files, TOGETHER, on=("k",))
    assert found == [
        ("x", {"prediction": [5.0, 6.0], "target": ["A", "B"]}),
        ("y", {"prediction": [7.0], "target": ["C"]}),
    ]


def test_a_unit_whose_rows_are_not_adjacent_among_matched_rows_has_its_line(write):
    files = [write("p.csv", "k,u,p\n1,x,5\n2,y,6\n3,x,7\n"), write("t.csv", "k,t\n3,C\n2,B\n1,A\n")]
    _, message, _ = refusal(files, TOGETHER, on=("k",))
    assert message == "'p.csv', line 4, column 'u': the rows of unit 'x' are not adjacent"


def test_a_skipped_row_leaves_its_unit_where_rows_line_up(write):
    files = [write("p.csv", "u,p\nx,1\nx,\ny,3\n"), write("t.csv", "t\nA\nB\nC\n")]
    found, _ = units(files, TOGETHER, missing="skip")
    assert found == [
        ("x", {"prediction": [1.0], "target": ["A"]}),
        ("y", {"prediction": [3.0], "target": ["C"]}),
    ]


# Files of several blocks


@pytest.mark.parametrize("chunk", [7, 16, 64, 1 << 20])
def test_a_unit_may_span_blocks(write, monkeypatch, chunk):
    monkeypatch.setattr(source, "CHUNK", chunk)
    prediction = "u,a,b\n" + "".join(
        f"u{unit},{unit},{row}\n" for unit in range(6) for row in range(unit + 1)
    )
    target = "u,s\n" + "".join(f"u{unit},{row}\n" for unit in (0, 2, 5) for row in range(9))
    found, _ = units([write("p.csv", prediction), write("t.csv", target)])
    assert found == [
        (
            f"u{unit}",
            {
                "prediction": [[float(unit), float(row)] for row in range(unit + 1)],
                "target": [str(row) for row in range(9)] if unit in (0, 2, 5) else [],
            },
        )
        for unit in range(6)
    ]


@pytest.mark.parametrize("chunk", [7, 16, 64])
@pytest.mark.parametrize("file", ["p.csv", "t.csv"])
def test_a_unit_whose_rows_are_not_adjacent_blocks_later_has_its_line(
    write, monkeypatch, chunk, file
):
    monkeypatch.setattr(source, "CHUNK", chunk)
    names = [f"u{number}" for number in range(20)]
    back = [*names, "u3"]
    rows = {"p.csv": names, "t.csv": names, file: back}
    files = [
        write("p.csv", "u,a,b\n" + "".join(f"{name},1,2\n" for name in rows["p.csv"])),
        write("t.csv", "u,s\n" + "".join(f"{name},A\n" for name in rows["t.csv"])),
    ]
    _, message, _ = refusal(files)
    assert message == f"'{file}', line 22, column 'u': the rows of unit 'u3' are not adjacent"


def test_a_unit_larger_than_all_blocks_is_still_one(write):
    rows = 300_000  # some 3 MB, so several blocks
    first = "u,first\n" + "".join(f"x,{row % 97}.5\n" for row in range(rows)) + "y,1\n"
    files = [write("a.csv", first), write("b.csv", "u,second\nx,1\ny,2\n")]
    (x, y), _ = units(files, SAMPLES)
    assert x[1]["first"] == [row % 97 + 0.5 for row in range(rows)]
    assert x[1]["second"] == [1.0]
    assert y == ("y", {"first": [1.0], "second": [2.0]})


# Units through the command line


def test_a_unit_that_spans_blocks_gives_the_same_bits(write, run, monkeypatch):
    count = 500
    first = [(f"u{unit % 5}", (unit * 37 % 101) / 7) for unit in range(count)]
    second = [(f"u{unit % 5}", (unit * 53 % 97) / 3) for unit in range(count)]
    files = []
    for name, rows in (("first", first), ("second", second)):
        lines = "".join(f"{unit},{value!r}\n" for unit, value in sorted(rows, key=lambda r: r[0]))
        files.append(write(f"{name}.csv", f"u,{name}\n{lines}"))
    command = ["compute", "earth_mover", *files, "--unit", "u", "--reduction", "none"]
    whole = run([*command, "--format", "csv"])
    monkeypatch.setattr(source, "CHUNK", 64)
    cut = run([*command, "--format", "csv"])
    assert whole.code == cut.code == 0
    assert whole.out == cut.out
    assert whole.out.startswith("loss,unit,value\nearth_mover,u0,")


def test_a_large_file_gives_the_mean_of_its_units(write, run):
    # The unit of number k has k + 1 rows with the error k, so its mean error is k; 2.2 MiB.
    units_ = 700
    rows = [f"u{unit},{unit}\n" for unit in range(units_) for _ in range(unit + 1)]
    write("p.csv", "u,prediction\n" + "".join(rows))
    write("t.csv", "target\n" + "0\n" * len(rows))
    ran = run(["compute", "mae", "p.csv", "t.csv", "--unit", "u", "--format", "value"])
    assert (ran.code, ran.out) == (0, f"{(units_ - 1) / 2}\n")


def test_for_a_row_loss_a_unit_may_come_back(write, run):
    # Unit a: 1, 3; unit b: 5. (2 + 5) / 2
    write("a.csv", "u,prediction,target\na,1,0\nb,5,0\na,3,0\n")
    ran = run(["compute", "mae", "a.csv", "--unit", "u", "--format", "value"])
    assert (ran.code, ran.out) == (0, "3.5\n")


def test_for_a_row_loss_a_unit_may_lie_in_several_slices(write, run):
    # Slice m has units a: 1 and b: 5; slice n has a: 3. All rows: a: 2, b: 5.
    write("a.csv", "u,g,prediction,target\na,m,1,0\nb,m,5,0\na,n,3,0\n")
    ran = run(["compute", "mae", "a.csv", "--unit", "u", "--by", "g", "--format", "csv"])
    assert [line.split(",")[:4] for line in ran.out.splitlines()] == [
        ["loss", "g", "value", "units"],
        ["mae", "m", "3.0", "2"],
        ["mae", "n", "3.0", "1"],
        ["mae", "", "3.5", "2"],
    ]


def test_single_units_of_slices_have_both_names(write, run):
    write("a.csv", "u,g,prediction,target\na,m,1,0\nb,m,5,0\na,n,3,0\n")
    ran = run(
        ["compute", "mae", "a.csv", "--unit", "u", "--by", "g", "--reduction", "none", "-f", "csv"]
    )
    assert ran.out == "loss,unit,g,value\nmae,a,m,1.0\nmae,b,m,5.0\nmae,a,n,3.0\n"


def test_a_value_out_of_domain_has_its_place_behind_skipped_rows_of_a_unit(write, run):
    write("p.csv", "u,blank,A\nx,0.5,0.5\nx,,0.5\ny,0.5,0.5\ny,0.5,1.5\n")
    write("t.csv", "u,s\nx,A\ny,A\n")
    ran = run(["compute", "ctc", "p.csv", "t.csv", "--unit", "u", "--missing", "skip"])
    assert ran.code == 3
    assert ran.err == (
        "error: 'p.csv', line 5, column 'A': '1.5' is not a probability (between 0 and 1)\n"
        "  try: --from-logits: prediction holds logits, not probabilities\n"
    )


def test_a_label_out_of_domain_has_its_place_behind_empty_units(write, run, monkeypatch):
    monkeypatch.setattr(source, "CHUNK", 24)
    write("p.csv", "u,blank,A\n" + "".join(f"u{unit},0.5,0.5\n" for unit in range(30)))
    write("t.csv", "u,s\n" + "".join(f"u{unit},A\n" for unit in range(3, 29)) + "u29,Q\n")
    ran = run(["compute", "ctc", "p.csv", "t.csv", "--unit", "u"])
    assert ran.code == 3
    assert ran.err.startswith("error: 't.csv', line 28, column 's': 'Q' is not a class")


def test_a_unit_with_weight_0_only_is_left_out_and_noted(write, run):
    write("a.csv", "u,w,prediction,target\na,0,1,0\na,0,2,0\nb,1,5,0\n")
    ran = run(["compute", "mae", "a.csv", "--unit", "u", "--weight", "w", "-f", "value"])
    assert (ran.code, ran.out) == (0, "5.0\n")
    assert ran.err == "note: mae: 1 unit left out, with every row ignored or of weight 0\n"


def test_where_no_unit_counts_there_is_no_number(write, run):
    write("a.csv", "u,w,prediction,target\na,0,1,0\nb,0,5,0\n")
    ran = run(["compute", "mae", "a.csv", "--unit", "u", "--weight", "w"])
    assert ran.code == 3
    assert ran.err.startswith("error: every row is ignored or has weight 0")
