"""The benchmark of verifications measures what it says."""

import json

import pytest

from bench.client.loopback import ETAG, answered
from bench.client.realm import ISSUER, KID, REALM_ID, Realm
from bench.client.verification import (
    Case,
    draw,
    floor,
    peers,
    powertools,
    signature,
    summed_up,
    timed,
    told,
)
from sojourn_client.decisions.keys import keys_of
from sojourn_client.decisions.signature import verify
from sojourn_client.decisions.token import read
from sojourn_client.session import session_of

REALM = Realm()
BEGUN = REALM.begin(7)
ANSWERS = REALM.answers({BEGUN.token: BEGUN})


def test_floor_and_peers_verify_the_same_tokens() -> None:
    """What is compared accepts a true token, and refuses one whose signature is not its own."""
    other = REALM.begin(8).token
    spoilt = f"{BEGUN.token.rpartition('.')[0]}.{other.rpartition('.')[2]}"
    for check in (floor(REALM), signature(REALM), powertools(REALM).verify):
        check(BEGUN.token)
        with pytest.raises(Exception, match=r".*"):
            check(spoilt)


def test_client_accepts_the_realms_tokens_and_answers() -> None:
    """The client verifies the tokens by the key set, and understands what the service says."""
    key = keys_of(json.loads(ANSWERS[f"/v1/realms/{REALM_ID}/.well-known/jwks.json"]))[KID]
    token = verify(read(BEGUN.token, realm_id=REALM_ID), key, realm_id=REALM_ID)
    told_of = session_of(json.loads(ANSWERS[BEGUN.token]))
    assert (token.session_id, token.user_id) == (told_of.id, told_of.user_id)
    assert token.session.created_at == pytest.approx(BEGUN.created_at, abs=0.001)
    assert ISSUER.endswith(REALM_ID)


def test_loopback_answers_by_token() -> None:
    """A session is asked for by its own token, or by several in one body."""
    one = answered(ANSWERS, "/v1/session", {"authorization": f"Bearer {BEGUN.token}"}, b"")
    body = json.dumps({"tokens": [BEGUN.token, BEGUN.token]}).encode()
    many = answered(ANSWERS, "/v1/sessions/validate", {}, body)
    assert json.loads(one[1])["id"] == BEGUN.id
    assert [each["id"] for each in json.loads(many[1])["collection"]] == [BEGUN.id, BEGUN.id]


def test_loopback_knows_what_it_does_not_know() -> None:
    """An unchanged feed is 304, and another path 404."""
    assert answered(ANSWERS, "/v1/revocations", {"if-none-match": ETAG}, b"") == (
        "304 Not Modified",
        b"",
    )
    assert answered(ANSWERS, "/v1/revocations", {}, b"")[0] == "200 OK"
    assert answered(ANSWERS, "/nowhere", {}, b"")[0] == "404 Not Found"


def case(asks: int = 0) -> Case:
    """A case that takes ten seconds a hundred times."""
    return Case("feed, known token", "", lambda times: times * 0.1, times=100, goal=0.5, asks=asks)


def test_ratio_is_of_each_round() -> None:
    """A round in which the machine was slow for both does not change the ratio."""
    found = summed_up(case(), [1.0, 10.0, 1.2], [4.0, 40.0, 4.0], 0)
    assert found["ratio"] == 0.25
    assert found["cpu_us"] == 1_200_000


def test_more_requests_than_there_should_be_are_an_error() -> None:
    """A case that asked the service when it should not have measured something else."""
    assert summed_up(case(asks=1), [1.0], [4.0], 100)["requests"] == 1
    with pytest.raises(RuntimeError, match="requests"):
        summed_up(case(), [1.0], [4.0], 1)


@pytest.mark.parametrize(("seconds", "word"), [(1.0, "met"), (3.0, "missed")])
def test_goals_are_judged(seconds: float, word: str) -> None:
    """The table says whether a goal is met, and why something was left out."""
    floor_case = summed_up(Case("PyJWT", "", lambda _: 0.0), [4.0], [4.0], 0)
    cases = [floor_case, summed_up(case(), [seconds], [4.0], 0)]
    found = {"cases": cases, "left_out": ["It was left out."]}
    assert f"≤ 0.5, {word}" in told(found)
    assert "It was left out." in told(found)
    assert "<circle" in draw(found)


def test_rounds_go_on_where_the_last_one_ended() -> None:
    """Rounds go through all the tokens, so that a small cache never knows the next one."""

    seen: list[str] = []
    cpu = timed(seen.append, ["a", "b", "c"])
    for _ in range(2):
        cpu(2)
    assert seen == ["a", "b", "c", "a"]


@pytest.mark.parametrize("missing", ["node", "npm"])
def test_node_is_left_out_where_it_is_missing(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without Node.js or npm there is no case of theirs, but a sentence that says so."""
    monkeypatch.setattr("shutil.which", lambda name: None if name == missing else f"/bin/{name}")
    with peers(REALM, [BEGUN.token]) as (found, left_out):
        assert found == []
        assert left_out == ["aws-jwt-verify was left out: Node.js or npm is not installed."]
