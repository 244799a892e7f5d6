"""Run PostgreSQL, S3 and luigid: real servers from Python wheels."""

from nightsieve.cli.services.stack import Stack, Status, home_directory

__all__ = ["Stack", "Status", "home_directory"]
