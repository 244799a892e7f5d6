"""YAML that loses nothing silently, within bounds that no honest file reaches.

A repeated key is refused, a date stays text, and so does every key: a label may be 0.
Tags, merge keys and aliases to themselves are refused, and so is a document that is too
large, too deep, or that its aliases make too large. No message quotes a value: the file
may be one that nobody meant to show.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias

import yaml

from pipeline.errors import ConfigError

#: Bytes of a document. A rule takes some 200.
MAX_BYTES = 4 << 20
MAX_DEPTH = 32  # levels
MAX_NODES = 150_000  # values and keys, those that aliases repeat included
_MAX_NUMBER_LENGTH = 64  # characters: longer ones take long to convert
_READ_CHUNK = 1 << 16

_KEY = re.compile(r"[A-Za-z0-9_.-]{1,60}")
_EXPONENT = re.compile(r"^[-+]?[0-9][0-9_]*(\.[0-9]*)?[eE][-+]?[0-9]+$")
_MERGE = "<<"
_PREFIX = "tag:yaml.org,2002:"
_FLOAT_TAG = f"{_PREFIX}float"
# A date would not survive the way to JSON and back; `<<` and `=` have no value of ours.
_LEFT_OUT = {f"{_PREFIX}timestamp", f"{_PREFIX}merge", f"{_PREFIX}value"}

#: By the first character of a plain value, the tags that it may have.
_Resolvers: TypeAlias = dict[str, list[tuple[str, re.Pattern[str]]]]
#: The parser of libyaml, which is thirty times as fast as the one in Python.
_Parser: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Mark(Protocol):
    """A position in a document, of either parser."""

    line: int
    column: int


def _resolvers() -> _Resolvers:
    """Return the resolvers of YAML 1.1 that this project uses, and ``1e-3``.

    Under YAML 1.1, ``1e-3`` would be text, since it has no dot.
    """
    kept: _Resolvers = {}
    for first_character, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items():
        kept[first_character] = [pair for pair in pairs if pair[0] not in _LEFT_OUT]
    for first_character in "-+0123456789":
        kept[first_character].append((_FLOAT_TAG, _EXPONENT))
    return kept


_RESOLVERS = _resolvers()
_CONSTRUCTOR = yaml.constructor.SafeConstructor()
_CONSTRUCT = {
    f"{_PREFIX}null": _CONSTRUCTOR.construct_yaml_null,
    f"{_PREFIX}bool": _CONSTRUCTOR.construct_yaml_bool,
    f"{_PREFIX}int": _CONSTRUCTOR.construct_yaml_int,
    _FLOAT_TAG: _CONSTRUCTOR.construct_yaml_float,
}


class _Refused(Exception):  # noqa: N818
    """What is wrong at an event, and what to do."""

    def __init__(self, problem: str, remedy: str, event: yaml.Event) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy
        self.mark = event.start_mark


def load(text: str | bytes, name: str) -> object:
    """Return the value of a YAML document.

    Parameters
    ----------
    name
        What messages call the document.

    Raises
    ------
    ConfigError
        The document does not parse, repeats a key, or is out of bounds; the message has
        line and column.

    Examples
    --------
    >>> load("{night: 2026-11-20, alpha: 1e-3}", "overlay.yaml")
    {'night': '2026-11-20', 'alpha': 0.001}
    >>> load("{0: spam, no: ham}", "overlay.yaml")
    {'0': 'spam', 'no': 'ham'}
    """
    check_size(len(text), name)
    try:
        # To bytes and back, so that neither way lets a surrogate through.
        decoded = text.decode() if isinstance(text, bytes) else text
        content = decoded.encode()
        return _Builder().build(yaml.parse(content, Loader=_Parser))
    except _Refused as refusal:
        position = _position(refusal.mark)
        raise ConfigError(
            f"{name}{position}: {refusal.problem}; {refusal.remedy}"
        ) from None
    except yaml.MarkedYAMLError as error:
        position = _syntax_position(error, content)
        raise ConfigError(
            f"{name}{position}: not YAML: {error.problem}; correct the syntax"
        ) from None
    except (yaml.YAMLError, UnicodeError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(
            f"{name}: not YAML: {reason}; correct the syntax or the encoding"
        ) from None


def read_file(path: Path) -> bytes:
    """Return the content of a file that is not too large for a document.

    No more than the bound is read, also of a file without an end.

    Raises
    ------
    OSError
        The file cannot be read.
    ConfigError
        The file is too large.

    Examples
    --------
    >>> _ = Path("overlay.yaml").write_text("text: {min_token: 2}")
    >>> read_file(Path("overlay.yaml"))
    b'text: {min_token: 2}'
    """
    content = bytearray()
    with path.open("rb") as stream:
        while chunk := stream.read(_READ_CHUNK):
            content += chunk
            check_size(len(content), str(path))
    return bytes(content)


def check_size(size: int, name: str) -> None:
    """Require that a document of this size, in bytes, is not too large.

    Raises
    ------
    ConfigError
        It is.

    Examples
    --------
    >>> check_size(8_000_000, "overlay.yaml")
    Traceback (most recent call last):
    pipeline.errors.ConfigError: overlay.yaml: larger than 4 MB; use several files
    """
    if size > MAX_BYTES:
        raise ConfigError(
            f"{name}: larger than {MAX_BYTES >> 20} MB; use several files"
        )


def quotable(key: object) -> str:
    """Return a key as messages may show it: ``?`` if it does not look like a key.

    A file that is no configuration, such as one of passwords, can parse as mappings
    whose keys are its lines.

    Examples
    --------
    >>> quotable("min_token")
    'min_token'
    >>> quotable("root:$6$salt$hash")
    '?'
    """
    text = str(key)
    return text if _KEY.fullmatch(text) else "?"


@dataclass
class _Collection:
    """A list or mapping whose end has not come yet.

    Attributes
    ----------
    nodes, characters
        How many nodes and characters the document had before it.
    key
        The key that waits for its value; `_NO_KEY` if none does.
    """

    values: list[object] | dict[str, object]
    anchor: str | None
    nodes: int
    characters: int
    key: object


@dataclass(frozen=True)
class _Anchored:
    """A value that aliases repeat, and what each of them adds."""

    value: object
    nodes: int
    characters: int


_NO_KEY = object()


@dataclass
class _Builder:
    """Makes the value of a document from the events of a parser, without recursion."""

    _nodes: int = 0
    _characters: int = 0
    _documents: int = 0
    _document: object = None
    _open: list[_Collection] = field(default_factory=list)
    _anchors: dict[str, _Anchored] = field(default_factory=dict)

    def build(self, events: Iterator[yaml.Event]) -> object:
        for event in events:
            if isinstance(event, yaml.ScalarEvent):
                self._take_scalar(event)
            elif isinstance(event, yaml.CollectionStartEvent):
                self._begin(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._end(event)
            elif isinstance(event, yaml.AliasEvent):
                self._take_alias(event)
            elif isinstance(event, yaml.DocumentStartEvent):
                self._documents += 1
                if self._documents > 1:
                    problem = "holds several documents"
                    raise _Refused(problem, "keep one", event)
        return self._document

    def _take_scalar(self, event: yaml.ScalarEvent) -> None:
        _refuse_tag(event)
        self._count(1, len(event.value), event)
        # Quoted values are text, and so are keys.
        value: object = event.value
        if event.implicit[0]:
            _refuse_merge(event)
            value = event.value if self._waits_for_key() else _resolve(event)
        if event.anchor is not None:
            self._anchor(event.anchor, _Anchored(value, 1, len(event.value)), event)
        self._add(value, event)

    def _begin(self, event: yaml.CollectionStartEvent) -> None:
        _refuse_tag(event)
        if len(self._open) >= MAX_DEPTH:
            problem = f"nested deeper than {MAX_DEPTH} levels"
            raise _Refused(problem, "use fewer levels", event)
        if self._waits_for_key():
            problem = "a key is a list or a mapping"
            raise _Refused(problem, "use text", event)
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        values: list[object] | dict[str, object] = {} if is_mapping else []
        collection = _Collection(
            values, event.anchor, self._nodes, self._characters, _NO_KEY
        )
        self._count(1, 0, event)
        self._open.append(collection)

    def _end(self, event: yaml.CollectionEndEvent) -> None:
        collection = self._open.pop()
        if collection.anchor is not None:
            anchored = _Anchored(
                collection.values,
                self._nodes - collection.nodes,
                self._characters - collection.characters,
            )
            self._anchor(collection.anchor, anchored, event)
        self._add(collection.values, event)

    def _take_alias(self, event: yaml.AliasEvent) -> None:
        if any(collection.anchor == event.anchor for collection in self._open):
            problem = "an alias refers to the value that it is in"
            raise _Refused(problem, "write the value out", event)
        if event.anchor not in self._anchors:
            problem = "an alias has no anchor before it"
            raise _Refused(problem, "write the value out", event)
        anchored = self._anchors[event.anchor]
        if self._waits_for_key() and not isinstance(anchored.value, str):
            problem = "a key is an alias of something else than text"
            raise _Refused(problem, "write the key out", event)
        self._count(anchored.nodes, anchored.characters, event)
        self._add(anchored.value, event)

    def _anchor(self, name: str, anchored: _Anchored, event: yaml.Event) -> None:
        if name in self._anchors:
            problem = "an anchor is defined twice"
            raise _Refused(problem, "give each value its own", event)
        self._anchors[name] = anchored

    def _count(self, nodes: int, characters: int, event: yaml.Event) -> None:
        """Count values and their characters as if every alias were written out."""
        self._nodes += nodes
        self._characters += characters
        if self._nodes > MAX_NODES or self._characters > MAX_BYTES:
            problem = (
                f"holds more than {MAX_NODES:,} values or {MAX_BYTES >> 20} MB of "
                "them, aliases written out"
            )
            raise _Refused(problem, "use several files", event)

    def _waits_for_key(self) -> bool:
        if not self._open:
            return False
        collection = self._open[-1]
        return isinstance(collection.values, dict) and collection.key is _NO_KEY

    def _add(self, value: object, event: yaml.Event) -> None:
        """Put a value, or the key of one, where it belongs."""
        if not self._open:
            self._document = value
            return
        collection = self._open[-1]
        if isinstance(collection.values, list):
            collection.values.append(value)
        elif collection.key is _NO_KEY:
            if value in collection.values:
                key = f"the key {value!r}" if quotable(value) != "?" else "a key"
                problem = f"{key} is repeated"
                raise _Refused(problem, "keep one of the two", event)
            collection.key = value
        else:
            collection.values[collection.key] = value  # type: ignore[index]
            collection.key = _NO_KEY


def _refuse_tag(event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
    if event.tag is not None:
        problem = "has a tag (!)"
        raise _Refused(problem, "remove it", event)


def _refuse_merge(event: yaml.ScalarEvent) -> None:
    if event.value == _MERGE:
        problem = "merge keys (<<) are not supported"
        raise _Refused(problem, "write the keys out", event)


def _resolve(event: yaml.ScalarEvent) -> object:
    """Return what a plain value means: a number, true, null, or its text."""
    text: str = event.value
    for tag, pattern in _RESOLVERS.get(text[:1], ()):
        if pattern.match(text):
            return _construct(tag, event)
    return text


def _construct(tag: str, event: yaml.ScalarEvent) -> object:
    refusal = _Refused("not a number that can be read", "quote it as text", event)
    if len(event.value) > _MAX_NUMBER_LENGTH:
        raise refusal
    node = yaml.ScalarNode(tag, event.value)
    try:
        return _CONSTRUCT[tag](node)
    except (ValueError, OverflowError):
        raise refusal from None


def _syntax_position(error: yaml.MarkedYAMLError, content: bytes) -> str:
    """Return where the syntax is wrong.

    libyaml names a line after the last one if something does not end. What does not end
    is in the context then.
    """
    n_lines = content.count(b"\n") + 1
    for mark in (error.problem_mark, error.context_mark):
        if mark is not None and mark.line < n_lines:
            return _position(mark)
    return f", line {n_lines}"


def _position(mark: "_Mark | None") -> str:
    if mark is None:
        return ""
    return f", line {mark.line + 1}, column {mark.column + 1}"
