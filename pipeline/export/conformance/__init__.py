"""Texts that tell a wrong scorer from a right one, and what a right one gets."""
