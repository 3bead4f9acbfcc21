"""An access key by HTTP Basic."""

import base64

import pytest

from sojourn.api.basic import access_key
from sojourn.domain.errors import AccessKeyInvalid

KEY = "key_" + "1" * 22
SECRET = "ks_" + "1" * 22 + "a" * 43


def basic(text: str | bytes) -> str:
    """The credentials of a header."""
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


@pytest.mark.parametrize(
    "text", [f"{KEY}:{SECRET}", f"{KEY.replace('_', '%5F')}:{SECRET.replace('_', '%5f')}"]
)
def test_id_and_secret_may_be_form_encoded(text: str) -> None:
    """The secret is read whether a client encodes both parts as RFC 6749, 2.3.1, says, or not."""
    assert access_key(basic(text)) == SECRET


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        KEY,
        f"{KEY}:",
        f":{SECRET}",
        f"{SECRET}:{KEY}",
        f"{'key_' + '2' * 22}:{SECRET}",
        f"{KEY}:{SECRET}:",
        f"{KEY} :{SECRET}",
        f"+{KEY}:{SECRET}",
        f"{KEY}:eyJ.eyJ.sig",
        f"{KEY}:{SECRET}0",
        "%ff:%ff",
        b"\xff:\xff",
    ],
    ids=str,
)
def test_other_credentials_are_no_access_key(text: str | bytes) -> None:
    """The id must be that of the secret, and both must be there."""
    with pytest.raises(AccessKeyInvalid) as refused:
        access_key(basic(text))
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("text", ["", "=", "a", "é", "a b", basic(f"{KEY}:{SECRET}") + "!"])
def test_what_is_not_base64_is_refused(text: str) -> None:
    """Basic credentials that are not base64 are refused."""
    with pytest.raises(AccessKeyInvalid):
        access_key(text)
