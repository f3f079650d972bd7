"""Losses that compare a predicted or observed distribution with another one or with a value.

A distribution is given as a sample, as amounts in bins or classes, as an ensemble of forecasts, or
as the parameters of a density. Natural logarithms give nats. Values outside the domain never reach
these functions: the code that reads the data raises `lossctl.errors.OutOfDomain`.
"""

MODULES = (
    "likelihood",
    "scoring_rules",
    "divergence",
    "optimal_transport",
)
