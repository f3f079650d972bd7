"""Compute any machine-learning loss exactly, and be advised which one fits a problem.

>>> import lossctl
>>> lossctl.compute("huber", [1.0, 5.0], [1.0, 2.0], delta=1.5)
1.6875
"""

from __future__ import annotations

from lossctl.errors import DataError, LossctlError, UsageError
from lossctl.library import compute, inspect, losses, recommend
from lossctl.version import __version__

__all__ = [
    "DataError",
    "LossctlError",
    "UsageError",
    "__version__",
    "compute",
    "inspect",
    "losses",
    "recommend",
]
