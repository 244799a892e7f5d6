"""The configuration of a night: layers laid over each other, checked, frozen and named by their content.

``config/pipeline.yaml``, then partial overlays, then ``a.b=value`` patches; the later one wins. The result is a
`Settings`, its canonical JSON and the digest of that JSON, which is all that a task carries.
"""

import difflib
import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from pipeline.config import strict_yaml
from pipeline.config.settings import Settings
from pipeline.errors import ConfigError
from pipeline.rules.files import read_pack

DEFAULTS = Path(__file__).parents[2] / "config" / "pipeline.yaml"
SECRET_KEYS = frozenset(
    {"source.url"}
)  # kept as a ${NAME} reference; each worker looks it up for itself
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_LONGEST_SHOWN = 60  # characters of a value that an error repeats
_SECRET_NAME = re.compile(
    r"PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIAL|_KEY|DATABASE_URL|WEBHOOK", re.IGNORECASE
)


@dataclass(frozen=True)
class Layer:
    """A partial configuration: where it comes from, what it says, and what its relative paths are relative to."""

    name: str
    values: dict[str, Any]
    folder: Path


@dataclass(frozen=True)
class Resolved:
    """The frozen configuration, and for every key the layer that set it."""

    settings: Settings
    origins: dict[str, Layer]

    @property
    def digest(self) -> str:
        return digest(canonical(self.settings))

    def origin(self, key: str) -> str:
        """The name of the layer that set the dotted key, or the nearest one above or below it."""
        return _origin(key, self.origins)


