"""A rule base small enough to be worked out by hand; each test replaces what it is about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

FACTS = """\
parts:
  loss: the loss
  added: to be added to the loss
groups:
  problem: The problem
  data: The data
facts:
  task:
    group: problem
    type: choice
    values:
      regression: a number is predicted
      binary_classification: one of two classes is predicted
      multiclass_classification: one of several classes is predicted
    unions:
      classification: [binary_classification, multiclass_classification]
    help: what is predicted
    question: What is predicted?
  output:
    group: problem
    type: choice
    values:
      continuous: a number
      probability: a probability
    help: what the model outputs
    question: What does the model put out?
  labels:
    group: data
    type: choice
    values:
      integer: the number of a class
      one_hot: a column for each class
    help: how classes are written
    question: How are the classes written?
  need:
    group: problem
    type: several
    values:
      smooth: a slope everywhere
      same_unit: the unit of the target
      stable: a training that does not break
    unions:
      easy: [smooth, stable]
    help: what matters
    question: What matters?
  outliers:
    group: data
    type: flag
    help: some targets are far off
    question: Are some targets far off?
  skewed:
    group: data
    type: flag
    help: large targets are rare
    question: Are large targets rare?
  foreground:
    group: data
    type: number
    at_least: 0
    at_most: 1
    help: the share of the foreground
    question: How large is the share of the foreground?
  n_classes:
    group: data
    type: integer
    at_least: 2
    help: how many classes there are
    question: How many classes are there?
  domain:
    group: problem
    type: choice
    hint: true
    values:
      medical: pictures of bodies
      speech: spoken words
    help: the field
    question: Which field is it?
  asked_for:
    group: problem
    type: loss
    asked: false
    help: a loss that was asked for
    question: Which loss?
measures:
  spread: the spread of the residuals
derived:
- when: {fact: n_classes, at_least: 3}
  then: {task: multiclass_classification}
  because: More than two classes are several.
- when: {task: multiclass_classification}
  then: {output: probability}
  because: Each class has a probability.
contradictory:
- when: {task: regression, output: probability}
  because: A number is no probability.
"""

SOURCES = """\
sources:
  book:
    title: A book
    kind: book
    authors: Somebody
    year: 1999
  article:
    title: An article
    kind: article
"""

LOSSES = """\
mse:
  tasks: [regression]
  fits: Small errors.
  sources: [book#3]
mae:
  tasks: [regression]
  fits: Large errors.
  sources: [book]
cross_entropy:
  tasks: [classification]
  outputs: [probability]
  fits: Classes.
  sources: [article]
"""

RULES = """\
rules:
- id: squares
  kind: default
  when: {task: regression}
  losses: [mse]
  because: Errors are small as a rule.
  evidence: agreed
  sources: [book, article]
  examples:
    fires: [{task: regression}]
    silent: [{task: binary_classification}]
- id: far-off
  kind: prefer
  when: {task: regression, outliers: true}
  losses: [{loss: mae, strength: strong}, {loss: mse, strength: weak}]
  because: It grows slowly.
  evidence: single
  sources: [book#7]
  overrides: [squares]
  examples:
    fires: [{task: regression, outliers: true}]
    silent: [{task: regression, outliers: false}]
- id: classes
  kind: default
  when: {task: classification}
  losses: [cross_entropy]
  because: It is the likelihood.
  evidence: expert
  sources: [article]
  examples:
    fires: [{task: binary_classification}]
    silent: [{task: regression}]
"""

SMALL = {
    "facts.yaml": FACTS,
    "sources.yaml": SOURCES,
    "losses/a.yaml": LOSSES,
    "recommend/a.yaml": RULES,
}

Small = Callable[..., Path]


@pytest.fixture
def small(tmp_path: Path) -> Small:
    """Write a small rule base and return its folder.

    Files are replaced by name, `small(**{"facts.yaml": …})`, or by short name: `facts`, `sources`,
    `losses` and `recommend`. A change is a whole text, or `(old, new)` for a part that stands in
    the file once; None leaves the file out, and a name that is not there is one more file. `to` is
    the name of the folder.
    """
    short = {
        "facts": "facts.yaml",
        "sources": "sources.yaml",
        "losses": "losses/a.yaml",
        "recommend": "recommend/a.yaml",
    }

    def once(to: str = "base", **files: str | tuple[str, str] | None) -> Path:
        texts: dict[str, str | None] = dict(SMALL)
        for name, change in files.items():
            path = short.get(name, name)
            if isinstance(change, tuple):
                old, new = change
                former = SMALL[path]
                assert former.count(old) == 1, f"{old!r} does not stand in {path} once"
                texts[path] = former.replace(old, new)
            else:
                texts[path] = change
        folder = tmp_path / to
        for path, text in texts.items():
            if text is not None:
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_text(text, encoding="utf-8", newline="")
        return folder

    return once
