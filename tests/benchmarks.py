"""How fast lossctl is, as ratios measured side by side in one run: `python -m tests.benchmarks`.

Every line runs lossctl and a reference alternately, each in a process of its own, and compares the
best of their times: the best is what the machine can do, the rest is what else it did meanwhile.
Each process reports its peak memory. Polars and DuckDB are measured along where they are installed.

Run it on an otherwise idle machine; `--quick` leaves the largest files out.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import numpy as np

Made = TypeVar("Made")
LOSSCTL = (sys.executable, "-m", "lossctl")
MILLION = 1_000_000


@dataclass(frozen=True)
class Measured:
    """The best time of some runs of a program, and its peak memory."""

    seconds: float
    mebibytes: float


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    what: str
    against: str
    ratio: float
    limit: float | None
    details: str

    def __str__(self) -> str:
        limit = "" if self.limit is None else f"{self.limit:.2f}"
        verdict = "" if self.limit is None else ("yes" if self.ratio <= self.limit else "NO")
        cells = (self.what, self.against, f"{self.ratio:.2f}", limit, verdict, self.details)
        return "| " + " | ".join(cells) + " |"


def measure(programs: Sequence[Sequence[str]], runs: int) -> list[Measured]:
    """Run programs in turn, so that what disturbs one disturbs the others as well."""
    best = [Measured(math.inf, 0.0) for _ in programs]
    for number in range(runs + 1):
        for place, program in enumerate(programs):
            found = once(program)
            if number == 0:
                continue  # the first round only warms the caches
            best[place] = Measured(
                min(best[place].seconds, found.seconds),
                max(best[place].mebibytes, found.mebibytes),
            )
    return best


def once(program: Sequence[str]) -> Measured:
    start = time.perf_counter()
    process = subprocess.Popen(program, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        raise SystemExit(f"failed: {' '.join(program)}")
    # Linux counts in KiB, macOS in bytes
    return Measured(seconds, usage.ru_maxrss / (1024 if sys.platform != "darwin" else 2**20))


def python(code: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code, *arguments)


LIGHT = python("import typer, yaml, rich.console, rich.table")
HEAVY = python("import typer, yaml, rich.console, rich.table, numpy, pandas")
SCRIPT = """
import sys
import numpy as np
import pandas as pd
prediction = pd.read_csv(sys.argv[1])["prediction"].to_numpy()
target = pd.read_csv(sys.argv[2])["target"].to_numpy()
print(np.mean((prediction - target) ** 2))
"""
CLASSES_SCRIPT = """
import sys
import numpy as np
import pandas as pd
prediction = pd.read_csv(sys.argv[1]).to_numpy()
target = pd.read_csv(sys.argv[2]).to_numpy()
clipped = np.clip(prediction, 2.2e-16, 1 - 2.2e-16)
print(-np.mean(np.sum(target * np.log(clipped), axis=1)))
"""
DICE_SCRIPT = """
import sys
import numpy as np
import pandas as pd
prediction = pd.read_csv(sys.argv[1])["prediction"].to_numpy()
target = pd.read_csv(sys.argv[2])["target"].to_numpy()
print(1 - 2 * np.sum(prediction * target) / (np.sum(prediction) + np.sum(target)))
"""
POLARS = """
import sys
import polars as pl
prediction = pl.scan_csv(sys.argv[1]).select("prediction")
target = pl.scan_csv(sys.argv[2]).select("target")
both = pl.concat([prediction, target], how="horizontal")
print(both.select(((pl.col("prediction") - pl.col("target")) ** 2).mean()).collect())
"""
DUCKDB = """
import sys
import duckdb
print(duckdb.sql(
    f"select avg((prediction - target) ** 2) from read_csv('{sys.argv[1]}')"
    f" positional join read_csv('{sys.argv[2]}')"
))
"""
FIVE = ("--also", "mae", "--also", "huber", "--also", "log_cosh", "--also", "rmse")


def made(function: Callable[..., Made], *arguments: object) -> Made:
    """Do something in a process of its own: what a process has used, its children seem to use."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def pair(folder: Path, rows: int) -> tuple[str, str]:
    """Write two one-column tables of random numbers with all their digits."""
    names = []
    for seed, role in enumerate(("prediction", "target")):
        path = folder / f"{role}_{rows}.csv"
        names.append(str(path))
        if path.exists():
            continue
        random = np.random.default_rng(seed)
        with path.open("w") as file:
            file.write(f"{role}\n")
            for start in range(0, rows, MILLION):
                values = random.normal(size=min(MILLION, rows - start)).tolist()
                file.write("\n".join(map(repr, values)) + "\n")
    return names[0], names[1]


