"""Links to files of the repository that are not pages of the site.

GitHub shows such a file; on the site, the link downloads it.
"""

import os
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform


class RepositoryLinks(SphinxTransform):
    """Turn links to Markdown files outside the site into downloads.

    MyST does so for every other file, and takes Markdown for a page.
    """

    default_priority = 5

    def apply(self) -> None:
        """Replace the links of one page."""
        for link in list(self.document.findall(addnodes.pending_xref)):
            path = Path(f"{link['reftarget']}.md")
            if link.get("refdomain") == "doc" and path.is_absolute():
                link.replace_self(self._download(link, path))

    def _download(self, link: addnodes.pending_xref, path: Path) -> nodes.Element:
        """Return a link that downloads a file, with the same text."""
        folder = Path(self.env.doc2path(self.env.docname)).parent
        target = os.path.relpath(path, folder)
        return addnodes.download_reference(
            "", "", *link.children, reftarget=target, refdoc=self.env.docname
        )


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the transform."""
    app.add_transform(RepositoryLinks)
    return {"parallel_read_safe": True}
