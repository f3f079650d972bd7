"""Metric learning: vectors, or their distances, that should be close together or far apart.

Vectors come as `(n, d)`, one per row, finite; distances and the labels that mark similar rows as
`(n,)`; cosines with classes as `(n, classes)`.
"""

MODULES = (
    "vectors",
    "distances",
    "cosines",
    "batches",
)
