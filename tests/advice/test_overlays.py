"""A user's own rules over those that come with lossctl: added, changed, switched off."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lossctl.advice.recommendation import advise
from lossctl.advice.rule_files import overlaid, read_folder
from lossctl.advice.rules import EVIDENCE, Named
from lossctl.advice.situation import Situation
from lossctl.errors import UsageError
from lossctl.facts.conditions import Leaf
from lossctl.facts.vocabulary import Known


@pytest.fixture
def base(small):
    return read_folder(small())


@pytest.fixture
def write(tmp_path):
    def once(text, name="own.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
        return str(tmp_path / name)

    return once


@pytest.fixture
def over(base, write):
    """Lay a text over the small rule base."""
    return lambda text: overlaid(base, write(f"extends: builtin\n{text}"))


@pytest.fixture
def refused(over):
    """Return what is said of a text that is refused, without the name of its folder."""

    def once(text):
        with pytest.raises(UsageError) as caught:
            over(text)
        return str(caught.value).rpartition("/own.yaml, ")[2]

    return once


def first(base, **facts):
    """Return the loss that comes first."""
    return Situation(base, facts).first["loss"]


def test_an_overlay_that_says_nothing_changes_nothing_but_the_fingerprint(base, over):
    assert replace(over(""), digest=base.digest) == base
    assert over("").digest != base.digest


# switch off


def test_a_rule_that_is_switched_off_is_gone_and_the_others_stay(base, over):
    found = over("disable: [far-off]\n")
    assert list(found.rules) == ["classes", "squares"]
    assert found.rules["squares"] == base.rules["squares"]
    assert first(base, task="regression", outliers=True) == "mae"
    assert first(found, task="regression", outliers=True) == "mse"


def test_a_rule_that_another_one_overrides_can_be_switched_off(over):
    found = over("disable: [squares]\n")
    assert list(found.rules) == ["classes", "far-off"]
    assert first(found, task="regression", outliers=True) == "mae"


def test_to_switch_off_what_is_not_there_is_an_error_with_the_nearest(refused):
    assert refused("disable:\n- far-off\n- sqares\n") == (
        "line 4: unknown rule 'sqares'\ndid you mean 'squares'?"
    )


def test_to_switch_off_twice_is_an_error(refused):
    assert refused("disable: [far-off, far-off]\n").startswith("line 2: unknown rule 'far-off'")


# change


def test_one_field_is_changed_the_others_stay_and_the_place_is_kept(base, over):
    found = over("override:\n  far-off:\n    because: For our pumps.\n")
    rule = found.rules["far-off"]
    assert rule.because == "For our pumps."
    (place,) = rule.changed.values()
    assert place.endswith("/own.yaml, line 4")
    assert rule.changed.keys() == {"because"}
    assert replace(rule, because="It grows slowly.", changed={}) == base.rules["far-off"]
    assert base.rules["far-off"].because == "It grows slowly."
    assert (rule.file, rule.line) == ("recommend/a.yaml", 12)


FIELDS = [
    ("kind", "kind: default", "kind", "default"),
    ("when", "when: {skewed: true}", "when", Leaf("skewed", "in", (True,))),
    ("losses", "losses: [mse]", "losses", (Named("mse"),)),
    ("evidence", "evidence: contested", "evidence", "contested"),
    ("sources", "sources: [article#2]", "sources", ("article#2",)),
    ("params", "params: {mae: {a: 1}}", "params", {"mae": {"a": 1}}),
    ("activation", "activation: none", "activation", "none"),
    ("disagree", "disagree: They differ.", "disagree", "They differ."),
    ("overrides", "overrides: []", "overrides", ()),
]


@pytest.mark.parametrize(("key", "text", "name", "value"), FIELDS, ids=[f[0] for f in FIELDS])
def test_each_field_can_be_changed_alone(base, over, key, text, name, value):
    former = base.rules["far-off"]
    rule = over(f"override:\n  far-off: {{{text}}}\n").rules["far-off"]
    assert getattr(rule, name) == value
    assert getattr(former, name) != value
    assert rule.changed.keys() == {key}
    same = {name: getattr(former, name), "changed": {}}
    if key == "when":
        assert (rule.fires, rule.silent) == ((), ())  # they were of the former condition
        same |= {"fires": former.fires, "silent": former.silent}
    assert replace(rule, **same) == former


def test_examples_are_changed_with_the_condition(over):
    text = "{when: {skewed: true}, examples: {fires: [{skewed: true}], silent: [{skewed: false}]}}"
    rule = over(f"override:\n  far-off: {text}\n").rules["far-off"]
    assert (rule.fires, rule.silent) == (({"skewed": True},), ({"skewed": False},))


def test_several_rules_are_changed(over):
    found = over("override:\n  squares: {because: A.}\n  classes: {because: B.}\n")
    assert [found.rules[name].because for name in ("squares", "classes", "far-off")] == [
        "A.",
        "B.",
        "It grows slowly.",
    ]


def test_a_reason_may_become_a_warning(over):
    rule = over("override:\n  far-off: {warning: Beware.}\n").rules["far-off"]
    assert (rule.because, rule.warning) == ("", "Beware.")


WRONG = {
    "rule": (
        "override:\n  sqares: {because: x}\n",
        "line 3: unknown rule 'sqares'\ndid you mean 'squares'?",
    ),
    "rule in several lines": (
        "override:\n  sqares:\n    because: x\n",
        "line 3: unknown rule 'sqares'\ndid you mean 'squares'?",
    ),
    "key of the file": ("overide: {}\n", "line 2: unknown key 'overide'\ndid you mean"),
    "field": (
        "override:\n  squares: {becuase: x}\n",
        "line 3: unknown key 'becuase'\ndid you mean 'because'?",
    ),
    "id": ("override:\n  squares: {id: x}\n", "line 3: unknown key 'id'"),
    "nothing": ("override:\n  squares:\n", "line 3: expected a mapping, not nothing"),
    "both because and warning": (
        "override:\n  squares: {because: x, warning: Beware.}\n",
        "line 3: squares needs exactly one of because and warning",
    ),
    "no losses": ("override:\n  squares: {losses: []}\n", "line 3: squares names no loss"),
    "strength of a veto": (
        "override:\n  far-off: {kind: forbid}\n",
        "line 3: rules of kind forbid have no strengths, but far-off has one",
    ),
    "kind": (
        "override:\n  squares: {kind: defualt}\n",
        "line 3: unknown kind 'defualt'\ndid you mean 'default'?",
    ),
    "loss": (
        "override:\n  squares: {losses: [cross_entropie]}\n",
        "line 3: unknown loss 'cross_entropie'\ndid you mean 'cross_entropy'?",
    ),
    "source": (
        "override:\n  squares: {sources: [bok]}\n",
        "line 3: unknown source 'bok'\ndid you mean 'book'?",
    ),
    "measure": (
        "override:\n  far-off: {params: {mae: {a: {measured: spred}}}}\n",
        "line 3: unknown measure 'spred'\ndid you mean 'spread'?",
    ),
    "overridden rule": (
        "override:\n  far-off: {overrides: [sqares]}\n",
        "line 3: unknown rule 'sqares'\ndid you mean 'squares'?",
    ),
    "switched off": (
        "disable: [far-off]\noverride:\n  far-off: {because: x}\n",
        "line 4: unknown rule 'far-off'",
    ),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG)
def test_a_change_that_makes_no_sense_is_refused_with_its_place(refused, text, message):
    assert refused(text).startswith(message)


# add

OWN = "add:\n- {id: own, kind: prefer, when: {task: regression}, losses: [mse], because: So.}\n"


def test_an_own_rule_needs_neither_sources_nor_examples(over):
    rule = over(OWN).rules["own"]
    assert (rule.evidence, rule.sources, rule.fires, rule.silent) == ("own", (), (), ())
    assert (rule.kind, rule.losses, rule.because) == ("prefer", (Named("mse"),), "So.")
    assert rule.file.endswith("/own.yaml")
    assert rule.line == 3
    assert rule.changed == {}


def test_own_rules_stand_in_the_order_of_names(over):
    assert list(over(OWN).rules) == ["classes", "far-off", "own", "squares"]


def test_an_own_rule_ranks_before_what_is_as_specific_and_as_strong(base, over):
    """Of two rules that differ in nothing else, the user's decides."""
    assert EVIDENCE[-1] == "own"
    assert first(base, task="regression", outliers=True) == "mae"
    text = OWN.replace("{task: regression}", "{task: regression, outliers: true}")
    weaker = over(text)
    assert first(weaker, task="regression", outliers=True) == "mae"  # which speaks strongly
    strong = over(text.replace("[mse]", "[{loss: mse, strength: strong}]"))
    advice = advise(strong, [Known("task", "regression", "flag"), Known("outliers", True, "flag")])
    assert [each.loss for each in advice.situation.recommended] == ["mse", "mae"]
    assert advice.situation.recommended[0].votes[0].rule.id == "own"


