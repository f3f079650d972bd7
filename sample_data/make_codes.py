"""Make the sample codes: what a linear network's encoder says of each digit, a normal distribution.

The model is factor analysis, which is the variational autoencoder whose two halves are linear and
which can be fitted exactly. The images ship with scikit-learn, so nothing is downloaded. Run it
with `python sample_data/make_codes.py`; it writes the CSV files beside itself.
"""

import numpy as np
import pandas as pd
from make import HELD_OUT_DIGITS, numbered, write
from shared import split_digits
from sklearn.decomposition import FactorAnalysis

FACTORS = 6
IMAGES = 100


def make_codes() -> None:
    """The distribution of the factors of images, of which each factor's is independent."""
    known, unseen = split_digits(HELD_OUT_DIGITS)
    model = FactorAnalysis(FACTORS, random_state=0).fit(known.pixels.astype(np.float64))
    scaled = model.components_ / model.noise_variance_
    # Factors may be turned; so turned, they do not depend on each other once an image is seen.
    information, turned = np.linalg.eigh(scaled @ model.components_.T)
    variance = 1.0 / (1.0 + information[::-1])
    images = unseen.pixels[:IMAGES].astype(np.float64) - model.mean_
    mean = images @ scaled.T @ turned[:, ::-1] * variance
    first = len(known.labels) + 1
    identity = numbered("n", np.arange(first, first + IMAGES), 4)
    for name, values in {"means": mean, "variances": np.tile(variance, (IMAGES, 1))}.items():
        table = pd.DataFrame(values, columns=[f"factor_{k}" for k in range(1, FACTORS + 1)])
        table.insert(0, "id", identity)
        write(f"digits_code_{name}.csv", table, float_format="%.6g")


if __name__ == "__main__":
    make_codes()
