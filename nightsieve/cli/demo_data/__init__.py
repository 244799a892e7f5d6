"""Generate realistic messages, each with its true label."""

from nightsieve.cli.demo_data.messages import LABELS, Block, generate

__all__ = ["LABELS", "Block", "generate"]
