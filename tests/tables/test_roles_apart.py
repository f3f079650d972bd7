"""Roles whose rows are their own, roles that may be left out, and where their errors lie."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lossctl.block import Words
from lossctl.errors import DataError, LossctlError, UsageError
from lossctl.tables import Reading, Role, open_tables, source

APART = [Role("real", apart=True), Role("fake", apart=True)]
THREE = [*APART, Role("norm", apart=True)]
PAIRS = [Role("positive"), Role("negative"), Role("order", optional=True)]
LAYERS = [
    Role("prediction", whole=True),
    Role("target", whole=True),
    Role("layer", text=True, whole=True, optional=True),
]


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def listed(column):
    """Write a column as a plain list."""
    if isinstance(column, Words):
        return [column.words[code] for code in column.codes.tolist()]
    return column.tolist()


def values(files, roles=APART, **options):
    """Read everything, as lists by role; with what came beside the role's rows."""
    with open_tables(files, roles, Reading(**options)) as tables:
        found, beside = {}, {}
        for block in tables.blocks():
            for name, array in block.roles.items():
                found.setdefault(name, []).extend(listed(array))
                for what in ("weight", "slices", "unit"):
                    column = getattr(block, what)
                    if column is not None:
                        beside.setdefault((name, what), []).extend(listed(column))
        return found, beside, [note.message for note in tables.notes]


def refusal(files, roles=APART, **options):
    with pytest.raises(LossctlError) as caught:
        values(files, roles, **options)
    return type(caught.value), caught.value.message, caught.value.hint


# Rows that are apart


def test_each_role_has_as_many_rows_as_it_likes(write):
    found, beside, notes = values([write("a.csv", "real\n1\n2\n3\n"), write("b.csv", "fake\n4\n")])
    assert found == {"real": [1.0, 2.0, 3.0], "fake": [4.0]}
    assert (beside, notes) == ({}, [])


def test_one_file_may_hold_roles_that_are_apart(write):
    found, _, _ = values([write("a.csv", "fake,real\n1,2\n3,4\n")])
    assert found == {"real": [2.0, 4.0], "fake": [1.0, 3.0]}


def test_each_role_may_have_its_own_file(write):
    name = write("a.csv", "fake,real\n1,2\n3,4\n")
    columns = {"real": ("real",), "fake": ("fake",)}
    assert values([name, name], columns=columns)[0] == {"real": [2.0, 4.0], "fake": [1.0, 3.0]}


def test_weights_and_slices_are_in_the_file_of_each_role(write):
    files = [
        write("a.csv", "real,w,g\n1,5,m\n2,6,n\n"),
        write("b.csv", "g,fake,w\nn,3,7\n"),
    ]
    _, beside, _ = values(files, weight="w", by=("g",), unit=None)
    assert beside == {
        ("real", "weight"): [5.0, 6.0],
        ("real", "slices"): [("m",), ("n",)],
        ("fake", "weight"): [7.0],
        ("fake", "slices"): [("n",)],
    }


@pytest.mark.parametrize("option", [{"weight": "w"}, {"by": ("w",)}, {"unit": "w"}])
@pytest.mark.parametrize("without", ["a.csv", "b.csv"])
def test_weights_and_slices_must_be_in_every_file(write, option, without):
    files = [write("a.csv", "real,w\n1,1\n"), write("b.csv", "fake,w\n2,1\n")]
    write(without, "real\n1\n" if without == "a.csv" else "fake\n2\n")
    kind, message, _ = refusal(files, **option)
    assert (kind, message) == (UsageError, "unknown column 'w'")


def test_missing_rows_of_a_role_are_its_own(write):
    files = [write("a.csv", 'real\n1\n""\n3\n'), write("b.csv", "fake\n4\n")]
    found, _, notes = values(files, missing="skip")
    assert found == {"real": [1.0, 3.0], "fake": [4.0]}
    assert notes == ["skipped 1 row with missing values"]


def test_in_one_file_a_role_may_have_fewer_rows(write):
    found, _, notes = values([write("a.csv", "real,fake\n1,2\n3,\n4,\n")], missing="skip")
    assert found == {"real": [1.0, 3.0, 4.0], "fake": [2.0]}
    assert notes == ["skipped 2 rows with missing values"]


def test_a_role_without_rows_is_refused(write):
    kind, message, _ = refusal([write("a.csv", "real\n1\n"), write("b.csv", "fake\n")])
    assert (kind, message) == (DataError, "'b.csv': no rows")


def test_a_role_whose_rows_are_all_skipped_is_refused(write):
    files = [write("a.csv", "real,w\n1,1\n"), write("b.csv", "fake,w\n,1\n")]
    kind, message, _ = refusal(
        files, missing="skip", columns={"real": ("real",), "fake": ("fake",)}
    )
    assert (kind, message) == (DataError, "'b.csv': no rows: every row has a missing value")


