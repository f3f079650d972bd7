"""The one grammar of numbers: of cells in tables, of options, and of limits."""

import re

NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
"""ASCII digits only: no underscores, no grouping, no hexadecimal, no words."""
