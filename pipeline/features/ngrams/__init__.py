"""N-grams of tokens, weighted by tf-idf."""
