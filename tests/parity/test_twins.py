"""Every twin's snippet, run in its framework, gives the number of the loss under `like`.

The data come from the domains that the losses declare, and from nothing else of lossctl: each test
has all combinations of a few chosen values of the roles, and rows that Hypothesis draws.
"""

import itertools
import math
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from snippets import snippets

import lossctl
from lossctl.catalogue.kinds import BinaryKind, DistributionKind, LabelsKind, SignsKind, VectorsKind
from lossctl.catalogue.names import find
from lossctl.engine.computation import prepare
from lossctl.engine.conventions import CONVENTIONS

ORDINARY = (0.125, 0.5, 0.9, 1.0, 2.5, -2.5)
"""Chosen numbers none of which makes a loss so large that it hides the others."""

EDGES = (0.0, 1.0, -1.0, -0.999, 1e-9, 1e4, -1e4)
"""Chosen numbers at which formulas break; the ends of a range and the options are added."""

UNDEFINED_AT_ZERO = {
    # torch multiplies a target of 0 by the logarithm of 0, which is nan; here it is 0
    "torch.nn.functional.kl_div": {"prediction"},
    "torch.nn.functional.poisson_nll_loss": {"eps"},
    "torch.distributions.NegativeBinomial": {"floor"},
    # these divide by a length of 0 where there is no eps; with one, torch has zero vectors too
    "torch.nn.functional.cosine_similarity": {"eps"},
    "optax.cosine_similarity": {"prediction", "target", "eps"},
    "optax.cosine_distance": {"prediction", "target", "eps"},
}
"""Roles and options that stay away from 0, or from the zero vector."""

CHOSEN_OPTIONS = {
    # sklearn raises both to the power, which overflows or cancels where it is large
    "sklearn.metrics.mean_tweedie_deviance": {"power": (0.0, 1.25, 1.5, 2.0, 3.0)},
}
"""Options of which only these values are drawn."""

NO_INFINITY = {"optax.ctc_loss"}
"""Twins that have another number where the loss is infinite, as their remark says."""

NO_SUBNORMAL = {
    # t / p is 0 of the least floats t, and the logarithm of that infinite
    "sklearn.metrics.mean_poisson_deviance",
    "sklearn.metrics.mean_tweedie_deviance",
}
"""Twins that have another number for the least floats."""

LEAST_NORMAL = float(np.finfo(np.float64).smallest_normal)

NO_SHORT_VECTORS = {"optax.losses.ntxent"}
"""Twins that divide short vectors by something else than their length, as their remark says."""

COMPILED_ANEW = {"optax.ctc_loss"}
"""Twins that JAX compiles for each call, which takes a second: fewer examples of these."""

NOT_RUN = {
    "torchvision.ops.box_iou",
    "torchvision.ops.complete_box_iou_loss",
    "torchvision.ops.distance_box_iou_loss",
    "torchvision.ops.generalized_box_iou_loss",
}
"""torchvision cannot be had beside every build of torch; its numbers are frozen elsewhere."""

LONGEST_TARGET = 4
LONGEST = 2 * LONGEST_TARGET + 4
"""Steps of a sequence for CTC: each label with a blank after it, and some more."""

FROZEN = Path(__file__).parent.parent / "catalogue" / "families" / "test_detection.py"

ONCE = settings(
    max_examples=1,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)

pytestmark = pytest.mark.filterwarnings("ignore:reduction. 'mean' divides:UserWarning")

TWINS = [(loss, twin) for loss in lossctl.losses().values() for twin in loss.twins]

CASES = [
    pytest.param(
        loss, twin, reduction, edges, id=f"{loss.name}-{number}-{twin.name}-{reduction}-{kind}"
    )
    for loss in lossctl.losses().values()
    for number, twin in enumerate(loss.twins)
    if twin.name not in NOT_RUN
    for reduction in twin.spelling
    for edges, kind in ((False, "ordinary"), (True, "edges"))
]


@dataclass
class Data:
    """The same data for both: arrays of the roles, and what stands for them in the code."""

    roles: dict
    arrays: dict
    weight: object = None
    weights: dict = field(default_factory=dict)


