"""A browser without scripts: one cookie, pages, links and forms. It checks every page it gets."""

import http.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urlsplit

VOID = {"br", "hr", "img", "input", "link", "meta"}
INERT = {"style", "onclick", "onerror", "onload"}


@dataclass
class Form:
    """A form as a page has it: where it goes, and its fields."""

    method: str
    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[str] = field(default_factory=list)


class Page(HTMLParser):
    """A page's elements, links, forms and text. Every element must be closed."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.forms: list[Form] = []
        self.rows: list[list[str]] = []
        self._text: list[str] = []
        self._open: list[str] = []
        self._select: str | None = None
        self._option: dict[str, str] | None = None
        self.feed(source)
        self.close()
        assert self._open == []

    @property
    def text(self) -> str:
        """What a reader reads, with single spaces."""
        return " ".join("".join(self._text).split())

    @property
    def links(self) -> list[str]:
        """Where links go."""
        return [told["href"] for name, told in self.elements if name == "a"]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        self.elements.append((tag, told))
        if tag not in VOID:
            self._open.append(tag)
        match tag:
            case "form":
                self.forms.append(Form(told["method"], told["action"]))
            case "input" if told.get("type") != "checkbox" or "checked" in told:
                self.forms[-1].fields.append((told["name"], told.get("value", "")))
            case "select":
                self._select = told["name"]
            case "option":
                self._option = told
            case "button":
                self.forms[-1].buttons.append("")
            case "tr":
                self.rows.append([])
            case "td" | "th":
                self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag
        if tag in ("p", "li", "td", "th", "h1", "h2", "dt", "dd", "a", "button"):
            self._text.append(" ")
        if tag == "option":
            self._option = None

    def handle_data(self, data: str) -> None:
        if "title" not in self._open:
            self._text.append(data)
        if self._option is not None and self._select is not None:
            fields = self.forms[-1].fields
            first = self._select not in [name for name, _ in fields]
            if "selected" in self._option or first:
                fields[:] = [pair for pair in fields if pair[0] != self._select]
                fields.append((self._select, self._option.get("value", data)))
        if "button" in self._open and self.forms:
            self.forms[-1].buttons[-1] += data
        if {"td", "th"} & set(self._open):
            self.rows[-1][-1] += data


@dataclass(frozen=True, slots=True)
class Got:
    """An answer of the console."""

    status: int
    headers: Mapping[str, str]
    content: str
    at: str
    page: Page | None


class Browser:
    """Visits a console. `secrets` must never be in what it gets."""

    def __init__(self, url: str, *, secrets: Sequence[str] = ()) -> None:
        parts = urlsplit(url)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self.base = "/" + parts.path.split("/")[1]
        self.link = parts.path
        self.cookie = ""
        self._secrets = secrets

    def request(
        self, method: str, path: str, *, raw: str | None = None, headers: Mapping[str, str] = {}
    ) -> Got:
        """One request, with these headers alone and Host where it is not among them."""
        connection = http.client.HTTPConnection(urlsplit(self.origin).netloc, timeout=60)
        try:
            connection.putrequest(
                method, path, skip_host="host" in headers, skip_accept_encoding=True
            )
            for name, value in headers.items():
                connection.putheader(name, value)
            if raw is not None:
                connection.putheader("content-length", str(len(raw.encode())))
            connection.endheaders(raw.encode() if raw is not None else None)
            answer = connection.getresponse()
            content = answer.read().decode()
        finally:
            connection.close()
        told = {name.lower(): value for name, value in answer.headers.items()}
        for secret in self._secrets:
            assert secret not in content + str(told)
        page = Page(content) if told.get("content-type", "").startswith("text/html") else None
        got = Got(answer.status, told, content, path, page)
        check(got)
        return got

    def get(self, place: str) -> Got:
        """A page, as a click on a link gets it; `place` is a path below the console's base."""
        headers = {"cookie": self.cookie, "sec-fetch-site": "same-origin"}
        return self._followed(self.request("GET", self._path(place), headers=headers))

    def read(self, place: str) -> Page:
        """A page that is shown."""
        got = self.get(place)
        assert got.status == 200, got.content
        assert got.page is not None
        return got.page

    def rows(self, place: str) -> list[list[str]]:
        """The rows of a page's tables, with single spaces, without the headers."""
        rows = [[" ".join(cell.split()) for cell in row] for row in self.read(place).rows]
        return rows[1:]

    def submit(self, got: Got, button: str, **fields: str | None) -> Got:
        """Press a button of a page's form, with these fields changed; None leaves one out."""
        assert got.page is not None
        (form,) = [form for form in got.page.forms if button in form.buttons]
        if form.method == "get":
            return self.get(f"{form.action}?{urlencode(fields)}")
        pairs = [pair for pair in form.fields if pair[0] not in fields]
        pairs += [(name, value) for name, value in fields.items() if value is not None]
        return self._followed(self.post(form.action, pairs))

    def post(self, place: str, pairs: Sequence[tuple[str, str]], **headers: str | None) -> Got:
        """A form as a page of the console posts it, with these headers changed."""
        told: dict[str, str | None] = {
            "cookie": self.cookie,
            "origin": self.origin,
            "sec-fetch-site": "same-origin",
            "content-type": "application/x-www-form-urlencoded",
        }
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in told.items() if value is not None}
        return self.request("POST", self._path(place), raw=urlencode(pairs), headers=sent)

    def open(self) -> Got:
        """Follow the one-time link, keep its cookie, and go on to the first page."""
        got = self.request("GET", self.link)
        if "set-cookie" in got.headers:
            self.cookie = got.headers["set-cookie"].partition(";")[0]
        return got

    def _path(self, place: str) -> str:
        return place if place.startswith(self.base) else self.base + place

    def _followed(self, got: Got) -> Got:
        if got.status != 303:
            return got
        return self.get(got.headers["location"])


def check(got: Got) -> None:
    """What holds of every answer: headers, and no script, style or element of a stranger."""
    assert got.headers["cache-control"] == "no-store"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in got.headers["content-security-policy"]
    assert "unsafe" not in got.headers["content-security-policy"]
    assert "Traceback" not in got.content
    if got.page is None:
        return
    for name, told in got.page.elements:
        assert name not in ("script", "style", "img", "iframe", "object"), got.at
        assert not [attribute for attribute in told if attribute in INERT or attribute[:2] == "on"]
    labelled = [told.get("for") for name, told in got.page.elements if name == "label"]
    for name, told in got.page.elements:
        if name in ("input", "select") and told.get("type") not in ("hidden", "checkbox"):
            assert told["id"] in labelled, told
    for form in got.page.forms:
        assert (form.method == "post") == ("form_token" in dict(form.fields))
