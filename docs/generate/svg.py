"""The few shapes of SVG that the drawings are made of."""

INK = "#222222"
BORDER = "#9999aa"
LINE = "#666677"


def drawing(title: str, width: float, height: float, shapes: list[str]) -> str:
    """Return a whole file: shapes on white, which is readable on any page."""
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" role="img" '
        'font-family="system-ui, sans-serif" text-anchor="middle">',
        f"<title>{title}</title>",
        '<rect width="100%" height="100%" rx="6" fill="#fff"/>',
        '<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        f'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="{LINE}"/>'
        "</marker>",
        *shapes,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def box(x: float, y: float, width: float, height: float, fill: str) -> str:
    """Return a rectangle with round corners."""
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="5" '
        f'fill="{fill}" stroke="{BORDER}"/>'
    )


def text(x: float, y: float, content: str, attributes: str = "") -> str:
    """Return a line of text around ``x``."""
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="13" fill="{INK}"'
        f"{attributes and ' '}{attributes}>{content}</text>"
    )


def arrow(path: str) -> str:
    """Return a line that ends in an arrow."""
    return f'<path d="{path}" fill="none" stroke="{LINE}" marker-end="url(#head)"/>'