def numbers(within, *, edges):
    """Draw numbers in a range."""
    reach = 1e4 if edges else 10.0
    low = max(-reach, within.at_least, within.above)
    high = min(reach, within.at_most, within.below)
    return st.floats(low, high, exclude_min=low == within.above, exclude_max=high == within.below)


def chosen(within, *, edges, extra=()):
    """List the numbers that every test has."""
    if not edges:
        return [number for number in ORDINARY if number in within]
    candidates = (*EDGES, *extra, within.at_least, within.at_most)
    return sorted({number for number in candidates if number in within})


def distributions(within, classes):
    """Draw rows that sum to 1; none of them holds a 0 where the range does not."""
    least = 0 if 0 in within else 1
    parts = st.lists(st.integers(least, 1000), min_size=classes, max_size=classes)
    return parts.filter(any).map(lambda row: [part / sum(row) for part in row])


def chosen_distributions(within, classes, *, edges):
    certain = np.eye(classes).tolist()
    halves = [[0.5, 0.5] + [0.0] * (classes - 2)]
    uneven = [[2.0 ** -(column + 1) for column in range(classes)]]
    uneven[0][-1] *= 2.0
    return (
        (certain + halves if edges and 0 in within else []) + uneven + [row[::-1] for row in uneven]
    )


def elements(kind, *, edges, extra, classes):
    """Return the chosen values of one row of a kind, and a strategy for more of them."""
    within = kind.within
    if isinstance(kind, LabelsKind):
        return list(range(classes)), st.integers(0, classes - 1)
    if isinstance(kind, SignsKind):
        return [-1.0, 1.0], st.sampled_from([-1.0, 1.0])
    if isinstance(kind, BinaryKind):
        rows = np.eye(classes).tolist() if kind.columns == "several" else [0.0, 1.0]
        return rows, st.sampled_from(rows)
    if isinstance(kind, DistributionKind):
        return chosen_distributions(within, classes, edges=edges), distributions(within, classes)
    some, more = chosen(within, edges=edges, extra=extra), numbers(within, edges=edges)
    if _is_vector(kind):
        # Squares of what is smaller vanish in the frameworks, but not here.
        more = more.map(lambda number: round(number, 9))
    if not (kind.columns == "several" or _is_vector(kind)):
        return some, more
    together = [[number] * classes for number in some if abs(number) < 1e-6] * _is_vector(kind)
    return several(some, classes) + together, st.lists(more, min_size=classes, max_size=classes)


def several(some, classes):
    """Make rows of single numbers: one begins with each."""
    return [
        [some[(start + step) % len(some)] for step in range(classes)] for start in range(len(some))
    ]


@st.composite
def option_values(draw, loss, twin):
    """Draw the options that the snippet shows; those that the twin needs are given."""
    given_options = {name: value for name, value in twin.needs.items() if name in loss.settings}
    for name, setting in loss.settings.items():
        if "{" + name + "}" in twin.code and name not in given_options:
            avoid = name in UNDEFINED_AT_ZERO.get(twin.name, ())
            usual = twin.sets.get(name, setting.default)
            others = values_of(setting, above_zero=avoid)
            refused = twin.refuses.get(name, {})
            others = others.filter(lambda drawn, refused=refused: drawn not in refused)
            if name in CHOSEN_OPTIONS.get(twin.name, ()):
                others = st.sampled_from(CHOSEN_OPTIONS[twin.name][name])
            is_legal = usual not in refused and (usual or not avoid)
            given_options[name] = draw(st.just(usual) | others if is_legal else others)
    return given_options


def values_of(setting, *, above_zero):
    if setting.optional:
        given_one = replace(setting, optional=False, default=0.0)
        return st.none() | values_of(given_one, above_zero=above_zero)
    if setting.type is bool:
        return st.booleans()
    if setting.choices:
        return st.sampled_from(setting.choices)
    within = setting.option.within
    low = max(within.at_least, within.above)
    if setting.type is int:
        return st.integers(int(low), int(low) + 1)
    # Exponents near 0 are left out: they make rounding errors of 1e-16 as large as 1.
    high = min(within.at_most, within.below)
    bounded = math.isfinite(high)
    inner = st.floats(low + 0.01, high - 0.01) if bounded else st.floats(low + 0.5, low + 5.0)
    ends = [end for end in (within.at_least, within.at_most) if end in within]
    if above_zero:
        ends = [end for end in ends if end]
    return st.one_of(inner, *(st.just(float(end)) for end in ends))


