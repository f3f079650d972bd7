"""The version of this release, which also stands in every result."""

__version__ = "0.1.0"
