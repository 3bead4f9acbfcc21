"""DynamoDB: its client, its expressions, the shapes of items, the cache of what was read."""