@st.composite
def data(draw, loss, twin, kinds, options, *, edges=False):
    """Draw the arrays of all roles, and weights where the twin takes them."""
    classes = draw(st.sampled_from([2, 4]))
    extra = [value for value in options.values() if isinstance(value, float)]
    parts = {
        role: elements(kind, edges=edges, extra=extra, classes=classes)
        for role, kind in kinds.items()
    }
    if any(kind.weighs_rows for kind in kinds.values()):
        return draw(samples(parts, weighted=bool(twin.weight)))
    if loss.terms.of == "unit" and not any(isinstance(k, LabelsKind) for k in kinds.values()):
        return draw(batches(parts, short=twin.name not in NO_SHORT_VECTORS))
    if loss.terms.of == "unit":
        return draw(sequences(parts, kinds, options, infinite=twin.name not in NO_INFINITY))
    roles = draw(apart(parts) if loss.terms.of == "role" else rows(parts, kinds, twin))
    count = len(next(iter(roles.values())))
    weight = draw(st.none() | weights(count)) if twin.weight else None
    return Data(roles, roles, weight, {"weight": weight})


@st.composite
def rows(draw, parts, kinds, twin):
    """Draw rows of all roles: chosen values in all combinations, then drawn ones."""
    avoid = UNDEFINED_AT_ZERO.get(twin.name, ())
    found = list(itertools.product(*(some for some, _ in parts.values())))
    more = st.tuples(*(strategy for _, strategy in parts.values()))
    columns = draw(st.sampled_from([None, 3])) if _element_wise(kinds) else None
    # JAX compiles its code for each number of rows, so these come in large steps; all of them are
    # multiples of three, so that three columns fit.
    found += itertools.islice(itertools.cycle(found), -len(found) % 24)
    found += draw(st.lists(more, min_size=6, max_size=6))
    arrays = [np.array(role) for role in zip(*found, strict=True)]
    if twin.name in NO_SUBNORMAL:
        arrays = [np.where(np.abs(array) < LEAST_NORMAL, 0.0, array) for array in arrays]
    if columns:
        arrays = [array.reshape(-1, columns) for array in arrays]
    roles = dict(zip(parts, arrays, strict=True))
    vectors = [roles[role] for role in roles if role in avoid and _is_vector(kinds[role])]
    there = np.all([vector.any(axis=1) for vector in vectors], axis=0) if vectors else ...
    return {role: array[there] for role, array in roles.items()}


@st.composite
def apart(draw, parts):
    """Draw each role by itself: as many rows as it likes."""
    return {
        role: np.array(some + draw(st.lists(more, max_size=5)))
        for role, (some, more) in parts.items()
    }


@st.composite
def samples(draw, parts, *, weighted):
    """Draw one unit of two samples, with weights of their own."""
    roles = draw(apart(parts))
    if not weighted or not draw(st.booleans()):
        return Data(roles, roles)
    each = {role: draw(weights(len(array))) for role, array in roles.items()}
    return Data(roles, roles, list(each.values()), {f"{role}_weight": each[role] for role in each})


@st.composite
def batches(draw, parts, *, short):
    """Draw one unit of rows that belong together; each is there twice, so that none is certain.

    Of a certain one the loss is so small that frameworks have few digits of it.
    """
    count = draw(st.sampled_from([1, 4]))  # no more, because JAX compiles its code for each
    roles = {}
    for role, (some, more) in parts.items():
        row = (st.sampled_from(some) | more).filter(
            lambda numbers: short or not 0.0 < np.abs(numbers).max() < 1e-6
        )
        roles[role] = np.array(2 * draw(st.lists(row, min_size=count, max_size=count)))
    return Data(roles, roles)


