"""What the other scripts share: the digits in two parts, and writing arrays and pictures."""

from dataclasses import dataclass

import numpy as np
from make import FOLDER, HELD_OUT_DIGITS
from PIL import Image
from sklearn.datasets import load_digits

SIDE = 8  # the digits are 8 by 8 pixels


@dataclass(frozen=True)
class Digits:
    """Some handwritten digits: one row of 64 pixels in [0, 1] an image, and what it shows."""

    pixels: np.ndarray
    labels: np.ndarray

    def images(self) -> np.ndarray:
        """Return the pixels as pictures of 8 by 8."""
        return self.pixels.reshape(-1, SIDE, SIDE)


def split_digits(held_out: int = HELD_OUT_DIGITS) -> tuple[Digits, Digits]:
    """Return the digits to fit on and the last ones in file order, which no model sees."""
    data = load_digits()
    pixels = (data.data / 16.0).astype(np.float32)
    return (
        Digits(pixels[:-held_out], data.target[:-held_out]),
        Digits(pixels[-held_out:], data.target[-held_out:]),
    )


def write_array(name: str, values: np.ndarray) -> None:
    """Write one array as .npy."""
    np.save(FOLDER / name, values)


def write_picture(name: str, values: np.ndarray) -> None:
    """Write values in [0, 1] as a picture with 256 shades of grey."""
    path = FOLDER / name
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(np.rint(values * 255).astype(np.uint8)).save(path)
