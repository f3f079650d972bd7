"""The losses, family by family, those that most people need first.

A family is a module, or a package of several, which names its modules in `MODULES` likewise.
"""

MODULES = (
    "regression",
    "classification",
    "ordinal",
    "segmentation",
    "detection",
    "image",
    "metric",
    "ranking",
    "sequence",
    "distribution",
    "survival",
    "adversarial",
)