@st.composite
def sequences(draw, parts, kinds, options, *, infinite):
    """Draw sequences, some of which have repeated or no labels; `apart` ones are for CTC."""
    (steps, more_steps), (labels, _) = parts["prediction"], parts["target"]
    labels = [label for label in labels if label != options.get("blank")]
    drawn = st.lists(st.sampled_from(labels), max_size=LONGEST_TARGET)
    targets = [labels[:1] * 2, [], labels, *draw(st.lists(drawn, min_size=3, max_size=3))]
    predictions = []
    for target in targets:
        least = len(target)
        if kinds["target"].apart:
            least += sum(itertools.starmap(int.__eq__, itertools.pairwise(target)))
            least = max(0, least + draw(st.integers(-2 if infinite else 0, 4)))
        step = st.sampled_from(steps) | more_steps
        predictions.append(draw(st.lists(step, min_size=least, max_size=least)))
    classes = len(steps[0])
    roles = {
        "prediction": [np.array(each, dtype=float).reshape(-1, classes) for each in predictions],
        "target": [np.array(target, dtype=int) for target in targets],
    }
    arrays = {}
    for role, units in roles.items():
        lengths = np.array([len(each) for each in units])
        # What stands behind the end does not count, as long as it is a legal value. One shape for
        # all, because JAX compiles its code for each.
        padding = labels[0] if role == "target" else 1.0 / classes
        longest = LONGEST if kinds[role].apart and role == "prediction" else LONGEST_TARGET
        shape = len(units), longest, *units[0].shape[1:]
        arrays[role] = np.full(shape, padding, dtype=units[0].dtype)
        arrays[f"{role}_lengths"] = lengths
        for place, unit in zip(arrays[role], units, strict=True):
            place[: len(unit)] = unit
    return Data(roles, arrays)


def _is_vector(kind):
    return isinstance(kind, VectorsKind)


def _element_wise(kinds):
    return all(kind.columns == "any" and not _is_vector(kind) for kind in kinds.values())


@st.composite
def weights(draw, rows):
    """Draw weights, one of which is 0 and one of which is not."""
    drawn = draw(st.lists(st.floats(0.0, 5.0), min_size=rows - 2, max_size=rows - 2))
    return np.array([0.0, 2.0, *drawn])


def scale(computation, expected, drawn):
    """Tell the magnitude that differences are relative to."""
    loss, reduction = computation.loss, computation.reduction
    if reduction == "none":
        return np.abs(expected[np.isfinite(expected)]).max(initial=0.0)
    if loss.terms.of == "row" and (loss.optimum is None or loss.optimum < 0):
        # Terms of both signs cancel: the number may be far smaller than what is rounded.
        conventions = {**computation.conventions, "reduction": "none", "divide_by": "weights"}
        terms = lossctl.compute(
            loss.name,
            *drawn.roles.values(),
            weight=drawn.weight,
            **computation.options,
            **conventions,
        )
        return np.abs(terms).mean() if reduction == "mean" else np.abs(terms).sum()
    return np.abs(expected)


def assert_agree(found, expected, tolerance, size):
    assert found.shape == expected.shape
    infinite = ~np.isfinite(expected)
    np.testing.assert_array_equal(found[infinite], expected[infinite])
    difference = np.abs(found[~infinite] - expected[~infinite]).max(initial=0.0)
    assert difference <= tolerance * size


@pytest.mark.parametrize(("loss", "twin", "reduction", "edges"), CASES)
def test_snippet_gives_the_number(frameworks, loss, twin, reduction, edges):
    frameworks.scope(twin.framework)
    examples = 4 if twin.name in COMPILED_ANEW else 12

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=set(Phase) - {Phase.explain},
    )
    @given(st.data())
    def check(draws):
        given_options = draws.draw(option_values(loss, twin))
        conventions = {name: value for name, value in twin.needs.items() if name in CONVENTIONS}
        asked = given_options | conventions | {"reduction": reduction}
        computation = prepare(loss, asked, like=twin.framework)
        assume(computation.twin is twin)  # its sibling is for other values of the options
        kinds = _kinds(computation, twin)
        drawn = draws.draw(data(loss, twin, kinds, computation.options, edges=edges))

        weighted = drawn.weight is not None
        code = twin.filled(computation.options, reduction, weighted=weighted)
        expected = frameworks.run(twin.framework, code, **drawn.arrays, **drawn.weights)
        roles = tuple(drawn.roles.values())
        found = lossctl.compute(
            loss.name, *roles, weight=drawn.weight, like=twin.framework, **asked
        )
        size = scale(computation, expected, drawn)
        assert_agree(np.asarray(found), expected, twin.tolerance, size)
        for name in twin.all_names:
            assert find(name) == (loss, twin)
            named = lossctl.compute(name, *roles, weight=drawn.weight, **asked)
            np.testing.assert_array_equal(named, found)

    check()