def test_an_own_rule_may_say_all_that_others_say(over):
    rule = over(
        "add:\n- id: own\n  kind: prefer\n  when: {outliers: true}\n  losses: [mae]\n"
        "  because: So.\n  evidence: single\n  sources: [book]\n  overrides: [far-off]\n"
        "  examples: {fires: [{outliers: true}], silent: [{outliers: false}]}\n"
    ).rules["own"]
    assert (rule.evidence, rule.sources, rule.overrides) == ("single", ("book",), ("far-off",))
    assert (rule.fires, rule.silent) == (({"outliers": True},), ({"outliers": False},))


def test_an_own_rule_silences_those_that_it_overrides(over):
    text = OWN.replace("because", "overrides: [far-off], because")
    assert first(over(text), task="regression", outliers=True) == "mse"


def test_to_add_what_is_there_is_an_error_that_says_where(refused):
    assert refused(OWN.replace("own", "squares")) == (
        "line 3: there is already a rule 'squares': recommend/a.yaml, line 2\n"
        "override it, or choose another id"
    )


def test_what_is_switched_off_may_be_replaced(over):
    found = over(f"disable: [far-off]\n{OWN.replace('own', 'far-off')}")
    assert found.rules["far-off"].because == "So."


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("id: own, ", "", "line 3: missing key 'id'"),
        ("kind: prefer, ", "", "line 3: missing key 'kind'"),
        ("when: {task: regression}, ", "", "line 3: missing key 'when'"),
        (", because: So.", "", "line 3: own needs exactly one of because and warning"),
        (
            "because",
            "warning: Oh., because",
            "line 3: own needs exactly one of because and warning",
        ),
        ("losses: [mse], ", "", "line 3: own names no loss"),
        ("prefer", "prefr", "line 3: unknown kind 'prefr'\ndid you mean 'prefer'?"),
        ("mse", "cross_entropie", "line 3: unknown loss 'cross_entropie'"),
        ("because", "sources: [bok], because", "line 3: unknown source 'bok'"),
        ("because", "overrides: [sqares], because", "line 3: unknown rule 'sqares'"),
        ("because", "file: x, because", "line 3: unknown key 'file'"),
    ],
)
def test_what_is_wrong_in_an_own_rule_is_told_with_its_place(refused, old, new, message):
    assert refused(OWN.replace(old, new)).startswith(message)


