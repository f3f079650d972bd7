"""Losses of probabilities or scores against classes.

Binary forms take `prediction` and `target` of the same shape, `(n,)` or `(n, d)` with one column a
question; categorical forms take `(n, classes)`. Probabilities lie in [0, 1], scores are logits or
margins, natural logarithms give nats. A value out of its domain never reaches these functions:
whoever reads the data raises `lossctl.errors.OutOfDomain`.
"""

MODULES = (
    "cross_entropy",
    "hinge",
    "imbalance",
    "label_noise",
)
