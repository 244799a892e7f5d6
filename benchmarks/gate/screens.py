"""First screens of nights' reports in Chromium, under Jenkins' security policy."""

import itertools
from collections.abc import Mapping
from pathlib import Path

from benchmarks.gate.records import Screens
from tests.support import jenkins_page

LOOKS = ((1400, "light"), (390, "light"), (390, "dark"))  # width in pixels, scheme
# What axe-core, the markup's checker, the console and the layout have to say.
FINDINGS = ("said", "broken", "wide", "violations", "invalid")
ALL_NIGHTS = "all-nights"


def look(reports: Path, pages: Mapping[str, str], pictures: Path) -> Screens:
    """Look at reports, and at the page of all nights, wide and narrow.

    Parameters
    ----------
    reports
        Folder of the reports.
    pages
        Paths in it, by the name of a picture.
    pictures
        Folder for pictures of the first screens.
    """
    pictures.mkdir(parents=True, exist_ok=True)
    paths = {ALL_NIGHTS: "index.html", **pages}
    looks = list(itertools.product(paths, LOOKS))
    with jenkins_page.served(reports) as address:
        jobs = []
        for name, (width, scheme) in looks:
            picture = pictures / f"{name}-{width}-{scheme}.png"
            job = jenkins_page.page(address, paths[name], width, scheme, picture)
            jobs.append(job)
        looked_at = jenkins_page.drive({"pages": jobs})["pages"]
    findings = []
    for (name, (width, scheme)), page in zip(looks, looked_at, strict=True):
        for kind in FINDINGS:
            findings += [f"{name}, {width} {scheme}: {text}" for text in page[kind]]
    return Screens(pages=len(looks), findings=tuple(findings))
