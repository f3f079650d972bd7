"""The distribution of the errors of predicted numbers: outliers, heavy tails, heteroscedasticity.

Errors are examined, not targets, because skewed targets are not outliers. A fence that suits normal
errors does not suit others (1.5 interquartile ranges flag 6 % of clean Laplace errors), so several
signs must agree; otherwise no conclusion is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from lossctl.block import Array
from lossctl.detectors.findings import Confidence, Finding, Observation, fact, percent
from lossctl.detectors.profile import Profile
from lossctl.detectors.scale import is_numbers
from lossctl.facts.vocabulary import Known

FEW, MANY = 100, 500
"""Below the first number of rows nothing is inferred; below the second, signs must be stronger."""

MODIFIED_Z, FAR_SHARE = 3.5, 0.002
"""Iglewicz and Hoaglin's limit of |r - median| / (1.4826 MAD), and the share beyond it."""

TOP_SHARE, TOP_SHARE_FEW, CLEAN_TOP_SHARE = 0.25, 0.35, 0.15
"""Share of the squared error in the top 1 % of rows: with outliers, if rows are few, and without.

Simulated: normal .08, Laplace .16, Student's t with 5 degrees of freedom .17 (.14 to .25 in 90 %
of samples of 2,000), normal with 1 % at ten standard deviations .49.
"""

FAR_ENERGY, FAR_ENERGY_FEW = 0.4, 0.5
"""Share of the squared error in rows with a modified z above 3.5: with outliers; if rows are few.

Simulated: normal .01, Laplace .31, t with 5 degrees .20, normal with 5 % at five deviations .55. It
detects outliers that are too many to fit into the top 1 %.
"""

SKEWED = 0.2
"""The medcouple above which errors are skewed, so that a long tail is not a sign of outliers."""

HEAVY = 2.85
"""The 90 % quantile of |r - median| by its median, for heavy tails: normal 2.44, Student's t 3.08.

That of Student's t is with 3 degrees of freedom.
"""

HILL = 3.3
"""The largest tail index (Hill's, of the top 5 %) of heavy tails; Laplace has 3.8."""

MEDCOUPLE_ROWS = 1_000
"""The medcouple compares all pairs, so it is computed from about so many rows."""

DECILE_RATIO, CONSTANT_RATIO, CHI_SQUARED = 2.0, 1.5, 9.21
"""Ratios of the errors in the outer deciles of the predictions, and White's test at p = .01.

The first ratio is that of heteroscedastic errors; up to the second, the variance is constant.
"""

TINY = 1e-100
"""A spread below this fraction of the largest error is 0."""


def detect(profile: Profile, facts: Mapping[str, Known]) -> Iterator[Finding]:
    """Examine the errors of predicted numbers."""
    prediction = profile.prediction
    output = facts.get("output")
    if prediction is None or output is None or output.value != "continuous":
        return
    if not is_numbers(facts) or profile.sample.rows < FEW or prediction.constant:
        return
    if not (prediction.measurable and profile.target.measurable):
        return
    predicted = profile.sample["prediction"].ravel()
    target = profile.sample["target"].ravel()
    errors = target - predicted
    largest = float(np.abs(errors).max()) or 1.0
    errors /= largest  # otherwise squares of tiny numbers would underflow
    spread = Spread.of(errors, largest)
    if spread is None:
        message = "More than half of the errors are equal."
        yield Observation("equal_errors", message, rows=profile.rows)
        return
    yield from _tails(spread, profile.rows)
    yield from _heteroscedastic(errors, predicted, profile.rows)
    if float(((target - predicted) ** 2).sum()) > float(((target - target.mean()) ** 2).sum()):
        message = "Predicting the mean of the targets would have a lower squared error."
        yield Observation("worse_than_mean", message, rows=profile.rows)


