"""The numbers of the samples, computed again from the shipped files by the tools that gave them."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from samples import SAMPLES

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.arguments)
@pytest.mark.filterwarnings("ignore:The y_prob values do not sum to one:UserWarning")
def test_the_tool_gives_the_number_again(frameworks, monkeypatch, run, sample):
    again = sample.tool.number(frameworks)
    assert sample.number == pytest.approx(again, rel=sample.repeats, abs=0)
    monkeypatch.chdir(ROOT)
    ran = run(["compute", *shlex.split(sample.arguments), "--format", "value", "--quiet"])
    assert float(ran.out) == pytest.approx(again, rel=sample.tolerance, abs=0)
