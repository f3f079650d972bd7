"""A command for every loss on the shipped files, and the number that another tool gives.

Each family has a module here; `tests/parity/test_samples.py` runs the tools again.
"""

from __future__ import annotations

from importlib import import_module

from lossctl.catalogue.families import MODULES

SAMPLES = [sample for family in MODULES for sample in import_module(f"{__name__}.{family}").SAMPLES]
