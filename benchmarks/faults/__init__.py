"""Faults: what a night does when a part of it breaks."""
