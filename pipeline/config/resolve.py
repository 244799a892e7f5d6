"""From layers to the settings of a night, and to the digest that names them.

The layers are ``config/pipeline.yaml``, then partial overlays, then ``a.b=value``
patches; the later layer wins. The result is a `Settings`, its canonical JSON and the
digest of this JSON, which is all that a task carries.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue, ValidationError

from pipeline.config.contradictions import contradictions
from pipeline.config.interpolate import interpolate, url_variable
from pipeline.config.layers import Layer, Origins, Tree, combine
from pipeline.config.messages import explain
from pipeline.config.settings import Rule, Settings
from pipeline.errors import ConfigError

ReadRules = Callable[[Path], Sequence[Rule]]


@dataclass(frozen=True)
class Resolved:
    """The settings that layers make, and the layer that set each key.

    Examples
    --------
    >>> from pipeline.config import DEFAULTS, file_layer, patch_layer
    >>> from pipeline.rules.files import read_rules
    >>> layers = [file_layer(DEFAULTS), patch_layer("text.min_token=2")]
    >>> resolve(layers, read_rules, environment={}).origin("text.min_token")
    '--patch text.min_token'
    """

    settings: Settings
    origins: Origins

    def origin(self, key: str) -> str:
        """Return the name of the layer that set the dotted key, or the nearest one."""
        return self.origins.name(key)


def resolve(
    layers: Iterable[Layer],
    read_rules: ReadRules,
    environment: Mapping[str, str] = os.environ,
) -> Resolved:
    """Combine layers into settings; the last layer wins.

    The settings do not say yet which database ``source.url`` means, so that reading
    rules needs no database: see `with_identity`.

    Parameters
    ----------
    read_rules
        Reads the rules in a folder, which is what ``labelling.rules`` names.
    environment
        The variables that ``${NAME}`` refers to.

    Raises
    ------
    ConfigError
        An unknown key, a wrong type, a value out of range, a missing environment
        variable, or a wrong rule. The message names the layer, the key, the value and
        what is accepted.

    Examples
    --------
    >>> from pipeline.config import DEFAULTS, file_layer, patch_layer
    >>> from pipeline.rules.files import read_rules
    >>> layers = [file_layer(DEFAULTS), patch_layer("text.min_token=2")]
    >>> resolve(layers, read_rules, environment={}).settings.text.min_token
    2
    """
    combined, origins = combine(layers)
    tree = interpolate(combined, origins, environment)
    _refuse_identity(tree, origins)
    _read_rules(tree, origins, read_rules)
    try:
        settings = Settings.model_validate_json(json.dumps(tree, default=str))
    except ValidationError as failure:
        raise ConfigError(explain(failure, Settings, origins)) from None
    url_variable(settings.source.url, origins.name("source.url"), environment)
    for contradiction in contradictions(settings):
        key = contradiction.key
        raise ConfigError(
            f"{origins.name(key)}: {key}: {contradiction.problem}; "
            f"{contradiction.remedy}"
        )
    return Resolved(settings, origins)


def with_identity(settings: Settings, identity: str) -> Settings:
    """Return the settings with the database that ``source.url`` means.

    Parameters
    ----------
    identity
        As `pipeline.ingest.database_identity` returns it.

    Examples
    --------
    >>> from pipeline.config import DEFAULTS, file_layer
    >>> from pipeline.rules.files import read_rules
    >>> settings = resolve([file_layer(DEFAULTS)], read_rules, environment={}).settings
    >>> with_identity(settings, "0123456789abcdef").source.identity
    '0123456789abcdef'
    """
    source = settings.source.model_copy(update={"identity": identity})
    return settings.model_copy(update={"source": source})


def canonical(settings: Settings) -> bytes:
    """Return the settings as JSON in its one canonical form, which the digest names.

    Examples
    --------
    >>> from pipeline.config import DEFAULTS, file_layer
    >>> from pipeline.rules.files import read_rules
    >>> settings = resolve([file_layer(DEFAULTS)], read_rules, environment={}).settings
    >>> canonical(settings)[:26]
    b'{"evaluation":{"aggregatio'
    """
    return canonical_json(settings.model_dump(mode="json"))


def canonical_json(settings: Mapping[str, JsonValue]) -> bytes:
    """Return the canonical form of settings that are JSON values already.

    Examples
    --------
    >>> canonical_json({"text": {"preset": "ascii", "min_token": 1}})
    b'{"text":{"min_token":1,"preset":"ascii"}}'
    """
    return json.dumps(settings, sort_keys=True, separators=(",", ":")).encode()


def digest(content: bytes) -> str:
    """Return the first 16 hexadecimal digits of the sha256 of a content.

    Examples
    --------
    >>> digest(b"any content")
    'c389d54755e92e30'
    """
    return hashlib.sha256(content).hexdigest()[:16]


def _refuse_identity(tree: Tree, origins: Origins) -> None:
    """Refuse an identity that a layer sets: it could differ from that of the URL."""
    source = tree.get("source")
    if isinstance(source, dict) and "identity" in source:
        where = origins.name("source.identity")
        raise ConfigError(
            f"{where}: source.identity: is derived from source.url; remove it"
        )
    origins.set("source.identity", Layer("derived from source.url", {}, Path.cwd()))


def _read_rules(tree: Tree, origins: Origins, read_rules: ReadRules) -> None:
    """Replace the folder of rules by the rules in it.

    The folder is relative to the file that names it.
    """
    labelling = tree.get("labelling")
    if isinstance(labelling, dict) and isinstance(labelling.get("rules"), str):
        folder = origins.layer("labelling.rules").folder / labelling["rules"]
        labelling["rules"] = [rule.model_dump() for rule in read_rules(folder)]
