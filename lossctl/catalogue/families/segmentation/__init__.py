"""Losses of a predicted mask against a target mask.

`prediction` and `target` have the same shape. The losses of `overlap` and `cross_entropy` take
pixels in any order, as rows; those of `lovasz` all pixels of an image, in any order; those of
`surface` and `centre_lines` images, because neighbouring pixels matter.
"""

MODULES = ("masks", "overlap", "cross_entropy", "lovasz", "surface", "centre_lines")