def file_layer(path: Path) -> Layer:
    """The layer in a local YAML file."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{path}: {error.strerror}; --config takes YAML files or s3:// addresses"
        ) from None
    return text_layer(str(path), text, path.parent)


def text_layer(name: str, text: bytes, folder: Path) -> Layer:
    """The layer in the text of a YAML document."""
    values = strict_yaml.load(text, name)
    if not isinstance(values, dict | None):
        raise ConfigError(
            f"{name}: must be a mapping of sections such as source, labelling, training"
        )
    return Layer(name, values or {}, folder)


def patch_layer(patch: str) -> Layer:
    """The layer that ``a.b=value`` stands for; the value is YAML."""
    path, equals, value = patch.partition("=")
    keys = path.strip().split(".")
    if not equals or not all(keys):
        raise ConfigError(f"--patch {patch}: must look like training.search.folds=5")
    values: Any = strict_yaml.load(value, f"--patch {path}")
    for key in reversed(keys):
        values = {key: values}
    return Layer(f"--patch {path.strip()}", values, Path.cwd())


def resolve(
    layers: Iterable[Layer], environment: Mapping[str, str] = os.environ
) -> Resolved:
    """The settings that the layers amount to, the last one winning, and where each key comes from.

    Raises
    ------
    ConfigError : an unknown key, a wrong type, a value out of range, a missing environment variable, a bad rule;
        the message names the layer, the key, the value and what would be accepted.
    """
    tree: dict[str, Any] = {}
    origins: dict[str, Layer] = {}
    for layer in layers:
        _lay_over(tree, layer.values, layer, origins, ())
    _expand(tree, (), origins, environment)
    _fill_in(tree, origins, environment)
    try:
        settings = Settings.model_validate_json(json.dumps(tree, default=str))
    except ValidationError as failure:
        raise ConfigError(
            "\n".join(
                _explain(error, origins) for error in _innermost(failure.errors())[:5]
            )
        ) from None
    for key, wrong in _contradictions(settings):
        raise ConfigError(f"{_origin(key, origins)}: {key}: {wrong}")
    return Resolved(settings, origins)


def canonical(settings: Settings) -> bytes:
    """The settings as JSON in its one canonical form, which is what the digest names."""
    return json.dumps(
        settings.model_dump(mode="json"), sort_keys=True, separators=(",", ":")
    ).encode()


def digest(content: bytes) -> str:
    """The name of a content: the first 16 hexadecimal digits of its sha256."""
    return hashlib.sha256(content).hexdigest()[:16]


def database_url(
    settings: Settings, environment: Mapping[str, str] = os.environ
) -> URL:
    """The database's URL with its secrets, for this process alone.

    Raises
    ------
    ConfigError : the variable is not set, or does not hold a URL.
    """
    return _parse_url(
        _substitute(settings.source.url, "source.url", "the configuration", environment)
    )


def _lay_over(
    tree: dict,
    values: dict,
    layer: Layer,
    origins: dict[str, Layer],
    path: tuple[str, ...],
) -> None:
    for key, value in values.items():
        here = (*path, str(key))
        if isinstance(value, dict) and isinstance(tree.get(key), dict | None) and value:
            tree[key] = tree.get(key) or {}
            origins.pop(".".join(here), None)
            _lay_over(tree[key], value, layer, origins, here)
        else:
            dotted = ".".join(here)
            for below in [known for known in origins if known.startswith(f"{dotted}.")]:
                del origins[below]
            tree[key] = value
            origins[dotted] = layer


def _expand(
    value: Any,
    path: tuple[str, ...],
    origins: dict[str, Layer],
    environment: Mapping[str, str],
) -> Any:
    """Replace ``${NAME}`` in place, everywhere but in the keys that hold secrets."""
    dotted = ".".join(path)
    if isinstance(value, dict | list):
        for key, item in list(
            value.items() if isinstance(value, dict) else enumerate(value)
        ):
            value[key] = _expand(item, (*path, str(key)), origins, environment)
    elif (
        isinstance(value, str)
        and dotted not in SECRET_KEYS
        and (names := _REFERENCE.findall(value))
    ):
        where = _origin(dotted, origins)
        if secret := next((name for name in names if _SECRET_NAME.search(name)), None):
            allowed = ", ".join(sorted(SECRET_KEYS))
            raise ConfigError(
                f"{where}: {dotted}: ${{{secret}}} names a secret; secrets may stand in {allowed} only"
            )
        return _substitute(value, dotted, where, environment)
    return value


def _substitute(
    value: str, key: str, where: str, environment: Mapping[str, str]
) -> str:
    def look_up(reference: re.Match) -> str:
        if reference[1] not in environment:
            raise ConfigError(
                f"{where}: {key}: the environment variable {reference[1]} is not set; "
                'export it, or for the embedded services: eval "$(nightsieve env)"'
            )
        return environment[reference[1]]

    return _REFERENCE.sub(look_up, value)


def _fill_in(
    tree: dict, origins: dict[str, Layer], environment: Mapping[str, str]
) -> None:
    """Replace the folder of rules by the rules, and say which database the URL means."""
    source, labelling = tree.get("source"), tree.get("labelling")
    if isinstance(source, dict) and isinstance(source.get("url"), str):
        if "identity" in source:
            raise ConfigError(
                f"{_origin('source.identity', origins)}: source.identity: is derived, never set"
            )
        source["identity"] = _identity(
            source["url"], _origin("source.url", origins), environment
        )
        origins["source.identity"] = Layer("derived from source.url", {}, Path.cwd())
    if isinstance(labelling, dict) and isinstance(labelling.get("rules"), str):
        folder = origins["labelling.rules"].folder / labelling["rules"]
        labelling["rules"] = [
            written.rule().model_dump() for written in read_pack(folder)
        ]


def _identity(url: str, where: str, environment: Mapping[str, str]) -> str:
    """A name for the database that is the same by whichever account and password it is reached."""
    if not _REFERENCE.search(url) and (
        _parse_url(url).password or "password" in url.lower()
    ):
        raise ConfigError(
            f"{where}: source.url: holds a password; put the URL into an environment variable: ${{NAME}}"
        )
    parsed = _parse_url(_substitute(url, "source.url", where, environment))
    if parsed.get_backend_name() == "sqlite":
        return digest(str(Path(parsed.database or "").absolute()).encode())
    return digest(f"{parsed.host}:{parsed.port or 5432}/{parsed.database}".encode())


def _parse_url(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        looks = "postgresql://user:password@host/database"
        raise ConfigError(
            f"source.url: no database URL; it looks like {looks}"
        ) from None
    if parsed.get_backend_name() not in ("postgresql", "sqlite"):
        raise ConfigError(
            f"source.url: {parsed.get_backend_name()} is not supported; postgresql and sqlite are"
        )
    return parsed


def _origin(dotted: str, origins: Mapping[str, Layer]) -> str:
    """The layer that set the key, or the nearest key above or below it."""
    keys = dotted.split(".")
    for length in range(len(keys), 0, -1):
        prefix = ".".join(keys[:length])
        for known, layer in origins.items():
            if known == prefix or known.startswith(f"{prefix}."):
                return layer.name
    return "the configuration"


def _contradictions(settings: Settings) -> Iterator[tuple[str, str]]:
    """Each key that is right in its own section and wrong beside another, and why."""
    yield from _unknown_labels(settings)
    evaluation, reviews = settings.evaluation, settings.source.reviews
    if settings.training.reviews.sources and not (reviews and reviews.columns.source):
        missing = "source.reviews.columns.source" if reviews else "source.reviews"
        yield (
            "training.reviews.sources",
            f"no review has a source; {missing} is null, set it or train on none: []",
        )
    if evaluation.aggregation == "dawid_skene" and not (
        reviews and reviews.columns.annotator
    ):
        missing = "source.reviews.columns.annotator" if reviews else "source.reviews"
        yield (
            "evaluation.aggregation",
            f"nobody knows who gave which review; {missing} is null, set it or use majority",
        )


def _unknown_labels(settings: Settings) -> Iterator[tuple[str, str]]:
    """Each label that no rule votes for, where one of the rules' is meant."""
    labels, merge = settings.labelling.labels, settings.evaluation.merge
    merged = {label: into for into, some in merge.items() for label in some}
    for into, some in merge.items():
        if unknown := [label for label in some if label not in labels]:
            yield (
                f"evaluation.merge.{into}",
                f"no rule votes for {unknown[0]}; labels are {', '.join(labels)}",
            )
    for label in settings.release.goals:
        if label not in labels:
            yield (
                f"release.goals.{label}",
                f"no rule votes for it; labels are {', '.join(labels)}",
            )
    measured = sorted({merged.get(label, label) for label in labels})
    for label in settings.release.gate.floors:
        if label not in measured:
            yield (
                f"release.gate.floors.{label}",
                f"reviews measure no such label; they measure {', '.join(measured)}",
            )