def class_pair(folder: Path, rows: int, classes: int) -> tuple[str, str]:
    """Write a table of class probabilities and one of one-hot targets."""
    random = np.random.default_rng(0)
    logits = random.normal(size=(rows, classes))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    one_hot = np.eye(classes, dtype=int)[random.integers(0, classes, rows)]
    header = ",".join(f"c{number}" for number in range(classes))
    names = []
    for name, table in (("probabilities", probabilities), ("one_hot", one_hot)):
        path = folder / f"{name}.csv"
        lines = (",".join(map(repr, row)) for row in table.tolist())
        path.write_text(header + "\n" + "\n".join(lines) + "\n")
        names.append(str(path))
    return names[0], names[1]


def mask_pair(folder: Path, rows: int) -> tuple[str, str]:
    """Write a table of predicted shares and one of the true mask, a pixel a row."""
    random = np.random.default_rng(0)
    names = []
    for role in ("prediction", "target"):
        path = folder / f"mask_{role}_{rows}.csv"
        names.append(str(path))
        if path.exists():
            continue
        with path.open("w") as file:
            file.write(f"{role}\n")
            for start in range(0, rows, MILLION):
                count = min(MILLION, rows - start)
                shares = random.random(count).round(6)
                values = shares if role == "prediction" else (shares < 0.2).astype(int)
                file.write("\n".join(map(repr, values.tolist())) + "\n")
    return names[0], names[1]


def ctc_seconds(utterances: int, steps: int, symbols: int) -> tuple[float, float]:
    """Time CTC here and in torch on the same utterances, from logits in memory."""
    import torch  # noqa: PLC0415  # not everybody has it

    from lossctl import compute  # noqa: PLC0415  # other lines measure processes of their own

    random = np.random.default_rng(0)
    logits = [random.normal(size=(steps, symbols)) for _ in range(utterances)]
    targets = [random.integers(1, symbols, random.integers(10, 41)) for _ in range(utterances)]
    padded = np.zeros((utterances, 40), dtype=int)
    for row, target in zip(padded, targets, strict=True):
        row[: len(target)] = target
    tensor = torch.from_numpy(np.stack(logits, axis=1))
    lengths = torch.tensor([len(target) for target in targets])
    counts = torch.full((utterances,), steps)

    def ours() -> float:
        return float(compute("ctc", logits, targets, from_logits=True))

    def theirs() -> float:
        logs = tensor.log_softmax(2)
        each = torch.nn.functional.ctc_loss(
            logs, torch.from_numpy(padded), counts, lengths, reduction="none"
        )
        return float(each.mean())

    if not math.isclose(ours(), theirs(), rel_tol=1e-10):
        raise SystemExit("the two disagree")
    best = [math.inf, math.inf]
    for _ in range(5):
        for place, run in enumerate((ours, theirs)):
            start = time.perf_counter()
            run()
            best[place] = min(best[place], time.perf_counter() - start)
    return best[0], best[1]


