"""The same table, written in any way, is the same numbers; and both paths read it alike."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import math
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from lossctl.errors import DataError
from lossctl.tables import Reading, Role, open_tables, source, spans, text
from lossctl.tables.numbers import NotANumber, number
from lossctl.tables.structure import is_sound
from lossctl.tables.table import Wanted

ROLES = [Role("prediction"), Role("target")]
FINITE = st.floats(allow_nan=False, allow_infinity=False)
WORDS = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), include_characters=' ,;"|'),
    min_size=1,
    max_size=6,
)
ROWS = st.lists(st.tuples(FINITE, FINITE, WORDS), min_size=1, max_size=30)
WRITTEN = {
    "end": ("\n", "\r\n", "\r"),
    "delimiter": (",", ";", "\t", "|"),
    "quoting": (csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC),
    "mark": (b"", b"\xef\xbb\xbf"),
    "squeeze": (bytes, gzip.compress, bz2.compress, lzma.compress),
    "last_end": (True, False),
    "order": ((0, 1, 2), (2, 1, 0), (1, 2, 0)),
}
MANNERS = st.fixed_dictionaries({name: st.sampled_from(ways) for name, ways in WRITTEN.items()})
COLUMNS = ("prediction", "target", "region")


def written(rows, manner):
    text_file = io.StringIO()
    writer = csv.writer(
        text_file,
        delimiter=manner["delimiter"],
        quoting=manner["quoting"],
        lineterminator=manner["end"],
    )
    writer.writerow([COLUMNS[place] for place in manner["order"]])
    writer.writerows([[row[place] for place in manner["order"]] for row in rows])
    content = text_file.getvalue()
    if not manner["last_end"]:
        content = content.removesuffix(manner["end"])
    return manner["squeeze"](manner["mark"] + content.encode())


def read(contents, reading, roles=ROLES):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        path.write_bytes(contents)
        with open_tables([str(path)], roles, reading) as tables:
            blocks = list(tables.blocks())
    prediction, target = (
        np.concatenate([block.roles[role.name] for block in blocks]) for role in ROLES
    )
    slices = [block.slices.words[code] for block in blocks for code in block.slices.codes]
    return prediction.tolist(), target.tolist(), [word for (word,) in slices]


@settings(deadline=None, max_examples=200)
@given(rows=ROWS, manner=MANNERS, chunk=st.integers(1, 200))
def test_the_manner_of_writing_changes_nothing(rows, manner, chunk):
    contents = written(rows, manner)
    reading = Reading(by=("region",), delimiter=manner["delimiter"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "CHUNK", chunk)
        found = read(contents, reading)
    assert found == tuple(map(list, zip(*rows, strict=True)))


@settings(deadline=None, max_examples=100)
@given(
    keys=st.lists(WORDS, min_size=1, max_size=20, unique=True),
    seed=st.randoms(use_true_random=False),
)
def test_rows_matched_by_key_may_come_in_any_order(keys, seed):
    values = [float(place) for place in range(len(keys))]
    rows = list(zip(keys, values, strict=True))
    shuffled = seed.sample(rows, len(rows))
    with tempfile.TemporaryDirectory() as folder:
        names = []
        for role, ordered in (("prediction", rows), ("target", shuffled)):
            names.append(str(Path(folder) / f"{role}.csv"))
            with Path(names[-1]).open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows([("id", role), *ordered])
        with open_tables(names, ROLES, Reading(on=("id",), delimiter=",")) as tables:
            (block,) = tables.blocks()
    assert block.roles["prediction"].tolist() == values
    assert block.roles["target"].tolist() == values


CELLS = st.one_of(
    st.text("0123456789+-.eE_ \t,infaINFNx%", max_size=8),
    st.text(max_size=5),
    FINITE.map(repr),
    st.integers().map(str),
    st.sampled_from(
        [
            "1.",
            ".5",
            "+1",
            "1e5",
            "1e+",
            "1d5",
            "0x10",
            "True",
            "-",
            "infinity",
            "-inf",
            "1e-400",
            "1_0",
            "1e400",
            "nan",
            "NA",
            "<NA>",
            "null",
        ]
    ),
)


@settings(deadline=None, max_examples=500)
@example(cell="\x0b1")
@example(cell="1\x0c")
@example(cell="9007199254740993")
@example(cell="18446744073709551617")
@example(cell="2.2250738585072011e-308")
@given(cell=CELLS)
def test_what_the_fast_path_accepts_the_exact_one_reads_to_the_same_bits(cell):
    """The fast path may decline, but it may never read a cell in another way."""
    assume("\r" not in cell)  # line ends are LF before they come here
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        path.write_text("a,prediction\nx,1.5\n", encoding="utf-8")
        table = text.TextTable(source.open_source(str(path), 2**40), Reading(), None)
        piece = f"x,{cell}\nx,1.5\n".encode("utf-8", "surrogatepass")
        fast = table._fast(piece, [Wanted("prediction")])
    if fast is None:
        return
    (values,) = fast.values()
    value = number(cell)
    assert len(values) == 2
    assert values[0] == value or (math.isnan(values[0]) and math.isnan(value))


@settings(deadline=None, max_examples=300)
@given(
    block=st.text('ab1",;\n', max_size=40).map(lambda body: (body + "\n").encode()),
    fields=st.integers(1, 3),
)
def test_a_structure_is_called_sound_only_if_csv_reads_it_line_by_line(block, fields):
    if not is_sound(block, ",", fields):
        return
    lines = block.decode().removesuffix("\n").split("\n")
    for line in lines:
        (cells,) = csv.reader([line], strict=True) if line else [[""]]
        assert len(cells) == fields


@settings(deadline=None, max_examples=300)
@given(contents=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(contents):
    try:
        read(contents, Reading(columns={"prediction": ("a",), "target": ("b",)}, by=("c",)))
    except DataError:
        return
    except Exception as error:  # noqa: BLE001  # only wrong usage is another legal outcome
        assert type(error).__name__ == "UsageError"  # noqa: PT017


@pytest.mark.parametrize(
    ("cell", "value"),
    [("1", 1.0), (" -2.5e3\t", -2500.0), (".5", 0.5), ("5.", 5.0), ("+0", 0.0)],
)
def test_the_grammar_of_numbers(cell, value):
    assert number(cell) == value


@pytest.mark.parametrize(
    "cell", ["1 2", "--1", "1e", "e5", "0b1", "٣", "1__0", "1,5", "½", "1e5.0"]
)
def test_what_is_no_number(cell):
    with pytest.raises(NotANumber):
        number(cell)


@settings(deadline=None, max_examples=500)
@example(block=b"1,2\n3\n4,5,6\n")
@example(block=b"1,2\n,3,4\n5\n")
@given(block=st.text('12,\n"', max_size=24).map(lambda body: (body + "\n").encode()))
def test_lines_that_are_too_short_and_too_long_never_make_up_for_each_other(block):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        path.write_text("prediction,target\n1,2\n")
        table = text.TextTable(source.open_source(str(path), 2**40), Reading(), None)
        fast = table._fast(block, [Wanted("prediction"), Wanted("target")])
    if fast is None:
        return
    rows = list(csv.reader(io.StringIO(block.decode()), strict=True))
    assert {len(row) for row in rows} == {2}
    assert [list(map(number, column)) for column in zip(*rows, strict=True)] == [
        pytest.approx(values.tolist(), rel=0, nan_ok=True) for values in fast.values()
    ]


@settings(deadline=None, max_examples=500)
@given(
    lines=st.lists(st.text("ab", max_size=9), max_size=12),
    end=st.sampled_from(["\n", "\r\n"]),
    header_lines=st.integers(0, 1),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf"]),
    stride=st.integers(1, 20),
    peek=st.integers(1, 8),
)
def test_spans_are_all_lines_each_once_and_whole(lines, end, header_lines, mark, stride, peek):
    header = ["head"] * header_lines
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(spans, "PEEK", peek)
        path = Path(folder) / "table.csv"
        path.write_bytes(mark + end.join([*header, *lines, "last"]).encode())
        begin = spans.first_row(path, header_lines)
        pieces = [span.read() for span in spans.spans(path, begin, stride)]
    assert b"".join(pieces) == "\n".join([*lines, "last", ""]).encode()
    assert all(piece.endswith(b"\n") for piece in pieces if piece)


@pytest.mark.parametrize("contents", [b"a\n1\n\n", b"a\r\n1\r\n\r\n", b"a\r1\n", b"a\n1\r\r"])
def test_spans_decline_what_only_a_reader_of_the_whole_can_know(contents, tmp_path):
    (tmp_path / "table.csv").write_bytes(contents)
    assert spans.first_row(tmp_path / "table.csv", 1) is None
