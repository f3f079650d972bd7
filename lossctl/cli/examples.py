"""Examples for the help of commands: by command, what each does and its command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

EXAMPLES: Mapping[str, Sequence[tuple[str, str]]] = {
    "lossctl": [
        ("Compute a loss", "lossctl compute mse predictions.csv targets.csv"),
        ("Get advice on which loss to use", "lossctl recommend predictions.csv targets.csv"),
        ("Explain a loss", "lossctl show huber"),
    ],
    "lossctl compute": [
        ("One loss of two files", "lossctl compute mse predictions.csv targets.csv"),
        (
            "One file with both columns, and an option of the loss",
            "lossctl compute huber sales.csv --columns prediction=forecast,target=sold --delta 2",
        ),
        (
            "One result per region; exit with 1 if any is above 0.4",
            "lossctl compute bce predictions.csv targets.csv --on id --by region --max 0.4",
        ),
    ],
    "lossctl recommend": [
        (
            "From what you know of the problem",
            "lossctl recommend --task segmentation --imbalanced",
        ),
        (
            "From data, and why a loss is not first",
            "lossctl recommend predictions.csv targets.csv --why-not hinge",
        ),
        ("Be asked for what would change the answer", "lossctl recommend --interactive"),
    ],
    "lossctl inspect": [
        ("Facts about the problem", "lossctl inspect predictions.csv targets.csv"),
        (
            "Does the model overfit?",
            "lossctl inspect --train train.csv --validation validation.csv",
        ),
    ],
    "lossctl list": [
        ("All losses", "lossctl list"),
        ("One family, for a program", "lossctl list --family regression --format json"),
    ],
    "lossctl show": [
        ("Formula, options and equivalents", "lossctl show huber --delta 2"),
        ("A loss by its name in a framework", "lossctl show torch.nn.BCEWithLogitsLoss"),
        ("The conventions of a framework", "lossctl show kl_divergence --like torch"),
    ],
    "lossctl rules": [
        ("The rules on a loss", "lossctl rules list --loss huber"),
        ("Check your own rules", "lossctl rules lint --rules house_rules.yaml"),
    ],
    "lossctl rules list": [
        ("The rules on a loss", "lossctl rules list --loss huber"),
        ("All vetoes, for a program", "lossctl rules list --kind forbid --format json"),
    ],
    "lossctl rules show": [
        ("One rule", "lossctl rules show regression-outliers"),
        ("All rules as they are in effect", "lossctl rules show --effective --format json"),
    ],
    "lossctl rules lint": [
        ("The rules of lossctl", "lossctl rules lint"),
        ("Your own rules", "lossctl rules lint --rules house_rules.yaml"),
    ],
    "lossctl rules test": [
        ("All examples and scenarios", "lossctl rules test"),
        (
            "Your own rules and scenarios",
            "lossctl rules test --rules house_rules.yaml --scenarios scenarios.yaml",
        ),
    ],
    "lossctl rules coverage": [
        ("The tests of lossctl", "lossctl rules coverage"),
        (
            "With your own rules and scenarios",
            "lossctl rules coverage --rules house_rules.yaml --scenarios scenarios.yaml",
        ),
    ],
}
