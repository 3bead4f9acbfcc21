"""A realm's settings: what each is, its range, and what a change of it would do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sojourn_cli.api import View

TWO_YEARS: Final = 1_051_200


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. It has a range of whole numbers, or choices, of which `several` may be taken."""

    label: str
    allowed: str
    does: Callable[[Any, Any], str]
    range: tuple[int, int] | None = None
    choices: tuple[str, ...] = ()
    several: bool = False

    def value(self, text: str) -> Any:
        """The value of a form's text. Raises `ValueError`."""
        if self.several:
            return [choice for choice in self.choices if choice in text.split(",")]
        if self.range is None:
            return text
        if not (text.strip().isascii() and text.strip().isdecimal()):
            raise ValueError("no whole number")
        return int(text)


@dataclass(frozen=True, slots=True)
class Change:
    """A setting that would change, and what that would do."""

    name: str
    label: str
    before: Any
    after: Any
    does: str


def changes(realm: View, form: Mapping[str, str]) -> tuple[list[Change], list[str]]:
    """The settings in which a form differs from the realm, and what is wrong with the form.

    The service decides which values it takes. This finds only what is no number or no choice.
    """
    found, errors = [], []
    for name, setting in SETTINGS.items():
        if name not in form and not (setting.several and f"{name}_shown" in form):
            continue
        try:
            after = setting.value(form.get(name, ""))
        except ValueError:
            errors.append(f"{setting.label}: {setting.allowed}.")
            continue
        before = realm[name]
        if setting.choices and not setting.several and after not in setting.choices:
            errors.append(f"{setting.label}: {setting.allowed}.")
        elif set(after) != set(before) if setting.several else after != before:
            found.append(Change(name, setting.label, before, after, setting.does(before, after)))
    return found, errors


def _max_sessions(before: Any, after: Any) -> str:
    if after < before:
        return (
            "No session ends now. A user who has more than that loses the oldest ones at the "
            "next login, or is refused then, as the setting “At the limit” says."
        )
    return "Users may have more sessions from their next login on."


def _at_limit(_: Any, after: Any) -> str:
    if after == "deny":
        return (
            "A login of a user who already has all sessions is refused. The answer lists the "
            "active ones, so that the application can ask which one to replace."
        )
    return "A login of a user who already has all sessions ends the oldest one."


def _type(_: Any, after: Any) -> str:
    if after == "unmanaged":
        return (
            "Sessions that begin from now on are not recorded: they are not listed, cannot be "
            "ended one by one, and have no limit. Existing sessions stay managed."
        )
    return "Sessions that begin from now on are recorded. Existing sessions stay unmanaged."


def _rotate(_: Any, after: Any) -> str:
    if after == 0:
        return "No signing key is created by schedule any more. Existing keys go on as they are."
    return (
        f"A schedule creates a signing key every {after} days. Each is published at once and "
        "signs 150 minutes later; the former is removed when its last token has expired."
    )


def _always(text: str) -> Callable[[Any, Any], str]:
    return lambda _before, _after: text


_MINUTES: Final = "Sessions that begin from now on live this long. Existing ones expire as before."
SETTINGS: Final[dict[str, Setting]] = {
    "name": Setting("Name", "1 to 200 characters", _always("Only operators see it.")),
    "session_type": Setting(
        "Session type", "managed or unmanaged", _type, choices=("managed", "unmanaged")
    ),
    "session_minutes": Setting(
        "Minutes of a human’s session",
        "1 to 525600 if managed; 1 to 1051200, or 0 for open-ended, if unmanaged",
        _always(_MINUTES),
        range=(0, TWO_YEARS),
    ),
    "api_key_minutes": Setting(
        "Minutes of an API key’s session",
        "1 to 1051200, or 0 for open-ended",
        _always(_MINUTES),
        range=(0, TWO_YEARS),
    ),
    "max_sessions": Setting(
        "Active sessions of one user", "1 to 100", _max_sessions, range=(1, 100)
    ),
    "at_limit": Setting(
        "At the limit", "evict_oldest or deny", _at_limit, choices=("evict_oldest", "deny")
    ),
    "jwt_algo": Setting(
        "Signing algorithm",
        "rs256, es256 or eddsa",
        _always(
            "A new signing key of each kind is created. It is published at once and signs 150 "
            "minutes later. Every verifier must know the algorithm by then."
        ),
        choices=("rs256", "es256", "eddsa"),
    ),
    "jwt_fields": Setting(
        "User’s fields in tokens",
        "any of username, name, email and custom",
        _always(
            "Tokens of sessions that begin from now on have these fields. Existing tokens stay."
        ),
        choices=("username", "name", "email", "custom"),
        several=True,
    ),
    "max_staleness_seconds": Setting(
        "Seconds that a validation may be cached",
        "1 to 3600",
        _always(
            "An application may accept an ended session for this long. Answers that are cached "
            "already keep the former time."
        ),
        range=(1, 3600),
    ),
    "rotate_days": Setting(
        "Days between new signing keys", "1 to 365, or 0 for no rotation", _rotate, range=(0, 365)
    ),
    "revocation_shards": Setting(
        "Shards of the revocation feed",
        "1 to 16, each for some 500 endings a second",
        _always("Endings from now on are spread over this many shards. Readers need no change."),
        range=(1, 16),
    ),
}
