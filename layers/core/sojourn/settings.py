"""A function's environment, as one typed object that is checked when it is made."""

from collections.abc import Mapping
from dataclasses import dataclass


class SettingsError(Exception):
    """The environment lacks something; the message names it."""


@dataclass(frozen=True, slots=True)
class EnvironmentSettings:
    """What `template.yaml` tells a function.

    `kms_key_id` is there where keys are used, `attempts_table` where credentials are tried.
    """

    directory_table: str
    sessions_table: str
    attempts_table: str | None
    kms_key_id: str | None
    public_url: str | None

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "EnvironmentSettings":
        """The settings of an environment. Raises `SettingsError`."""
        missing = [name for name in ("DIRECTORY_TABLE", "SESSIONS_TABLE") if not environ.get(name)]
        if missing:
            raise SettingsError(f"The environment lacks {' and '.join(missing)}.")
        public_url = environ.get("PUBLIC_URL", "").rstrip("/")
        return cls(
            directory_table=environ["DIRECTORY_TABLE"],
            sessions_table=environ["SESSIONS_TABLE"],
            attempts_table=environ.get("ATTEMPTS_TABLE") or None,
            kms_key_id=environ.get("KMS_KEY_ID") or None,
            public_url=public_url or None,
        )
