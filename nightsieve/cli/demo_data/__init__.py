"""Realistic messages of the project's own making, each with its true label."""

from nightsieve.cli.demo_data.messages import LABELS, Block, generate

__all__ = ["LABELS", "Block", "generate"]
