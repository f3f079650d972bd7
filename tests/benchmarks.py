"""How fast lossctl is, as ratios measured side by side in one run: `python -m tests.benchmarks`.

Every line runs lossctl and a reference alternately, each in a process of its own, and compares the
medians of their times. CPU time stands beside wall time: other work on the machine changes it less.
Each process reports its peak memory. Polars and DuckDB are measured too if they are installed.

Run it on an otherwise idle machine; `--quick` leaves the largest files out.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import numpy as np

Made = TypeVar("Made")
ROOT = Path(__file__).parent.parent
LOSSCTL = (sys.executable, "-m", "lossctl")
MILLION = 1_000_000


@dataclass(frozen=True)
class Measured:
    """The median times of some runs of a program, and its peak memory."""

    seconds: float
    cpu_seconds: float
    mebibytes: float


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    what: str
    against: str
    ratio: float
    limit: float | None
    measured: str
    cpu: str = ""

    def __str__(self) -> str:
        limit = "" if self.limit is None else f"{self.limit:.2f}"
        verdict = "" if self.limit is None else ("yes" if self.ratio <= self.limit else "NO")
        cells = (
            self.what,
            self.against,
            f"{self.ratio:.2f}",
            limit,
            verdict,
            self.measured,
            self.cpu,
        )
        return "| " + " | ".join(cells) + " |"


def measure(
    programs: Sequence[Sequence[str]], runs: int, environment: Mapping[str, str] | None = None
) -> list[Measured]:
    """Run programs in turn, so that what disturbs one disturbs the others as well."""
    for program in programs:
        once(program, environment)  # to warm the caches
    rounds = [[once(program, environment) for program in programs] for _ in range(runs)]
    return [
        Measured(
            statistics.median(run.seconds for run in of_program),
            statistics.median(run.cpu_seconds for run in of_program),
            max(run.mebibytes for run in of_program),
        )
        for of_program in zip(*rounds, strict=True)
    ]


def once(program: Sequence[str], environment: Mapping[str, str] | None = None) -> Measured:
    start = time.perf_counter()
    process = subprocess.Popen(
        program, stdout=subprocess.DEVNULL, env={**os.environ, **(environment or {})}
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        raise SystemExit(f"failed: {' '.join(program)}")
    # Linux counts in KiB, macOS in bytes
    memory = usage.ru_maxrss / (1024 if sys.platform != "darwin" else 2**20)
    return Measured(seconds, usage.ru_utime + usage.ru_stime, memory)


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


SHORT = (
    "--help",
    "recommend --task segmentation --imbalanced",
    "recommend --task regression --outliers --why mae --format json",
    "rules list",
    "rules show regression-outliers",
)
"""Commands that read no data, so that starting is all the time that they take."""

NO_BYTECODE = {"PYTHONDONTWRITEBYTECODE": "1"}


def start_up(folder: Path) -> Iterator[Line]:
    """Measure short commands as developers run them, in a container, and where nobody may write."""
    path = str(installed(folder / "installed"))
    elsewhere = {**NO_BYTECODE, "PYTHONPATH": path, "PYTHONSAFEPATH": "1"}  # not from this folder
    for place, environment in (
        ("", {}),
        (", no bytecode written", NO_BYTECODE),
        (", installed read-only", elsewhere),
    ):
        for words in SHORT:
            command = (*LOSSCTL, *words.split())
            ours, theirs = measure([command, LIGHT], 15, environment)
            yield line(f"`lossctl {words}`{place}", ours, "typer, yaml and rich", theirs, 1.3)


def installed(folder: Path) -> Path:
    """Install lossctl into a folder as a user would, and take the right to write there away."""
    if not folder.exists():
        options = ("--quiet", "--no-deps", "--target", str(folder))
        pip = (sys.executable, "-m", "pip", "install", *options, str(ROOT))
        subprocess.run(pip, check=True)
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    return folder


def writable(folder: Path) -> None:
    """Let a folder be removed again."""
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)


def lines(folder: Path, *, quick: bool) -> Iterator[Line]:
    yield from start_up(folder)
    small = made(pair, folder, 1_000)
    yield compared(
        "`compute mse`, 1,000 rows",
        (*LOSSCTL, "compute", "mse", *small),
        "pandas, numpy, typer, yaml and rich",
        HEAVY,
        0.6,
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
        0.5,
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
    yield from keys(folder, quick=quick)
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


def keyed_pair(folder: Path, rows: int) -> tuple[str, str]:
    """Write two tables of random numbers with the same keys in the same order."""
    names = []
    for seed, role in enumerate(("prediction", "target")):
        path = folder / f"keyed_{role}_{rows}.csv"
        names.append(str(path))
        if path.exists():
            continue
        values = np.random.default_rng(seed).normal(size=rows).tolist()
        with path.open("w") as file:
            file.write(f"id,{role}\n")
            file.writelines(f"r{row:08},{value!r}\n" for row, value in enumerate(values))
    return names[0], names[1]


def keys(folder: Path, *, quick: bool) -> Iterator[Line]:
    """Compare rows that are matched by key with the same rows matched by position."""
    rows = (1 if quick else 5) * MILLION
    large, small = made(keyed_pair, folder, rows), made(keyed_pair, folder, rows // 2)
    mse = (*LOSSCTL, "compute", "mse")
    columns = ("--columns", "prediction=prediction,target=target")
    by_key, by_position, less = measure(
        [
            (*mse, *large, "--on", "id"),
            (*mse, *large, *columns),
            (*mse, *small, "--on", "id"),
        ],
        4,
    )
    what = f"`compute mse --on id`, {rows // MILLION} million rows in the same order"
    yield line(what, by_key, "by position", by_position, 1.5)
    yield Line(
        "the same, peak memory",
        "half as many rows",
        by_key.mebibytes / less.mebibytes,
        1.1,
        f"{by_key.mebibytes:.0f} MiB, {less.mebibytes:.0f} MiB",
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
    measured = f"{ours.seconds:.3f} s, {theirs.seconds:.3f} s"
    cpu = f"{ours.cpu_seconds:.3f} s, {theirs.cpu_seconds:.3f} s"
    return Line(what, against, ours.seconds / theirs.seconds, limit, measured, cpu)


def main(show: Callable[[str], None] = print) -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--quick", action="store_true", help="leave the largest files out")
    parser.add_argument("--folder", type=Path, help="keep the files here for the next run")
    arguments = parser.parse_args()
    show(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    show("| what | against | ratio | at most | within | measured | CPU |")
    show("|---|---|---:|---:|---|---|---|")
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            for each in lines(folder, quick=arguments.quick):
                show(str(each))
        finally:
            writable(folder / "installed")


if __name__ == "__main__":
    main()
