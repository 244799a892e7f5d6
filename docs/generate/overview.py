"""The drawing of a night in seven steps, for readers who see the project first."""

from typing import NamedTuple

from docs.generate import svg

WIDTH = 984
BOX_WIDTH = 120
BOX_HEIGHT = 62
GAP = 20
TOP = 12
BAR_HEIGHT = 30


class Step(NamedTuple):
    """A box: what it says in bold, and what below that."""

    title: str
    lines: tuple[str, str]
    colour: str


STEPS = (
    Step("Sample", ("messages from", "PostgreSQL"), "#dbeafe"),
    Step("Label", ("with regular", "expressions"), "#fde9c8"),
    Step("Clean", ("to tokens and", "unique texts"), "#e2f0d9"),
    Step("Train", ("grid search,", "cross-validation"), "#e6e0f5"),
    Step("Export", ("one JSON file", "in integers"), "#d5eeee"),
    Step("Prove", ("same results", "in 3 languages"), "#d5eeee"),
    Step("Gate", ("publish it, or", "keep the old one"), "#f9d9d0"),
)
BARS = (
    "Luigi runs the steps, Jenkins starts the night, luigid shows it",
    "Every hand-over is an object in S3; the published model is what phones load",
)


def overview_svg() -> str:
    """Return the drawing as SVG."""
    height = TOP + BOX_HEIGHT + len(BARS) * (BAR_HEIGHT + 8) + 20
    margin = (WIDTH - len(STEPS) * BOX_WIDTH - (len(STEPS) - 1) * GAP) / 2
    shapes = []
    for index, step in enumerate(STEPS):
        x = margin + index * (BOX_WIDTH + GAP)
        shapes += _box(x, step)
        if index:
            middle = TOP + BOX_HEIGHT / 2
            shapes.append(svg.arrow(f"M{x - GAP:g} {middle:g}H{x:g}"))
    for index, content in enumerate(BARS):
        y = TOP + BOX_HEIGHT + 16 + index * (BAR_HEIGHT + 8)
        shapes.append(svg.box(margin, y, WIDTH - 2 * margin, BAR_HEIGHT, "#f2f2ef"))
        shapes.append(svg.text(WIDTH / 2, y + 19, content))
    return svg.drawing("A night in seven steps", WIDTH, height, shapes)


def _box(x: float, step: Step) -> list[str]:
    middle = x + BOX_WIDTH / 2
    first, second = step.lines
    return [
        svg.box(x, TOP, BOX_WIDTH, BOX_HEIGHT, step.colour),
        svg.text(middle, TOP + 20, step.title, 'font-weight="600"'),
        svg.text(middle, TOP + 38, first),
        svg.text(middle, TOP + 54, second),
    ]
