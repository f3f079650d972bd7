"""numpy, loaded when the first array is touched: to list and explain losses takes none.

Modules that describe losses, and compute them, take `np` from here.

>>> float(np.sqrt(4.0))
2.0
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
else:

    class _Numpy:
        def __getattr__(self, name: str) -> Any:  # noqa: ANN401
            """Look a name up in numpy, and keep it, so that it is looked up once."""
            found = getattr(import_module("numpy"), name)
            setattr(self, name, found)
            return found

    np = _Numpy()

__all__ = ["np"]
