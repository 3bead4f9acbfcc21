"""Private signing keys: created, encrypted for their realm, cached for at most one hour."""

import gc
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from sojourn.crypto import signing_keys
from sojourn.crypto.signing_keys import PrivateKey, SigningKeys, generate
from sojourn.domain import ids
from sojourn.domain.errors import Unavailable
from sojourn.domain.realm import Realm
from sojourn.domain.signing_key import Algorithm
from tests.support.clock import MovedClock
from tests.support.memory.store import MemoryStore
from tests.unit.domain.test_session_rules import NOW, realm


class Sealer:
    """A key service that opens only for the realm and key that it sealed for."""

    def __init__(self) -> None:
        self.opened = 0

    def encrypt(self, plaintext: bytes, *, realm_id: str, key_id: str) -> bytes:
        return f"{realm_id}/{key_id}:".encode() + plaintext

    def decrypt(self, ciphertext: bytes, *, realm_id: str, key_id: str) -> bytes:
        self.opened += 1
        context, _, plaintext = ciphertext.partition(b":")
        assert context.decode() == f"{realm_id}/{key_id}"
        return plaintext


class Keyring:
    """Realms with a key each, and login's keys over them."""

    def __init__(self) -> None:
        self.clock = MovedClock(NOW)
        self.realms, self.cipher = MemoryStore().realms, Sealer()
        self.keys = SigningKeys(self.realms, self.cipher, self.clock)

    def realm(self) -> Realm:
        """A realm with one key."""
        owner = replace(realm(), id=ids.new_id("rl", NOW))
        public, ciphertext = signing_keys.new_key(
            "eddsa", realm_id=owner.id, now_ms=NOW, cipher=self.cipher
        )
        self.realms.add_private_key(owner.id, public.id, ciphertext)
        return replace(owner, keys={public.id: replace(public, number=4)})


def test_key_is_read_once_an_hour() -> None:
    """A private key is decrypted for its realm and key, and again when an hour is over."""
    ring = Keyring()
    owner = ring.realm()
    (public,) = owner.keys.values()
    found = ring.keys.for_realm(owner, seconds=0)
    assert (found.id, found.algo, found.number) == (public.id, "eddsa", 4)
    assert _pem(found) == public.pem
    ring.clock.advance(3_599.9)
    assert ring.keys.for_realm(owner, seconds=0) is found
    assert ring.cipher.opened == 1
    ring.clock.advance(0.1)
    ring.keys.for_realm(owner, seconds=0)
    assert ring.cipher.opened == 2


def in_memory(public_id: str) -> bool:
    """Whether the private half of that key is anywhere in memory."""
    gc.collect()
    # By its type: `isinstance` would wake what other packages in memory do lazily.
    held = {each.id for each in gc.get_objects() if issubclass(type(each), PrivateKey)}
    return public_id in held


def test_key_that_is_too_old_is_let_go_though_nobody_asks_for_it() -> None:
    """An hour after a key was decrypted, the next use of another, or of none, lets go of it."""
    ring = Keyring()
    old, other = ring.realm(), ring.realm()
    for purges in (ring.keys.purge, lambda: ring.keys.for_realm(other, seconds=0)):
        public = ring.keys.for_realm(old, seconds=0).id
        ring.clock.advance(3_599.9)
        purges()
        assert in_memory(public)
        ring.clock.advance(0.1)
        purges()
        assert not in_memory(public)


def test_frozen_instance_wakes_and_lets_go() -> None:
    """If only the wall clock moved, as after a freeze, a purge drops the key too."""
    ring = Keyring()
    public = ring.keys.for_realm(ring.realm(), seconds=0).id
    ring.clock.set_back(-3_600)
    ring.keys.purge()
    assert not in_memory(public)


def test_stopped_key_is_let_go_by_the_realms_next_login() -> None:
    """A key that the realm as just read has no more is gone at once, and no other realm's."""
    ring = Keyring()
    owner, other = ring.realm(), ring.realm()
    gone, kept = (ring.keys.for_realm(each, seconds=0).id for each in (owner, other))
    (left,) = ring.realm().keys.values()
    sealed = Sealer().encrypt(signing_keys.generate("eddsa")[0], realm_id=owner.id, key_id=left.id)
    ring.realms.add_private_key(owner.id, left.id, sealed)
    assert in_memory(gone)
    ring.keys.for_realm(replace(owner, keys={left.id: left}), seconds=0)
    assert [in_memory(key) for key in (gone, kept, left.id)] == [False, True, True]


