"""Rules: how fast they are searched, and how good their labels are."""