def lines(folder: Path, *, quick: bool) -> Iterator[Line]:
    help_page = (*LOSSCTL, "--help")
    yield compared("`lossctl --help`", help_page, "typer, yaml and rich", LIGHT, 1.8, 15)
    for words in (
        "recommend --task segmentation --imbalanced",
        "recommend --task regression --outliers --why mae --format json",
        "rules list",
    ):
        command = (*LOSSCTL, *words.split())
        yield compared(f"`lossctl {words}`", command, "typer, yaml and rich", LIGHT, 1.8, 15)
    small = made(pair, folder, 1_000)
    yield compared(
        "`compute mse`, 1,000 rows",
        (*LOSSCTL, "compute", "mse", *small),
        "its imports",
        HEAVY,
        1.25,
        9,
    )
    large = made(pair, folder, 5 * MILLION)
    mse = (*LOSSCTL, "compute", "mse", *large)
    script = python(SCRIPT, *large)
    ours, theirs = measure([mse, script], 5)
    yield line("`compute mse`, 5 million rows", ours, "pandas and numpy", theirs, 1.15)
    yield Line(
        "the same, peak memory",
        "pandas and numpy",
        ours.mebibytes / theirs.mebibytes,
        1.0,
        f"{ours.mebibytes:.0f} MiB, {theirs.mebibytes:.0f} MiB",
    )
    yield compared("five losses, 5 million rows", (*mse, *FIVE), "one loss", mse, 1.3, 5)
    for name, code in (("polars", POLARS), ("duckdb", DUCKDB)):
        if importlib.util.find_spec(name):
            other = python(code, *large)
            yield compared("`compute mse`, 5 million rows", mse, name, other, None, 3)
    classes = made(class_pair, folder, 500_000, 20)
    cross_entropy = (*LOSSCTL, "compute", "categorical_cross_entropy", *classes)
    yield compared(
        "`compute categorical_cross_entropy`, 500,000 × 20",
        cross_entropy,
        "pandas and numpy",
        python(CLASSES_SCRIPT, *classes),
        1.15,
        5,
    )
    yield from masks(folder, quick=quick)
    if importlib.util.find_spec("torch"):
        ours, theirs = made(ctc_seconds, 500, 200, 30)
        details = f"{ours:.3f} s, {theirs:.3f} s"
        yield Line("`ctc`, 500 × 200 steps × 30 symbols", "torch", ours / theirs, None, details)
    if not quick:
        yield from growth(folder)


def masks(folder: Path, *, quick: bool) -> Iterator[Line]:
    large = made(mask_pair, folder, (2 if quick else 10) * MILLION)
    small = made(mask_pair, folder, (1 if quick else 5) * MILLION)
    dice = (*LOSSCTL, "compute", "dice")
    ours, theirs, less = measure([(*dice, *large), python(DICE_SCRIPT, *large), (*dice, *small)], 4)
    rows = "2" if quick else "10"
    yield line(f"`compute dice`, {rows} million rows", ours, "pandas and numpy", theirs, 1.15)
    yield Line(
        "the same, peak memory",
        "half as many rows",
        ours.mebibytes / less.mebibytes,
        1.1,
        f"{ours.mebibytes:.0f} MiB, {less.mebibytes:.0f} MiB",
    )


def growth(folder: Path) -> Iterator[Line]:
    sizes = [1_000, MILLION, 5 * MILLION, 20 * MILLION]
    programs = [(*LOSSCTL, "compute", "mse", *made(pair, folder, rows)) for rows in sizes]
    start, one, five, twenty = measure(programs, 4)
    yield Line(
        "20 million rows, peak memory",
        "5 million rows",
        twenty.mebibytes / five.mebibytes,
        1.1,
        f"{twenty.mebibytes:.0f} MiB, {five.mebibytes:.0f} MiB",
    )
    grown = math.log((twenty.seconds - start.seconds) / (one.seconds - start.seconds))
    yield Line(
        "time from 1 to 20 million rows, exponent",
        "linear is 1; start-up taken off",
        grown / math.log(20),
        1.05,
        f"{one.seconds:.2f} s, {twenty.seconds:.2f} s",
    )


def compared(
    what: str,
    ours: Sequence[str],
    against: str,
    theirs: Sequence[str],
    limit: float | None,
    runs: int,
) -> Line:
    mine, reference = measure([ours, theirs], runs)
    return line(what, mine, against, reference, limit)


def line(what: str, ours: Measured, against: str, theirs: Measured, limit: float | None) -> Line:
    details = f"{ours.seconds:.3f} s, {theirs.seconds:.3f} s"
    return Line(what, against, ours.seconds / theirs.seconds, limit, details)


def main(show: Callable[[str], None] = print) -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--quick", action="store_true", help="leave the largest files out")
    parser.add_argument("--folder", type=Path, help="keep the files here for the next run")
    arguments = parser.parse_args()
    show(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    show("| what | against | ratio | at most | within | measured |")
    show("|---|---|---:|---:|---|---|")
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for each in lines(folder, quick=arguments.quick):
            show(str(each))


if __name__ == "__main__":
    main()