@dataclass(frozen=True)
class Spread:
    """Measures of how errors are spread.

    Args:
        count: the number of errors.
        top_share: the share of the squared error in the top 1 %.
        far: the share of errors with a modified z above 3.5.
        far_energy: the share of the squared error in these.
        medcouple: their skewness, from -1 to 1.
        tail_ratio: the 90 % quantile of |r - median| by its median.
        hill: Hill's tail index of the top 5 %.
        scale: 1.4826 times the median of |r - median|, the standard deviation of normal errors.
    """

    count: int
    top_share: float
    far: float
    far_energy: float
    medcouple: float
    tail_ratio: float
    hill: float
    scale: float

    @classmethod
    def of(cls, errors: Array, unit: float = 1.0) -> Spread | None:
        """Measure errors.

        Args:
            errors: the errors, `(rows,)`.
            unit: the unit of the errors, for the scale.

        Returns:
            The measures; None if more than half of the errors are equal.
        """
        distance = np.sort(np.abs(errors - np.median(errors)))
        middle, high = np.quantile(distance, [0.5, 0.9])
        if middle < TINY:
            return None
        squares = errors**2
        top = max(1, round(0.01 * len(errors)))
        tail = distance[-max(2, len(errors) // 20) :]
        far = np.abs(errors - np.median(errors)) > MODIFIED_Z * 1.4826 * middle
        return cls(
            len(errors),
            float(np.sort(squares)[-top:].sum() / squares.sum()),
            float(far.mean()),
            float(squares[far].sum() / squares.sum()),
            medcouple(errors[:: -(-len(errors) // MEDCOUPLE_ROWS)]),
            float(high / middle),
            float(1 / np.log(tail / tail[0]).mean()) if tail[-1] > tail[0] else np.inf,
            1.4826 * float(middle) * unit,
        )

    @property
    def skewed(self) -> bool:
        """Whether one tail is longer than the other."""
        return abs(self.medcouple) > SKEWED

    @property
    def broad(self) -> bool:
        """Whether even the bulk of the errors is spread more widely than for normal errors."""
        return self.tail_ratio > HEAVY

    @property
    def heavy(self) -> bool:
        """Whether the tails are heavy, rather than a few errors being large."""
        return self.broad and self.hill < HILL

    @property
    def contaminated(self) -> bool:
        """Whether a few errors dominate the sum of squares."""
        many = self.count >= MANY
        top, energy = (TOP_SHARE, FAR_ENERGY) if many else (TOP_SHARE_FEW, FAR_ENERGY_FEW)
        return self.far > FAR_SHARE and (self.top_share > top or self.far_energy > energy)

    @property
    def numbers(self) -> Mapping[str, float]:
        """All finite measures by name."""
        measured = {
            "top_share": self.top_share,
            "far_share": self.far,
            "far_energy": self.far_energy,
            "medcouple": self.medcouple,
            "tail_ratio": self.tail_ratio,
            "hill": self.hill,
            "residual_scale": self.scale,
        }
        return {name: number for name, number in measured.items() if np.isfinite(number)}


def _tails(spread: Spread, rows: int) -> Iterator[Finding]:
    top = f"The largest 1 % of errors make up {percent(spread.top_share)} of the squared error"
    if spread.contaminated:
        reason, confidence = _reason(spread)
        yield fact("outliers", True, confidence, f"{top}{reason}.", rows, **spread.numbers)
    elif spread.top_share < CLEAN_TOP_SHARE:
        yield fact("outliers", False, "likely", f"{top}.", rows, **spread.numbers)
    else:
        evidence = f"{top}, which is inconclusive."
        yield fact("outliers", True, "weak", evidence, rows, **spread.numbers)
    if spread.heavy and spread.count >= MANY:
        evidence = f"Large errors are common: Hill's tail index is {spread.hill:.2g}."
        confidence = "weak" if spread.skewed else "likely"
        yield fact("heavy_tailed", True, confidence, evidence, rows, **spread.numbers)


def _reason(spread: Spread) -> tuple[str, Confidence]:
    """Return what may explain a few large errors besides outliers, and the confidence left."""
    if spread.skewed:
        return ", but the errors are skewed", "weak"
    if spread.broad:
        return ", but large errors are common", "weak"
    return f", and {percent(spread.far)} of all errors are far from the median", "likely"


def medcouple(values: Array) -> float:
    """Return a robust measure of skewness: a median over the pairs of values around the median.

    Brys, Hubert and Struyf, A robust measure of skewness, 2004. Of the pairs of values that equal
    the median, equally many count as skewed to either side.

    Args:
        values: the values, `(rows,)`.

    Returns:
        The skewness, from -1 to 1.
    """
    centred = values - np.median(values)
    above, below = centred[centred >= 0][:, None], centred[centred <= 0][None, :]
    width = above - below
    apart = width > 0
    same = int(np.count_nonzero(centred == 0))
    sides = same * (same - 1) // 2
    ties = np.repeat([-1.0, 0.0, 1.0], [sides, same, sides])
    return float(np.median(np.concatenate([(above + below)[apart] / width[apart], ties])))


def _heteroscedastic(errors: Array, predicted: Array, rows: int) -> Iterator[Finding]:
    """Test, with White's test, whether the squared error depends on the prediction.

    With many rows any difference is significant, so the errors in the outer deciles must also
    differ by a factor of two.
    """
    statistic = _white(errors, predicted)
    if statistic is None or len(errors) < 2 * FEW:
        return
    order = np.argsort(predicted, kind="stable")
    tenth = len(order) // 10
    low, high = (float(np.abs(errors[part]).mean()) for part in (order[:tenth], order[-tenth:]))
    if min(low, high) < TINY:
        return
    ratio = max(low / high, high / low)
    end, other = ("largest", "smallest") if high > low else ("smallest", "largest")
    evidence = (
        f"Errors for the {end} 10 % of the predictions are {ratio:.3g} times those for the {other} "
        "10 %."
    )
    numbers = {"ratio": ratio, "chi_squared": statistic}
    if statistic > CHI_SQUARED and ratio > DECILE_RATIO:
        yield fact("heteroscedastic", True, "likely", evidence, rows, **numbers)
    elif ratio < CONSTANT_RATIO and statistic <= CHI_SQUARED:
        yield fact("heteroscedastic", False, "likely", evidence, rows, **numbers)


def _white(errors: Array, predicted: Array) -> float | None:
    """Return n R² of r² on the prediction and its square; None if it is undefined.

    With constant variance it is chi-squared with two degrees of freedom.
    """
    spread = predicted.std()
    if spread == 0:
        return None
    z = (predicted - predicted.mean()) / spread
    design = np.stack([np.ones_like(z), z, z**2], axis=1)
    squares = errors**2
    fitted = design @ np.linalg.lstsq(design, squares, rcond=None)[0]
    total = float(((squares - squares.mean()) ** 2).sum())
    if total == 0:
        return None
    return len(errors) * (1 - float(((squares - fitted) ** 2).sum()) / total)
