"""What the console's access key may do."""

from dataclasses import dataclass
from typing import Final, Literal

from sojourn_cli import ids
from sojourn_cli.answers import Refused
from sojourn_cli.api import Api

Permission = Literal["read", "write", "admin"]
_ORDER: Final = ("read", "write", "admin")
_NO_REALM: Final = f"rl_{'0' * 22}"


@dataclass(frozen=True, slots=True)
class Holder:
    """The access key that the console acts with, without its secret."""

    id: str
    permission: Permission

    def may(self, permission: Permission) -> bool:
        """Whether the key has this permission."""
        return _ORDER.index(self.permission) >= _ORDER.index(permission)


def holder_of(api: Api) -> Holder:
    """The key's permission, found by calls that change nothing. Raises as `Api.call` does.

    The API checks a permission before it looks for what is named.
    """
    api.call("GET", "/v1/realms", query={"max_results": 1})
    permission: Permission = "read"
    if _allowed(api, "GET", "/v1/access_keys"):
        permission = "admin"
    elif _allowed(api, "POST", f"/v1/realms/{_NO_REALM}/end_sessions"):
        permission = "write"
    return Holder(ids.access_key_id(api.access_key), permission)


def _allowed(api: Api, method: str, path: str) -> bool:
    body = {"dry_run": True} if method == "POST" else None
    try:
        api.call(method, path, body)
    except Refused as refused:
        return refused.problem.get("code") != "permission_missing"
    return True
