"""How figures look, and how they are written; the same result gives the same bytes."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

# Two colours that everyone can tell apart on white; the marks differ as well.
COLOURS = ("#0b5cad", "#b3470b")
MARKS = ("o", "s")
INK = "#222222"
FAINT = "#d9d9d9"
DASHED = (0, (5, 4))
STYLE: "dict[RcKeyType, Any]" = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "nightsieve",
    "font.family": "sans-serif",
    "font.size": 11,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def save(figure: Figure, path: Path) -> None:
    """Write the figure as SVG."""
    with matplotlib.rc_context(STYLE):
        # Without a date and the version of the library the bytes depend on the
        # result alone.
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


def hide_spines(axes: Axes, *sides: str) -> None:
    """Hide the frame of the axes on these sides."""
    for side in sides:
        axes.spines[side].set_visible(False)
