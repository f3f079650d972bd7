"""A command for every loss of the family `ordinal`, and the number that another tool gives."""

import numpy as np

from samples.files import BCE, column, matrix
from samples.sample import Live, Sample


def fifths(name):
    """Number the fifths from 0; say which are above a column's, and which reach it."""
    target = column("diabetes_fifths.csv", "fifth") - 1
    number = np.arange(4)
    return {
        "prediction": matrix(f"diabetes_{name}.csv"),
        "target": target,
        "above": (target[:, None] > number) * 1.0,
        "reached": target[:, None] >= number,
    }


SAMPLES = [
    Sample(
        "cumulative_link sample_data/diabetes_cumulative.csv sample_data/diabetes_fifths.csv --on id --columns target=level --order lowest,low,middle,high,highest",
        1.2178735636767943,
        Live(
            "torch",
            "torch.nn.functional.nll_loss(torch.diff(prediction.sigmoid(), "
            "prepend=torch.zeros_like(prediction[:, :1]), append=torch.ones_like(prediction[:, :1]))"
            ".log(), target)",
            lambda: fifths("cumulative"),
        ),
    ),
    Sample(
        "coral sample_data/diabetes_coral.csv sample_data/diabetes_fifths.csv --on id --columns target=fifth --first-label 1",
        1.4249524891791578,
        Live(
            "torch",
            f"{BCE}_with_logits(prediction, above, reduction='sum') / len(prediction)",
            lambda: fifths("coral"),
        ),
    ),
    Sample(
        "corn sample_data/diabetes_corn.csv sample_data/diabetes_fifths.csv --on id --columns target=fifth --first-label 1",
        0.5094822161334819,
        Live(
            "torch",
            f"{BCE}_with_logits(prediction[reached], above[reached])",
            lambda: fifths("corn"),
        ),
    ),
]
