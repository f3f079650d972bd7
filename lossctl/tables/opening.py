"""Inputs opened by the reader that their content needs, whatever they are called."""

from __future__ import annotations

import os.path
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import PurePath

from lossctl.errors import DataError, UsageError, quote
from lossctl.tables.arrays import MAGIC as ARRAY
from lossctl.tables.arrays import ArrayTable
from lossctl.tables.compression import compression_of
from lossctl.tables.dataset import Dataset
from lossctl.tables.features import FeatureTable
from lossctl.tables.images import PNG, ImageTable, open_folder
from lossctl.tables.reading import Features, Reading, Role
from lossctl.tables.source import Progress, Source, open_source
from lossctl.tables.table import TableReader
from lossctl.tables.text import TextTable

ZIP = b"PK\x03\x04"
NAME_LENGTH, NAME = slice(26, 28), 30
"""Where the local header of a zip archive holds the length of the first member's name, and it."""

UNSUPPORTED = {
    b"PAR1": "a Parquet file",
    ZIP: "a zip archive or a spreadsheet",
    b"\x89HDF": "an HDF5 file",
    b"\x80\x02": "a pickle",
    b"\x80\x03": "a pickle",
    b"\x80\x04": "a pickle",
    b"\x80\x05": "a pickle",
    b"%PDF": "a PDF document",
}


def open_tables(
    files: Sequence[str],
    roles: Sequence[Role],
    reading: Reading,
    progress: Progress | None = None,
) -> Dataset:
    """Open files and assign their columns to roles; rows are read later.

    Args:
        files: one per role, or one for all; `-` is standard input.
        roles: what the loss needs.
        reading: how to read the files.
        progress: called with the number of bytes on disk that were read.

    Returns:
        The rows of all roles.

    Raises:
        UsageError: the files or columns that the user named do not fit the roles.
        DataError: a file cannot be read, or it is not clear which columns to use.
    """
    if sum(name == "-" for name in files) > 1:
        raise UsageError("standard input can be read only once")
    if reading.on and len(files) == 1:
        raise UsageError("--on matches the rows of several files, but there is only one")
    features = next((role.features for role in roles if role.features is not None), None)
    with ExitStack() as opened:
        tables = {
            name: _with_features(_open_input(name, reading, progress, opened), features, reading)
            for name in dict.fromkeys(files)
        }
        dataset = Dataset([tables[name] for name in files], roles, reading)
        dataset.opened = opened.pop_all()
        return dataset


def _open_input(
    name: str, reading: Reading, progress: Progress | None, opened: ExitStack
) -> TableReader:
    """Open a file, a stream or a folder, to be closed by the stack."""
    if name != "-" and os.path.isdir(name):  # noqa: PTH112  # False without permission
        images = open_folder(name, reading.max_bytes)
        return ImageTable(name, images, progress, stack=True)
    source = open_source(name, reading.max_bytes)
    opened.callback(source.close)
    return _open_table(source, reading, progress, opened)


def _open_table(
    source: Source, reading: Reading, progress: Progress | None, opened: ExitStack
) -> TableReader:
    """Choose the reader by the first bytes of the content.

    Raises:
        DataError: the content is of an unsupported kind.
    """
    start = source.start()
    if start.startswith(ARRAY) or _is_npz(source.name, start):
        source = source.decompressed()
        opened.callback(source.close)
        return ArrayTable(source, reading, progress)
    if start.startswith(PNG):
        return ImageTable(source.name, [source], progress)
    if not start:
        raise DataError(f"{quote(source.name)} is empty")
    if source.compression() and compression_of(start):
        raise DataError(f"{quote(source.name)} is compressed twice", "decompress it once")
    for magic, kind in UNSUPPORTED.items():
        if start.startswith(magic):
            raise DataError(
                f"{quote(source.name)} is {kind}, which is not supported",
                "convert it to CSV, .npy or .npz",
            )
    if start.lstrip()[:1] in (b"{", b"["):
        raise DataError(
            f"{quote(source.name)} is JSON, which is not supported", "convert it to CSV"
        )
    return TextTable(source, reading, progress)


def _is_npz(name: str, start: bytes) -> bool:
    """Tell whether a zip archive holds arrays, by its name or that of its first member.

    >>> _is_npz("arrays.npz.gz", b"PK"), _is_npz("standard input", b"prediction,target")
    (True, False)
    """
    if not start.startswith(b"PK"):
        return False
    length = int.from_bytes(start[NAME_LENGTH], "little")
    member = start[NAME : NAME + length] if start.startswith(ZIP) else b""
    return member.endswith(b".npy") or ".npz" in PurePath(name.lower()).suffixes


def _with_features(table: TableReader, features: Features | None, reading: Reading) -> TableReader:
    """Wrap stored features, or images to which a network is applied."""
    if features is None:
        return table
    if features.network or isinstance(table, ArrayTable):
        return FeatureTable(table, features, reading)
    if features.layers:
        raise UsageError(f"--layers applies to .npz files and networks, not to {quote(table.name)}")
    return table
