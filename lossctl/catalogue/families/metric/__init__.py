"""Losses for metric learning: which vectors should be close together, and which far apart.

Vectors come as `(n, d)`, one per row, finite; distances and the labels that mark similar rows as
`(n,)`; cosines with classes as `(n, classes)`.
"""

MODULES = (
    "vectors",
    "distances",
    "cosines",
    "batches",
)
