"""The directive ``package-modules``: autodoc for every module of a package.

A module that is added, renamed or removed changes the page by itself.
"""

import importlib
import pkgutil
from collections.abc import Iterator

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.domains.python import PyObject
from sphinx.util.docutils import SphinxDirective


class PackageModules(SphinxDirective):
    """Document a package and, each under a heading, the modules in it."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return what autodoc makes of the package and of its modules."""
        package = self.arguments[0]
        documented: list[nodes.Node] = self._automodule(package)
        for module in public_modules(package):
            title = module.removeprefix(f"{package}.")
            section = nodes.section(ids=[nodes.make_id(module)], names=[module])
            section += nodes.title("", "", nodes.literal("", title))
            section += self._automodule(module)
            documented.append(section)
        return documented

    def _automodule(self, module: str) -> list[nodes.Node]:
        # What a package exports from its modules is documented with these.
        text = (
            f"```{{eval-rst}}\n.. automodule:: {module}\n   :ignore-module-all:\n```\n"
        )
        return self.parse_text_to_nodes(text, allow_section_headings=True)


def public_modules(package: str) -> Iterator[str]:
    """Yield the names of the modules of a package that have something to document."""
    path = getattr(
        importlib.import_module(package), "__path__", []
    )  # a module has none
    for module in pkgutil.walk_packages(path, f"{package}."):
        name = module.name.removeprefix(f"{package}.")
        is_public = not any(part.startswith("_") for part in name.split("."))
        if is_public and importlib.import_module(module.name).__doc__:
            yield module.name


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive; attributes are called so, and not variables."""
    app.add_directive("package-modules", PackageModules)
    for field in PyObject.doc_field_types:
        if field.name == "variable":
            field.label = "Attributes"
    return {"parallel_read_safe": True}
