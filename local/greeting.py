"""What a newcomer reads: lines that work when pasted."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.seed import Seeded

Say = Callable[[str], None]

_TEXT = """
Sojourn is ready at {base_url} ({seconds:.1f} s). Keys and passwords are in .local/dev.json,
what the handlers log in .local/dev.log. Schedules do not run by themselves here:
curl -X POST {base_url}/_local/run/CleanupFunction runs cleanup. Ctrl-C stops.
The tables are in {store}.

Paste these in another terminal. Log ada in on two devices:

  login() {{ curl -s {base_url}/v1/login -A "$1" -H 'content-type: application/json' \\
    -d '{{"realm_id": "{realm_id}", "username": "{username}", "password": "{password}"}}'; }}
  field() {{ python3 -c "import json,sys; print(json.load(sys.stdin)['$1'])"; }}
  PHONE=$(login 'Phone/1.0' | field token)
  LAPTOP=$(login 'Laptop/1.0' | field token)

See both, when and where:

  curl -s {base_url}/v1/sessions -H "authorization: Bearer $LAPTOP" | python3 -m json.tool

End the phone's from the laptop, and ask with the phone's token why it was logged out:

  PHONE_ID=$(curl -s {base_url}/v1/session -H "authorization: Bearer $PHONE" | field id)
  curl -s -X DELETE {base_url}/v1/sessions/$PHONE_ID -H "authorization: Bearer $LAPTOP"
  curl -s -i {base_url}/v1/session -H "authorization: Bearer $PHONE"
"""


def text(
    base_url: str, seeded: "Seeded", *, seconds: float, dynamodb_url: str | None = None
) -> str:
    """The lines for this stack."""
    ada = seeded.users[0]
    store = "this process, by moto"
    if dynamodb_url is not None:
        store = f"DynamoDB Local at {dynamodb_url}"
    return _TEXT.format(
        base_url=base_url,
        seconds=seconds,
        store=store,
        realm_id=seeded.realm_id,
        username=ada["username"],
        password=ada["password"],
    )
