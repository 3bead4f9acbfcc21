"""One HTTP request to the API: TLS, proxies, redirects, network errors."""

import base64
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from local import tls
from sojourn_cli import reach
from tests.cli.stub import Say, Stub, page, served
from tests.cli.tool import KEY, Tool


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for a local stack's files."""
    monkeypatch.setenv("SOJOURN_LOCAL", str(tmp_path))
    return tmp_path


@dataclass(frozen=True, slots=True)
class Secure:
    """A stub that speaks TLS, by an authority of its own."""

    stub: Stub
    folder: Path
    ca_file: Path

    @property
    def url(self) -> str:
        """Where it is."""
        return self.stub.url

    def write_devfile(self, url: str) -> None:
        """A local stack's file that names this stub's authority."""
        told = {"base_url": url, "access_key": KEY, "ca_file": str(self.ca_file)}
        (self.folder / "dev.json").write_text(json.dumps(told))


@pytest.fixture
def secure(folder: Path) -> Iterator[Secure]:
    """A stub that speaks TLS and has an empty list."""
    context, ca_file = tls.context(folder)
    with served(context) as stub:
        stub.on("*", page())
        yield Secure(stub, folder, ca_file)


@contextmanager
def tunnel(said: str) -> Iterator[tuple[str, list[str]]]:
    """A proxy that answers one CONNECT so, and what it heard; with 200 it passes bytes on."""
    heard: list[str] = []

    def pass_on(source: socket.socket, target: socket.socket) -> None:
        while data := source.recv(65_536):
            target.sendall(data)

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            heard.append(connection.recv(65_536).decode())
            connection.sendall(f"HTTP/1.1 {said}\r\n\r\n".encode())
            if said.startswith("200"):
                host, _, port = heard[0].split()[1].partition(":")
                with socket.create_connection((host, int(port))) as target:
                    threading.Thread(target=pass_on, args=(target, connection), daemon=True).start()
                    pass_on(connection, target)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}", heard


def test_nothing_listens() -> None:
    """A refused connection exits with 3 and says so."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    lost = Tool(f"http://127.0.0.1:{port}")("realms", "list")
    assert lost.exit_code == 3
    assert "refuses connections" in lost.stderr


def test_name_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that DNS does not know exits with 3 and says so."""

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    lost = Tool("https://nowhere.invalid")("realms", "list")
    assert lost.exit_code == 3
    assert "unknown host name" in lost.stderr


def test_no_tls_there(stub: Stub) -> None:
    """HTTPS to a port that speaks HTTP exits with 3 and says so."""
    lost = Tool(stub.url.replace("http:", "https:"))("realms", "list")
    assert lost.exit_code == 3
    assert "TLS" in lost.stderr


def test_certificate_is_not_trusted(secure: Secure) -> None:
    """A certificate that nobody vouches for exits with 3 and says so; the key stays here."""
    lost = Tool(secure.url)("realms", "list")
    assert lost.exit_code == 3
    assert "has a certificate that is not trusted here: " in lost.stderr
    assert lost.stderr.count(".\n") == 1
    assert secure.stub.asked == []


def test_certificate_of_the_local_stack_is_trusted(
    secure: Secure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--local trusts the authority that the local stack's file names, for its own name alone."""
    secure.write_devfile(secure.url)
    assert Tool("")("realms", "list", "--local").exit_code == 0
    there = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda _, *rest: there("127.0.0.1", *rest))
    secure.write_devfile(secure.url.replace("127.0.0.1", "sessions.example.com"))
    lost = Tool("")("realms", "list", "--local")
    assert (lost.exit_code, len(secure.stub.asked)) == (3, 1)
    assert "certificate that is not trusted" in lost.stderr


def test_no_answer_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that accepts the connection and never answers is a timeout: exit code 3."""
    monkeypatch.setattr(reach, "SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        lost = Tool(f"http://127.0.0.1:{silent.getsockname()[1]}")("realms", "list")
    assert lost.exit_code == 3
    assert "did not answer" in lost.stderr


def test_connection_breaks_off() -> None:
    """Half an answer exits with 3."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def half() -> None:
            connection, _ = server.accept()
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
            connection.close()

        thread = threading.Thread(target=half)
        thread.start()
        lost = Tool(f"http://127.0.0.1:{server.getsockname()[1]}")("realms", "list")
        thread.join()
    assert lost.exit_code == 3
    assert "closed the connection" in lost.stderr


