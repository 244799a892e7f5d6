"""Count n-grams of tokens, and weigh them by tf-idf."""