SNIPPETS = [
    pytest.param(loss, twin, id=f"{loss.name}-{number}-{twin.name}")
    for loss in lossctl.losses().values()
    for number, twin in enumerate(loss.twins)
    if twin.name not in NOT_RUN
]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of overflow, at the ends of options
@pytest.mark.parametrize(("loss", "twin"), SNIPPETS)
def test_code_runs_with_every_value_that_is_shown(frameworks, loss, twin):
    frameworks.scope(twin.framework)

    @ONCE
    @given(st.data())
    def check(draws):
        drawn = {}
        for snippet in snippets(loss, twin):
            kinds = _kinds(prepare(loss, snippet.options, twin=twin), twin)
            legal_for = (*kinds.items(), snippet.options.get("blank"))
            if legal_for not in drawn:
                drawn[legal_for] = draws.draw(data(loss, twin, kinds, snippet.options))
            frameworks.run(twin.framework, snippet.code, **drawn[legal_for].arrays)

    check()


@pytest.mark.parametrize(("loss", "twin"), [(loss, twin) for loss, twin in TWINS if twin.refuses])
def test_the_framework_refuses_what_the_twin_says(frameworks, loss, twin):
    frameworks.scope(twin.framework)
    (snippet, *_) = snippets(loss, twin)

    @ONCE
    @given(st.data())
    def check(draws):
        kinds = _kinds(prepare(loss, snippet.options, twin=twin), twin)
        drawn = draws.draw(data(loss, twin, kinds, snippet.options))
        for name, refused in twin.refuses.items():
            for value in refused:
                options = {**snippet.options, name: value}
                code = twin.filled(options, snippet.reduction, weighted=False)
                with pytest.raises((TypeError, ValueError)):
                    frameworks.run(twin.framework, code, **drawn.arrays)

    check()


def _kinds(computation, twin):
    """Take the kinds of the roles; without the 0 where the framework has no number there."""
    avoid = UNDEFINED_AT_ZERO.get(twin.name, ())
    return {
        role: replace(kind, within=replace(kind.within, above=0))
        if role in avoid and not _is_vector(kind)
        else kind
        for role, kind in computation.kinds.items()
    }


def test_twins_that_are_not_run_have_frozen_numbers():
    left_out = {twin.name for _, twin in TWINS if twin.framework == "torchvision"}
    assert left_out == NOT_RUN
    text = FROZEN.read_text(encoding="utf-8")
    (table,) = re.findall(r"^OF_TORCHVISION = \{\n(.*?)^\}", text, re.DOTALL | re.MULTILINE)
    frozen = set(re.findall(r"^    (\w+): \[$|^    (\w+): \[.*\]", table, re.MULTILINE))
    names = {"".join(found) for found in frozen}
    assert names == {loss.name for loss, twin in TWINS if twin.name in NOT_RUN}


VECTORS = [[3.0, 4.0, 12.0], [1.0, -2.0, 0.5]]
NEARLY_VECTORS = [[3.0, 4.0, 12.001], [1.0, -2.0, 0.501]]
CERTAIN = np.eye(3)[[0, 1, 2, 1]]
NEARLY = np.abs(CERTAIN - 1e-6)
CLASSES = [[0.2, 0.3, 0.5], [0.1, 0.1, 0.8]]
NEARLY_CLASSES = [[0.2, 0.3 - 1e-6, 0.5 + 1e-6], [0.1, 0.1 + 1e-6, 0.8 - 1e-6]]
SOFTMAX = {"activation": "softmax", "average": "macro"}


