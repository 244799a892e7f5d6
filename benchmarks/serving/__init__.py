"""Benchmarks of `nightsieve serve`, the Lambda function and the example inbox."""
