"""Files in, blocks of named arrays out; a file that is not fully understood is an error.

This is the only package that uses pandas. A reader is one module that yields named columns block by
block and can locate any cell (`table.TableReader`); `opening` chooses it by a file's first bytes.
"""

from lossctl.tables.dataset import Dataset
from lossctl.tables.opening import open_tables
from lossctl.tables.reading import Reading, Role

__all__ = ["Dataset", "Reading", "Role", "open_tables"]
