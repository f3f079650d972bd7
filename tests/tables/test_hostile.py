"""Files that could be misread: refused with the exact place and a way out, or read right."""

from __future__ import annotations

import pytest

from lossctl.errors import DataError, LossctlError, UsageError
from lossctl.tables import Reading, Role, open_tables

ROLES = [Role("prediction", wide=True), Role("target", wide=True)]

REFUSED = {
    "thousands_in_wrong_groups": (
        b'prediction\n"15,00"\n2\n3\n',
        {"thousands": ","},
        DataError,
        "'p.csv', line 2, column 'prediction': '15,00' is not a number",
        "if the comma is a decimal point: --decimal ,",
    ),
    "encoding_that_is_not_for_text": (
        b"target\n1\n2\n3\n",
        {"encoding": "base64"},
        UsageError,
        "unknown encoding 'base64'",
        "for example --encoding latin-1",
    ),
    "encoding_that_does_not_exist": (
        b"target\n1\n2\n3\n",
        {"encoding": "nope"},
        UsageError,
        "unknown encoding 'nope'",
        "for example --encoding latin-1",
    ),
    "delimiter_that_is_a_digit": (
        b"target\n1\n2\n3\n",
        {"delimiter": "1"},
        UsageError,
        "the delimiter cannot be '1'",
        "give a character that no number contains, or tab, comma, semicolon, pipe or space",
    ),
    "delimiter_of_two_characters": (
        b"target\n1\n2\n3\n",
        {"delimiter": "::"},
        UsageError,
        "the delimiter cannot be '::'",
        "give a character that no number contains, or tab, comma, semicolon, pipe or space",
    ),
    "unknown_by": (
        b"target\n1\n2\n3\n",
        {"by": ("targte",)},
        UsageError,
        "unknown column 'targte'",
        "did you mean 'target'?",
    ),
    "unknown_column": (
        b"target\n1\n2\n3\n",
        {"columns": {"prediction": ("nope",)}},
        UsageError,
        "unknown column 'nope' of 'p.csv'",
        "one of 'target'",
    ),
    "unknown_weight": (
        b"target\n1\n2\n3\n",
        {"weight": "w"},
        UsageError,
        "unknown column 'w'",
        "one of 'target'",
    ),
    "unknown_key": (
        b"target\n1\n2\n3\n",
        {"on": ("id",)},
        UsageError,
        "unknown column 'id' of 'p.csv'",
        "one of 'target'",
    ),
    "gzip_cut_short": (
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03+(JM\xc9L.\xc9\xcc\xcf\xe32\xe42\xe22\xe6\x02\x00\xa2d",
        {},
        DataError,
        "'p.csv' is damaged: Compressed file ended before the end-of-stream marker was reached",
        "",
    ),
    "gzip_bomb": (
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xed\xc2\xb1\t\x00 \x0c\x00\xb0\xddo\xbc\xc9:tQ)\xfe\x8f\x7fHHN\xcd\xc8qs\xaf\xd6\x01\x00\x00\x00\x00\x00\x00\x00\x00\xe0\x03\x0f\xb7{Y\xd8\x1b'\x00\x00",
        {"max_bytes": 1000},
        DataError,
        "'p.csv' exceeds 1,000 bytes when decompressed",
        "if this is intended, raise the limit: --max-bytes NUMBER",
    ),
    "extra_field_in_the_only_column": (
        b"prediction\n1,9\n2\n3\n",
        {},
        DataError,
        "'p.csv', line 2: 2 fields, but the header has 1",
        "if the comma is a decimal point: --decimal ,",
    ),
    "extra_field_in_a_later_row": (
        b"a,prediction\n1,1\n1,2,9\n1,3\n",
        {},
        DataError,
        "'p.csv', line 3: 3 fields, but the header has 2",
        "if the delimiter is not ',': --delimiter CHARACTER",
    ),
    "extra_field_in_the_first_row": (
        b"a,prediction\n1,1,9\n1,2\n1,3\n",
        {},
        DataError,
        "'p.csv', line 2: 3 fields, but the header has 2",
        "if the delimiter is not ',': --delimiter CHARACTER",
    ),
    "extra_field_in_every_row": (
        b"a,prediction\n1,1,9\n1,2,9\n1,3,9\n",
        {},
        DataError,
        "'p.csv', line 2: 3 fields, but the header has 2",
        "if the delimiter is not ',': --delimiter CHARACTER",
    ),
    "short_row": (
        b"a,prediction\n1,1\n2\n1,3\n",
        {},
        DataError,
        "'p.csv', line 3: 1 field, but the header has 2",
        "if the delimiter is not ',': --delimiter CHARACTER",
    ),
    "short_last": (
        b"prediction,a\n1,1\n2\n1,3\n",
        {},
        DataError,
        "'p.csv', line 3: 1 field, but the header has 2",
        "if the delimiter is not ',': --delimiter CHARACTER",
    ),
    "blank_line_one_col": (
        b"prediction\n1\n\n3\n",
        {},
        DataError,
        "'p.csv', line 3, column 'prediction': missing value",
        "to skip rows with missing values: --missing skip",
    ),
    "blank_line_many": (
        b"a,prediction\n1,1\n\n1,3\n",
        {},
        DataError,
        "'p.csv', line 3: a blank line between rows",
        "",
    ),
    "dup_header": (
        b"prediction,prediction\n1,1\n2,2\n3,3\n",
        {},
        DataError,
        "'p.csv' has 2 columns named 'prediction'",
        "",
    ),
    "headerless": (
        b"1.5\n2\n3\n",
        {},
        DataError,
        "'p.csv', line 1: the header is all numbers ('1.5')",
        "if the first row is data: --no-header",
    ),
    "headerless2": (
        b"1.0,1.0\n2,2\n3,3\n",
        {},
        DataError,
        "'p.csv', line 1: the header is all numbers ('1.0', '1.0')",
        "if the first row is data: --no-header",
    ),
    "utf16": (
        b"\xff\xfep\x00r\x00e\x00d\x00i\x00c\x00t\x00i\x00o\x00n\x00\n\x001\x00\n\x002\x00\n\x003\x00\n\x00",
        {},
        DataError,
        "'p.csv', line 1: a NUL byte",
        "if the text is UTF-16: --encoding utf-16",
    ),
    "latin1": (
        b"pr\xe9diction\n1\n2\n3\n",
        {},
        DataError,
        "'p.csv', line 1: not UTF-8 text (byte 0xe9)",
        "name the encoding, for example --encoding latin-1",
    ),
    "latin1_later": (
        b"a,prediction\nx,1\n\xe9,2\nz,3\n",
        {},
        DataError,
        "'p.csv', line 3: not UTF-8 text (byte 0xe9)",
        "name the encoding, for example --encoding latin-1",
    ),
    "nul": (
        b"prediction\n1\n2\x00\n3\n",
        {},
        DataError,
        "'p.csv', line 3: a NUL byte",
        "if the text is UTF-16: --encoding utf-16",
    ),
    "unclosed": (
        b'prediction\n1\n"2\n3\n',
        {},
        DataError,
        "'p.csv', line 3: a quote that is opened here is not closed",
        "",
    ),
    "unclosed2": (
        b'a,prediction\nx,1\n"y,2\nz,3\n',
        {},
        DataError,
        "'p.csv', line 3: a quote that is opened here is not closed",
        "",
    ),
    "after_quote": (
        b'prediction\n1\n"2"5\n3\n',
        {},
        DataError,
        "'p.csv', line 3: a quote inside a field",
        'enclose the field in quotes and double the quotes inside it: "a ""b"" c"',
    ),
    "stray": (
        b'a,prediction\nx"y,1\nb,2\nc,3\n',
        {},
        DataError,
        "'p.csv', line 2: a quote inside a field",
        'enclose the field in quotes and double the quotes inside it: "a ""b"" c"',
    ),
    "quoted_newline_then_bad": (
        b'a,prediction\n"x\ny",1\nb,two\nc,3\n',
        {},
        DataError,
        "'p.csv', line 4, column 'prediction': 'two' is not a number",
        "",
    ),
    "decimal_comma_quoted": (
        b'prediction\n"1,5"\n2\n3\n',
        {},
        DataError,
        "'p.csv', line 2, column 'prediction': '1,5' is not a number",
        "if the comma is a decimal point: --decimal ,",
    ),
    "decimal_comma_bare": (
        b"prediction\n1,5\n2,5\n3,5\n",
        {},
        DataError,
        "'p.csv', line 2: 2 fields, but the header has 1",
        "if the comma is a decimal point: --decimal ,",
    ),
    "thousands": (
        b'prediction\n"1,500"\n2\n3\n',
        {},
        DataError,
        "'p.csv', line 2, column 'prediction': '1,500' is not a number",
        "if the comma is a decimal point: --decimal ,  if it is a thousands separator: --thousands ,",
    ),
    "thousand_space": (
        b"prediction\n1 500\n2\n3\n",
        {},
        DataError,
        "'p.csv', line 2, column 'prediction': '1 500' is not a number",
        "if ' ' is a thousands separator: --thousands ' '",
    ),
    "percent": (
        b"prediction\n1%\n2\n3\n",
        {},
        DataError,
        "'p.csv', line 2, column 'prediction': '1%' is not a number",
        "",
    ),
    "underscore": (
        b"prediction\n1_000\n2\n3\n",
        {},
        DataError,
        "'p.csv', line 2, column 'prediction': '1_000' is not a number",
        "",
    ),
    "hex": (
        b"prediction\n0x10\n2\n3\n",
        {},
        DataError,
        "'p.csv', line 2, column 'prediction': '0x10' is not a number",
        "",
    ),
    "unicode_minus": (
        b"prediction\n\xe2\x88\x921\n2\n3\n",
        {},
        DataError,
        "'p.csv', line 2, column 'prediction': '−1' is not a number",
        "",
    ),
    "full_width": (
        b"prediction\n\xef\xbc\x91\n2\n3\n",
        {},
        DataError,
        "'p.csv', line 2, column 'prediction': '１' is not a number",
        "",
    ),
    "text": (
        b"prediction\n1\nabc\n3\n",
        {},
        DataError,
        "'p.csv', line 3, column 'prediction': 'abc' is not a number",
        "",
    ),
    "NA": (
        b"prediction\n1\nNA\n3\n",
        {},
        DataError,
        "'p.csv', line 3, column 'prediction': missing value ('NA')",
        "to skip rows with missing values: --missing skip",
    ),
    "empty_cell": (
        b"a,prediction\n1,1\n1,\n1,3\n",
        {},
        DataError,
        "'p.csv', line 3, column 'prediction': missing value",
        "to skip rows with missing values: --missing skip",
    ),
    "none": (
        b"prediction\n1\nnone\n3\n",
        {},
        DataError,
        "'p.csv', line 3, column 'prediction': missing value ('none')",
        "to skip rows with missing values: --missing skip",
    ),
    "dash": (
        b"prediction\n1\n-\n3\n",
        {},
        DataError,
        "'p.csv', line 3, column 'prediction': '-' is not a number",
        "",
    ),
    "dot": (
        b"prediction\n1\n.\n3\n",
        {},
        DataError,
        "'p.csv', line 3, column 'prediction': '.' is not a number",
        "",
    ),
    "inf": (
        b"prediction\n1\ninf\n3\n",
        {},
        DataError,
        "'p.csv', line 3, column 'prediction': 'inf' is not a finite number",
        "",
    ),
    "1e999": (
        b"prediction\n1\n1e999\n3\n",
        {},
        DataError,
        "'p.csv', line 3, column 'prediction': '1e999' is not a finite number (too large for 64-bit floating point)",
        "",
    ),
    "bool": (
        b"prediction\nTrue\nFalse\nTrue\n",
        {},
        DataError,
        "'p.csv', line 2, column 'prediction': 'True' is not a number",
        "",
    ),
    "date": (
        b"prediction\n2020-01-01\n2020-01-01\n2020-01-01\n",
        {},
        DataError,
        "'p.csv', line 2, column 'prediction': '2020-01-01' is not a number",
        "",
    ),
    "comment": (
        b"# made by x\nprediction\n1\n2\n",
        {},
        DataError,
        "'p.csv', line 2, column '# made by x': 'prediction' is not a number",
        "",
    ),
    "fewer": (
        b"prediction\n1\n2\n",
        {},
        DataError,
        "the files do not line up: 'p.csv' has 2 rows, 't.csv' has 3 rows",
        "to match rows by key: --on COLUMN",
    ),
    "more": (
        b"id,prediction\n1,1\n2,2\n3,3\n4,4\n",
        {},
        DataError,
        "the files do not line up: 'p.csv' has 4 rows, 't.csv' has 3 rows",
        "to match rows by key: --on COLUMN",
    ),
    "empty": (b"", {}, DataError, "'p.csv' is empty", ""),
    "header_only": (
        b"prediction\n",
        {},
        DataError,
        "the files do not line up: 'p.csv' has 0 rows, 't.csv' has 3 rows",
        "to match rows by key: --on COLUMN",
    ),
    "blank_start": (
        b"\nprediction\n1\n2\n3\n",
        {},
        DataError,
        "'p.csv', line 1: a blank line instead of the header",
        "",
    ),
    "parquet": (
        b"PAR1xxxx",
        {},
        DataError,
        "'p.csv' is a Parquet file, which is not supported",
        "convert it to CSV, .npy or .npz",
    ),
    "zip": (
        b"PK\x03\x04xxxx",
        {},
        DataError,
        "'p.csv' is a zip archive or a spreadsheet, which is not supported",
        "convert it to CSV, .npy or .npz",
    ),
    "json": (
        b'{"a": 1}\n',
        {},
        DataError,
        "'p.csv' is JSON, which is not supported",
        "convert it to CSV",
    ),
    "pickle": (
        b"\x80\x04\x95x",
        {},
        DataError,
        "'p.csv' is a pickle, which is not supported",
        "convert it to CSV, .npy or .npz",
    ),
    "two_delims": (
        b"a,b;prediction\n1,1;1\n1,2;2\n1,1;3\n",
        {},
        DataError,
        "'p.csv': the delimiter could be ',' or ';'",
        "--delimiter comma or --delimiter semicolon",
    ),
    "vt": (
        b"prediction\n1\x0b\n2\n3\n",
        {},
        DataError,
        "'p.csv', line 2, column 'prediction': '1\\x0b' is not a number",
        "",
    ),
    "ff": (
        b"prediction\n1\x0c\n2\n3\n",
        {},
        DataError,
        "'p.csv', line 2, column 'prediction': '1\\x0c' is not a number",
        "",
    ),
    "key_like": (
        b"id,a,b\n1,1,1\n2,2,2\n3,3,3\n",
        {},
        DataError,
        "'p.csv': column 'id' looks like a key, not like prediction",
        "to match rows by it: --on id; otherwise name the columns: --columns prediction=A+B",
    ),
    "unclear": (
        b"foo,pred,prediction\n1,1,1\n2,2,2\n3,3,3\n",
        {},
        DataError,
        "'p.csv': it is not clear which column is the prediction; there are 'foo', 'pred', 'prediction'",
        "name it: --columns prediction=NAME",
    ),
}

READ = {
    "missing_skipped_in_one_column": (b"prediction\n1\n\n3\n", {"missing": "skip"}, [1.0, 3.0]),
    "missing_word_skipped": (b"prediction\n1\nNA\n3\n", {"missing": "skip"}, [1.0, 3.0]),
    "decimal_comma_in_one_column": (
        b"prediction\n1,5\n2,5\n3,5\n",
        {"decimal": ","},
        [1.5, 2.5, 3.5],
    ),
    "decimal_comma_with_semicolons": (
        b"a;prediction\n1;1,5\n1;2,5\n1;3,5\n",
        {"decimal": ","},
        [1.5, 2.5, 3.5],
    ),
    "thousands_comma": (
        b'prediction\n"1,500"\n"2,000.5"\n3\n',
        {"thousands": ","},
        [1500.0, 2000.5, 3.0],
    ),
    "thousands_space": (b"prediction\n1 500\n2\n3\n", {"thousands": " "}, [1500.0, 2.0, 3.0]),
    "latin_1_named": (b"pr\xe9diction\n1\n2\n3\n", {"encoding": "latin-1"}, [1.0, 2.0, 3.0]),
    "delimiter_as_a_word": (
        b"a prediction\n1 1\n1 2\n1 3\n",
        {"delimiter": "space"},
        [1.0, 2.0, 3.0],
    ),
    "gzip": (
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03+(JM\xc9L.\xc9\xcc\xcf\xe32\xe42\xe22\xe6\x02\x00\xa2d\xa0\x80\x11\x00\x00\x00",
        {},
        [1.0, 2.0, 3.0],
    ),
    "bzip2": (
        b"BZh91AY&SY\xe0\xb1Z\x10\x00\x00\x07I\x80\x00\x108\x00\x0e!\xd4\x00 \x001\x00\xd0\x01L\x06\x86\x81Y\xdf\xe0m\x9d\x89'\x85\xdc\x91N\x14$8,V\x84\x00",
        {},
        [1.0, 2.0, 3.0],
    ),
    "xz": (
        b"\xfd7zXZ\x00\x00\x04\xe6\xd6\xb4F\x02\x00!\x01\x16\x00\x00\x00t/\xe5\xa3\x01\x00\x10prediction\n1\n2\n3\n\x00\x00\x00\x00\x8a/\x0bH\x93\xd59\xda\x00\x01)\x112\np\x0e\x1f\xb6\xf3}\x01\x00\x00\x00\x00\x04YZ",
        {},
        [1.0, 2.0, 3.0],
    ),
    "trailing_blank": (b"prediction\n1\n2\n3\n\n\n", {}, [1.0, 2.0, 3.0]),
    "no_trailing": (b"prediction\n1\n2\n3", {}, [1.0, 2.0, 3.0]),
    "bom": (b"\xef\xbb\xbfprediction\n1\n2\n3\n", {}, [1.0, 2.0, 3.0]),
    "cr": (b"prediction\r1\r2\r3\r", {}, [1.0, 2.0, 3.0]),
    "mixed": (b"prediction\r\n1\n2\r3\r\n", {}, [1.0, 2.0, 3.0]),
    "quoted_numbers": (b'prediction\n"1"\n"2"\n"3"\n', {}, [1.0, 2.0, 3.0]),
    "quoted_newline": (b'a,prediction\n"x\ny",1\nb,2\nc,3\n', {}, [1.0, 2.0, 3.0]),
    "bigint": (
        b"prediction\n1\n99999999999999999999\n9007199254740993\n",
        {},
        [1.0, 1e20, 9007199254740992.0],
    ),
    "space_header": (b" prediction \n1\n2\n3\n", {}, [1.0, 2.0, 3.0]),
    "space_cells": (b"prediction\n 1\n2 \n\t3\n", {}, [1.0, 2.0, 3.0]),
    "trailing_delimiter": (b"a,prediction,\n1,1,\n1,2,\n1,3,\n", {}, [1.0, 2.0, 3.0]),
    "letter_header": (b"pred\n1\n2\n3\n", {}, [1.0, 2.0, 3.0]),
    "loss": (b"loss\n1\n2\n3\n", {}, [1.0, 2.0, 3.0]),
    "semicolon": (b"a;prediction\n1;1\n1;2\n1;3\n", {}, [1.0, 2.0, 3.0]),
    "pipe": (b"a|prediction\n1|1\n1|2\n1|3\n", {}, [1.0, 2.0, 3.0]),
    "tab": (b"a\tprediction\n1\t1\n1\t2\n1\t3\n", {}, [1.0, 2.0, 3.0]),
}


def read(folder, contents, **options):
    (folder / "p.csv").write_bytes(contents)
    (folder / "t.csv").write_bytes(b"target\n1\n2\n3\n")
    with open_tables(["p.csv", "t.csv"], ROLES, Reading(**options)) as tables:
        return [value for block in tables.blocks() for value in block.roles["prediction"].tolist()]


@pytest.mark.parametrize(
    ("contents", "options", "kind", "message", "hint"), REFUSED.values(), ids=REFUSED
)
def test_a_file_that_could_be_misread_is_refused(
    contents, options, kind, message, hint, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LossctlError) as caught:
        read(tmp_path, contents, **options)
    assert (type(caught.value), caught.value.message, caught.value.hint) == (kind, message, hint)


@pytest.mark.parametrize(("contents", "options", "values"), READ.values(), ids=READ)
def test_a_file_that_is_only_unusual_is_read(contents, options, values, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert read(tmp_path, contents, **options) == values
