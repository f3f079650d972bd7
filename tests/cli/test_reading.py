"""`--columns`, whose values are names from other people's files."""

from __future__ import annotations

import pytest

from lossctl.cli.reading import ReadingOptions, columns_by_role
from lossctl.errors import UsageError

ROLES = ("prediction", "target")


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("prediction=p,target=y", {"prediction": ("p",), "target": ("y",)}),
        ("prediction=p0+p1+p2", {"prediction": ("p0", "p1", "p2")}),
        (" prediction =p", {"prediction": ("p",)}),  # around a role, not within a name
        ("prediction= p ", {"prediction": (" p ",)}),
        # a name that ends in a backslash, before each of the marks and at the end
        (r"prediction=x\\,target=y", {"prediction": ("x\\",), "target": ("y",)}),
        (r"prediction=x\\+z", {"prediction": ("x\\", "z")}),
        (r"prediction=x\\", {"prediction": ("x\\",)}),
        ("prediction=x\\", {"prediction": ("x\\",)}),
        # marks that belong to a name
        (r"prediction=a\,b,target=y", {"prediction": ("a,b",), "target": ("y",)}),
        (r"prediction=a\+b+c", {"prediction": ("a+b", "c")}),
        (r"prediction=a\=b", {"prediction": ("a=b",)}),
        ("prediction=a=b", {"prediction": ("a=b",)}),  # only the first one parts
        (r"prediction=x\\\,y", {"prediction": ("x\\,y",)}),
        (r"prediction=\\\\", {"prediction": ("\\\\",)}),
        (r"prediction=\a", {"prediction": ("a",)}),
        ("prediction=", {"prediction": ("",)}),  # a column without a name
    ],
)
def test_columns_are_read_in_one_go(text, columns):
    assert columns_by_role([text], ROLES) == columns


def test_the_option_is_repeatable():
    assert columns_by_role(["target=y", "prediction=p"], ROLES) == {
        "target": ("y",),
        "prediction": ("p",),
    }


@pytest.mark.parametrize(
    ("texts", "message", "hint"),
    [
        (["price"], "--columns needs ROLE=COLUMN, not 'price'", "--columns prediction=price"),
        (["target=y,"], "--columns needs ROLE=COLUMN, not ''", ""),
        (["targte=y"], "unknown role 'targte'", "did you mean 'target'?"),
        (["target=y,target=z"], "--columns names target twice", ""),
        (["target=y", "target=z"], "--columns names target twice", ""),
    ],
)
def test_columns_that_make_no_sense_are_refused(texts, message, hint):
    with pytest.raises(UsageError) as caught:
        columns_by_role(texts, ROLES)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_options_are_written_as_they_are_typed():
    options = ReadingOptions(
        columns=[r"prediction=a\,b"], on=["id", "a b"], no_header=True, decimal=",", max_bytes=9
    )
    assert options.words() == [
        r"--columns 'prediction=a\,b'",
        "--on id",
        "--on 'a b'",
        "--decimal ,",
        "--no-header",
        "--max-bytes 9",
    ]
    assert ReadingOptions().words() == []
