"""Where credentials come from, and when they are renewed."""

import threading

import pytest

from sojourn.aws import container
from sojourn.aws.credentials import AGAIN_MS, RENEWED_MS, Credentials, Keys
from sojourn.aws.errors import CredentialsInvalid, NoAnswer

HOUR = 3_600_000


class Endpoint:
    """A container endpoint: each answer has another key, good for an hour."""

    def __init__(self) -> None:
        self.now_ms = 1_000_000
        self.asked = 0
        self.broken = False

    def fetch(self) -> Keys:
        self.asked += 1
        if self.broken:
            raise NoAnswer("nothing", sent=False)
        return Keys(f"id{self.asked}", "secret", "token", self.now_ms + HOUR)

    def credentials(self, **environ: str) -> Credentials:
        return Credentials(environ, fetch=self.fetch, now_ms=lambda: self.now_ms)


@pytest.fixture
def endpoint() -> Endpoint:
    """An endpoint that nobody has asked."""
    return Endpoint()


def test_environment_comes_first_and_never_expires(endpoint: Endpoint) -> None:
    """Lambda's environment has the role's credentials, with a session token or without."""
    given = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret"}
    credentials = endpoint.credentials(**given, AWS_SESSION_TOKEN="token")
    assert credentials.current() == Keys("id", "secret", "token")
    endpoint.now_ms += 100 * HOUR
    assert credentials.current() == Keys("id", "secret", "token")
    assert endpoint.credentials(**given).current() == Keys("id", "secret")
    assert endpoint.credentials(**given, AWS_SESSION_TOKEN="").current() == Keys("id", "secret")
    assert endpoint.asked == 0


def test_half_a_pair_is_refused(endpoint: Endpoint) -> None:
    """An access key without its secret is a mistake, and no reason to look elsewhere."""
    with pytest.raises(CredentialsInvalid, match="AWS_SECRET_ACCESS_KEY is not"):
        endpoint.credentials(AWS_ACCESS_KEY_ID="id").current()
    assert endpoint.asked == 0


def test_endpoints_keys_are_kept_until_five_minutes_before_they_expire(endpoint: Endpoint) -> None:
    """They are asked for once, and again in time."""
    credentials = endpoint.credentials()
    endpoint.now_ms += HOUR - RENEWED_MS - 1
    first = credentials.current()
    endpoint.now_ms += HOUR - RENEWED_MS - 1
    assert credentials.current() is first
    endpoint.now_ms += 1
    assert credentials.current().access_key == "id2"


def test_old_keys_do_while_they_are_good(endpoint: Endpoint) -> None:
    """If the endpoint fails, the old keys are used, and the endpoint is left alone for a while."""
    credentials = endpoint.credentials()
    first = credentials.current()
    endpoint.broken = True
    endpoint.now_ms += HOUR - RENEWED_MS
    assert credentials.current() is first
    assert credentials.current() is first
    assert endpoint.asked == 2
    endpoint.now_ms += AGAIN_MS
    assert credentials.current() is first
    assert endpoint.asked == 3
    endpoint.now_ms += RENEWED_MS - AGAIN_MS
    with pytest.raises(NoAnswer):
        credentials.current()
    endpoint.broken = False
    assert credentials.current().access_key == "id5"


def test_failure_prolongs_no_keys(endpoint: Endpoint) -> None:
    """Keys that expire before the endpoint is asked again are not used after that."""
    credentials = endpoint.credentials()
    first = credentials.current()
    endpoint.broken = True
    endpoint.now_ms += HOUR - 1
    assert credentials.current() is first
    endpoint.now_ms += 1
    with pytest.raises(NoAnswer):
        credentials.current()


def test_endpoint_is_not_asked_at_each_call(endpoint: Endpoint) -> None:
    """An endpoint that gives keys until they expire is left alone for a while between."""
    given = Keys("id", "secret", "token", endpoint.now_ms + RENEWED_MS - 1)
    asked: list[int] = []

    def fetch() -> Keys:
        asked.append(endpoint.now_ms)
        return given

    credentials = Credentials({}, fetch=fetch, now_ms=lambda: endpoint.now_ms)
    for _ in range(3):
        assert credentials.current() is given
    assert len(asked) == 1
    endpoint.now_ms += AGAIN_MS
    credentials.current()
    assert len(asked) == 2


