"""The service, and the contract that it shares with the Lambda function."""
