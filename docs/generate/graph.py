"""The drawing of the graph of a night.

The arrows are those that no other path says already: the transitive reduction of what
the tasks require. tests/test_docs.py compares them with the tasks.
"""

from typing import NamedTuple

from docs.generate import svg

#: What each task requires; of two paths to a task the longer one is drawn.
REQUIRES = {
    "IngestMessages": (),
    "IngestReviews": (),
    "CompileRules": (),
    "ApplyRules": ("IngestMessages", "CompileRules"),
    "CleanMessages": ("IngestMessages",),
    "AggregateReviews": ("IngestReviews",),
    "ResolveVotes": ("ApplyRules",),
    "SummariseRules": ("ResolveVotes", "AggregateReviews"),
    "BuildTrainingSet": ("ResolveVotes", "CleanMessages"),
    "BuildEvaluationSet": ("ResolveVotes", "CleanMessages"),
    "EvaluateCandidate": ("BuildTrainingSet",),
    "SearchGrid": ("EvaluateCandidate",),
    "CrossValidate": ("SearchGrid",),
    "FitModel": ("SearchGrid",),
    "PrepareExport": ("FitModel",),
    "ExportCoefficients": ("PrepareExport",),
    "ExportVectors": ("ExportCoefficients",),
    "EvaluateOnReviews": ("ExportCoefficients", "AggregateReviews"),
    "MeasureSpeed": ("ExportCoefficients",),
    "VerifyExport": ("ExportVectors",),
    "DescribeExport": ("VerifyExport",),
    "GateModel": (
        "DescribeExport",
        "MeasureSpeed",
        "EvaluateOnReviews",
        "BuildEvaluationSet",
        "SummariseRules",
    ),
    "PublishModel": ("GateModel",),
    "CompareModels": ("GateModel",),
    "WriteManifest": ("PublishModel", "CrossValidate"),
    "WriteReport": ("WriteManifest", "CompareModels"),
    "Retrain": ("WriteReport",),
}

BOX_WIDTH = 164
BOX_HEIGHT = 30
COLUMN_WIDTH = 190
ROW_HEIGHT = 54
MARGIN = 12
START = 'text-anchor="start"'
#: Beside a task that a night has once per shard or per candidate.
MANY = "\N{MULTIPLICATION SIGN} n"
# The length of the bent end of an arrow.
BEND = ROW_HEIGHT - BOX_HEIGHT


class Place(NamedTuple):
    """Where the box of a task is."""

    column: float
    row: float
    stage: str
    note: str = ""


PLACES = {
    "IngestMessages": Place(0.75, 0, "ingest"),
    "CompileRules": Place(2.25, 0, "labelling"),
    "IngestReviews": Place(4, 0, "ingest"),
    "CleanMessages": Place(0, 1, "preprocessing", MANY),
    "ApplyRules": Place(1.5, 1, "labelling", MANY),
    "AggregateReviews": Place(4, 1, "reviews"),
    "ResolveVotes": Place(1.5, 2, "labelling"),
    "BuildEvaluationSet": Place(0, 3, "preprocessing"),
    "BuildTrainingSet": Place(1.5, 3, "preprocessing"),
    "SummariseRules": Place(3.1, 3, "labelling"),
    "EvaluateCandidate": Place(1.5, 4, "training", MANY),
    "SearchGrid": Place(1.5, 5, "training"),
    "FitModel": Place(1.5, 6, "training"),
    "CrossValidate": Place(2.5, 6, "training"),
    "PrepareExport": Place(1.5, 7, "export"),
    "ExportCoefficients": Place(1.5, 8, "export"),
    "ExportVectors": Place(0.95, 9, "export"),
    "MeasureSpeed": Place(1.9, 9, "release"),
    "EvaluateOnReviews": Place(3.7, 9, "export"),
    "VerifyExport": Place(0.95, 10, "export"),
    "DescribeExport": Place(0.95, 11, "export"),
    "GateModel": Place(1.5, 12, "release"),
    "CompareModels": Place(1, 14, "report"),
    "PublishModel": Place(2, 13, "release"),
    "WriteManifest": Place(2, 14, "report"),
    "WriteReport": Place(1.5, 15, "report"),
    "Retrain": Place(1.5, 16, "root"),
}
COLOURS = {
    "ingest": "#dbeafe",
    "labelling": "#fde9c8",
    "preprocessing": "#e2f0d9",
    "reviews": "#f6dde8",
    "training": "#e6e0f5",
    "export": "#d5eeee",
    "release": "#f9d9d0",
    "report": "#e8e8e4",
    "root": "#ffffff",
}


def graph_svg() -> str:
    """Return the drawing as SVG."""
    columns = max(place.column for place in PLACES.values())
    rows = max(place.row for place in PLACES.values())
    width = round(columns * COLUMN_WIDTH + BOX_WIDTH + 2 * MARGIN)
    height = round(rows * ROW_HEIGHT + BOX_HEIGHT + 2 * MARGIN)
    arrows = [
        _arrow(PLACES[required], PLACES[task])
        for task, requirements in REQUIRES.items()
        for required in requirements
    ]
    boxes = [_box(task, place) for task, place in PLACES.items()]
    title = "The tasks of a night and what each one requires"
    return svg.drawing(title, width, height, [*arrows, *boxes, *_legend()])


def _left(place: Place) -> float:
    return MARGIN + place.column * COLUMN_WIDTH


def _top(place: Place) -> float:
    return MARGIN + place.row * ROW_HEIGHT


def _arrow(start: Place, end: Place) -> str:
    """Return a curve from the bottom of one box to the top of another."""
    x1 = _left(start) + BOX_WIDTH / 2
    y1 = _top(start) + BOX_HEIGHT
    x2 = _left(end) + BOX_WIDTH / 2
    y2 = _top(end)
    # Arrows that end at one box come from different sides of it.
    x2 += max(-60.0, min(60.0, (x1 - x2) / 6))
    y = max(y1, y2 - BEND)
    half = (y2 - y) / 2
    curve = f"C{x1:g} {y + half:g} {x2:g} {y2 - half:g} {x2:g} {y2:g}"
    return svg.arrow(f"M{x1:g} {y1:g}V{y:g}{curve}")


def _box(task: str, place: Place) -> str:
    x = _left(place)
    y = _top(place)
    name = f"{task} {place.note}".rstrip()
    return "".join(
        [
            svg.box(x, y, BOX_WIDTH, BOX_HEIGHT, COLOURS[place.stage]),
            svg.text(x + BOX_WIDTH / 2, y + 20, name),
        ]
    )


def _legend() -> list[str]:
    """Return a patch and a word for each stage, in the free corner on the right."""
    stages = [stage for stage in COLOURS if stage != "root"]
    x = MARGIN + 3.6 * COLUMN_WIDTH
    y = MARGIN + 12.3 * ROW_HEIGHT
    step = 24
    lines = []
    for index, stage in enumerate(stages):
        top = y + index * step
        lines.append(svg.box(x, top, 16, 16, COLOURS[stage]))
        lines.append(svg.text(x + 24, top + 13, stage, START))
    note = f"{MANY}: one per shard or candidate"
    lines.append(svg.text(x, y + len(stages) * step + 13, note, START))
    return lines
