"""What the parts cost and how well they agree: each benchmark is a module to run, its results are in results/."""
