"""The endpoints of the service, a module for each resource.

Each module has a function `endpoints`, which receives the `Service`.
"""
