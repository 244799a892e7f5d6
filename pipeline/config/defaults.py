"""Where the configuration that comes with the project is."""

from pathlib import Path

# A wheel has a copy of the repository's config/ here, see setup.py.
_SHIPPED = Path(__file__).parent / "shipped"
_CHECKOUT = Path(__file__).parents[2] / "config"

_FOLDER = _SHIPPED if _SHIPPED.is_dir() else _CHECKOUT
DEFAULTS = _FOLDER / "pipeline.yaml"