def test_rows_that_are_apart_are_not_matched(write):
    files = [write("a.csv", "id,real\n1,1\n"), write("b.csv", "id,fake\n1,4\n")]
    kind, message, _ = refusal(files, on=("id",))
    assert kind is UsageError
    assert message == (
        "--on matches the rows of several files, but the rows of 'real', 'fake' do not line up"
    )


@pytest.mark.parametrize("chunk", [5, 16, 1 << 20])
def test_roles_of_several_blocks_are_whole(write, monkeypatch, chunk):
    monkeypatch.setattr(source, "CHUNK", chunk)
    files = [
        write(f"{role}.csv", f"{role}\n" + "".join(f"{row + 10}\n" for row in range(rows)))
        for role, rows in (("real", 40), ("fake", 3), ("norm", 17))
    ]
    found, _, _ = values(files, THREE)
    assert found == {
        "real": [row + 10.0 for row in range(40)],
        "fake": [10.0, 11.0, 12.0],
        "norm": [row + 10.0 for row in range(17)],
    }


def test_arrays_may_be_apart(tmp_path):
    np.save(tmp_path / "a.npy", np.array([1.0, 2.0, 3.0]))
    np.save(tmp_path / "b.npy", np.array([4.0]))
    assert values(["a.npy", "b.npy"])[0] == {"real": [1.0, 2.0, 3.0], "fake": [4.0]}


@pytest.mark.parametrize("role", ["real", "fake", "norm"])
@pytest.mark.parametrize("cell", ["x", "inf", ""])
def test_a_cell_that_is_no_number_has_its_place_in_every_role(write, role, cell):
    files = [
        write(f"{other}.csv", f"n,{other}\n1,1\n2,2\n3,{cell if other == role else 3}\n")
        for other in ("real", "fake", "norm")
    ]
    columns = {role_.name: (role_.name,) for role_ in THREE}
    kind, message, _ = refusal(files, THREE, columns=columns)
    assert kind is DataError
    assert message.startswith(f"'{role}.csv', line 4, column '{role}': ")


# The same through the command line


CRITIC = ["compute", "wasserstein_critic"]


def test_the_critic_by_hand(write, run):
    # mean of 2, 4, 6 less mean of 1, 3
    files = [write("a.csv", "real\n1\n3\n"), write("b.csv", "fake\n2\n4\n6\n")]
    ran = run([*CRITIC, *files, "--format", "value"])
    assert (ran.code, ran.out, ran.err) == (0, "2.0\n", "")


def test_the_critic_with_weights_by_hand(write, run):
    # (2 + 4 + 2 × 6) / 4 - (1 + 3 × 3) / 4 = 4.5 - 2.5
    files = [write("a.csv", "real,w\n1,1\n3,3\n"), write("b.csv", "fake,w\n2,1\n4,1\n6,2\n")]
    ran = run([*CRITIC, *files, "--weight", "w", "--format", "value"])
    assert (ran.code, ran.out) == (0, "2.0\n")


def test_the_sum_is_that_of_both_roles(write, run):
    # 2 + 4 + 6 - 1 - 3
    files = [write("a.csv", "real\n1\n3\n"), write("b.csv", "fake\n2\n4\n6\n")]
    ran = run([*CRITIC, *files, "--reduction", "sum", "--format", "value"])
    assert (ran.code, ran.out) == (0, "8.0\n")


def test_the_critic_by_slice_and_by_unit(write, run):
    # Slice m has 2 - 1; slice n has (4 + 6) / 2 - 3.
    files = [write("a.csv", "real,g\n1,m\n3,n\n"), write("b.csv", "fake,g\n2,m\n4,n\n6,n\n")]
    ran = run([*CRITIC, *files, "--by", "g", "--format", "csv"])
    assert [line.split(",")[1:4] for line in ran.out.splitlines()[1:]] == [
        ["m", "1.0", "2"],
        ["n", "2.0", "3"],
        ["", "2.0", "5"],
    ]
    ran = run([*CRITIC, *files, "--unit", "g", "--reduction", "none", "--format", "csv"])
    assert ran.out == ("loss,unit,value\nwasserstein_critic,m,1.0\nwasserstein_critic,n,2.0\n")
    ran = run([*CRITIC, *files, "--unit", "g", "--format", "value"])
    assert ran.out == "1.5\n"


