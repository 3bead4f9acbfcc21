"""The example commands that `make dev` prints."""

import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.seed import Seeded

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of a stack's files, and the address of its tables if they are not moto's."""

    folder: Path
    ca_file: Path | None = None
    dynamodb_url: str | None = None
    application_url: str | None = None

    def shown(self, name: str = "") -> str:
        """A file of its folder, relative to the working directory."""
        path = self.folder / name
        try:
            return str(path.relative_to(Path.cwd()))
        except ValueError:
            return os.fspath(path)


_TEXT = """
Sojourn is ready at {base_url} ({seconds:.1f} s). Keys and passwords are in {dev_file},
what the handlers log in {log}. Schedules do not run by themselves here:
{curl} -X POST {base_url}/_local/run/CleanupFunction runs cleanup. Ctrl-C stops.
The tables are in {store}.{application}{tls}

Paste these in another terminal. Log ada in on two devices:

  login() {{ {curl} -s {base_url}/v1/login -A "$1" -H 'content-type: application/json' \\
    -d '{{"realm_id": "{realm_id}", "username": "{username}", "password": "{password}"}}'; }}
  field() {{ python3 -c "import json,sys; print(json.load(sys.stdin)['$1'])"; }}
  PHONE=$(login 'Phone/1.0' | field token)
  LAPTOP=$(login 'Laptop/1.0' | field token)

See both, when and where:

  {curl} -s {base_url}/v1/sessions -H "authorization: Bearer $LAPTOP" | python3 -m json.tool

End the phone's from the laptop, and ask with the phone's token why it was logged out:

  PHONE_ID=$({curl} -s {base_url}/v1/session -H "authorization: Bearer $PHONE" | field id)
  {curl} -s -X DELETE {base_url}/v1/sessions/$PHONE_ID -H "authorization: Bearer $LAPTOP"
  {curl} -s -i {base_url}/v1/session -H "authorization: Bearer $PHONE"
"""
_TLS = """
It speaks https; clients must trust {ca}, which is valid for this run alone.
For instance: SSL_CERT_FILE={ca} (Python, OpenSSL), NODE_EXTRA_CA_CERTS={ca} (Node.js)."""


def text(base_url: str, seeded: "Seeded", place: Place, *, seconds: float) -> str:
    """The lines for this stack."""
    ada = seeded.users[0]
    store, curl, tls, application = "this process, by moto", "curl", "", ""
    if place.application_url is not None:
        application = f"\nThe application behind the authorizer is at {place.application_url}."
    if place.dynamodb_url is not None:
        store = f"DynamoDB Local at {place.dynamodb_url}"
    if place.ca_file is not None:
        ca = shlex.quote(place.shown(place.ca_file.name))
        curl, tls = f"curl --cacert {ca}", _TLS.format(ca=ca)
    return _TEXT.format(
        base_url=base_url,
        seconds=seconds,
        store=store,
        curl=curl,
        tls=tls,
        application=application,
        dev_file=place.shown("dev.json"),
        log=place.shown("dev.log"),
        realm_id=seeded.realm_id,
        username=ada["username"],
        password=ada["password"],
    )
