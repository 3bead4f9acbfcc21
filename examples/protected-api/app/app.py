"""The application: it answers who called. No token is looked at here; the authorizer did that."""

import json


def handler(event, _context):
    """Answer with the session of the caller, as the authorizer put it into the event."""
    caller = event["requestContext"].get("authorizer", {}).get("lambda", {})
    body = {"session": caller} if caller else {"healthy": True}
    return {
        "statusCode": 200,
        "headers": {"content-type": "application/json", "cache-control": "no-store"},
        "body": json.dumps(body),
    }
