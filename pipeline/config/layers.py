"""Layers of a configuration, and the tree that they make, the last layer winning."""

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.config import strict_yaml
from pipeline.errors import ConfigError


@dataclass(frozen=True)
class Layer:
    """A partial configuration.

    Attributes
    ----------
    name
        What messages and ``config show --origin`` call it.
    values
        Nested mappings, as YAML gives them.
    folder
        What relative paths in the values are relative to.
    """

    name: str
    values: dict[str, Any]
    folder: Path


class Origins:
    """The layer that set each dotted key."""

    def __init__(self) -> None:
        self._layers: dict[str, Layer] = {}

    def set(self, key: str, layer: Layer) -> None:
        """Say that the layer set the key, and with it all that is below the key."""
        below = [known for known in self._layers if known.startswith(f"{key}.")]
        for known in below:
            del self._layers[known]
        self._layers[key] = layer

    def open(self, key: str) -> None:
        """Say that from here on the keys below this one have layers of their own."""
        self._layers.pop(key, None)

    def layer(self, key: str) -> Layer:
        """Return the layer that set exactly this key."""
        return self._layers[key]

    def name(self, key: str) -> str:
        """Return the name of the layer that set the key, or the nearest key to it.

        Looked for are the key itself and keys below it, then its parent and so on.
        """
        parts = key.split(".")
        for length in range(len(parts), 0, -1):
            prefix = ".".join(parts[:length])
            for known, layer in self._layers.items():
                if known == prefix or known.startswith(f"{prefix}."):
                    return layer.name
        return "the configuration"


def file_layer(path: Path) -> Layer:
    """Read the layer in a local YAML file."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{path}: {error.strerror}; --config takes YAML files or s3:// addresses"
        ) from None
    return text_layer(str(path), content, path.parent)


def text_layer(name: str, content: bytes, folder: Path) -> Layer:
    """Parse the layer in the content of a YAML document."""
    values = strict_yaml.load(content, name)
    if not isinstance(values, dict | None):
        raise ConfigError(
            f"{name}: must be a mapping of sections such as source, labelling, training"
        )
    return Layer(name, values or {}, folder)


def patch_layer(patch: str) -> Layer:
    """Parse the layer that ``a.b=value`` stands for; the value is YAML."""
    path, equals, value = patch.partition("=")
    keys = path.strip().split(".")
    if not equals or not all(keys):
        raise ConfigError(f"--patch {patch}: must look like training.search.folds=5")
    values: Any = strict_yaml.load(value, f"--patch {path}")
    for key in reversed(keys):
        values = {key: values}
    return Layer(f"--patch {path.strip()}", values, Path.cwd())


def combine(layers: Iterable[Layer]) -> tuple[dict[str, Any], Origins]:
    """Lay each layer over the ones before it.

    A mapping joins the mapping of the same key; any other value, and an empty mapping,
    replaces what was there.

    Returns
    -------
    tuple
        The tree of values, and the layer that set each key.
    """
    tree: dict[str, Any] = {}
    origins = Origins()
    for layer in layers:
        _lay_over(tree, layer.values, "", layer, origins)
    return tree, origins


def _lay_over(
    tree: dict[str, Any],
    values: dict[str, Any],
    path: str,
    layer: Layer,
    origins: Origins,
) -> None:
    for key, value in values.items():
        dotted = f"{path}.{key}" if path else str(key)
        present = tree.get(key)
        if value and isinstance(value, dict) and isinstance(present, dict | None):
            tree[key] = present or {}
            origins.open(dotted)
            _lay_over(tree[key], value, dotted, layer, origins)
        else:
            tree[key] = copy.deepcopy(value)
            origins.set(dotted, layer)