@pytest.mark.parametrize(
    ("name", "framework", "roles", "options", "distance"),
    [
        ("dice", "keras", (CERTAIN, CERTAIN), {}, 1e-15),
        ("dice", "keras", (NEARLY, CERTAIN), {}, 1e-15),
        ("dice", "keras", (NEARLY, CERTAIN), {"average": "macro"}, 1e-15),
        ("dice", "optax", (24.0 * CERTAIN, CERTAIN), SOFTMAX, 1e-15),
        ("dice", "optax", (24.0 * NEARLY[0] - 12.0, CERTAIN[0]), {"activation": "sigmoid"}, 1e-15),
        ("tversky", "keras", (CERTAIN, CERTAIN), {"fn_weight": 0.7, "fp_weight": 0.3}, 1e-15),
        ("cosine_distance", "optax", (VECTORS, VECTORS), {}, 1e-15),
        ("cosine_distance", "optax", (NEARLY_VECTORS, VECTORS), {}, 1e-15),
        ("cosine_embedding", "torch", (NEARLY_VECTORS, VECTORS, [1.0, 1.0]), {}, 1e-15),
        ("beta_divergence", "optax", (NEARLY_CLASSES, CLASSES), {}, 1e-15),
        # which takes the root of a sum with few digits
        ("js_divergence", "scipy", (NEARLY_CLASSES, CLASSES), {"root": True}, 1e-10),
    ],
)
def test_near_a_match_a_framework_has_few_digits(
    frameworks, name, framework, roles, options, distance
):
    # It takes a ratio from 1, or adds terms that cancel: what it loses is rounding, no more.
    computation = prepare(lossctl.losses()[name], options, like=framework)
    code = computation.twin.filled(computation.options, "mean", weighted=False)
    expected = frameworks.run(framework, code, **dict(zip(computation.kinds, roles, strict=True)))
    assert -distance < expected < 1e-4
    found = lossctl.compute(name, *roles, like=framework, **options)
    assert found == pytest.approx(float(expected), rel=0, abs=distance)


def test_optax_has_a_large_number_for_an_infinite_ctc(frameworks):
    (twin,) = (twin for twin in lossctl.losses()["ctc"].twins if twin.framework == "optax")
    # two equal labels need three steps
    arrays = {"prediction": np.zeros((1, 2, 3)), "target": np.array([[1, 1]])}
    lengths = {"prediction_lengths": np.array([2]), "target_lengths": np.array([2])}
    code = twin.filled({"blank": 0}, "mean", weighted=False)
    assert frameworks.run("optax", code, **arrays, **lengths) == pytest.approx(1e5, rel=1e-3)
    roles = [arrays["prediction"][0]], [arrays["target"][0]]
    assert lossctl.compute("optax.ctc_loss", *roles) == math.inf


@pytest.mark.parametrize("name", ["cosine_proximity", "cosine_distance"])
def test_optax_has_no_cosine_of_a_zero_vector(frameworks, name):
    (twin,) = (twin for twin in lossctl.losses()[name].twins if twin.framework == "optax")
    roles = {"prediction": [[0.0, 0.0]], "target": [[3.0, 4.0]]}
    numbers = [
        frameworks.run("optax", twin.filled({"eps": eps}, "mean", weighted=False), **roles)
        for eps in (0.0, 1e-8)
    ]
    expected = lossctl.compute(name, *roles.values(), like="optax")
    np.testing.assert_array_equal(numbers, [math.nan, expected])


def test_torch_has_no_mean_of_no_tokens(frameworks):
    (twin,) = (
        twin
        for twin in lossctl.losses()["sequence_cross_entropy"].twins
        if twin.framework == "torch"
    )
    arrays = {"prediction": np.zeros((1, 2, 3)), "target": np.array([[1, 1]])}
    code = twin.filled({"label_smoothing": 0.0}, "mean", weighted=False)
    assert np.isnan(frameworks.run("torch", code, **arrays, target_lengths=np.array([0])))


def test_no_tokens_at_all_are_0():
    nothing = [np.zeros((0, 3))], [np.zeros(0, dtype=int)]
    found = lossctl.compute("sequence_cross_entropy", *nothing, like="torch", from_logits=True)
    assert found == 0.0
