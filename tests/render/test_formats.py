"""Every format, on the same reports, with names that try to break it."""

from __future__ import annotations

import csv
import io
import json
import math

import pytest

from lossctl.errors import UsageError
from lossctl.render import SUFFIXES, Format, render
from lossctl.report import Column, Note, Page, Paragraph, Section, Table

ESCAPE = "\x1b[31mred"
HOSTILE = [
    "[/red]x",
    ESCAPE,
    "=cmd()",
    "::error::boo",
    "a|b<i>",
    "\u202egnp.exe",
    "\x9b31m",
    "line\nbreak",
]


def table(values=(1.25,), names=("north",), notes=()):
    columns = (
        Column("loss"),
        Column("region", within="slice"),
        Column("value", "number"),
        Column("units", "count"),
        Column("passed", "flag"),
        Column("options", "nested", audience="machines"),
    )
    rows = [
        ("mse", name, value, 1234, True, {"delta": value}) for name in names for value in values
    ]
    return Table("results", columns, rows, "value", ("mse|v:1",), tuple(notes))


def text_of(report, form, digits=6):
    return "\n".join(render(report, form, digits))


TABULAR = [form for form in Format if form is not Format.VALUE]


@pytest.mark.parametrize("form", TABULAR)
@pytest.mark.parametrize("name", HOSTILE)
def test_no_format_lets_a_control_character_through(form, name):
    text = text_of(table(names=[name]), form)
    assert not [c for c in text if not c.isprintable() and c != "\n"]


@pytest.mark.parametrize("form", TABULAR)
@pytest.mark.parametrize("name", HOSTILE)
def test_no_line_starts_with_a_workflow_command(form, name):
    assert not any(line.startswith("::") for line in text_of(table(names=[name]), form).split("\n"))


@pytest.mark.parametrize("form", TABULAR)
def test_the_number_of_lines_does_not_depend_on_names(form):
    counts = {text_of(table(names=[name]), form).count("\n") for name in HOSTILE}
    assert len(counts) == 1


def test_every_format_has_a_module_and_every_suffix_a_format():
    for form in Format:
        report = Table("n", (Column("value", "number"),), [(0.5,)], "value")
        assert text_of(report, form)
    assert set(SUFFIXES.values()) == set(Format) - {Format.VALUE}


def strict(text):
    def refuse(word):
        raise AssertionError(word)

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_json_has_null_for_what_is_not_a_number(value):
    document = strict(text_of(table(values=[value]), Format.JSON))
    assert document["results"][0]["value"] is None
    assert document["results"][0]["options"] == {"delta": None}


def test_json_is_one_document_with_rows_and_notes():
    notes = [Note("clipped", 3, "3 rows clipped")]
    document = strict(text_of(table(names=["a", "b"], notes=notes), Format.JSON))
    assert document["schema_version"] == 1
    assert [row["slice"] for row in document["results"]] == [{"region": "a"}, {"region": "b"}]
    assert document["notes"] == [{"kind": "clipped", "count": 3, "message": "3 rows clipped"}]


def test_json_of_no_rows_is_an_empty_list():
    assert strict(text_of(table(names=[]), Format.JSON))["results"] == []


def test_json_keeps_a_name_as_it_is():
    assert strict(text_of(table(names=[ESCAPE]), Format.JSON))["results"][0]["slice"] == {
        "region": ESCAPE
    }


def test_json_lines_are_one_object_each():
    lines = text_of(table(names=["a", "b"]), Format.JSONL).split("\n")
    assert [strict(line)["slice"]["region"] for line in lines] == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+a", "'+a"),
        ("-a", "'-a"),
        ("@x", "'@x"),
        ("-1.5", "-1.5"),
        ("a,b", "a,b"),
        ('say "x"', 'say "x"'),
    ],
)
def test_csv_disarms_formulas_and_leaves_numbers(name, cell):
    rows = list(csv.DictReader(io.StringIO(text_of(table(names=[name]), Format.CSV))))
    assert rows[0]["region"] == cell


def test_csv_has_full_precision():
    assert "0.1234567890123456" in text_of(table(values=[0.1234567890123456]), Format.CSV)


@pytest.mark.parametrize(("digits", "shown"), [(3, "0.123"), (10, "0.1234567890")])
def test_text_has_as_many_digits_as_asked_for(digits, shown):
    assert f" {shown} " in text_of(table(values=[0.123456789012]), Format.TEXT, digits)


def test_value_refuses_to_leave_slices_out():
    with pytest.raises(UsageError, match="cannot name slices"):
        list(render(table(), Format.VALUE))


def test_a_page_is_fields_for_programs_and_sections_for_people():
    formula = Section("Formula", (Paragraph("½ r²"),))
    page = Page("huber: a loss", {"name": "huber", "limit": math.inf}, (formula,))
    assert strict(text_of(page, Format.JSON))["limit"] is None
    assert text_of(page, Format.CSV).split("\n") == ["field,value", "name,huber", "limit,inf"]
    assert text_of(page, Format.TEXT) == "huber: a loss\n\nFormula\n  ½ r²"
