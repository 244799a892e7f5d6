"""What is generated from the JSON Schemas of the contract, and committed.

``python -m nightsieve.serving.generate`` writes it again; a test compares.
"""
