"""Which model is served, and its change while requests are answered."""