# sources and losses

HUBER = "losses:\n  huber: {tasks: [regression], fits: Both., sources: [paper]}\n"
PAPER = "sources:\n  paper: {title: A paper, kind: paper}\n"


def test_new_losses_and_sources_can_be_recommended_at_once(over):
    own = OWN.replace("[mse]", "[huber]").replace("because", "sources: ['paper#2'], because")
    found = over(f"{HUBER}{PAPER}{own}")
    assert list(found.cards) == ["cross_entropy", "huber", "mae", "mse"]
    assert found.sources["paper"].title == "A paper"
    assert found.rules["own"].sources == ("paper#2",)
    assert first(found, task="regression") == "huber"


def test_a_new_loss_may_be_recommended_by_a_changed_rule(over):
    found = over(f"{HUBER}{PAPER}override:\n  squares: {{losses: [huber]}}\n")
    assert first(found, task="regression") == "huber"


def test_a_loss_that_has_a_card_cannot_have_another(refused):
    assert refused(HUBER.replace("huber", "mse").replace("paper", "book")) == (
        "line 3: there is already a card for 'mse'"
    )


def test_a_source_that_is_there_cannot_be_replaced(refused):
    assert refused(PAPER.replace("paper", "book", 1)).startswith("line 3: ")


def test_a_new_loss_is_read_as_strictly(refused):
    assert refused(HUBER).startswith("line 3: unknown source 'paper'")
    assert refused(HUBER.replace("fits", "fit").replace("paper", "book")) == (
        "line 3: unknown key 'fit'\ndid you mean 'fits'?"
    )


# what is extended


def test_an_overlay_must_say_what_it_extends(base, write):
    with pytest.raises(UsageError, match=r"own\.yaml, line 1: missing key 'extends'"):
        overlaid(base, write("disable: [far-off]\n"))


def test_an_overlay_extends_another_file_beside_it(base, write, tmp_path, monkeypatch):
    write("extends: builtin\noverride: {squares: {because: Of the team.}}\n", "team/common.yaml")
    write("extends: common.yaml\ndisable: [far-off]\n", "team/mine.yaml")
    write("extends: team/mine.yaml\n" + OWN, "own.yaml")
    for folder, file in (
        (tmp_path, "own.yaml"),
        (tmp_path / "team", "../own.yaml"),
        (tmp_path / "team", str(tmp_path / "own.yaml")),
    ):
        monkeypatch.chdir(folder)
        found = overlaid(base, file)
        assert list(found.rules) == ["classes", "own", "squares"]
        assert found.rules["squares"].because == "Of the team."


