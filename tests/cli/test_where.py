"""The stack and the access key come from options or the environment, never from guesses."""

import json
from pathlib import Path

import boto3
import pytest

from sojourn_cli.stack import StackProblem
from sojourn_cli.where import Where
from tests.cli.stub import Stub, page
from tests.cli.tool import KEY, Tool

OTHER = "ks_" + "9876543210" * 6


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_devfile(folder: Path, text: str) -> None:
    """A local stack's file."""
    (folder / ".local").mkdir()
    (folder / ".local" / "dev.json").write_text(text)


def test_nothing_is_guessed(stub: Stub, folder: Path) -> None:
    """Without a URL it is a usage error, also beside a local stack's file, which is offered."""
    assert Tool("")("realms", "list").exit_code == 2
    write_devfile(folder, json.dumps({"base_url": stub.url, "access_key": OTHER}))
    offered = Tool("")("realms", "list")
    assert offered.exit_code == 2
    assert "--local" in offered.stderr
    assert stub.asked == []


def test_local_takes_url_and_key_of_the_file(stub: Stub, folder: Path) -> None:
    """--local takes both from the file: the environment's key is another stack's."""
    write_devfile(folder, json.dumps({"base_url": stub.url, "access_key": OTHER}))
    stub.on("*", page())
    assert Tool("https://sessions.example.com")("realms", "list", "--local").exit_code == 0
    assert stub.asked[0].headers["authorization"] == f"Bearer {OTHER}"


def test_local_stack_has_nothing_in_aws() -> None:
    """What only AWS tells is not asked to be named where the stack is a local one."""
    where = Where(None, None, True, None, None, None)
    with pytest.raises(StackProblem, match="local stack has nothing in AWS"):
        where.named()


@pytest.mark.parametrize("text", [None, "", "[]", "{}", '{"base_url": 1}', "\x00"])
def test_local_without_a_local_stack(folder: Path, text: str | None) -> None:
    """--local where none runs, or its file is not whole, exits with 3 and a sentence."""
    if text is not None:
        write_devfile(folder, text)
    lost = Tool("")("realms", "list", "--local")
    assert lost.exit_code == 3
    assert ".local/dev.json" in lost.stderr or "make dev" in lost.stderr


@pytest.mark.parametrize(
    "two",
    [
        ("--url", "https://a.example", "--local"),
        ("--url", "https://a.example", "--stack-name", "a"),
        ("--stack-name", "a", "--local"),
    ],
)
def test_two_stacks_are_a_usage_error(two: tuple[str, ...]) -> None:
    """Two ways to say which stack exclude each other, for a command and for the doctor."""
    assert Tool("")("realms", "list", *two).exit_code == 2
    assert Tool("")("doctor", *two).exit_code == 2


def test_option_beats_environment(stub: Stub) -> None:
    """--url counts more than SOJOURN_URL, and its last slash does not."""
    stub.on("*", page())
    assert Tool("https://a.example")("realms", "list", "--url", stub.url + "/").exit_code == 0
    assert stub.calls() == ["GET /v1/realms"]


def test_url_with_a_path(stub: Stub) -> None:
    """A base path of the URL, as a custom domain may map one, comes before each route."""
    stub.on("GET /sessions/v1/realms", page())
    assert Tool(f"{stub.url}/sessions")("realms", "list").exit_code == 0


def test_stack_by_its_name(stub: Stub, environment: dict[str, str]) -> None:
    """--stack-name finds the URL by the stack's output; without that output, or a stack, 3."""
    cloudformation = boto3.client("cloudformation")
    resources = {"T": {"Type": "AWS::SNS::Topic"}}
    for name, outputs in (
        ("cli-whole", {"Outputs": {"ApiUrl": {"Value": stub.url}}}),
        ("cli-other", {"Outputs": {"Url": {"Value": stub.url}}}),
    ):
        template = json.dumps({"Resources": resources, **outputs})
        cloudformation.create_stack(StackName=name, TemplateBody=template)
    stub.on("*", page())
    tool = Tool("https://a.example")
    assert tool("realms", "list", "--stack-name", "cli-whole").exit_code == 0
    assert tool("url", "--stack-name", "cli-whole").stdout == f"{stub.url}\n"
    for name in ("cli-other", "nowhere"):
        lost = tool("realms", "list", "--stack-name", name)
        assert lost.exit_code == 3
        assert name in lost.stderr


def test_no_key() -> None:
    """Without an access key it is a usage error that says where to put one."""
    lost = Tool("https://a.example")("realms", "list", SOJOURN_ACCESS_KEY=None)
    assert lost.exit_code == 2
    assert "SOJOURN_ACCESS_KEY" in lost.stderr


@pytest.mark.parametrize("key", ["hunter2", "ks_0", "ks_abc\r\nx-evil: 1", "Bearer ks_0123456789"])
def test_what_is_no_key_is_not_sent(stub: Stub, key: str) -> None:
    """Something else in the key's place is a usage error, which does not show it."""
    lost = Tool(stub.url, key=key)("realms", "list")
    assert lost.exit_code == 2
    assert stub.asked == []


def test_key_of_a_file(stub: Stub, folder: Path) -> None:
    """--access-key-file beats the environment, and takes the key from a file or from stdin."""
    stub.on("*", page())
    (folder / "key").write_text(f"{OTHER}\n")
    tool = Tool(stub.url)
    assert tool("realms", "list", "--access-key-file", "key").exit_code == 0
    assert tool("realms", "list", "--access-key-file", "-", input=f"{OTHER}\n").exit_code == 0
    assert {asked.headers["authorization"] for asked in stub.asked} == {f"Bearer {OTHER}"}
    assert tool("realms", "list").exit_code == 0
    assert stub.asked[-1].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("name", ["absent", ".", "binary"])
def test_file_that_cannot_be_read(stub: Stub, folder: Path, name: str) -> None:
    """A key file that is not there, or is no text, is a usage error."""
    (folder / "binary").write_bytes(b"\xff\xfe")
    assert Tool(stub.url)("realms", "list", "--access-key-file", name).exit_code == 2


def test_realm_must_look_like_one(stub: Stub, tool: Tool) -> None:
    """--realm with something else is a usage error."""
    assert tool("users", "list", "--realm", "Shop").exit_code == 2
    assert stub.asked == []
