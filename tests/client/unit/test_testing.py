"""`sojourn_client.testing`: what tests of applications do with it."""

import pytest

from sojourn_client import Expired, Refused, Sojourn, Terminated, Unavailable
from sojourn_client.testing import PASSWORD, FakeService


@pytest.mark.parametrize("mode", ["always", "cached", "feed"])
def test_applications_client_is_put_before_it(mode: str) -> None:
    """Within the block an application's client talks to the fake; after it, as it did before."""
    sojourn = Sojourn("http://127.0.0.1:1", "rl_app", "ks_1", mode=mode, timeout=1)  # type: ignore[arg-type]
    before = sojourn.__dict__
    with FakeService().behind(sojourn) as service:
        session = service.begin("ada", client="Phone", ip="203.0.113.9")
        found = sojourn.verify(session.token or "")
        assert (found.realm_id, found.user and found.user.username) == ("rl_app", "ada")
        sojourn.prefetch()
        service.end(session.id, "evicted")
        with pytest.raises(Terminated) as caught:
            sojourn.verify(session.token or "")
        assert caught.value.reason == "evicted"
    assert sojourn.__dict__ is before


def test_end_of_the_block_is_certain() -> None:
    """A test that fails leaves the application's client as it was."""
    sojourn = Sojourn("https://s.example", "rl_app")
    before = sojourn.__dict__
    with pytest.raises(LookupError), FakeService().behind(sojourn):
        raise LookupError
    assert sojourn.__dict__ is before


def test_users_have_a_password() -> None:
    """A user that was added may log in, and is shown as it was added."""
    service = FakeService()
    sojourn = service.sojourn()
    service.add_user("ada", email="ada@example.com", name="Ada", custom={"plan": "pro"})
    token = sojourn.authenticate("ada@example.com", PASSWORD).token or ""
    user = sojourn.verify(token).user
    assert user is not None
    assert (user.username, user.name, user.custom) == ("ada", "Ada", {"plan": "pro"})


def test_what_else_may_happen() -> None:
    """A session expires; log-ins are refused; the service is away."""
    service = FakeService()
    sojourn = service.sojourn()
    session = service.begin("ada")
    token = session.token or ""
    service.expire(session.id)
    with pytest.raises(Expired):
        sojourn.verify(token)
    service.refuse_logins("too_many_attempts", 429, retry_after=30)
    with pytest.raises(Refused) as caught:
        sojourn.authenticate("ada", PASSWORD)
    assert (caught.value.code, caught.value.retry_after) == ("too_many_attempts", 30)
    service.away = True
    with pytest.raises(Unavailable):
        sojourn.verify(token)
