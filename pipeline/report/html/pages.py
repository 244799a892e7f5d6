"""The report of a night, and the page of all nights: plain HTML, one style sheet, SVG.

The pages work under Jenkins, whose policy allows only images and style sheets of the
same origin: they have no script, no inline style and no ``data:`` address.
"""

import functools
from collections.abc import Sequence
from operator import attrgetter
from pathlib import Path

import jinja2

from pipeline.records.models import ModelEntry
from pipeline.records.run import (
    KeyFigures,
    ListedNight,
    ModelDifference,
    RunManifest,
)
from pipeline.records.words import (
    describe_corrections,
    describe_erased,
    describe_other_sources,
    plural,
)
from pipeline.report import tables
from pipeline.report.content import COUNT, SECONDS, Typography
from pipeline.report.night import night_content
from pipeline.report.printable import printable

TEMPLATES = Path(__file__).parent / "templates"
PAGE = "index.html"
STYLE = "report.css"
TYPOGRAPHY = Typography(minus="\N{MINUS SIGN}", percent="\N{NARROW NO-BREAK SPACE}%")
MAX_CHANGES = 12  # of the configuration; more are folded away


def night_report(
    manifest: RunManifest,
    comparison: ModelDifference,
    before: RunManifest | None,
    nights: Sequence[KeyFigures],
    manifest_key: str,
) -> dict[str, bytes]:
    """Return the files of a night's report by their names, ``index.html`` among them.

    Parameters
    ----------
    comparison
        Tonight's model beside the published one.
    before
        The manifest of the night of the published model; None without one, or if it is
        gone.
    nights
        Key figures of all nights, in the order in which they were written.
    manifest_key
        The key of tonight's run manifest, which the page shows.
    """
    content = night_content(manifest, comparison, before, nights)
    page = _render(
        "night.html",
        night=content,
        results=manifest.results,
        manifest_key=manifest_key,
        max_changes=MAX_CHANGES,
    )
    return {PAGE: page, STYLE: _style(), **content.figures.files}


def nights_page(
    nights: Sequence[ListedNight],
    current: ModelEntry | None = None,
    rolled_back: Sequence[ModelEntry] = (),
) -> dict[str, bytes]:
    """Return the files of the page of all nights, the latest first.

    Parameters
    ----------
    nights
        In the order in which they were written.
    current
        The current model; None before the first publication.
    rolled_back
        The models that rollbacks made.
    """
    ordered = sorted(reversed(nights), key=attrgetter("figures.date"), reverse=True)
    others = [entry for entry in reversed(rolled_back) if entry != current]
    page = _render(
        "nights.html",
        nights=tables.all_nights(ordered, current),
        current=current,
        rolled_back=others,
    )
    return {STYLE: _style(), PAGE: page}


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["write"] = TYPOGRAPHY.write
    environment.filters["sentence"] = TYPOGRAPHY.write_sentence
    environment.filters["erased"] = describe_erased
    environment.filters["corrections"] = describe_corrections
    environment.filters["other_sources"] = describe_other_sources
    environment.globals |= {"COUNT": COUNT, "SECONDS": SECONDS, "plural": plural}
    return environment


def _render(template: str, **values: object) -> bytes:
    return _environment().get_template(template).render(values).encode()


def _printable(value: object) -> object:
    return printable(value) if isinstance(value, str) else value


def _style() -> bytes:
    return (TEMPLATES / STYLE).read_bytes()
