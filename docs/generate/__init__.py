"""The parts of the documentation that are made from the code.

They are committed, so that GitHub shows them, and tests/test_docs.py compares them with
the code: ``python -m docs.generate`` writes them.
"""
