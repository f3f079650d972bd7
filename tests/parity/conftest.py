"""The frameworks, and the one place where arrays become what each of them wants."""

import importlib
import os
import warnings

import numpy as np
import pytest

# Keras reads this when it is imported; torch is the backend that this folder needs anyway.
os.environ.setdefault("KERAS_BACKEND", "torch")

# JAX reads this when it is imported: code that runs once need not be fast.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")

MODULES = {
    "torch": ("torch",),
    "keras": ("torch", "keras"),
    "optax": ("jax", "optax"),
    "sklearn": ("sklearn.metrics",),
    "scipy": (
        "scipy.integrate",
        "scipy.ndimage",
        "scipy.spatial.distance",
        "scipy.special",
        "scipy.stats",
    ),
    "skimage": ("skimage.metrics",),
    "statsmodels": ("statsmodels.robust.norms", "statsmodels.duration.hazard_regression"),
}


class Frameworks:
    """Runs code in a framework; each framework is imported when it is first asked for."""

    def __init__(self):
        self._scopes = {}

    def scope(self, framework):
        if framework not in self._scopes:
            for module in MODULES[framework]:
                _import(module)
            roots = {module.partition(".")[0] for module in MODULES[framework]}
            scope = {root: importlib.import_module(root) for root in roots}
            _compute_in_64_bits(framework, scope)
            self._scopes[framework] = scope
        return self._scopes[framework]

    def run(self, framework, code, **arrays):
        """Return what the code gives for the arrays, whose names stand in the code."""
        scope = self.scope(framework)
        given = {name: np.array(array) for name, array in arrays.items() if array is not None}
        shaped = SHAPED.get(framework, lambda same: same)(given)
        into = {"torch": _tensor, "optax": _jax_array}.get(framework, lambda same, _: same)
        values = {name: into(array, scope) for name, array in shaped.items()}
        result = eval(code, scope | values)  # noqa: S307  # the snippet is what is tested
        if hasattr(result, "detach"):
            result = result.detach().cpu().numpy()
        return np.asarray(result, dtype=np.float64)


def _import(module):
    """Import a module, or skip; with LOSSCTL_PARITY=required its absence is a failure."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what frameworks warn of among themselves
        if os.environ.get("LOSSCTL_PARITY") == "required":
            importlib.import_module(module)
        else:
            reason = f'{module} is not installed: pip install "lossctl[parity]"'
            pytest.importorskip(module, reason=reason, exc_type=ImportError)


def _compute_in_64_bits(framework, scope):
    if framework == "optax":
        scope["jax"].config.update("jax_enable_x64", True)
    if framework == "keras":
        # Wherever two types meet Keras makes float64 float32, whatever `dtype` says. The formulas
        # are to be compared, not that rounding, so it is switched off here.
        scope["keras"].config.set_floatx("float64")
        importlib.import_module("keras.src.backend.common.dtypes").BIT64_TO_BIT32_DTYPE.clear()


def _tensor(array, scope):
    return scope["torch"].from_numpy(array)


def _jax_array(array, scope):
    return scope["jax"].numpy.asarray(array)


def _first(arrays):
    """Return the array of the first role, which is a prediction wherever there is one."""
    return next(iter(arrays.values()))


def _one_weight_an_element(arrays):
    """Repeat weights over columns: torch takes them only in the shape of the prediction."""
    weight, first = arrays.get("weight"), _first(arrays)
    if weight is None or first.ndim == 1:
        return arrays
    return arrays | {"weight": np.repeat(weight[:, None], first.shape[1], axis=1)}


def _rows_of_one_column(arrays):
    """Make (n,) to (n, 1): Keras takes the last axis of a loss as one sample's columns."""
    if _first(arrays).ndim > 1:
        return arrays
    return {name: array if name == "weight" else array[:, None] for name, array in arrays.items()}


SHAPED = {"torch": _one_weight_an_element, "keras": _rows_of_one_column}


@pytest.fixture(scope="session")
def frameworks():
    return Frameworks()
