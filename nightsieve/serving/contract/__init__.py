"""What clients are promised: requests, answers and problems, as bytes.

It needs the standard library and the Python scorer alone, so that the service and a
Lambda function give the same bytes for the same request. A request passes through
`preparation`, `preprocessing`, `prediction` and `answers`; `api` joins them. The JSON
Schemas of the bodies are in ``schemas/``; `validators` is generated from them.
"""
