"""Losses of a number against a number, in one column or several.

All of them take `prediction` and `target` of the same shape, `(n,)` or `(n, d)`, finite, in any
unit as long as it is the same one, and return one term an element; the mean over a row's columns
is the row's term. A value out of its domain never reaches these functions: whoever reads the data
raises `lossctl.errors.OutOfDomain`.
"""

MODULES = (
    "squared",
    "robust",
    "asymmetric",
    "relative",
    "generalised_linear",
)
