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
    "ExportPipeline": ("FitModel",),
    "PrepareExport": ("FitModel",),
    "ExportCoefficients": ("PrepareExport",),
    "ExportVectors": ("ExportCoefficients",),
    "ExportReference": ("ExportCoefficients", "BuildEvaluationSet"),
    "EvaluateOnReviews": ("ExportCoefficients", "AggregateReviews"),
    "MeasureCorrections": ("ExportCoefficients", "IngestReviews"),
    "MeasureSpeed": ("ExportCoefficients",),
    "VerifyExport": ("ExportVectors",),
    "DescribeExport": ("VerifyExport", "ExportReference", "ExportPipeline"),
    "GateModel": (
        "DescribeExport",
        "MeasureSpeed",
        "EvaluateOnReviews",
        "SummariseRules",
    ),
    "PublishModel": ("GateModel",),
    "CompareModels": ("GateModel",),
    "WriteManifest": ("PublishModel", "CrossValidate", "MeasureCorrections"),
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


class Position(NamedTuple):
    """Where the box of a task is."""

    column: float
    row: float
    stage: str
    note: str = ""


POSITIONS = {
    "IngestMessages": Position(0.75, 0, "ingest"),
    "CompileRules": Position(2.25, 0, "labelling"),
    "IngestReviews": Position(4.5, 0, "ingest"),
    "CleanMessages": Position(0, 1, "preprocessing", MANY),
    "ApplyRules": Position(1.5, 1, "labelling", MANY),
    "AggregateReviews": Position(3.7, 1, "reviews"),
    "ResolveVotes": Position(1.5, 2, "labelling"),
    "BuildEvaluationSet": Position(0, 3, "preprocessing"),
    "BuildTrainingSet": Position(1.5, 3, "preprocessing"),
    "SummariseRules": Position(3.1, 3, "labelling"),
    "EvaluateCandidate": Position(1.5, 4, "training", MANY),
    "SearchGrid": Position(1.5, 5, "training"),
    "FitModel": Position(1.5, 6, "training"),
    "CrossValidate": Position(2.5, 6, "training"),
    "PrepareExport": Position(1.5, 7, "export"),
    "ExportCoefficients": Position(1.5, 8, "export"),
    "ExportPipeline": Position(0.5, 7, "export"),
    "ExportVectors": Position(1.1, 9, "export"),
    "ExportReference": Position(0, 9, "export"),
    "MeasureSpeed": Position(2.02, 9, "release"),
    "MeasureCorrections": Position(4.5, 9, "export"),
    "EvaluateOnReviews": Position(3.3, 9, "export"),
    "VerifyExport": Position(1.1, 10, "export"),
    "DescribeExport": Position(1.1, 11, "export"),
    "GateModel": Position(1.5, 12, "release"),
    "CompareModels": Position(1, 14, "report"),
    "PublishModel": Position(2, 13, "release"),
    "WriteManifest": Position(2, 14, "report"),
    "WriteReport": Position(1.5, 15, "report"),
    "Retrain": Position(1.5, 16, "root"),
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
    columns = max(position.column for position in POSITIONS.values())
    rows = max(position.row for position in POSITIONS.values())
    width = round(columns * COLUMN_WIDTH + BOX_WIDTH + 2 * MARGIN)
    height = round(rows * ROW_HEIGHT + BOX_HEIGHT + 2 * MARGIN)
    arrows = []
    for task, requirements in REQUIRES.items():
        for required in requirements:
            arrows.append(_arrow(POSITIONS[required], POSITIONS[task]))
    boxes = [_box(task, position) for task, position in POSITIONS.items()]
    title = "The tasks of a night and what each one requires"
    return svg.drawing(title, width, height, [*arrows, *boxes, *_legend()])


def _left(position: Position) -> float:
    return MARGIN + position.column * COLUMN_WIDTH


def _top(position: Position) -> float:
    return MARGIN + position.row * ROW_HEIGHT


def _arrow(start: Position, end: Position) -> str:
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


def _box(task: str, position: Position) -> str:
    x = _left(position)
    y = _top(position)
    name = f"{task} {position.note}".rstrip()
    return "".join(
        [
            svg.box(x, y, BOX_WIDTH, BOX_HEIGHT, COLOURS[position.stage]),
            svg.text(x + BOX_WIDTH / 2, y + 20, name),
        ]
    )


def _legend() -> list[str]:
    """Return a patch and a word for each stage, in the free corner on the left."""
    stages = [stage for stage in COLOURS if stage != "root"]
    x = MARGIN
    y = MARGIN + 12 * ROW_HEIGHT
    step = 24
    lines = []
    for index, stage in enumerate(stages):
        top = y + index * step
        lines.append(svg.box(x, top, 16, 16, COLOURS[stage]))
        lines.append(svg.text(x + 24, top + 13, stage, START))
    note = f"{MANY}: one per shard or candidate"
    lines.append(svg.text(x, y + len(stages) * step + 13, note, START))
    return lines
