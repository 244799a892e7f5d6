"""Puts results/*.md into README.md, each between its marks. Run as ``python -m benchmarks.readme``."""

import re
from pathlib import Path

from benchmarks import bars
from benchmarks.results import RESULTS

README = Path(__file__).parent / "README.md"
PLACE = re.compile(r"(?s)(<!-- results: (\w+) -->\n).*?(<!-- end -->)")


def main() -> None:
    (RESULTS / "bars.md").write_text(f"{bars.table()}\n", encoding="utf-8")
    text = README.read_text(encoding="utf-8")
    README.write_text(PLACE.sub(_result, text), encoding="utf-8")


def _result(place: re.Match[str]) -> str:
    return (
        place[1]
        + (RESULTS / f"{place[2]}.md").read_text(encoding="utf-8").strip()
        + "\n"
        + place[3]
    )


if __name__ == "__main__":
    main()
