"""Where the rules are found, and that what the build keeps of them is never out of date."""

from __future__ import annotations

import pickle
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import lossctl
from lossctl.advice import rule_base, rule_files
from lossctl.advice.rule_base import DIGEST_BYTES, compile_rules, compiled, folder, load, shipped
from lossctl.advice.rule_files import read_folder
from lossctl.errors import UsageError

PACKAGE = Path(lossctl.__file__).parent


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of the package, beside which nothing has been compiled."""
    copy = tmp_path / "site" / "lossctl"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", compiled().name))
    monkeypatch.setattr(rule_base, "PACKAGE", copy)
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


@pytest.fixture
def built(package, small):  # noqa: ARG001
    """A folder of rules that the build has read."""
    path = small()
    compile_rules(path)
    return path


# what the build keeps


def test_what_was_read_is_taken_and_is_the_same(built, read):
    first = shipped(built)
    assert read == []
    assert first == read_folder(built)
    assert list(first.rules) == list(read_folder(built).rules)


def test_without_a_build_the_rules_are_read_and_nothing_is_written(package, small, read):
    path = small()
    before = sorted(package.rglob("*"))
    assert shipped(path) == shipped(path)
    assert read == [path, path]
    assert sorted(package.rglob("*")) == before


def test_the_same_rules_compile_to_the_same_bytes(built):
    first = compiled().read_bytes()
    compile_rules(built)
    assert compiled().read_bytes() == first


@pytest.mark.parametrize(
    "name", ["facts.yaml", "sources.yaml", "losses/a.yaml", "recommend/a.yaml"]
)
def test_a_change_of_a_file_is_seen_at_once(built, read, name):
    before = shipped(built)
    (built / name).write_text((built / name).read_text() + "# a remark\n")
    after = shipped(built)
    assert read == [built]
    assert after.digest != before.digest


def test_a_change_of_a_rule_is_heard_at_once(built):
    assert shipped(built).rules["far-off"].because == "It grows slowly."
    file = built / "recommend" / "a.yaml"
    file.write_text(file.read_text().replace("It grows slowly.", "It grows fast."))
    assert shipped(built).rules["far-off"].because == "It grows fast."


def test_a_mistake_is_seen_at_once(built):
    (built / "recommend" / "a.yaml").write_text("rule: []\n")
    with pytest.raises(UsageError, match=r"^recommend/a\.yaml, line 1: "):
        shipped(built)


def test_a_file_more_or_less_is_seen_at_once(built):
    text = (built / "recommend" / "a.yaml").read_text()
    (built / "recommend" / "b.yaml").write_text(text.replace("- id: ", "- id: other-"))
    assert len(shipped(built).rules) == 6
    (built / "recommend" / "b.yaml").unlink()
    assert len(shipped(built).rules) == 3


def test_a_file_of_another_name_is_seen_at_once(built):
    """Rules say where they stand."""
    assert shipped(built).rules["squares"].file == "recommend/a.yaml"
    (built / "recommend" / "a.yaml").rename(built / "recommend" / "b.yaml")
    assert shipped(built).rules["squares"].file == "recommend/b.yaml"


def test_a_folder_of_another_name_is_seen_at_once(package, small):  # noqa: ARG001
    text = (small() / "recommend" / "a.yaml").read_text()
    path = small(to="deep", recommend=None, **{"recommend/deep/a.yaml": text})
    compile_rules(path)
    assert shipped(path).rules["squares"].file == "recommend/deep/a.yaml"
    (path / "recommend").rename(path / "rules")
    assert shipped(path).rules["squares"].file == "rules/deep/a.yaml"


@pytest.mark.parametrize(
    "name",
    [
        "grammar.py",
        "advice/rules.py",
        "advice/rule_files.py",
        "advice/documents.py",
        "advice/vocabulary_files.py",
        "facts/vocabulary.py",
        "facts/conditions.py",
    ],
)
def test_a_change_of_the_code_that_reads_is_seen_at_once(package, built, read, name):
    (package / name).write_text((package / name).read_text() + "# a remark\n")
    shipped(built)
    assert read == [built]


# what the build keeps may be damaged


def test_what_is_kept_cut_short_is_not_taken(built):
    whole, data = shipped(built), compiled().read_bytes()
    for length in [*range(0, len(data), 97), len(data) - 1]:
        compiled().write_bytes(data[:length])
        assert shipped(built) == whole


def test_what_is_kept_with_a_wrong_byte_does_no_harm(built):
    whole, data = shipped(built), compiled().read_bytes()
    for place in range(2, len(data), 61):
        compiled().write_bytes(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])
        assert shipped(built) == whole, f"byte {place} of {len(data)}"


def test_what_is_kept_with_another_word_is_not_believed(built):
    data = compiled().read_bytes()
    assert data.count(b"It grows slowly.") == 1
    compiled().write_bytes(data.replace(b"It grows slowly.", b"It grows fastly."))
    assert shipped(built).rules["far-off"].because == "It grows slowly."


FOREIGN = {
    "nothing": b"",
    "text": b"these are no rules\n",
    "zeros": bytes(1000),
    "noise": bytes(range(256)) * 4,
    "another object": pickle.dumps({"rules": []}),
}


@pytest.mark.parametrize("data", FOREIGN.values(), ids=FOREIGN)
def test_what_is_kept_of_something_else_is_ignored(built, data):
    whole = shipped(built)
    for beginning in (b"", compiled().read_bytes()[:DIGEST_BYTES]):
        compiled().write_bytes(beginning + data)
        assert shipped(built) == whole


def test_what_is_kept_of_other_rules_is_not_taken(built, small):
    other = small(to="other", recommend=("It grows slowly.", "It grows fast."))
    compile_rules(other)
    assert shipped(built).rules["far-off"].because == "It grows slowly."


# where the rules are


def test_in_a_checkout_the_rules_are_beside_the_package(tmp_path, monkeypatch):
    (tmp_path / "lossctl").mkdir()
    (tmp_path / "rules").mkdir()
    monkeypatch.setattr(rule_base, "PACKAGE", tmp_path / "lossctl")
    assert folder() == tmp_path / "rules"


def test_in_an_installed_package_the_rules_are_inside(tmp_path, monkeypatch):
    (tmp_path / "lossctl" / "rules").mkdir(parents=True)
    (tmp_path / "rules").mkdir()  # of somebody else
    monkeypatch.setattr(rule_base, "PACKAGE", tmp_path / "lossctl")
    assert folder() == tmp_path / "lossctl" / "rules"


def test_the_rules_are_found_here():
    assert (folder() / "facts.yaml").is_file()


PROGRAM = """\
from lossctl.advice.rule_base import folder, load
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
    monkeypatch.setattr(rule_base, "folder", lambda: path)
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
