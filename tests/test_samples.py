"""Every loss gives, for the sample data, the number that another tool gives for the same files."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from samples import SAMPLES

import lossctl

ROOT = Path(__file__).parent.parent

every_sample = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.arguments)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "sample_data", folder / "sample_data")
    return folder


@pytest.mark.parametrize("name", lossctl.losses())
def test_a_loss_has_a_sample(name):
    assert name in {sample.loss for sample in SAMPLES}, f"tests/samples.py has nothing of {name}"


@every_sample
def test_a_sample_is_of_a_loss_and_of_files_that_are_shipped(sample):
    assert sample.loss in lossctl.losses()
    for path in re.findall(r"sample_data/\S+", sample.arguments):
        assert (ROOT / path).exists(), path


@every_sample
def test_the_command_prints_the_number_of_another_tool(sample, project, monkeypatch, run):
    monkeypatch.chdir(project)
    ran = run(["compute", *shlex.split(sample.arguments), "--format", "value", "--quiet"])
    assert (ran.code, ran.err) == (0, "")
    assert float(ran.out) == pytest.approx(sample.number, rel=sample.tolerance, abs=0)