def _innermost(errors: list[dict]) -> list[dict]:
    """Without those that only follow from an error deeper down."""
    return [
        e
        for e in errors
        if not any(o is not e and o["loc"][: len(e["loc"])] == e["loc"] for o in errors)
    ]


def _explain(error: dict, origins: Mapping[str, Layer]) -> str:
    """A validation error in one line: layer, key, value, what would be accepted."""
    dotted = ".".join(map(str, error["loc"]))
    where = f"{_origin(dotted, origins)}: {dotted}"
    if error["type"] == "extra_forbidden":
        return f"{where}: unknown key; {_accepted(error['loc'])}"
    if error["type"] == "missing":
        return f"{where}: is missing"
    value = json.dumps(error["input"])
    shown = (
        f"{value}: "
        if dotted not in SECRET_KEYS and len(value) <= _LONGEST_SHOWN
        else ""
    )
    return f"{where}: {shown}{error['msg'].removeprefix('Value error, ')}"


def _accepted(path: tuple) -> str:
    """The keys that stand beside an unknown one, the most similar first."""
    model: Any = Settings
    for key in path[:-1]:
        inner = (
            [model.model_fields[key].annotation] if key in model.model_fields else []
        )
        while inner and not (models := [part for part in inner if _is_section(part)]):
            inner = [arg for part in inner for arg in getattr(part, "__args__", ())]
        model = models[0] if inner else model
    names = list(model.model_fields)
    close = difflib.get_close_matches(str(path[-1]), names, n=1)
    return (
        f"did you mean {close[0]}?" if close else f"here may stand: {', '.join(names)}"
    )


def _is_section(part: Any) -> bool:
    return isinstance(part, type) and issubclass(part, BaseModel)
