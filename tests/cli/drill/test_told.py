"""The options about verifiers: what is not understood is a usage error before anything is asked."""

import pytest

from sojourn_cli.drill.told import Told, understood
from sojourn_cli.drill.verifiers import Verifier, applications, authorizers, the_api
from tests.cli.drill.conftest import Drilled
from tests.cli.drill.service import Service

URL = "https://shop.example/me"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--application", "shop.example"), "must look like https"),
        (("--application", "http://shop.example/me"), "the token could be read"),
        (("--application", "https://ada:pw@shop.example/"), "no user"),
        (("--application", f"{URL}#top"), "no fragment"),
        (("--application", f"{URL} x"), "no spaces"),
        (("--application", "https://[::1/"), "cannot be read"),
        (("--application", "shop="), "must look like https"),
        (("--application", f"a={URL}", "--application", f"a={URL}"), "another verifier is named a"),
        (("--application", f"a={URL}", "--authorizer", f"a={URL}"), "another verifier is named a"),
        (("--application", f"api={URL}"), "another verifier is named api"),
        (("--max-staleness", "3"), "needs an --application"),
        (("--application", URL, "--ttl", "3"), "needs an --authorizer"),
        (("--application", f"a={URL}", "--max-staleness", "b=3"), "--max-staleness is about b"),
        (("--application", URL, "--max-staleness", "soon"), "must be a number of seconds"),
        (("--application", URL, "--max-staleness", "-1"), "must be a number of seconds"),
        (("--application", URL, "--max-staleness", "nan"), "must be a number of seconds"),
        (("--application", URL, "--max-staleness", "inf"), "must be a number of seconds"),
        (("--application", URL, "--cookie", "a;b"), "must be the name of a cookie"),
        (("--application", URL, "--cookie", "a", "--cookie", "b"), "is given twice"),
        (("--application", URL, "--refused-by", "500"), "from 300 to 499"),
        (("--application", URL, "--refused-by", "200"), "from 300 to 499"),
        (("--application", URL, "--refused-by", "404:/x"), "from 300 to 499"),
        (("--application", URL, "--refused-by", "302:"), "from 300 to 499"),
        (("--application", URL, "--refused-by", "text:"), "from 300 to 499"),
        (("--application", URL, "--refused-by", "b=403"), "--refused-by is about b"),
        (("--authorizer", URL), "--ttl authorizer=60"),
        (("--rounds", "0"), "--rounds"),
        (("--every", "0"), "--every"),
    ],
)
def test_not_understood(
    service: Service, drilled: Drilled, options: tuple[str, ...], said: str
) -> None:
    """It exits with 2, says what is wrong, and begins no session."""
    done = drilled(*options)
    assert done.exit_code == 2
    assert said in done.stderr
    assert not any(asked.method == "POST" for asked in service.asked)


def bounds(told: Told, default_ttl: float | None = None) -> dict[str, float]:
    """The bound of each verifier, by its name."""
    return {one.name: one.bound for one in every(told, default_ttl)}


def every(told: Told, default_ttl: float | None = None) -> list[Verifier]:
    """Every verifier that was told of, in a realm that allows 300 seconds."""
    named = understood(told)
    found = authorizers(named, default_ttl=default_ttl, allowed=300)
    return found + applications(named, allowed=300)


def test_bound_of_the_api() -> None:
    """The API refuses at once, and may have a path of its own."""
    api = the_api("https://x.example/prod")
    assert (api.bound, api.url) == (0, "https://x.example/prod/v1/session")


def test_bounds_of_applications() -> None:
    """An application's bound is its client's max_staleness, and at most what the realm allows."""
    told = Told(
        applications=(f"feed={URL}", URL, f"long={URL}", f"each={URL}", URL),
        max_staleness=("feed=10", "long=900", "each=0"),
    )
    found = bounds(told)
    assert found == {"feed": 10, "application": 300, "long": 300, "each": 0, "application-2": 300}
    assert bounds(Told(applications=(URL, f"a={URL}"), max_staleness=("20", "a=2.5"))) == {
        "application": 20,
        "a": 2.5,
    }


def test_bounds_of_authorizers() -> None:
    """An authorizer's bound is its TTL and 5 s; without a cache it is 0."""
    told = Told(authorizers=(URL, f"rest={URL}", f"none={URL}"), ttl=("rest=300", "none=0"))
    assert bounds(told, default_ttl=60) == {"authorizer": 65, "rest": 305, "none": 0}
    hints = {one.name: bool(one.hint) for one in every(told, 60)}
    assert hints == {"authorizer": False, "rest": True, "none": False}


def test_what_counts_for_all_and_for_one() -> None:
    """What has no name counts for all; what has one is added, or replaces it."""
    told = Told(
        applications=(f"a={URL}", f"b={URL}?x=1"),
        cookies=("session", "b=other"),
        refused_by=("403", "b=text:Log in"),
    )
    a, b = every(told)
    assert (a.cookie, b.cookie) == ("session", "other")
    assert (len(a.refusals), len(b.refusals)) == (2, 3)
    assert (b.base_url, b.target) == ("https://shop.example", "/me?x=1")
    assert every(Told(applications=("https://shop.example?x=1",)))[0].target == "/?x=1"
