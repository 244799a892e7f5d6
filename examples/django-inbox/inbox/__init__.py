"""The inbox: messages that arrive, their labels, and people's corrections."""
