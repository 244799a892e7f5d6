"""Layers of a configuration, and the tree that they make; the last layer wins."""

import copy
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeAlias

from pipeline.config import strict_yaml
from pipeline.errors import ConfigError

#: What the names of layers begin with that a person typed.
PATCH = "--patch"
_MAX_PATH = 60  # characters of a wrong key that a message repeats

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
        self._root = _Origin()

    def set(self, key: str, layer: Layer) -> None:
        """Record that the layer set the key, and with it all keys below."""
        origin = self._root
        for part in key.split("."):
            origin = origin.below.setdefault(part, _Origin())
        origin.layer = layer
        origin.below = {}

    def open(self, key: str) -> None:
        """Record that from now on the keys below this one have their own layers."""
        origin = self._find(key)
        if origin is not None:
            origin.layer = None

    def layer(self, key: str) -> Layer:
        """Return the layer that set exactly this key."""
        origin = self._find(key)
        if origin is None or origin.layer is None:
            raise KeyError(key)
        return origin.layer

    def name(self, key: str) -> str:
        """Return the name of the layer that set the key, or the nearest key to it.

        The search begins with the key itself and the keys below it, and goes on with
        its parent and the keys below the parent.
        """
        layer: Layer | None = None
        origin = self._root
        for part in key.split("."):
            if part not in origin.below:
                break
            origin = origin.below[part]
            layer = origin.first_layer() or layer
        return "the configuration" if layer is None else layer.name

    def _find(self, key: str) -> "_Origin | None":
        origin = self._root
        for part in key.split("."):
            if part not in origin.below:
                return None
            origin = origin.below[part]
        return origin


@dataclass
class _Origin:
    """The layer of a key, and the origins of the keys below it."""

    layer: Layer | None = None
    below: dict[str, "_Origin"] = field(default_factory=dict)

    def first_layer(self) -> Layer | None:
        """Return the layer of the key itself, or of the first key below it."""
        if self.layer is not None:
            return self.layer
        for origin in self.below.values():
            layer = origin.first_layer()
            if layer is not None:
                return layer
        return None


class Combined(NamedTuple):
    """The tree of values that layers make, and the layer that set each key."""

    tree: Tree
    origins: Origins


def file_layer(path: Path) -> Layer:
    """Read the layer in a local YAML file.

    Raises
    ------
    ConfigError
        The file cannot be read, is too large, or is not YAML.

    Examples
    --------
    >>> from pipeline.config import DEFAULTS
    >>> sorted(file_layer(DEFAULTS).values)[:3]
    ['evaluation', 'labelling', 'notify']
    """
    try:
        content = strict_yaml.read_file(path)
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
            f"{PATCH} {path[:_MAX_PATH]!r}: not a key and a value; write it like "
            "training.search.folds=5"
        )
    if len(keys) > strict_yaml.MAX_DEPTH:
        raise ConfigError(
            f"{PATCH} {path[:_MAX_PATH]}...: nested deeper than "
            f"{strict_yaml.MAX_DEPTH} levels; use fewer levels"
        )
    values = strict_yaml.load(value, f"{PATCH} {path}")
    first_key, *deeper_keys = keys
    for key in reversed(deeper_keys):
        values = {key: values}
    return Layer(f"{PATCH} {path}", {first_key: values}, Path.cwd())


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


def quotable_path(path: str) -> str:
    """Return a dotted key as messages may show it: see `strict_yaml.quotable`.

    Examples
    --------
    >>> quotable_path("text.digits")
    'text.digits'
    >>> quotable_path("root:$6$salt$hash")
    '?'
    """
    return ".".join(map(strict_yaml.quotable, path.split(".")))


def join_key(path: str, key: object) -> str:
    """Return the dotted key of an entry; an empty path is the whole tree.

    Examples
    --------
    >>> join_key("text", "digits")
    'text.digits'
    """
    return f"{path}.{key}" if path else str(key)
