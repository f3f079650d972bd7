"""Make the sample sequences: the characters of a poem, and strips of handwritten digits.

The poems stand in poems.py and the digits ship with scikit-learn, so nothing is downloaded. Run it
with `python sample_data/make_sequences.py`; it writes the CSV files beside itself.
"""

import string
from dataclasses import dataclass

import numpy as np
import pandas as pd
import poems
import torch
from make import SEED, write
from networks import fit, repeatable
from shared import SIDE, Digits, split_digits
from torch import nn
from torch.nn import functional

ALPHABET = " " + string.ascii_lowercase
START = len(ALPHABET)  # stands before the first character of a line
BELIEF = 4.0  # how many characters the shorter context counts for
PARTS = 10_000  # probabilities are whole numbers of these

BLANK = 0  # the class of no digit; digit d is class d + 1
STRIPS = ((3, 1), (7, 7), (2, 0, 4), (), (9, 5, 5, 8), (6, 4), (1, 8, 3), (0, 9), (5, 2, 6, 1),
          (4, 4, 7), (8, 6), (3, 0, 2, 9))  # fmt: skip
EMPTY_WIDTH = 14  # pixels of a strip without a digit
WIDEST_GAP = 3
STEPS = 1000
BATCH = 24


def letters_of(text: str) -> list[np.ndarray]:
    """Return the lines as places in the alphabet, without case and punctuation."""
    lines = ["".join(character for character in line.lower() if character in ALPHABET)
             for line in text.replace("-", " ").splitlines()]  # fmt: skip
    return [np.array([ALPHABET.index(c) for c in line]) for line in lines if line]


def contexts(line: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the last character but one and the last character before each one."""
    padded = np.concatenate([[START, START], line])
    return padded[:-2], padded[1:-1]


def fit_characters(lines: list[np.ndarray]) -> np.ndarray:
    """Return the probability of each character after any two, mixed with shorter contexts."""
    size = len(ALPHABET)
    counts = np.zeros((size + 1, size + 1, size))
    for line in lines:
        np.add.at(counts, (*contexts(line), line), 1)
    probability = np.full(size, 1 / size)
    for longer in (counts.sum(axis=(0, 1)), counts.sum(axis=0), counts):
        total = longer.sum(axis=-1, keepdims=True)
        probability = (longer + BELIEF * probability) / (total + BELIEF)
    return probability


def rounded(probabilities: np.ndarray) -> np.ndarray:
    """Return whole numbers of parts, none of them 0, which sum to 1 in each row."""
    parts = np.maximum(np.rint(probabilities * PARTS), 1)
    rows, largest = np.arange(len(parts)), parts.argmax(axis=1)
    parts[rows, largest] += PARTS - parts.sum(axis=1)
    return parts / PARTS


def make_characters() -> None:
    """The next character of a poem, from the two before it, learnt from other poems."""
    model = fit_characters(letters_of(poems.FITTED))
    lines = letters_of(poems.HELD_OUT)
    names = ["space" if character == " " else character for character in ALPHABET]
    line = pd.Series(
        [f"l{number:02d}" for number, place in enumerate(lines, start=1) for _ in place],
        name="line",
    )
    probabilities = rounded(np.concatenate([model[contexts(place)] for place in lines]))
    table = pd.concat([line, pd.DataFrame(probabilities, columns=names)], axis=1)
    write("characters_prediction.csv", table, float_format="%.4f")
    target = [names[index] for index in np.concatenate(lines)]
    write("characters_target.csv", pd.DataFrame({"line": line, "target": target}))


@dataclass(frozen=True)
class StripMaker:
    """Puts pictures of digits side by side, with gaps of random width."""

    digits: Digits
    pick: np.random.Generator

    def gap(self) -> np.ndarray:
        """Return some empty columns."""
        return np.zeros((SIDE, self.pick.integers(WIDEST_GAP + 1)), dtype=np.float32)

    def strip(self, wanted: tuple[int, ...]) -> np.ndarray:
        """Return a strip that shows these digits."""
        if not wanted:
            return np.zeros((SIDE, EMPTY_WIDTH), dtype=np.float32)
        parts = [self.gap()]
        for digit in wanted:
            row = self.pick.choice(np.flatnonzero(self.digits.labels == digit))
            parts += [self.digits.images()[row], self.gap()]
        return np.concatenate(parts, axis=1)

    def some_digits(self) -> tuple[int, ...]:
        """Return up to four digits."""
        return tuple(self.pick.integers(10, size=self.pick.integers(5)))


def strip_loss(network: nn.Module, maker: StripMaker) -> torch.Tensor:
    """Return the CTC loss of a batch of random strips."""
    wanted = [maker.some_digits() for _ in range(BATCH)]
    strips = [maker.strip(digits) for digits in wanted]
    widths = torch.tensor([strip.shape[1] for strip in strips])
    batch = torch.zeros(BATCH, SIDE, int(widths.max()))
    for place, strip in zip(batch, strips, strict=True):
        place[:, : strip.shape[1]] = torch.from_numpy(strip)
    log_probabilities = functional.log_softmax(network(batch), dim=1).permute(2, 0, 1)
    lengths = torch.tensor([len(digits) for digits in wanted])
    labels = torch.tensor([digit + 1 for digits in wanted for digit in digits])
    return functional.ctc_loss(
        log_probabilities, labels, widths, lengths, blank=BLANK, reduction="sum"
    ) / (lengths.sum() + BATCH)


def make_strips() -> None:
    """Read the digits off strips: one step a column of pixels, learnt with the CTC loss."""
    pick = repeatable(SEED)
    known, unseen = split_digits()
    network = nn.Sequential(
        nn.Conv1d(SIDE, 32, 5, padding=2), nn.ReLU(), nn.Dropout(0.1),
        nn.Conv1d(32, 32, 5, padding=2), nn.ReLU(), nn.Dropout(0.1), nn.Conv1d(32, 11, 1),
    )  # fmt: skip
    learnt = StripMaker(known, pick)
    fit(network, lambda: strip_loss(network, learnt), STEPS, rate=5e-3)

    shown = StripMaker(unseen, pick)
    columns = ["blank", *map(str, range(10))]
    predictions, labels = [], []
    for number, wanted in enumerate(STRIPS, start=1):
        name = f"s{number:02d}"
        with torch.no_grad():
            logits = network(torch.from_numpy(shown.strip(wanted))[None])[0].T
        table = pd.DataFrame(torch.softmax(logits.double(), dim=1).numpy(), columns=columns)
        table.insert(0, "strip", name)
        predictions.append(table)
        labels.append(pd.DataFrame({"strip": name, "label": list(wanted)}, dtype=object))
    write("strips_prediction.csv", pd.concat(predictions), float_format="%.6g")
    write("strips_target.csv", pd.concat(labels))


if __name__ == "__main__":
    make_characters()
    make_strips()
