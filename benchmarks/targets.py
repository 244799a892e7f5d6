"""The bars of the project in one table, from the results that are there. `benchmarks.readme` puts it into README.md."""

import json
from typing import Any

from benchmarks import results
from benchmarks.night_stages import UNLIKE


def table() -> str:
    """What, bar and figure of each, in Markdown."""
    night, growth, labelling = (
        _read(name) for name in ("night", "growth", "labelling")
    )
    following, plain, search = night["next"], night["plain"], _read("search")["corpora"]
    whole, ingested = (
        following["seconds"]["median"],
        following["stages"]["ingest"]["seconds"]["median"],
    )
    script, searched = (
        plain["seconds"]["median"],
        following["stages"]["search"]["seconds"]["median"],
    )
    alone, two = plain["stages"]["search"]["median"], plain["two_jobs"]["median"]
    largest = growth["sizes"][-1]
    ways = {
        way["name"]: way["messages"] / way["seconds"]["median"]
        for way in labelling["ways"]
    }
    slow, fast = (
        rate
        for name, rate in ways.items()
        if name.startswith(("re,", "this engine, one core"))
    )
    unlike = sum(
        way["differing"]
        for way in labelling["ways"]
        if way["name"].startswith("this engine")
    )
    public = ", ".join(
        f"{name} {_times(found['sides'], 'GridSearchCV')}"
        for name, found in search.items()
    )
    jobs = ", ".join(
        f"{name} {_times(found['sides'], 'GridSearchCV, two jobs')}"
        for name, found in search.items()
    )
    differing = max(
        most for found in search.values() for most in found["differences"].values()
    )
    sizes = [
        row
        for model in _read("size")["models"]
        for row in model["rows"]
        if row["bits"] == model["chosen_bits"]
    ]
    kilobytes = max(row["gzipped"] for row in sizes) / 1000
    flipped = sum(
        found[part]["flips"]
        for found in _read("agreement")["whole"]
        for part in ("seen", "unseen")
    )
    weak, beyond = (
        _read("weak_labels")["rows"][0]["model"]["f1"],
        _read("overhead")["beyond"]["median"],
    )
    rows = [
        [
            "ingest, times a bare COPY",
            "at most 2.5",
            f"{ingested / night['copy']['median']:.2f}",
        ],
        [
            "300 rules, times `re`, one core; votes unlike",
            "at least 40; 0",
            f"{fast / slow:.0f}; {unlike}",
        ],
        [
            f"search, {night['rows']:,} rows, times `GridSearchCV`",
            "at least 5",
            f"{alone / searched:.1f}",
        ],
        ["the same, times `GridSearchCV` with two jobs", "", f"{two / searched:.1f}"],
        ["search, public messages, times `GridSearchCV`", "at least 5", public],
        ["the same, times `GridSearchCV` with two jobs", "", jobs],
        [
            f"fold scores off `GridSearchCV`'s by more than 1e-9, {night['rows']:,} rows",
            "0",
            _unlike(night["equal"]),
        ],
        [
            "largest difference of a fold score, public messages",
            "1e-9",
            f"{differing:.1g}",
        ],
        ["whole night, times the plain script", "at least 10", f"{script / whole:.1f}"],
        [
            "the same, had the script two jobs for its search",
            "",
            f"{(script - alone + two) / whole:.1f}",
        ],
        [
            f"whole night, {largest['rows']:,} rows: largest process, MiB",
            "at most 3,072",
            f"{largest['peak_mib']:,.0f}",
        ],
        [
            "second run of the same night, s",
            "at most 3",
            f"{night['again']['seconds']['median']:.1f}",
        ],
        [
            "a task beyond its work, s, where tasks do nothing",
            "at most 0.15",
            f"{beyond:.3f}",
        ],
        [
            "the same in a night",
            "at most 0.15",
            f"{following['between']['median'] / following['tasks']:.2f}",
        ],
        [
            "labels that the exported model flips, five models on public messages",
            "0",
            f"{flipped}",
        ],
        [
            "exported file of 20,000 terms and 3 labels, gzipped, KB",
            "at most 200",
            f"{kilobytes:.0f}",
        ],
        [
            "F1 of spam on UCI, trained on rules alone",
            "at least 0.90",
            f"{weak['value']:.3f}",
        ],
    ]
    return results.table(("", "bar", "measured"), rows)


def _unlike(equal: dict[str, Any]) -> str:
    most = max(value for name, value in equal.items() if name.startswith(UNLIKE))
    return f"{equal['scores_unlike']} of {equal['scores']}, at most {most:.0g}"


def _read(name: str) -> dict[str, Any]:
    return json.loads((results.RESULTS / f"{name}.json").read_bytes())


def _times(sides: dict[str, Any], other: str) -> str:
    return (
        f"{sides[other]['seconds']['median'] / sides['night']['seconds']['median']:.1f}"
    )
