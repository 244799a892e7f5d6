"""The examples run, with the real services that they need."""
