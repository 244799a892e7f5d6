"""The Django inbox: its pages, its worker, and what a fault does to it."""
