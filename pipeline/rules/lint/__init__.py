"""Find what is wrong with rules before a night uses them. No night imports this."""
