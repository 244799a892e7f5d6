"""How Sphinx builds the site: ``make docs``.

The pages are Markdown that GitHub renders too. Building and reading need no network:
the theme brings its own styles, scripts and fonts.
"""

import sys
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS / "extensions"))

project = "Nightsieve"
author = "The Nightsieve authors"
copyright = f"2026, {author}"

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "myst_parser",
    "sphinx_copybutton",
    "package_modules",
    "repository_links",
]
exclude_patterns = ["_build"]
# A single backtick in a docstring names an object; any other name is set as code.
default_role = "py:obj"
# Several modules may have an object of one name; the link then leads to one of them.
suppress_warnings = ["ref.python"]

html_theme = "furo"
html_title = "Nightsieve"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False

# A block without a language is a command or its output.
highlight_language = "none"

# Links to headings have the anchors that GitHub gives them.
myst_heading_anchors = 4

autodoc_default_options = {
    "members": True,
    # scikit-learn gives every estimator these.
    "exclude-members": "set_fit_request, set_score_request",
}
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_google_docstring = False
# The attributes of a record are a list in the docstring of its class.
napoleon_use_ivar = True
add_module_names = False
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
toc_object_entries_show_parents = "hide"

# The prompt of a shell is not copied.
copybutton_prompt_text = r"\$ "
copybutton_prompt_is_regexp = True