def test_first_failure_is_told(endpoint: Endpoint) -> None:
    """Without keys a failure is one of the call, to which nothing was sent."""
    endpoint.broken = True
    with pytest.raises(NoAnswer) as failed:
        endpoint.credentials().current()
    assert not failed.value.sent


def test_one_thread_renews_and_the_others_go_on(endpoint: Endpoint) -> None:
    """While one thread asks the endpoint, the others use the old keys and do not wait."""
    asking, go = threading.Event(), threading.Event()

    def slowly() -> Keys:
        if endpoint.asked:
            asking.set()
            go.wait(10)
        return endpoint.fetch()

    credentials = Credentials({}, fetch=slowly, now_ms=lambda: endpoint.now_ms)
    first = credentials.current()
    endpoint.now_ms += HOUR - RENEWED_MS
    found: list[Keys] = []
    thread = threading.Thread(target=lambda: found.append(credentials.current()))
    thread.start()
    asking.wait(10)
    assert credentials.current() is first
    go.set()
    thread.join()
    assert [keys.access_key for keys in found] == ["id2"]
    assert credentials.current() is found[0]
    assert endpoint.asked == 2


def test_thread_never_gets_what_expired_while_another_renewed_it(endpoint: Endpoint) -> None:
    """The new keys' time says nothing of the old ones, which a thread may hold already."""
    looking, go = threading.Event(), threading.Event()

    def now_ms() -> int:
        if threading.current_thread() is thread and not looking.is_set():
            looking.set()
            go.wait(10)
        return endpoint.now_ms

    credentials = Credentials({}, fetch=endpoint.fetch, now_ms=now_ms)
    found: list[Keys] = []
    thread = threading.Thread(target=lambda: found.append(credentials.current()))
    credentials.current()
    endpoint.now_ms += HOUR
    thread.start()
    looking.wait(10)
    assert credentials.current().access_key == "id2"
    go.set()
    thread.join()
    assert [keys.access_key for keys in found] == ["id2"]


def test_threads_without_keys_share_one_answer(endpoint: Endpoint) -> None:
    """At the beginning all wait for the one that asks."""
    credentials = endpoint.credentials()
    found: list[Keys] = []
    start = threading.Barrier(8)

    def ask() -> None:
        start.wait()
        found.append(credentials.current())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [keys.access_key for keys in found] == ["id1"] * 8
    assert endpoint.asked == 1


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({}, "No AWS credentials: set AWS_ACCESS_KEY_ID"),
        ({container.FULL: "http://10.0.0.1/"}, f"{container.FULL} must be https"),
        ({container.FULL: "http://127.example.com/"}, "must be https"),
        ({container.FULL: "http://127.0.0.1.example.com/"}, "must be https"),
        ({container.FULL: "ftp://127.0.0.1/"}, "must be https"),
        ({container.FULL: "http://[::1"}, "is not an address"),
        ({container.FULL: "http://localhost/\r\nx: y"}, "is not an address"),
        ({container.FULL: "https://a..b/"}, "is not an address"),
        ({container.RELATIVE: "/a b"}, f"{container.RELATIVE} is not an address"),
        ({container.RELATIVE: "@example.com/"}, "must be https"),
        ({container.FULL: "http://127.0.0.1/", container.TOKEN: "a\r\nx: y"}, "not a header's"),
        ({container.FULL: "http://127.0.0.1/", container.TOKEN_FILE: "/nonexistent"}, "cannot be"),
    ],
)
def test_only_what_may_be_asked_is_asked(environ: dict[str, str], message: str) -> None:
    """Credentials come from https, this machine, ECS or EKS; else it is said what is missing."""
    with pytest.raises(CredentialsInvalid, match=message):
        container.fetch(environ)
