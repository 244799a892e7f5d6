"""Layers of a configuration, and the tree that they make; the last layer wins."""

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeAlias

from pipeline.config import strict_yaml
from pipeline.errors import ConfigError

#: Nested mappings, as YAML gives them.
Tree: TypeAlias = dict[str, object]


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

    Examples
    --------
    >>> layer = Layer("overlay.yaml", {"text": {"min_token": 2}}, Path("config"))
    >>> layer.values["text"]
    {'min_token': 2}
    """

    name: str
    values: Tree
    folder: Path


class Origins:
    """The layer that set each dotted key.

    Examples
    --------
    >>> origins = Origins()
    >>> origins.set("text", text_layer("base.yaml", b"", Path()))
    >>> origins.set("text.digits", text_layer("overlay.yaml", b"", Path()))
    >>> origins.name("text.digits")
    'overlay.yaml'
    >>> origins.name("text.preset")
    'base.yaml'
    """

    def __init__(self) -> None:
        self._layers: dict[str, Layer] = {}

    def set(self, key: str, layer: Layer) -> None:
        """Record that the layer set the key, and with it all keys below."""
        below = [known for known in self._layers if known.startswith(f"{key}.")]
        for known in below:
            del self._layers[known]
        self._layers[key] = layer

    def open(self, key: str) -> None:
        """Record that from now on the keys below this one have their own layers."""
        self._layers.pop(key, None)

    def layer(self, key: str) -> Layer:
        """Return the layer that set exactly this key."""
        return self._layers[key]

    def name(self, key: str) -> str:
        """Return the name of the layer that set the key, or the nearest key to it.

        The search begins with the key itself and the keys below it, and goes on with
        its parent and the keys below the parent.
        """
        parts = key.split(".")
        for length in range(len(parts), 0, -1):
            prefix = ".".join(parts[:length])
            for known, layer in self._layers.items():
                if known == prefix or known.startswith(f"{prefix}."):
                    return layer.name
        return "the configuration"


class Combined(NamedTuple):
    """The tree of values that layers make, and the layer that set each key."""

    tree: Tree
    origins: Origins


def file_layer(path: Path) -> Layer:
    """Read the layer in a local YAML file.

    Raises
    ------
    ConfigError
        The file cannot be read, or is not YAML.

    Examples
    --------
    >>> from pipeline.config import DEFAULTS
    >>> sorted(file_layer(DEFAULTS).values)[:3]
    ['evaluation', 'labelling', 'notify']
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{path}: {error.strerror}; give --config a YAML file or an s3:// address"
        ) from None
    return text_layer(str(path), content, path.parent)


def text_layer(name: str, content: bytes, folder: Path) -> Layer:
    """Parse the layer in the content of a YAML document.

    Raises
    ------
    ConfigError
        The content is not YAML, or not a mapping.

    Examples
    --------
    >>> text_layer("overlay.yaml", b"text: {min_token: 2}", Path()).values
    {'text': {'min_token': 2}}
    """
    values = strict_yaml.load(content, name)
    if values is None:
        return Layer(name, {}, folder)
    if not isinstance(values, dict):
        raise ConfigError(
            f"{name}: not a mapping; write sections such as source, labelling, training"
        )
    return Layer(name, values, folder)


def patch_layer(patch: str) -> Layer:
    """Parse the layer that ``a.b=value`` stands for; the value is YAML.

    Raises
    ------
    ConfigError
        The patch has no ``=`` or an empty key, or its value is not YAML.

    Examples
    --------
    >>> patch_layer("training.search.folds=10").values
    {'training': {'search': {'folds': 10}}}
    """
    path, equals, value = patch.partition("=")
    path = path.strip()
    keys = path.split(".")
    if not equals or not all(keys):
        raise ConfigError(
            f"--patch {patch!r}: not a key and a value; write it like "
            "training.search.folds=5"
        )
    values = strict_yaml.load(value, f"--patch {path}")
    first_key, *deeper_keys = keys
    for key in reversed(deeper_keys):
        values = {key: values}
    return Layer(f"--patch {path}", {first_key: values}, Path.cwd())


def combine(layers: Iterable[Layer]) -> Combined:
    """Lay each layer over the layers before it.

    A mapping joins the mapping of the same key; any other value, and an empty mapping,
    replaces what was there.

    Examples
    --------
    >>> base = text_layer("base.yaml", b"text: {preset: ascii, min_token: 1}", Path())
    >>> patch = patch_layer("text.min_token=2")
    >>> tree, origins = combine([base, patch])
    >>> tree
    {'text': {'preset': 'ascii', 'min_token': 2}}
    >>> origins.name("text.min_token")
    '--patch text.min_token'
    """
    tree: Tree = {}
    origins = Origins()
    for layer in layers:
        _lay_over(tree, layer.values, "", layer, origins)
    return Combined(tree, origins)


def _lay_over(
    tree: Tree, values: Tree, path: str, layer: Layer, origins: Origins
) -> None:
    for key, value in values.items():
        key_path = join_key(path, key)
        present = tree.get(key)
        if value and isinstance(value, dict) and isinstance(present, dict | None):
            section = present or {}
            tree[key] = section
            origins.open(key_path)
            _lay_over(section, value, key_path, layer, origins)
        else:
            tree[key] = copy.deepcopy(value)
            origins.set(key_path, layer)


def join_key(path: str, key: object) -> str:
    """Return the dotted key of an entry; an empty path is the whole tree.

    Examples
    --------
    >>> join_key("text", "digits")
    'text.digits'
    """
    return f"{path}.{key}" if path else str(key)
