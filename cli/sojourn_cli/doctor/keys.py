"""`doctor`'s checks of keys: overdue signing keys, and access keys that expire."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from sojourn_cli.answers import Refused
from sojourn_cli.api import Api
from sojourn_cli.doctor.checks import Check, Finding, looked, named
from sojourn_cli.terminal.cells import printable, when
from sojourn_cli.terminal.progress import progress

View = dict[str, Any]
DAY: Final = 86_400
SOON: Final = 14 * DAY
GRACE: Final = DAY
"""Work of a schedule is overdue only after one day."""
MANY_ADMINS: Final = 3


def key_checks(api: Callable[[], Api]) -> list[Check]:
    """Each check separately, so that a missing permission affects only its own check."""
    return [
        looked("signing_keys", lambda: signing_keys(api())),
        looked("access_keys", lambda: access_keys(api())),
        looked("admin_keys", lambda: admin_keys(api())),
    ]


def signing_keys(api: Api) -> Finding:
    """No rotation and no removal is overdue."""
    now = api.clock.wall_ms() / 1000
    late, over, pending, seen = [], [], 0, 0
    for realm, keys in _of_realms(api, "/v1/jwt_keys"):
        seen += len(keys)
        pending += sum(key.get("state") == "pending" for key in keys)
        days = _number(realm, "rotate_days")
        # The schedule never rotates a key for tokens without `exp`, because it can never retire.
        rotated = [key for key in keys if key.get("kind") != "open_ended"]
        newest = max((_number(key, "created_at") for key in rotated), default=0)
        if days and now - newest > days * DAY + GRACE:
            late.append(f"{realm['id']} (newest key from {when(newest)})")
        for key in keys:
            until = _number(key, "retire_after")
            if key.get("state") == "verifying" and until and now - until > GRACE:
                over.append(str(key["id"]))
    if late or over:
        told = [f"Rotation is overdue in {named(late)}."] if late else []
        told += [f"Retired but not removed: {named(over)}."] if over else []
        told.append("Look at RotateFunction's log, or use `sojourn keys signing`.")
        return "warning", " ".join(told)
    waiting = f", {pending} published and not signing yet" if pending else ""
    return "ok", f"None of {seen} signing keys is due{waiting}."


def access_keys(api: Api) -> Finding:
    """No access key has expired, or will soon."""
    now = api.clock.wall_ms() / 1000
    keys = api.all_of("/v1/access_keys", what="access keys")
    if api.realm_id is None:
        known = {key["id"] for key in keys}
        for _, found in _of_realms(api, "/v1/access_keys"):
            keys += [key for key in found if key["id"] not in known]
    expired = [_called(key) for key in keys if _expires_by(key, now)]
    by_then = [_called(key) for key in keys if _expires_by(key, now + SOON)]
    soon = [name for name in by_then if name not in expired]
    if expired or soon:
        told = [f"Expired; revoke them: {named(expired)}."] if expired else []
        told += [f"Expiring within 14 days; replace them: {named(soon)}."] if soon else []
        return "warning", " ".join(told)
    return "ok", f"None of {len(keys)} access keys expires within 14 days."


def admin_keys(api: Api) -> Finding:
    """There is a stack-wide admin key, and not too many."""
    now = api.clock.wall_ms() / 1000
    keys = api.all_of("/v1/access_keys", what="access keys")
    if any(key.get("realm_id") is not None for key in keys):
        return "unknown", "Could not look: this access key is bound to a realm."
    admins = [k for k in keys if k.get("permission") == "admin" and not _expires_by(k, now)]
    count = f"{len(admins)} stack-wide admin {'key' if len(admins) == 1 else 'keys'}"
    if not admins:
        return "failed", f"There is no {count[2:]}: create one with `sojourn init --force`."
    if len(admins) > MANY_ADMINS:
        return "warning", f"There are {count}; revoke those that nobody needs."
    return "ok", f"There {'is' if len(admins) == 1 else 'are'} {count}."


def _of_realms(api: Api, path: str) -> Iterator[tuple[View, Sequence[View]]]:
    """Each realm with its keys, without realms that are deleted at the same time."""
    realms = api.all_of("/v1/realms", what="realms")
    with progress("Looking at realms") as at:
        for done, realm in enumerate(realms):
            at(done, len(realms))
            try:
                yield realm, replace(api, realm_id=realm["id"]).all_of(path, what="keys")
            except Refused as refused:
                if refused.status != 404:
                    raise
        at(len(realms), len(realms))


def _number(item: View, member: str) -> float:
    """A member that is a number; 0 when it is null, absent or something else."""
    value = item.get(member)
    return value if isinstance(value, int | float) else 0


def _expires_by(key: View, time: float) -> bool:
    return 0 < _number(key, "expires_at") <= time


def _called(key: View) -> str:
    return printable(f"{key['id']} {key.get('name')} ({when(key['expires_at'])})")
