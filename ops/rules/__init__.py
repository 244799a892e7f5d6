"""What an operator sees of the rules: a night's figures, one message's votes, what a changed pack would do."""
