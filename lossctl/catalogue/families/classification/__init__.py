"""Losses that compare probabilities or scores with classes.

Binary losses take `prediction` and `target` of the same shape, `(n,)` or `(n, d)` with one column
per label; categorical losses take `(n, classes)`. Probabilities lie in [0, 1], scores are logits or
margins, and natural logarithms give nats. Values outside the domain never reach these functions:
the code that reads the data raises `lossctl.errors.OutOfDomain`.
"""

MODULES = (
    "cross_entropy",
    "hinge",
    "imbalance",
    "label_noise",
)
