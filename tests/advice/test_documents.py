"""YAML read strictly: what is easily misread is refused with its place, the rest means itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import lossctl
from lossctl.advice.documents import Node, read
from lossctl.errors import UsageError

SWITCH = "write true or false, or put it in quotes"
NUMBER = "write the number plainly, such as 0.5 or 1000, or put it in quotes"
WRITE_OUT = "write the value out"


@pytest.fixture(params=["compiled", "interpreted"], autouse=True)
def parser(request, monkeypatch):
    """Read with both parsers that PyYAML may come with."""
    if request.param == "interpreted":
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    elif not hasattr(yaml, "CSafeLoader"):
        pytest.skip("PyYAML comes without its compiled parser")
    return request.param


def refused(text):
    with pytest.raises(UsageError) as caught:
        read(text, "a.yaml")
    return caught.value


# what stands there is what is meant

MEANT = {
    "true": ("true", True),
    "false": ("false", False),
    "integer": ("12", 12),
    "signed": ("-12", -12),
    "with a plus": ("+12", 12),
    "zero": ("0", 0),
    "decimal": ("0.25", 0.25),
    "exponent": ("1e-3", 0.001),  # which YAML 1.1 takes for text
    "exponent with a point": ("2.5E+2", 250.0),
    "null": ("null", None),
    "tilde": ("~", None),
    "nothing": ("", None),
    "word": ("huber", "huber"),
    "word that begins as a number": ("3d", "3d"),
    "version": ("1.2.3", "1.2.3"),
    "date": ("2020-01-31", "2020-01-31"),  # which YAML 1.1 takes for a date
    "time": ("1:30", "1:30"),  # which YAML 1.1 takes for 90
    "switch in quotes": ("'no'", "no"),
    "number in quotes": ('"1e-3"', "1e-3"),
    "true in quotes": ("'true'", "true"),
    "nothing in quotes": ("''", ""),
    "block of text": ("|\n  no\n  1_000\n", "no\n1_000\n"),
    "folded text": (">-\n  010\n", "010"),
    "list": ("[a, 1, true]", ["a", 1, True]),
    "mapping": ("{b: {c: [1]}}", {"b": {"c": [1]}}),
}


@pytest.mark.parametrize(("text", "meant"), MEANT.values(), ids=MEANT)
def test_a_value_is_what_it_looks_like(text, meant):
    found = read(f"a: {text}", "a.yaml").fields()["a"].plain
    assert found == meant
    assert type(found) is type(meant)


def test_a_key_is_a_word_whatever_it_looks_like():
    text = "no: 1\ntrue: 2\n3: 3\n1e-3: 4\nnull: 5\n"
    assert read(text, "a.yaml").plain == {"no": 1, "true": 2, "3": 3, "1e-3": 4, "null": 5}


def test_a_byte_order_mark_is_no_part_of_the_first_key():
    assert read("\ufeffa: 1", "a.yaml").plain == {"a": 1}


LETTERS = st.characters(categories=["L", "N", "P", "S"], include_characters=" \n\t")
TEXT = st.text(LETTERS, max_size=10)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXT,
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=10,
)


@given(JSON)
def test_a_json_document_means_the_same(document):
    text = json.dumps(document, ensure_ascii=False)
    assert read(text, "a.json").plain == document


# what is easily misread

REFUSED = {
    **{
        word: (f"x: 1\na: {word}", 2, f"'{word}' is ambiguous: text or a boolean", SWITCH)
        for word in ("no", "No", "NO", "yes", "Yes", "on", "On", "off", "OFF", "y", "N")
    },
    **{
        number: (f"x: 1\na: {number}", 2, f"'{number}' is ambiguous: text or a number", NUMBER)
        for number in ("010", "-01", "1_000", "1__0", ".5", "5.", "1.e5", "00", "01.5", "0_1.5")
    },
    "switch in a list": ("a:\n- 1\n- off\n", 3, "'off' is ambiguous: text or a boolean", SWITCH),
    "repeated key": ("a: 1\nb: 2\na: 3\n", 3, "duplicate key 'a', first used in line 1", ""),
    "key repeated in quotes": ("a: 1\n'a': 3\n", 2, "duplicate key 'a', first used in line 1", ""),
    "key repeated inside": (
        "x:\n  a: 1\n  a: 1\n",
        3,
        "duplicate key 'a', first used in line 2",
        "",
    ),
    "key repeated in braces": ("{a: 1, a: 1}", 1, "duplicate key 'a', first used in line 1", ""),
    "alias": ("x: 1\na: &n [1]\nb: *n\n", 2, "anchors and aliases are not supported", WRITE_OUT),
    "alias of a scalar": (
        "a: &n word\nb: *n\n",
        1,
        "anchors and aliases are not supported",
        WRITE_OUT,
    ),
    "alias as a key": ("a: &n word\n*n : 1\n", None, None, None),
    "merge of an alias": (
        "a: &n {b: 1}\nc:\n  <<: *n\n",
        1,
        "anchors and aliases are not supported",
        WRITE_OUT,
    ),
    "alias of itself": ("a: &n [*n]", 1, "anchors and aliases are not supported", WRITE_OUT),
    "list as a key": ("x: 1\n? [a]\n: 1\n", 2, "a key must be plain text", ""),
    "mapping as a key": ("x: 1\n? {a: b}\n: 1\n", 2, "a key must be plain text", ""),
}


@pytest.mark.parametrize(("text", "line", "message", "hint"), REFUSED.values(), ids=REFUSED)
def test_what_is_easily_misread_is_refused(text, line, message, hint):
    error = refused(text)
    if line is None:
        assert error.message.startswith("a.yaml, line ")
    else:
        assert (error.message, error.hint) == (f"a.yaml, line {line}: {message}", hint)


MISREAD = {
    # YAML 1.1 takes these for switches, nothing, and numbers; text they would be by surprise.
    **{f"{word}": f"x: 1\na: {word}" for word in ("True", "TRUE", "False", "FALSE")},
    **{f"{word}": f"x: 1\na: {word}" for word in ("Null", "NULL")},
    **{f"{word}": f"x: 1\na: {word}" for word in (".inf", "-.inf", ".NaN", "0x1F", "0o17", "0b11")},
    # What is only a mark is lost without a word: of these values 'Company', 'thing' and 5 are left.
    "word that begins as an anchor": "x: 1\na: &Sons Company",
    "word that begins as a tag": "x: 1\na: !important thing",
    "tag that makes text of a number": "x: 1\na: !!str 5",
    "tag that makes a number of text": "x: 1\na: !!int '5'",
    "tag that makes an object": "x: 1\na: !!python/object:os.system {}",
    "tag of a list": "x: 1\na: !!set [b]",
    "merge key": "x: 1\n<<: {b: 1}",
    "number without bound": "x: 1\na: 1e400",
    "digits of two scripts": "x: 1\na: 1\u0663",
    "number of 5,000 digits": "x: 1\na: " + "1" * 5000,
}


@pytest.mark.parametrize("text", MISREAD.values(), ids=MISREAD)
def test_what_means_something_else_to_yaml_is_refused_with_advice(text):
    error = refused(text)
    assert error.message.startswith("a.yaml, line 2: ")
    assert error.hint


def test_the_place_of_an_unwritten_document_is_the_file():
    assert refused("").message == "a.yaml is empty"
    assert refused("# only a remark\n").message == "a.yaml is empty"


def test_a_document_that_says_nothing_is_no_mapping():
    with pytest.raises(UsageError, match=r"a\.yaml, line 1: expected a mapping, not nothing"):
        read("~", "a.yaml").fields()


NO_YAML = {
    "second document": ("a: 1\n---\nb: 1\n", 2),
    "tab": ("a:\n\t- 1\n", 2),
    "unfinished quote": ("a: 1\nb: 'x\n", None),
    "unfinished list": ("a: 1\nb: [1, 2\n", None),
    "two colons": ("x: 1\na: b: c\n", 2),
    "unknown alias": ("x: 1\na: *nope\n", 2),
    "at": ("x: 1\na: @b\n", 2),
    "backtick": ("x: 1\na: `b`\n", 2),
    "percent": ("x: 1\na: %b\n", 2),
    "wrong indent": ("a:\n    b: 1\n  c: 1\n", 3),
    "control character": ("x: 1\na: \x07\n", 2),
    "null character": ("x: 1\na: \x00\n", 2),
    "escape sequence": ("x: 1\na: \x1b[31mred\n", 2),
    "half of a pair": ("x: 1\na: \ud800\n", 2),  # standard input may hold one
}


@pytest.mark.parametrize(("text", "line"), NO_YAML.values(), ids=NO_YAML)
def test_what_is_no_yaml_says_where(text, line):
    error = refused(text)
    assert error.message.startswith("a.yaml, line " if line is None else f"a.yaml, line {line}: ")
    assert error.message.isprintable()
    assert "not valid YAML" in error.message or error.hint


NESTED = {
    "brackets": lambda depth: "a: " + "[" * depth + "]" * depth,
    "braces": lambda depth: "{a: " * depth + "1" + "}" * depth,
    "indents": lambda depth: "".join(" " * level + "a:\n" for level in range(depth)),
}


@pytest.mark.parametrize("nested", NESTED.values(), ids=NESTED)
def test_no_depth_is_a_bug(nested):
    assert read(nested(30), "a.yaml").plain
    for depth in (*range(60, 600, 20), 2000):
        try:
            read(nested(depth), "a.yaml").plain  # noqa: B018  # what is read can be used
        except UsageError as error:
            assert error.message.startswith("a.yaml")  # noqa: PT017
            break
    else:
        pytest.fail("nothing is too deep")
    assert refused(nested(3000)).message.startswith("a.yaml")


@pytest.mark.parametrize("kind", ["brackets", "braces"])  # so many indents are gigabytes
def test_no_depth_ends_the_program(kind, parser, environment, tmp_path):
    (tmp_path / "a.yaml").write_text(NESTED[kind](100_000))
    lines = "import yaml\ndel yaml.CSafeLoader\n" if parser == "interpreted" else ""
    program = lines + (
        "from pathlib import Path\n"
        "from lossctl.advice.documents import read\n"
        "from lossctl.errors import UsageError\n"
        "try:\n"
        "    read(Path('a.yaml').read_text(), 'a.yaml')\n"
        "except UsageError as error:\n"
        "    print(error.message)\n"
    )
    path = str(Path(lossctl.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": path},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("a.yaml")


@given(st.text("ab1.e_:-[]{}&*!|>'\"%@`#,?<~ \n\t", max_size=25))
def test_whatever_is_written_is_read_or_refused_with_the_file(text):
    try:
        node = read(text, "a.yaml")
    except UsageError as error:
        assert error.message.startswith("a.yaml")  # noqa: PT017
    else:
        assert node.line >= 1
        assert node.plain == read(text, "a.yaml").plain


# values know their place and their type

TREE = "words: huber\nempty: ' '\nswitch: true\nnumber: 5\nlist:\n- a\n- [b]\nmap:\n  a: 1\nnone:\n"


@pytest.fixture
def tree():
    return read(TREE, "a.yaml").fields()


def test_values_know_their_lines(tree):
    lines = {name: node.line for name, node in tree.items()}
    assert lines == {
        "words": 1,
        "empty": 2,
        "switch": 3,
        "number": 4,
        "list": 6,
        "map": 9,
        "none": 10,
    }
    assert [node.line for node in tree["list"].items()] == [6, 7]
    assert tree["map"].fields()["a"].line == 9


WRONG = {
    "text of a number": ("number", Node.text, "line 4: expected text, not '5'"),
    "text of a switch": ("switch", Node.text, "line 3: expected text, not 'True'"),
    "text of a list": ("list", Node.text, "line 6: expected text, not a list"),
    "text of a mapping": ("map", Node.text, "line 9: expected text, not a mapping"),
    "text of nothing": ("none", Node.text, "line 10: expected text, not nothing"),
    "text of blanks": ("empty", Node.text, "line 2: the text is empty"),
    "switch of a word": ("words", Node.switch, "line 1: expected true or false, not 'huber'"),
    "switch of a number": ("number", Node.switch, "line 4: expected true or false, not '5'"),
    "list of a word": ("words", Node.items, "line 1: expected a list, not 'huber'"),
    "list of a mapping": ("map", Node.items, "line 9: expected a list, not a mapping"),
    "list of nothing": ("none", Node.items, "line 10: expected a list, not nothing"),
    "mapping of a list": ("list", Node.fields, "line 6: expected a mapping, not a list"),
    "mapping of a word": ("words", Node.fields, "line 1: expected a mapping, not 'huber'"),
}


@pytest.mark.parametrize(("name", "method", "message"), WRONG.values(), ids=WRONG)
def test_a_value_of_another_type_is_refused(tree, name, method, message):
    with pytest.raises(UsageError) as caught:
        method(tree[name])
    assert caught.value.message == f"a.yaml, {message}"


def test_values_of_the_right_type(tree):
    assert tree["words"].text() == "huber"
    assert tree["switch"].switch() is True
    assert [node.plain for node in tree["list"].items()] == ["a", ["b"]]
    assert tree["map"].fields()["a"].plain == 1


def test_a_missing_key_is_told_where_the_mapping_begins(tree):
    with pytest.raises(UsageError) as caught:
        tree["map"].known_fields(["a", "b"])
    assert str(caught.value) == "a.yaml, line 9: missing key 'b'"


def test_an_unknown_key_is_told_with_the_nearest(tree):
    with pytest.raises(UsageError) as caught:
        read("x: 1\ntitel: a\n", "a.yaml").known_fields(["x"], ["title", "kind"])
    assert str(caught.value) == "a.yaml, line 2: unknown key 'titel'\ndid you mean 'title'?"
    assert tree["map"].known_fields([], ["a", "b"]).keys() == {"a"}


def test_an_unknown_key_is_told_where_it_stands_not_where_its_value_does():
    with pytest.raises(UsageError) as caught:
        read("x: 1\ntitel:\n\n- a\n", "a.yaml").known_fields(["x"], ["title"])
    assert caught.value.message == "a.yaml, line 2: unknown key 'titel'"


def test_what_comes_from_outside_is_made_visible():
    assert refused('"a\\x1b": 1\n"a\\x1b": 2\n').message == (
        "a.yaml, line 2: duplicate key 'a\\x1b', first used in line 1"
    )
