"""Where the rules are found, and that what is kept of them is never out of date."""

from __future__ import annotations

import pickle
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import lossctl
from lossctl import rule_files, rules
from lossctl.errors import UsageError
from lossctl.rule_files import read_folder
from lossctl.rules import _compiled, folder, load

PACKAGE = Path(lossctl.__file__).parent


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of the code that reads rules, which is where they are kept."""
    copy = tmp_path / "site" / "lossctl"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(rules, "PACKAGE", copy)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return copy


@pytest.fixture
def read(monkeypatch):
    """Count how often files of rules are read."""
    folders = []

    def counted(path):
        folders.append(path)
        return read_folder(path)

    monkeypatch.setattr(rule_files, "read_folder", counted)
    return folders


def kept(package):
    return sorted((package / "__pycache__").glob("rules.*.pickle"))


# what is kept


def test_what_was_read_is_kept_and_is_the_same(package, small, read):
    path = small()
    first = _compiled(path)
    assert len(kept(package)) == 1
    second = _compiled(path)
    assert read == [path]
    assert first == second == read_folder(path)
    assert list(first.rules) == list(second.rules)


def test_nothing_but_what_is_kept_is_left_behind(package, small):
    _compiled(small())
    assert list((package / "__pycache__").iterdir()) == kept(package)


@pytest.mark.parametrize(
    "name", ["facts.yaml", "sources.yaml", "losses/a.yaml", "recommend/a.yaml"]
)
def test_a_change_of_a_file_is_seen_at_once(package, small, read, name):
    path = small()
    before = _compiled(path)
    (path / name).write_text((path / name).read_text() + "# a remark\n")
    after = _compiled(path)
    assert read == [path, path]
    assert after.digest != before.digest
    assert len(kept(package)) == 1  # and what was kept before is gone


def test_a_change_of_a_rule_is_heard_at_once(package, small):  # noqa: ARG001
    path = small()
    assert _compiled(path).rules["far-off"].because == "It grows slowly."
    file = path / "recommend" / "a.yaml"
    file.write_text(file.read_text().replace("It grows slowly.", "It grows fast."))
    assert _compiled(path).rules["far-off"].because == "It grows fast."


def test_a_mistake_is_seen_at_once(package, small):  # noqa: ARG001
    path = small()
    _compiled(path)
    (path / "recommend" / "a.yaml").write_text("rule: []\n")
    with pytest.raises(UsageError, match=r"^recommend/a\.yaml, line 1: "):
        _compiled(path)


def test_a_file_more_or_less_is_seen_at_once(package, small):  # noqa: ARG001
    path = small()
    _compiled(path)
    text = (path / "recommend" / "a.yaml").read_text()
    (path / "recommend" / "b.yaml").write_text(text.replace("- id: ", "- id: other-"))
    assert len(_compiled(path).rules) == 6
    (path / "recommend" / "b.yaml").unlink()
    assert len(_compiled(path).rules) == 3


def test_a_file_of_another_name_is_seen_at_once(package, small):  # noqa: ARG001
    """Rules say where they stand."""
    path = small()
    assert _compiled(path).rules["squares"].file == "recommend/a.yaml"
    (path / "recommend" / "a.yaml").rename(path / "recommend" / "b.yaml")
    assert _compiled(path).rules["squares"].file == "recommend/b.yaml"


def test_a_folder_of_another_name_is_seen_at_once(package, small):  # noqa: ARG001
    text = (small() / "recommend" / "a.yaml").read_text()
    path = small(to="deep", recommend=None, **{"recommend/deep/a.yaml": text})
    assert _compiled(path).rules["squares"].file == "recommend/deep/a.yaml"
    (path / "recommend").rename(path / "rules")
    assert _compiled(path).rules["squares"].file == "rules/deep/a.yaml"


@pytest.mark.parametrize(
    "name",
    [
        "rules.py",
        "rule_files.py",
        "documents.py",
        "facts/__init__.py",
        "facts/conditions.py",
        "facts/reading.py",
    ],
)
def test_a_change_of_the_code_that_reads_is_seen_at_once(package, small, read, name):
    path = small()
    _compiled(path)
    (package / name).write_text((package / name).read_text() + "# a remark\n")
    _compiled(path)
    assert read == [path, path]


# what is kept may be damaged


def test_what_is_kept_cut_short_is_read_anew(package, small):
    path = small()
    whole = _compiled(path)
    (file,) = kept(package)
    data = file.read_bytes()
    for length in [*range(0, len(data), 97), len(data) - 1]:
        file.write_bytes(data[:length])
        assert _compiled(path) == whole
        assert file.read_bytes() == data  # and kept again


def test_what_is_kept_with_a_wrong_byte_does_no_harm(package, small):
    path = small()
    whole = _compiled(path)
    (file,) = kept(package)
    data = file.read_bytes()
    for place in range(2, len(data), 61):
        file.write_bytes(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])
        assert _compiled(path) == whole, f"byte {place} of {len(data)}"


def test_what_is_kept_with_another_word_is_not_believed(package, small):
    path = small()
    _compiled(path)
    (file,) = kept(package)
    data = file.read_bytes()
    assert data.count(b"It grows slowly.") == 1
    file.write_bytes(data.replace(b"It grows slowly.", b"It grows fastly."))
    assert _compiled(path).rules["far-off"].because == "It grows slowly."


FOREIGN = {
    "nothing": b"",
    "text": b"these are no rules\n",
    "zeros": bytes(1000),
    "noise": bytes(range(256)) * 4,
    "another object": pickle.dumps({"rules": []}),
    "none": pickle.dumps(None),
    "class that is gone": b"\x80\x05\x8c\x0dlossctl.rules\x8c\x04Gone\x93.",
    "module that is gone": b"\x80\x05\x8c\x0clossctl.gone\x8c\x04Gone\x93.",
    "wrong arguments": b"\x80\x05\x8c\x0dlossctl.rules\x8c\x08RuleBase\x93)R.",
    "text that is no text": b"\x80\x05\x8c\x01\xff.",
    "stack that is empty": b"\x80\x05.",
    "key that is missing": b"\x80\x05h\x07.",
    "another protocol": b"\x80\xff.",
}


@pytest.mark.parametrize("data", FOREIGN.values(), ids=FOREIGN)
def test_what_is_kept_of_something_else_is_ignored(package, small, data):
    path = small()
    whole = _compiled(path)
    (file,) = kept(package)
    file.write_bytes(data)
    assert _compiled(path) == whole


def test_what_is_kept_of_other_rules_is_not_taken(package, small):
    """The name alone decides, so a file of another name is not looked at."""
    _compiled(small(to="other", recommend=("It grows slowly.", "It grows fast.")))
    (file,) = kept(package)
    file.rename(file.with_name("rules.0123456789abcdef0123456789abcdef.pickle"))
    assert _compiled(small()).rules["far-off"].because == "It grows slowly."


# what cannot be kept


def test_a_folder_that_cannot_be_written_does_no_harm(package, small, read):
    path = small()
    (package / "__pycache__").write_text("a file where the folder should be")
    assert _compiled(path) == _compiled(path)
    assert read == [path, path]


def test_a_disk_that_is_full_does_no_harm(package, small, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    path = small()
    monkeypatch.setattr(Path, "write_bytes", full)
    assert _compiled(path) == read_folder(path)
    assert kept(package) == []


def test_nothing_is_kept_where_python_keeps_nothing(package, small, monkeypatch, read):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    path = small()
    assert _compiled(path) == _compiled(path)
    assert read == [path, path]
    assert not (package / "__pycache__").exists()


# where the rules are


def test_in_a_checkout_the_rules_are_beside_the_package(tmp_path, monkeypatch):
    (tmp_path / "lossctl").mkdir()
    (tmp_path / "rules").mkdir()
    monkeypatch.setattr(rules, "PACKAGE", tmp_path / "lossctl")
    assert folder() == tmp_path / "rules"


def test_in_an_installed_package_the_rules_are_inside(tmp_path, monkeypatch):
    (tmp_path / "lossctl" / "rules").mkdir(parents=True)
    (tmp_path / "rules").mkdir()  # of somebody else
    monkeypatch.setattr(rules, "PACKAGE", tmp_path / "lossctl")
    assert folder() == tmp_path / "lossctl" / "rules"


def test_the_rules_are_found_here():
    assert (folder() / "facts.yaml").is_file()


PROGRAM = """\
from lossctl.rules import folder, load
print(folder())
print(" ".join(load().rules))
"""


@pytest.mark.parametrize("inside", [True, False], ids=["installed", "checkout"])
def test_a_program_elsewhere_finds_its_rules(package, small, environment, tmp_path, inside):
    """The folder `rules` beside the module `rules` does not hide it."""
    place = package / "rules" if inside else package.parent / "rules"
    shutil.copytree(small(), place)
    (tmp_path / "elsewhere").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path / "elsewhere",
        env={**environment, "PYTHONPATH": str(package.parent)},
    )
    assert done.stdout.splitlines() == [str(place), "classes far-off squares"]


# loaded with a user's own


@pytest.fixture
def at(small, package, monkeypatch):  # noqa: ARG001
    """Load the small rule base."""
    path = small()
    monkeypatch.setattr(rules, "folder", lambda: path)
    load.cache_clear()
    yield path
    load.cache_clear()


@pytest.mark.usefixtures("at")
def test_later_files_are_laid_over_earlier_ones(tmp_path):
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text("extends: builtin\noverride: {squares: {because: One., kind: prefer}}\n")
    two.write_text("extends: builtin\noverride: {squares: {because: Two.}}\n")
    rule = load((str(one), str(two))).rules["squares"]
    assert (rule.because, rule.kind) == ("Two.", "prefer")
    rule = load((str(two), str(one))).rules["squares"]
    assert (rule.because, rule.kind) == ("One.", "prefer")
    assert load().rules["squares"].because == "Errors are small as a rule."


@pytest.mark.usefixtures("at")
def test_two_files_that_extend_the_same_file_go_together(tmp_path):
    own = "{id: own, kind: prefer, when: {skewed: true}, losses: [mae], because: So.}"
    (tmp_path / "common.yaml").write_text(f"extends: builtin\nadd: [{own}]\n")
    names = [str(tmp_path / name) for name in ("one.yaml", "two.yaml")]
    for name in names:
        Path(name).write_text("extends: common.yaml\n")
    assert list(load(tuple(names)).rules) == ["classes", "far-off", "own", "squares"]


def test_the_rules_are_read_once(at, read):
    assert load() is load()
    assert read == [at]


# the rules that come with lossctl


def test_the_rules_that_come_with_it_are_whole():
    base = load()
    assert base.rules
    assert {loss.loss for rule in base.rules.values() for loss in rule.losses} <= base.cards.keys()
    assert all(bool(rule.because) != bool(rule.warning) for rule in base.rules.values())
    assert replace(pickle.loads(pickle.dumps(base)), digest="") == replace(base, digest="")  # noqa: S301
