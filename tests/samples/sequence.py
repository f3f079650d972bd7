"""A command for every loss of the family `sequence`, and the number that another tool gives."""

import numpy as np

from samples.files import NLL, column, padded, table
from samples.sample import Live, Sample


def strips():
    steps, symbols = table("strips_prediction.csv"), table("strips_target.csv")
    units = steps["strip"].unique()
    names = list(steps.columns.drop("strip"))
    label = symbols["label"].map(lambda digit: names.index(str(digit)))
    prediction, lengths = padded(steps[names], steps["strip"], units)
    target, target_lengths = padded(label, symbols["strip"], units)
    return {
        "prediction": prediction,
        "target": target,
        "prediction_lengths": lengths,
        "target_lengths": target_lengths,
    }


def characters():
    steps, label = table("characters_prediction.csv"), column("characters_target.csv", "target")
    names = list(steps.columns.drop("line"))
    return {
        "prediction": steps[names].to_numpy(),
        "target": np.array([names.index(name) for name in label]),
        "line": steps["line"].factorize()[0],
    }


CTC = (
    "torch.nn.functional.ctc_loss(prediction.log().transpose(0, 1), target, prediction_lengths, "
    "target_lengths, reduction='none').mean()"
)


PERPLEXITY = "torch.nn.functional.nll_loss(prediction.log(), target).exp()"


SAMPLES = [
    Sample(
        "ctc sample_data/strips_prediction.csv sample_data/strips_target.csv --unit strip",
        1.034280901424659,
        Live("torch", CTC, strips),
    ),
    Sample(
        "sequence_cross_entropy sample_data/characters_prediction.csv sample_data/characters_target.csv --unit line",
        2.096814832866876,
        Live("torch", NLL, characters),
    ),
    Sample(
        "perplexity sample_data/characters_prediction.csv sample_data/characters_target.csv --columns target=target,prediction=space+a+b+c+d+e+f+g+h+i+j+k+l+m+n+o+p+q+r+s+t+u+v+w+x+y+z",
        8.140200676692373,
        Live("torch", PERPLEXITY, characters),
    ),
]
