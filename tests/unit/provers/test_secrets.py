"""The search for secrets finds each secret in every encoding, and nothing else."""

import base64
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from provers.watched.secrets import Search, Secret, private_parts
from sojourn.crypto import signing_keys
from sojourn.domain.signing_key import Algorithm

PASSWORD = Secret("password", 'süßer "Kanarien"-Vogel & Co/+ 8%')
TOKEN = Secret("login token", "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1c3JfMSJ9." + "aB3-_xYz90" * 8)
KEY = Secret("access key", "ks_" + "0aB1cD2eF3" * 2 + "0a" + "Zy9Xw8Vu7T" * 4 + "Zy9")


def found(secret: Secret, text: str | bytes) -> bool:
    """Whether a log line with the text gives the secret away."""
    raw = text.encode() if isinstance(text, str) else text
    line = b'{"level":"INFO","message":"' + raw + b'","route":"POST /v1/login"}'
    findings = list(Search([secret])("log lines", line))
    assert {finding.secret for finding in findings} <= {secret}
    return bool(findings)


FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in JSON": json.dumps,
    "in JSON with letters as they are": lambda t: json.dumps(t, ensure_ascii=False),
    "in JSON in JSON": lambda t: json.dumps(json.dumps(t)),
    "in a URL": lambda t: quote(t, safe=""),
    "in a form": quote_plus,
    "in a URL in small letters": lambda t: quote(t, safe="").lower(),
    "as Python shows it": repr,
    "in an exception": lambda t: repr(ValueError(t)),
    "in base64": lambda t: base64.b64encode(t.encode()).decode(),
    "in base64 behind a sign": lambda t: base64.b64encode(b"x" + t.encode() + b"y").decode(),
    "in base64 behind two": lambda t: base64.b64encode(b"xy" + t.encode()).decode(),
    "in base64url": lambda t: base64.urlsafe_b64encode(t.encode()).decode().rstrip("="),
    "in hex": lambda t: t.encode().hex(),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("secret", [PASSWORD, TOKEN, KEY], ids=lambda s: s.kind)
def test_planted_secret_is_found(secret: Secret, form: str) -> None:
    """A secret planted in a log line is found in each form."""
    assert found(secret, FORMS[form](secret.value))


def test_half_a_credential_is_found() -> None:
    """A token or key without its beginning or its end is found too."""
    assert found(TOKEN, TOKEN.value.rpartition(".")[2])
    assert found(TOKEN, TOKEN.value[:-20])
    assert found(KEY, KEY.value[20:])


def test_what_may_be_seen_is_not_found() -> None:
    """A token's header and claims, a key's id and a password's hash are nobody's secret."""
    assert not found(TOKEN, TOKEN.value.rpartition(".")[0])
    assert not found(KEY, f"key_{KEY.value[3:25]}")
    assert not found(PASSWORD, "süßer Vogel")


def test_of_many_each_is_found() -> None:
    """The search says which secret it found, and where."""
    secrets = [Secret("password", f"password number {number:05}") for number in range(500)]
    (finding,) = Search(secrets)("answers", b"... password number 00321 ...")
    assert (finding.secret, finding.place) == (secrets[321], "answers")
    assert "00321" in finding.around


@pytest.mark.parametrize("algo", ["rs256", "es256", "eddsa"])
def test_private_key_is_found(algo: Algorithm) -> None:
    """A private key is found as DER, PEM and JWK's numbers, and its public half is not."""
    der, public = signing_keys.generate(algo)
    secret = Secret("private key", base64.b64encode(der).decode())
    pem = load_der_private_key(der, None).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    for before in (b"", b"x", b"xy"):
        assert found(secret, base64.b64encode(before + der))
    for form in (pem, json.dumps(pem.decode()), der.hex(), base64.urlsafe_b64encode(der)):
        assert found(secret, form)
    for part in private_parts(secret.value):
        assert found(secret, base64.urlsafe_b64encode(part).rstrip(b"="))
        assert found(secret, str(int.from_bytes(part, "big")))
        assert found(secret, hex(int.from_bytes(part, "big")))
    assert not found(secret, public)
    assert not found(secret, json.dumps(public))


@pytest.mark.parametrize("value", ["", "short", "00000000000000000000", "abcabcabcabcabcabc"])
def test_plain_values_are_told_apart(value: str) -> None:
    """Secrets so short that they occur by chance are not searched for, and this is reported."""
    assert Secret("password", value).plain
    assert not PASSWORD.plain
