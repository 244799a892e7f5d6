"""The contract as an AWS Lambda function.

`handler` answers the events of API Gateway, function URLs, load balancers and direct
invocations; like the contract, it needs the standard library and the Python scorer
alone. `package` writes the zip file that AWS runs.
"""