def test_sixty_four_keys_are_kept() -> None:
    """An instance holds at most 64 keys in the clear, those that were used last."""
    ring = Keyring()
    owners = [ring.realm() for _ in range(65)]
    for owner in owners[:64] * 2:
        ring.keys.for_realm(owner, seconds=0)
    assert ring.cipher.opened == 64
    ring.keys.for_realm(owners[64], seconds=0)
    ring.keys.for_realm(owners[0], seconds=0)
    assert ring.cipher.opened == 66


def test_key_that_remembers_the_lifetime_signs() -> None:
    """The key is the realm's for a token that lives so long, at the moment of now."""
    ring = Keyring()
    first, later = ring.realm(), ring.realm()
    (old,), (new,) = first.keys.values(), later.keys.values()
    old = replace(old, longest_seconds=60)
    new = replace(new, signs_from_ms=NOW + 1_000, longest_seconds=120)
    ciphertext = ring.realms.private_key(later.id, new.id)
    assert ciphertext is not None
    sealed = ciphertext.replace(later.id.encode(), first.id.encode())
    ring.realms.add_private_key(first.id, new.id, sealed)
    owner = replace(first, keys={old.id: old, new.id: new})
    assert ring.keys.for_realm(owner, seconds=60).id == old.id
    assert ring.keys.for_realm(owner, seconds=61).id == new.id
    ring.clock.advance(1)
    assert ring.keys.for_realm(owner, seconds=60).id == new.id


def test_token_without_end_has_a_key_of_its_own() -> None:
    """A token that lives for ever is signed by the realm's key for such, any other by the other."""
    ring = Keyring()
    owner = ring.realm()
    (expiring,) = owner.keys.values()
    endless, sealed = signing_keys.new_key(
        "eddsa", realm_id=owner.id, now_ms=NOW + 1, cipher=ring.cipher
    )
    ring.realms.add_private_key(owner.id, endless.id, sealed)
    endless = replace(endless, kind="open_ended")
    expiring = replace(expiring, longest_seconds=60)
    owner = replace(owner, keys={expiring.id: expiring, endless.id: endless})
    ring.clock.advance(1)
    assert ring.keys.for_realm(owner, seconds=0).id == endless.id
    assert ring.keys.for_realm(owner, seconds=60).id == expiring.id


def test_missing_key_is_unavailable() -> None:
    """A realm whose private key is not there cannot sign, and may be asked again."""
    ring = Keyring()
    owner = ring.realm()
    with pytest.raises(Unavailable):
        ring.keys.for_realm(replace(owner, id=ids.new_id("rl", NOW)), seconds=0)


@pytest.mark.parametrize("algo", ["rs256", "es256", "eddsa"])
def test_new_keys_are_what_their_algorithm_asks(algo: Algorithm) -> None:
    """RS256 has 2,048 bits and the usual exponent, ES256 is on P-256, EdDSA on Ed25519."""
    der, pem = generate(algo)
    private = serialization.load_der_private_key(der, password=None)
    match algo:
        case "rs256":
            assert isinstance(private, rsa.RSAPrivateKey)
            assert private.key_size == 2_048
            assert private.public_key().public_numbers().e == 65_537
        case "es256":
            assert isinstance(private, ec.EllipticCurvePrivateKey)
            assert isinstance(private.curve, ec.SECP256R1)
        case "eddsa":
            assert isinstance(private, ed25519.Ed25519PrivateKey)
    made = PrivateKey(id="jky_1", algo=algo, number=1, key=private)
    assert _pem(made) == pem


def test_new_key_signs_from_now_and_is_sealed_for_its_realm() -> None:
    """A new key is of now, and its private half is readable for its realm and id alone."""
    public, ciphertext = signing_keys.new_key("eddsa", realm_id="rl_1", now_ms=NOW, cipher=Sealer())
    assert ids.is_id("jky", public.id)
    assert ids.created_ms(public.id) == public.created_ms == public.signs_from_ms == NOW
    assert public.algo == "eddsa"
    assert ciphertext.startswith(f"rl_1/{public.id}:".encode())


def test_private_key_is_not_shown() -> None:
    """A private key is in no representation, and so in no log."""
    made = PrivateKey(id="jky_1", algo="eddsa", number=1, key="canary")
    assert "canary" not in repr(made)


def _pem(private: PrivateKey) -> str:
    made: bytes = private.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return made.decode()
