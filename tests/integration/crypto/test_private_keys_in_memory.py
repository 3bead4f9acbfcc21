"""A decrypted signing key stays in an instance's memory for at most one hour."""

import gc

from sojourn.crypto.signing_keys import PRIVATE_KEY_SECONDS, PrivateKey
from tests.support.http_world import World


def decrypted(realm_id: str, world: World) -> set[str]:
    """The keys of a realm whose private halves are in memory."""
    gc.collect()
    found = world.admin("GET", f"/v1/jwt_keys?realm_id={realm_id}").body["collection"]
    # By its type: `isinstance` would wake what other packages in memory do lazily.
    held = {each.id for each in gc.get_objects() if issubclass(type(each), PrivateKey)}
    return held & {key["id"] for key in found}


def test_any_request_to_login_lets_go_of_old_keys(world: World) -> None:
    """An instance that wakes after an hour keeps no old key, also when the request is refused."""
    world.user("ada")
    assert world.login("ada").status == 200
    assert decrypted(world.realm_id, world)
    world.clock.advance(PRIVATE_KEY_SECONDS)
    assert world.call("POST", "/v1/login", {}).status == 422
    assert decrypted(world.realm_id, world) == set()
