"""The version of this release, which also stands in every result."""

__version__ = "0.2.0"
