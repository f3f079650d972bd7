"""What `lossctl show` prints as the same loss elsewhere is code that can be run as it stands."""

from __future__ import annotations

import json

import pytest
from snippets import snippets

import lossctl

TWINS = [
    pytest.param(loss, twin, id=f"{loss.name}-{number}-{twin.framework}")
    for loss in lossctl.losses().values()
    for number, twin in enumerate(loss.twins)
]


@pytest.mark.parametrize(("loss", "twin"), TWINS)
def test_code_is_an_expression_whatever_the_options_are(loss, twin):
    for snippet in snippets(loss, twin):
        compile(snippet.code, "<twin>", "eval")


@pytest.mark.parametrize(("loss", "twin"), TWINS)
def test_no_code_has_a_value_that_the_framework_refuses(loss, twin):
    refused = {(name, value) for name, values in twin.refuses.items() for value in values}
    assert all(refused.isdisjoint(snippet.options.items()) for snippet in snippets(loss, twin))


@pytest.mark.parametrize(("loss", "twin"), TWINS)
def test_a_value_that_is_refused_has_a_legal_one_instead(loss, twin):
    for name, values in twin.refuses.items():
        assert f"{{{name}}}" in twin.code
        for refused, instead in values.items():
            setting = loss.settings[name]
            assert (setting.checked(refused), setting.checked(instead)) == (refused, instead)
            assert instead not in values


@pytest.mark.parametrize(
    ("arguments", "code", "needs"),
    [
        (
            ["binary_focal"],
            "keras.losses.BinaryFocalCrossentropy(apply_class_balancing=True, alpha=0.25, ",
            "--alpha 0.25",
        ),
        (
            ["binary_focal", "--alpha", "0.75"],
            "keras.losses.BinaryFocalCrossentropy(apply_class_balancing=True, alpha=0.75, ",
            None,
        ),
        (
            ["categorical_focal"],
            "keras.losses.CategoricalFocalCrossentropy(alpha=0.25, ",
            "--alpha 0.25",
        ),
        (
            ["generalised_cross_entropy", "--q", "1"],
            "keras.losses.CategoricalGeneralizedCrossEntropy(q=0.5, ",
            "--q 0.5",
        ),
    ],
)
def test_the_page_shows_what_the_framework_accepts_and_for_which_options(
    run, arguments, code, needs
):
    page = json.loads(run(["show", *arguments, "--format", "json"]).out)
    (twin,) = (twin for twin in page["twins"] if twin["code"].startswith(code))
    assert twin["needs"] == needs
