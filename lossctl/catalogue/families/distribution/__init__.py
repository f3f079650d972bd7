"""Losses that compare a whole distribution, predicted or observed, with another or with a value.

A distribution comes as a sample, as amounts in bins or classes, as an ensemble of forecasts, or as
the parameters of a density. Natural logarithms give nats. A value out of its domain never reaches
these functions: whoever reads the data raises `lossctl.errors.OutOfDomain`.
"""

MODULES = (
    "likelihood",
    "scoring_rules",
    "divergence",
    "optimal_transport",
)
