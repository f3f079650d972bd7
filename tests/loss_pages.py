"""The pages of docs on losses, a page a family: made from the catalogue and the samples."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from examples import ROOT, without_version
from samples import SAMPLES

from lossctl.catalogue import families
from lossctl.catalogue.definition import Loss
from lossctl.catalogue.scan import catalogue, load
from lossctl.explorer.loss_page import loss_page
from lossctl.render import Format, render

FOLDER = ROOT / "docs" / "losses"

NOTE = "<!-- made by python -m tests.renew: change the loss, not this page -->"


def pages() -> dict[Path, str]:
    """Write all pages, by path; examples without what they print."""
    texts = {
        FOLDER / f"{family}.md": "\n".join(_family(family)) + "\n" for family in families.MODULES
    }
    return {FOLDER / "index.md": "\n".join(_index()) + "\n", **texts}


def _index() -> Iterator[str]:
    yield from ("# All losses", "", NOTE, "")
    yield "Every loss has a command on the sample data, and the tests compare its number with that"
    yield "of another tool. `lossctl list` prints this list, `lossctl show LOSS` explains one loss."
    for family in families.MODULES:
        yield from ("", f"## {family.capitalize()}", "", _summary(family), "")
        yield from ("| loss | what it measures | in frameworks |", "|---|---|---|")
        for loss in _losses(family):
            frameworks = ", ".join(dict.fromkeys(twin.framework for twin in loss.twins))
            link = f"[`{loss.name}`]({family}.md#{loss.name})"
            yield f"| {link} | {_escaped(loss.summary)} | {frameworks} |"
        yield from _choices(family)


def _choices(family: str) -> Iterator[str]:
    for choice in catalogue().choices:
        if choice.family == family:
            names = ", ".join(f"`{loss.name}`" for loss in choice.of)
            yield from ("", f"`{choice.name}` chooses by the shapes of the data among {names}.")


def _family(family: str) -> Iterator[str]:
    yield from (f"# {family.capitalize()}", "", NOTE, "", _summary(family))
    yield from _choices(family)
    for loss in _losses(family):
        yield from ("", f"## {loss.name}", "", *_loss(loss), "", "```console")
        yield from (f"$ {sample.command}" for sample in SAMPLES if sample.loss == loss.name)
        yield "```"


def _loss(loss: Loss) -> Iterator[str]:
    page = "\n".join(render(loss_page(loss, {}), Format.MARKDOWN))
    heading, *lines = without_version(page).splitlines()
    del heading  # the summary follows the name as text
    yield loss.summary
    yield from lines


def _summary(family: str) -> str:
    """Return the first line of what a family says of itself."""
    return str(import_module(f"{families.__name__}.{family}").__doc__).partition("\n")[0]


def _losses(family: str) -> list[Loss]:
    return [loss for loss in load().values() if loss.family == family]


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
