"""Files that `-o` writes: whole or not at all, and never over what is read."""

from __future__ import annotations

import json
import os

import pytest


@pytest.fixture(autouse=True)
def _tables(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.csv").write_text("prediction\n1\n2\n4\n")
    (tmp_path / "t.csv").write_text("target\n1\n4\n1\n")


MSE = ("compute", "mse", "p.csv", "t.csv")


def test_several_files_and_standard_output_in_one_run(run, tmp_path):
    ran = run([*MSE, "-o", "r.json", "-o", "r.csv", "-o", "r.md", "-f", "value"])
    assert (ran.code, ran.out) == (0, "4.333333333333333\n")
    assert json.loads((tmp_path / "r.json").read_text())["results"][0]["value"] == 13 / 3
    assert (tmp_path / "r.csv").read_text().startswith("loss,value")
    assert (tmp_path / "r.md").read_text().startswith("| loss | value |")


def test_an_error_leaves_the_old_file_and_nothing_else(run, tmp_path):
    (tmp_path / "r.json").write_text("old")
    (tmp_path / "t.csv").write_text("target\n1\nx\n1\n")
    ran = run([*MSE, "-o", "r.json"])
    assert (ran.code, ran.out) == (3, "")
    assert (tmp_path / "r.json").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p.csv", "r.json", "t.csv"]


def test_an_input_is_never_written_over_even_through_a_link(run, tmp_path):
    (tmp_path / "link.csv").symlink_to("p.csv")
    os.link(tmp_path / "t.csv", tmp_path / "hard.csv")
    for name in ("p.csv", "link.csv", "hard.csv"):
        ran = run([*MSE, "-o", name])
        assert (ran.code, ran.err.splitlines()[0]) == (2, f"error: '{name}' is an input")
    assert (tmp_path / "p.csv").read_text() == "prediction\n1\n2\n4\n"


def test_a_file_keeps_its_mode_and_a_link_stays_one(run, tmp_path):
    (tmp_path / "real.json").write_text("old")
    (tmp_path / "real.json").chmod(0o640)
    (tmp_path / "r.json").symlink_to("real.json")
    assert run([*MSE, "-o", "r.json"]).code == 0
    assert (tmp_path / "r.json").is_symlink()
    assert (tmp_path / "real.json").stat().st_mode & 0o777 == 0o640
    assert json.loads((tmp_path / "real.json").read_text())["schema_version"] == 1


@pytest.mark.parametrize(
    ("name", "reason"),
    [("no/such/folder/r.json", "no such folder"), ("folder.json", "it is a folder")],
)
def test_a_place_that_cannot_be_written_is_refused_before_any_work(run, tmp_path, name, reason):
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "p.csv").unlink()  # reading would fail first, if it were tried
    ran = run([*MSE, "-o", name])
    assert (ran.code, ran.err) == (2, f"error: '{name}' cannot be written: {reason}\n")


def test_a_failed_check_still_writes_its_report(run, tmp_path):
    assert run([*MSE, "--max", "1", "-o", "r.json"]).code == 1
    assert json.loads((tmp_path / "r.json").read_text())["results"][0]["passed"] is False


def test_notes_are_for_people_unless_the_format_has_room_for_them(run, tmp_path):
    (tmp_path / "t.csv").write_text("target\n0\n1\n1\n")
    hinge = ("compute", "hinge", "p.csv", "t.csv")
    note = "note: 1 label of target mapped from 0 to -1\n"
    assert run([*hinge, "-f", "csv"]).err == note
    assert run([*hinge, "-f", "csv", "--quiet"]).err == ""
    ran = run([*hinge, "-f", "json"])
    assert (ran.err, json.loads(ran.out)["notes"][0]["count"]) == ("", 1)


def test_colour_that_is_forced_folds_nothing(run, tmp_path, monkeypatch):
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    (tmp_path / "p.csv").write_text(f"prediction,region\n1,{'long ' * 40}\n")
    (tmp_path / "t.csv").write_text("target\n1\n")
    out = run([*MSE, "--by", "region"]).out
    assert "\x1b[1m" in out
    assert "long " * 39 in out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["compute", "mse", "{name}", "t.csv"], 3, "cannot be read"),
        (["recommend", "{name}"], 3, "cannot be read"),
        ([*MSE, "-o", "{name}.csv"], 2, "cannot be written"),
        (["recommend", "--rules", "{name}", "-o", "r.csv"], 2, "cannot be read"),
    ],
)
def test_a_name_that_is_too_long_is_no_bug(run, arguments, code, said):
    ran = run([each.format(name="x" * 300) for each in arguments])
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.endswith(f" {said}: File name too long\n")
