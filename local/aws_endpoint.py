"""Serve AWS's protocol on the stack's port, for the tables and keys of the handlers."""

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.datastructures import Headers
from werkzeug.middleware.http_proxy import ProxyMiddleware

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def is_aws(headers: Headers) -> bool:
    """Whether a request is from an AWS client: it names an operation, or has an AWS signature."""
    signed = headers.get("authorization", "").startswith("AWS4-HMAC-SHA256")
    return signed or "x-amz-target" in headers


@cache
def application(dynamodb_url: str | None) -> "WSGIApplication":
    """The application of AWS's protocol: moto, and for tables `dynamodb_url` if set."""
    moto: WSGIApplication = DomainDispatcherApplication(create_backend_app)
    if dynamodb_url is None:
        return moto
    target = {"target": dynamodb_url, "host": "<auto>", "headers": {}, "remove_prefix": False}
    dynamodb = ProxyMiddleware(moto, {}, timeout=30).proxy_to(target, "/", "/")

    def by_operation(
        environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        of_tables = environ.get("HTTP_X_AMZ_TARGET", "").startswith("DynamoDB")
        return (dynamodb if of_tables else moto)(environ, start_response)

    return by_operation
