"""DynamoDB, and nothing but DynamoDB."""
