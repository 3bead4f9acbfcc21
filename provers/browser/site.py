"""Pages of another origin than the stack's, under the strictest policy that a page can have."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

POLICY: Final = (
    "default-src 'none'; script-src 'self'; connect-src 'self'{api}; style-src 'self'; "
    "require-trusted-types-for 'script'; trusted-types 'none'; frame-ancestors 'none'"
)
_KINDS: Final = {
    ".css": "text/css",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript",
}


class Site(ThreadingHTTPServer):
    """Serves pages by their path, and files of folders by the first part of theirs."""

    daemon_threads = True

    def __init__(self, folders: Mapping[str, Path]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folders = folders
        self.pages: dict[str, str] = {}
        self.api = ""
        """The origin that its pages may call, beside their own."""

    @property
    def origin(self) -> str:
        """Where the pages are. A browser takes it for secure."""
        return f"http://localhost:{self.server_address[1]}"

    def found(self, path: str) -> bytes | None:
        """The page or file of a path."""
        if path in self.pages:
            return self.pages[path].encode()
        first, _, name = path.removeprefix("/").partition("/")
        file = self.folders.get(first, Path("/nowhere")) / name
        inside = ".." not in name and file.is_file()
        return file.read_bytes() if inside else None


class _Handler(BaseHTTPRequestHandler):
    server: Site
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        content = self.server.found(path)
        self.send_response(404 if content is None else 200)
        kind = _KINDS.get(Path(path).suffix, "text/html; charset=utf-8")
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content or b"")))
        self.send_header("content-security-policy", POLICY.format(api=self.server.api))
        self.end_headers()
        self.wfile.write(content or b"")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@contextmanager
def served(folders: Mapping[str, Path]) -> Iterator[Site]:
    """A site, until the block ends."""
    with Site(folders) as site:
        thread = threading.Thread(target=site.serve_forever, daemon=True)
        thread.start()
        try:
            yield site
        finally:
            site.shutdown()
