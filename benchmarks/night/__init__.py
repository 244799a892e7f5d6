"""Whole nights: their time and memory, and how these grow."""
