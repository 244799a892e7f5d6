"""What the release gate publishes and refuses in thirty nights."""
