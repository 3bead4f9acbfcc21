"""Two Lambda functions: app.handler behind an HTTP API, and app.authorizer for other functions."""

import os

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from sojourn_client import Sojourn
from sojourn_client.powertools import SojournVerifier

app = APIGatewayHttpResolver()
verifier = SojournVerifier(Sojourn(os.environ["BASE_URL"], os.environ["REALM_ID"]))


@app.get("/me", middlewares=[verifier.require()])
def me():
    return {"user_id": app.context["claims"]["sub"]}


def handler(event, context):
    return app.resolve(event, context)


def authorizer(event, _):
    return verifier.authorize(event, response_format="simple", context_claims=["sub", "sid"])
