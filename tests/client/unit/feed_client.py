"""Clients in mode "feed" of a simulated service, which poll when a test says so."""

from typing import Any

from sojourn_client import Sojourn
from sojourn_client.modes.poller import Poller
from tests.client.unit.feed_service import FeedService
from tests.client.unit.script import REALM

S = 20.0
OTHER = "usr_" + "5" * 22
KEY2 = "jky_" + "1" * 22


def client(service: FeedService, **options: Any) -> tuple[Sojourn, Poller]:
    """A client in mode "feed", which polls when it is told."""
    sojourn = Sojourn(
        "https://sessions.example.com",
        REALM,
        "ks_secret",
        mode="feed",
        transport=service,
        clock=service.clock,
        **{"max_staleness": S, **options},
    )
    poller = sojourn._machine.poller
    assert poller is not None
    verifier: Any = sojourn._verifier
    verifier._ensure = None
    return sojourn, poller


def asked(service: FeedService) -> int:
    """How often the service was asked about sessions."""
    return service.asked.count("/v1/sessions/validate")


def warm(service: FeedService, **options: Any) -> tuple[Sojourn, Poller]:
    """A client that has polled, and has seen a token of the key."""
    sojourn, poller = client(service, **options)
    poller.poll()
    sojourn.verify(service.begin(user_id="usr_" + "7" * 22).token)
    service.passes(1)
    poller.poll()
    return sojourn, poller
