"""The first screens of nights' reports in Chromium, under Jenkins' Content-Security-Policy, wide and narrow."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.support import jenkins_page

LOOKS = ((1400, "light"), (390, "light"), (390, "dark"))  # pixels
FINDINGS = ("said", "broken", "wide", "violations", "invalid")


def look(
    reports: Path, nights: Iterable[dict[str, Any]], pictures: Path
) -> list[dict[str, Any]]:
    """What the browser finds on each night's page and on the page of all nights, in each look.

    ``findings`` is what axe-core, the markup's checker, the console and the layout have to say, ``first`` the height in
    pixels at which the first section begins. Pictures of the first screens go into a folder.
    """
    pictures.mkdir(parents=True, exist_ok=True)
    paths = {"all-nights": "index.html"}
    for night in nights:
        paths[f"{night['date']}-{night['decision']}"] = (
            f"{night['date']}/{night['config']}/index.html"
        )
    looks = [(name, *look) for name in paths for look in LOOKS]
    with jenkins_page.served(reports) as address:
        pages = [
            jenkins_page.page(
                address,
                paths[name],
                width,
                scheme,
                pictures / f"{name}-{width}-{scheme}.png",
            )
            for name, width, scheme in looks
        ]
        found = jenkins_page.drive({"pages": pages})["pages"]
    return [
        {
            "page": name,
            "width": width,
            "scheme": scheme,
            "first": round(each["first"]),
            "findings": [finding for kind in FINDINGS for finding in each[kind]],
        }
        for (name, width, scheme), each in zip(looks, found, strict=True)
    ]
