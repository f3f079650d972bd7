"""The losses: one module a family, pure functions of arrays, nothing else.

A module in this folder is found by itself, and so is each function in it that carries the mark.
"""