def test_redirect_is_not_followed(stub: Stub, tool: Tool) -> None:
    """The access key goes to nobody that a redirect names."""
    with served() as elsewhere:
        stub.on("*", Say(307, None, {"location": f"{elsewhere.url}/v1/realms"}))
        lost = tool("realms", "list")
        assert elsewhere.asked == []
        assert elsewhere.url in lost.stderr


def test_proxy_is_not_asked_for_loopback(stub: Stub, tool: Tool) -> None:
    """A proxy of the environment is not given the local stack's key."""
    stub.on("*", page())
    with served() as proxy:
        assert tool("realms", "list", http_proxy=proxy.url, no_proxy=None).exit_code == 0
        assert proxy.asked == []


def test_stack_is_reached_through_the_proxy(
    secure: Secure, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment's proxy gets its own password, and nothing of what goes through it."""
    monkeypatch.setattr(reach, "_LOOPBACK", ())
    secure.write_devfile(secure.url)
    with tunnel("200 Connection established") as (address, heard):
        proxy = f"http://ada:p%40ss@{address}"
        found = Tool("")("realms", "list", "--local", https_proxy=proxy, no_proxy=None)
    assert found.exit_code == 0, found.stderr
    (told,) = heard
    assert told.startswith(f"CONNECT {secure.url.removeprefix('https://')} HTTP/1.")
    assert f"Basic {base64.b64encode(b'ada:p@ss').decode()}" in told
    assert "Bearer" not in told
    assert len(secure.stub.asked) == 1


@pytest.mark.parametrize("said", ["407 Proxy Authentication Required", "502 Bad Gateway"])
def test_proxy_that_refuses(said: str) -> None:
    """A proxy that opens no way exits with 3 and says that it was the proxy."""
    with tunnel(said) as (address, heard):
        tool = Tool("https://sessions.example.com")
        lost = tool("realms", "list", https_proxy=address, no_proxy=None)
    assert lost.exit_code == 3
    assert "the environment's proxy, which refuses" in lost.stderr
    assert len(heard) == 1


@pytest.mark.parametrize("proxy", ["127.0.0.1:9", "socks5://127.0.0.1:9", "http://[", "http://"])
def test_proxy_that_cannot_be_asked(proxy: str) -> None:
    """A proxy that is not there, or that no program could ask, exits with 3 and no stack trace."""
    tool = Tool("https://sessions.example.com")
    assert tool("realms", "list", https_proxy=proxy, no_proxy=None).exit_code == 3


def test_proxy_is_not_asked_where_no_proxy_says_so(secure: Secure) -> None:
    """A host that `no_proxy` names is asked itself."""
    with tunnel("502 Bad Gateway") as (address, heard), pytest.MonkeyPatch.context() as patch:
        patch.setattr(reach, "_LOOPBACK", ())
        lost = Tool(secure.url)("realms", "list", https_proxy=address, no_proxy="127.0.0.1")
    assert "certificate" in lost.stderr
    assert heard == []


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "ftp://x",
        "example.com",
        "https://",
        "https://a b",
        "https://u@h/",
        "https://h?q=1",
        "https://h:port",
        "https://[",
        "https://a\x1b[2J",
    ],
)
def test_url_that_cannot_be(url: str) -> None:
    """A URL without TLS, but for the loopback, or that is none, is a usage error."""
    assert Tool(url)("realms", "list").exit_code == 2


def test_answer_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that is longer than any of Sojourn's is not read to its end."""
    monkeypatch.setattr(reach, "LONGEST_ANSWER", 1_000)
    sent = 0
    with socket.create_server(("127.0.0.1", 0)) as server:

        def go_on() -> None:
            nonlocal sent
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                while sent < 64_000_000:
                    sent += connection.send(b" " * 64_000)

        thread = threading.Thread(target=go_on)
        thread.start()
        lost = Tool(f"http://127.0.0.1:{server.getsockname()[1]}")("realms", "list")
        thread.join()
    assert lost.exit_code == 3
    assert "without end" in lost.stderr
    assert sent < 64_000_000
