"""The ``nightsieve`` command and what it alone uses."""
