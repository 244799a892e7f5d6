"""The files that hold generated parts, and what they should hold."""

import re
from pathlib import Path

from docs.generate.graph import graph_svg
from docs.generate.overview import overview_svg
from docs.generate.settings import settings_page
from docs.generate.tables import tables_page
from docs.generate.tasks import tasks_table

DOCS = Path(__file__).parents[1]
_PART = re.compile(
    r"(?P<start><!-- generated: (?P<name>[a-z]+) -->\n).*?(?P<end><!-- end -->)",
    re.DOTALL,
)


def generated_files() -> dict[Path, str]:
    """Return the content of every file of which something is generated."""
    pages = {
        "reference/settings.md": {"settings": settings_page()},
        "reference/store.md": {"tasks": tasks_table(), "tables": tables_page()},
    }
    drawings = {
        DOCS / "images" / "graph.svg": graph_svg(),
        DOCS / "images" / "overview.svg": overview_svg(),
    }
    written = {
        DOCS / page: _filled(DOCS / page, parts) for page, parts in pages.items()
    }
    return written | drawings


def _filled(page: Path, parts: dict[str, str]) -> str:
    """Return the page with its generated parts as they are now."""

    def replacement(part: re.Match[str]) -> str:
        return f"{part['start']}\n{parts[part['name']]}\n{part['end']}"

    return _PART.sub(replacement, page.read_text(encoding="utf-8"))
