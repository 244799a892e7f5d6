"""The service: it carries the bytes of the contract over HTTP.

`application` joins the endpoints of `resources`; `endpoint` does for each request what
all have in common; `server` runs the processes.
"""
