"""Reviews: sheets of messages for annotators, what they made of them, and how far they agree."""