@pytest.mark.parametrize("option", ["--by", "--unit"])
@pytest.mark.parametrize("lacking", ["real", "fake"])
def test_a_group_that_lacks_a_role_is_refused_and_named(write, run, option, lacking):
    other = {"real": "fake", "fake": "real"}[lacking]
    write(f"{lacking}.csv", f"{lacking},g\n1,m\n")
    write(f"{other}.csv", f"{other},g\n2,m\n4,n\n")
    ran = run([*CRITIC, "real.csv", "fake.csv", option, "g"])
    assert ran.code == 3
    assert f"no rows of {lacking}" in ran.err
    assert "'n'" in ran.err


def test_single_rows_say_whose_they_are(write, run):
    files = [write("a.csv", "real\n1\n3\n"), write("b.csv", "fake\n2\n")]
    ran = run([*CRITIC, *files, "--reduction", "none", "--format", "csv"])
    assert ran.out == (
        "loss,role,row,value\n"
        "wasserstein_critic,real,1,-1.0\n"
        "wasserstein_critic,real,2,-3.0\n"
        "wasserstein_critic,fake,1,2.0\n"
    )


def test_standard_input_may_hold_all_roles(run):
    ran = run([*CRITIC, "-", "--format", "value"], "real,fake\n1,2\n3,4\n")
    assert (ran.code, ran.out) == (0, "1.0\n")


@pytest.mark.parametrize("role", ["real", "fake"])
def test_standard_input_may_hold_one_role(write, run, role):
    write("real.csv", "real\n1\n3\n")
    write("fake.csv", "fake\n2\n4\n6\n")
    text = Path(f"{role}.csv").read_text()
    files = ["-" if other == role else f"{other}.csv" for other in ("real", "fake")]
    ran = run([*CRITIC, *files, "--format", "value"], text)
    assert (ran.code, ran.out) == (0, "2.0\n")


def test_standard_input_for_both_roles_is_refused(run):
    ran = run([*CRITIC, "-", "-"], "real\n1\n")
    assert (ran.code, ran.err) == (2, "error: standard input can be read only once\n")


@pytest.mark.parametrize("rows", [1, 2, 9])
@pytest.mark.parametrize("role", ["real", "fake", "gradient_norm"])
def test_a_negative_weight_has_its_place_in_every_role(write, run, role, rows):
    # Other roles have fewer, as many or more rows.
    roles = ("real", "fake", "gradient_norm")
    for other in roles:
        lines = ["1,1\n"] * (2 if other == role else rows)
        bad = "1,-0.5\n" if other == role else ""
        write(f"{other}.csv", f"{other},w\n" + "".join(lines) + bad)
    ran = run(["compute", "wgan_gp", *(f"{other}.csv" for other in roles), "--weight", "w"])
    assert ran.code == 3
    assert ran.err == (
        f"error: '{role}.csv', line 4, column 'w': '-0.5' is not a weight "
        "(a finite number, at least 0)\n"
    )


def test_a_negative_weight_has_its_place_behind_skipped_rows(write, run):
    write("real.csv", "real,w\n1,1\n,1\n,1\n2,1\n")
    write("fake.csv", "fake,w\n,1\n1,1\n,1\n2,-1\n")
    ran = run([*CRITIC, "real.csv", "fake.csv", "--weight", "w", "--missing", "skip"])
    assert ran.code == 3
    assert ran.err.startswith("error: 'fake.csv', line 5, column 'w': '-1' is not a weight")


@pytest.mark.parametrize("chunk", [8, 1 << 20])
def test_a_probability_out_of_range_has_its_place_behind_skipped_rows(
    write, run, monkeypatch, chunk
):
    monkeypatch.setattr(source, "CHUNK", chunk)
    write("real.csv", "n,real\n" + "1,0.5\n" * 9)
    write("fake.csv", "n,fake\n1,0.5\n2,\n3,0.25\n4,\n5,1.25\n6,0.5\n")
    ran = run(["compute", "gan_discriminator", "real.csv", "fake.csv", "--missing", "skip",
               "--columns", "real=real,fake=fake"])  # fmt: skip
    assert ran.code == 3
    assert ran.err.startswith("error: 'fake.csv', line 6, column 'fake': '1.25' is not a prob")


def test_weights_that_sum_to_0_name_the_role(write, run):
    write("real.csv", "real,w\n1,1\n")
    write("fake.csv", "fake,w\n1,0\n2,0\n")
    ran = run([*CRITIC, "real.csv", "fake.csv", "--weight", "w"])
    assert (ran.code, ran.err) == (3, "error: the weights of fake sum to 0\n")


def test_a_loss_whose_rows_line_up_does_not_go_with_one_whose_are_apart(write, run):
    write("a.csv", "real,fake\n1,2\n")
    ran = run([*CRITIC, "a.csv", "--also", "mse"])
    assert ran.code == 2
    assert ran.err.startswith("error: mse and wasserstein_critic take different inputs")


