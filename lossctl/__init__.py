"""Compute any loss from files or arrays, exactly."""

__version__ = "0.1.0"
