"""Losses that compare numbers with numbers, in one column or several.

All take `prediction` and `target` of the same shape, `(n,)` or `(n, d)`, finite and in the same
units, and return one term per element; a row's term is the mean over its columns. Values outside
the domain never reach these functions: the code that reads the data raises
`lossctl.errors.OutOfDomain`.
"""

MODULES = (
    "squared",
    "robust",
    "asymmetric",
    "relative",
    "generalised_linear",
)
