"""DynamoDB: the client, expressions, the shapes of items, the cache of realms."""