def test_an_overlay_extends_a_file_of_another_folder(base, write):
    common = write("extends: builtin\ndisable: [far-off]\n", "shared/common.yaml")
    assert list(overlaid(base, write(f"extends: {common}\n")).rules) == ["classes", "squares"]


def test_the_nearer_file_wins(base, write):
    write("extends: builtin\noverride: {squares: {because: Far.}}\n", "common.yaml")
    found = overlaid(
        base, write("extends: common.yaml\noverride: {squares: {because: Near., kind: prefer}}\n")
    )
    rule = found.rules["squares"]
    assert (rule.because, rule.kind) == ("Near.", "prefer")
    assert {key: place.rpartition("/")[2] for key, place in rule.changed.items()} == {
        "because": "own.yaml, line 2",
        "kind": "own.yaml, line 2",
    }


def test_changes_of_several_files_add_up(base, write):
    write("extends: builtin\noverride: {squares: {because: Far.}}\n", "common.yaml")
    text = "extends: common.yaml\n\noverride: {squares: {kind: prefer}}\n"
    rule = overlaid(base, write(text)).rules["squares"]
    assert (rule.because, rule.kind) == ("Far.", "prefer")
    assert {key: place.rpartition("/")[2] for key, place in rule.changed.items()} == {
        "because": "common.yaml, line 2",
        "kind": "own.yaml, line 3",
    }


def test_an_own_rule_of_one_file_is_changed_by_the_next(base, write):
    write("extends: builtin\n" + OWN, "common.yaml")
    text = "extends: common.yaml\noverride: {own: {because: Still.}}\n"
    rule = overlaid(base, write(text)).rules["own"]
    assert (rule.because, rule.evidence) == ("Still.", "own")


def test_an_error_in_the_extended_file_says_so(base, write):
    write("extends: builtin\n\ndisable: [sqares]\n", "common.yaml")
    with pytest.raises(UsageError, match=r"/common\.yaml, line 3: unknown rule 'sqares'"):
        overlaid(base, write("extends: common.yaml\n"))


def test_a_file_that_is_not_there_is_told_with_who_extends_it(base, write):
    with pytest.raises(UsageError, match=r"/own\.yaml, line 2: .*builtn"):
        overlaid(base, write("\nextends: builtn\n"))


@pytest.mark.parametrize("name", ["x" * 5000, '"a\\0b"'])
def test_what_no_file_can_be_called_is_not_there(base, write, name):
    with pytest.raises(UsageError, match=r"/own\.yaml, line 1: there is no file"):
        overlaid(base, write(f"extends: {name}\n"))


@pytest.mark.parametrize(
    "files",
    [
        {"own.yaml": "own.yaml"},
        {"own.yaml": "./own.yaml"},
        {"own.yaml": "b.yaml", "b.yaml": "own.yaml"},
        {"own.yaml": "b.yaml", "b.yaml": "b.yaml"},
        {"own.yaml": "b.yaml", "b.yaml": "sub/c.yaml", "sub/c.yaml": "../own.yaml"},
        {"own.yaml": "sub/../own.yaml", "sub/x.yaml": "builtin"},
    ],
    ids=["itself", "itself by a point", "two", "the other", "three in folders", "by a detour"],
)
def test_files_that_extend_each_other_are_refused(base, write, files):
    for name, extended in files.items():
        write(f"extends: {extended}\n", name)
    with pytest.raises(UsageError, match=r"\.yaml, line 1: .* extends itself"):
        overlaid(base, write(f"extends: {files['own.yaml']}\n"))


def test_a_file_that_cannot_be_read_is_refused(base, tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        overlaid(base, str(tmp_path / "none.yaml"))
    with pytest.raises(UsageError, match="cannot be read"):
        overlaid(base, str(tmp_path))


# the fingerprint


def test_the_fingerprint_changes_with_each_file_of_a_chain(base, write):
    common = "extends: builtin\noverride: {squares: {because: Far.}}\n"
    own = "extends: common.yaml\ndisable: [far-off]\n"
    write(common, "common.yaml")
    digests = [base.digest, overlaid(base, write(own)).digest]
    assert overlaid(base, write(own)).digest == digests[-1]
    digests.append(overlaid(base, write(own.replace("far-off", "classes"))).digest)
    write(common.replace("Far", "Further"), "common.yaml")
    digests.append(overlaid(base, write(own)).digest)
    digests.append(overlaid(replace(base, digest="0" * 16), write(own)).digest)
    assert len(set(digests)) == len(digests) == 5
