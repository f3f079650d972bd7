"""`python -m lossctl` is `lossctl`."""

from lossctl.cli import entry

entry()
