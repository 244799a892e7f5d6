"""Specifications: tables in Markdown, both documentation and tests."""