def test_two_losses_whose_rows_are_apart_go_together(write, run):
    # The hinge has max(0, 1 - 0.5) + max(0, 1 + 0.25).
    files = [write("a.csv", "real\n0.5\n"), write("b.csv", "fake\n0.25\n")]
    ran = run([*CRITIC, *files, "--also", "gan_hinge_discriminator", "--format", "value"])
    assert (ran.code, ran.out) == (0, "-0.25\n1.75\n")


@pytest.mark.parametrize("count", [1, 2, 4])
def test_another_number_of_files_is_refused(write, run, count):
    name = write("a.csv", "x\n1\n")
    ran = run(["compute", "wgan_gp", *[name] * count])
    assert ran.code in (2, 3)
    assert ran.err.startswith("error: ")
    assert "bug" not in ran.err


# Roles that may be left out


def test_an_optional_role_may_be_left_out(write):
    found, _, _ = values([write("a.csv", "positive,negative\n1,2\n")], PAIRS)
    assert found == {"positive": [1.0], "negative": [2.0]}


def test_an_optional_role_may_be_in_the_file_of_the_others(write):
    found, _, _ = values([write("a.csv", "positive,order,negative\n1,-1,2\n")], PAIRS)
    assert found == {"positive": [1.0], "negative": [2.0], "order": [-1.0]}


@pytest.mark.parametrize("home", ["a.csv", "b.csv"])
def test_an_optional_role_may_be_in_any_file(write, home):
    order = {"a.csv": "", "b.csv": "", home: ",order"}
    cell = {"a.csv": "", "b.csv": "", home: ",-1"}
    files = [
        write("a.csv", f"positive{order['a.csv']}\n1{cell['a.csv']}\n"),
        write("b.csv", f"negative{order['b.csv']}\n2{cell['b.csv']}\n"),
    ]
    found, _, _ = values(files, PAIRS)
    assert found == {"positive": [1.0], "negative": [2.0], "order": [-1.0]}


def test_an_optional_role_may_have_its_own_file(write):
    files = [write("a.csv", "x\n1\n"), write("b.csv", "x\n2\n"), write("c.csv", "x\n-1\n")]
    found, _, _ = values(files, PAIRS)
    assert found == {"positive": [1.0], "negative": [2.0], "order": [-1.0]}


def test_an_optional_role_that_was_named_must_be_there(write):
    kind, message, _ = refusal(
        [write("a.csv", "positive,negative\n1,2\n")], PAIRS, columns={"order": ("o",)}
    )
    assert (kind, message) == (UsageError, "unknown column 'o'")


def test_an_optional_role_has_its_place_in_its_own_file(write, run):
    files = [write("a.csv", "x\n1\n1\n"), write("b.csv", "x\n2\n2\n"), write("c.csv", "x\n-1\n7\n")]
    ran = run(["compute", "margin_ranking", *files])
    assert ran.code == 3
    assert ran.err.startswith("error: 'c.csv', line 3, column 'x': '7' is not -1 or +1")


def test_an_optional_role_that_does_not_line_up_is_refused(write):
    files = [write("a.csv", "x\n1\n1\n"), write("b.csv", "x\n2\n2\n"), write("c.csv", "x\n-1\n")]
    kind, message, _ = refusal(files, PAIRS)
    assert kind is DataError
    assert message.startswith("the files do not line up: ")


def test_a_role_that_is_lacking_is_said_in_a_whole_sentence(write):
    kind, message, _ = refusal([write("a.csv", "positive\n1\n")], PAIRS)
    assert kind is DataError
    assert "negative" in message
    assert not message.endswith(" ")


def test_names_of_rows_may_be_in_both_files(write):
    files = [
        write("a.csv", "layer,prediction\np,1\nq,2\n"),
        write("b.csv", "layer,target\np,3\nq,4\n"),
    ]
    found, _, _ = values(files, LAYERS)
    assert found == {"prediction": [1.0, 2.0], "target": [3.0, 4.0], "layer": ["p", "q"]}


def test_names_of_rows_may_be_in_both_files_beside_one_other_column(write):
    files = [write("a.csv", "layer,feature\np,1\n"), write("b.csv", "layer,feature\np,3\n")]
    found, _, _ = values(files, LAYERS)
    assert found == {"prediction": [1.0], "target": [3.0], "layer": ["p"]}


def test_files_that_name_a_row_in_other_ways_are_refused(write):
    files = [
        write("a.csv", "layer,prediction\np,1\nq,2\n"),
        write("b.csv", "layer,target\np,3\nr,4\n"),
    ]
    kind, message, _ = refusal(files, LAYERS)
    assert kind is DataError
    assert message == (
        "the files do not line up: 'q' in 'a.csv', line 3, column 'layer', "
        "but 'r' in 'b.csv', line 3, column 'layer'"
    )
