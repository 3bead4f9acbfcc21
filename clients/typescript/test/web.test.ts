import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { InvalidToken, Terminated, Unavailable } from "../src/index.js";
import type { Begun } from "../src/session.js";
import { type Asked, CrossSite, SessionCookie, Web } from "../src/web.js";
import { BASE, Service, token, valid } from "./service.js";

const COOKIE = new SessionCookie();
const HOST = "app.example";
const OWN = `https://${HOST}`;
const OTHER = "https://evil.example";
const SESSION = { token: token(), expiresAt: 1_790_021_600 } as Begun;

function checked(
  headers: Record<string, string | string[]>,
  method = "POST",
  cookie = COOKIE,
): void {
  cookie.check({ method, headers });
}

test("what changes nothing may come from anywhere", () => {
  for (const method of ["GET", "HEAD", "OPTIONS"]) {
    checked({ host: HOST, "sec-fetch-site": "cross-site", origin: OTHER }, method);
  }
});

test("own pages change things, by Sec-Fetch-Site, or by Origin where that is not sent", () => {
  for (const site of ["same-origin", "none"]) checked({ host: HOST, "Sec-Fetch-Site": site });
  for (const origin of [OWN, `http://${HOST}`, "https://APP.example"])
    checked({ host: HOST, origin });
  checked({ host: "localhost:8000", origin: "http://localhost:8000" });
});

test("other sites change nothing, nor who does not say where from, or says it twice", () => {
  const sites = ["cross-site", "same-site", "", "SAME-ORIGIN", "none, none"];
  const wrong: Record<string, string | string[]>[] = [
    ...sites.map((site) => ({ host: HOST, "sec-fetch-site": site, origin: OWN })),
    ...[OTHER, "null", "", `${OWN}:8443`, `https://sub.${HOST}`, `${OWN}.evil.example`, HOST].map(
      (origin) => ({ host: HOST, origin }),
    ),
    ...[`ftp://${HOST}`, `https://[${HOST}`, `//${HOST}`, `https://evil@${HOST}`].map((origin) => ({
      host: HOST,
      origin,
    })),
    {},
    { host: HOST },
    { origin: OWN },
    { host: "", origin: "null" },
    { host: HOST, origin: [OWN, OTHER] },
    { host: [HOST, HOST], origin: OWN },
    { host: HOST, "sec-fetch-site": ["same-origin", "cross-site"] },
  ];
  for (const headers of wrong) {
    for (const method of ["POST", "PUT", "DELETE", "get", ""]) {
      assert.throws(() => checked(headers, method), CrossSite, JSON.stringify([method, headers]));
    }
  }
});

test("a WebSocket, which begins as a GET, is opened by own pages alone", () => {
  for (const upgrade of ["websocket", "WebSocket", "h2c, websocket"]) {
    checked({ host: HOST, Upgrade: upgrade, origin: OWN }, "GET");
    for (const strange of [{ "sec-fetch-site": "same-site" }, { origin: `https://sub.${HOST}` }]) {
      assert.throws(() => checked({ host: HOST, upgrade, ...strange }, "GET"), CrossSite);
    }
  }
  checked({ host: HOST, upgrade: "h2c", "sec-fetch-site": "cross-site" }, "GET");
});

test("another origin may be trusted, exactly as it is written", () => {
  const admin = `https://admin.${HOST}`;
  const headers = { host: HOST, "sec-fetch-site": "same-site", origin: admin };
  checked(headers, "POST", new SessionCookie({ trustedOrigins: [admin] }));
  const others = new SessionCookie({ trustedOrigins: [OWN, `${admin}:443`] });
  assert.throws(() => checked(headers, "POST", others), CrossSite);
  const two = { ...headers, origin: [admin, OTHER] };
  const trusting = new SessionCookie({ trustedOrigins: [admin] });
  assert.throws(() => checked(two, "POST", trusting), CrossSite);
  assert.throws(() => new SessionCookie({ trustedOrigins: admin as never }), TypeError);
});

test("the cookie is the host's alone, hidden from scripts, and lasts as long as the session", () => {
  const attributes = "Path=/; Secure; HttpOnly; SameSite=Lax";
  const told = COOKIE.begin(SESSION, 1_790_000_000.9);
  assert.equal(told, `__Host-session=${token()}; ${attributes}; Max-Age=21599`);
  assert.ok(!COOKIE.begin({ ...SESSION, expiresAt: null, token: "a" }, 0).includes("Max-Age"));
  assert.match(COOKIE.begin(SESSION, 1e10), /; Max-Age=0$/);
  assert.equal(COOKIE.end(), `__Host-session=; ${attributes}; Max-Age=0`);
  for (const text of ["a; Domain=evil.example", "a\r\nSet-Cookie: b=c", "a b", "", "ä"]) {
    assert.throws(() => COOKIE.begin({ ...SESSION, token: text }, 0), TypeError);
  }
  for (const name of ["session", "__Secure-session", "__host-session", "__Host-", "__Host-a;b"]) {
    assert.throws(() => new SessionCookie({ name }), TypeError);
  }
});

test("the token comes from that cookie, and from one alone", () => {
  const from = (cookie: string | string[], more: Partial<Asked> = {}): string =>
    COOKIE.token({ method: "GET", headers: { cookie }, ...more });
  for (const cookie of [
    "__Host-session=A.b",
    "a=1; __Host-session=A.b; b",
    "\t__Host-session =A.b ",
  ]) {
    assert.equal(from(cookie), "A.b");
  }
  assert.equal(from([], { cookies: ["a=1", "__Host-session=A.b"] }), "A.b");
  for (const cookie of [
    "",
    "__Host-session=",
    "a=__Host-session=A.b",
    "\u00a0__Host-session=A.b",
  ]) {
    assert.throws(() => from(cookie), { kind: "token_missing" });
  }
  for (const cookie of [
    "__Host-session=a; __Host-session=b",
    ["__Host-session=a", "__Host-session=a"],
  ]) {
    assert.throws(() => from(cookie), { kind: "token_invalid" });
  }
  assert.throws(() => from("__Host-session=a", { method: "POST" }), CrossSite);
});

test("headers of nothing but blanks cost no more than their length", () => {
  const source = (name: string) => JSON.stringify(new URL(`../src/${name}.js`, import.meta.url));
  const program = `
    const { SessionCookie } = await import(${source("cookie")});
    const { bearerToken } = await import(${source("bearer")});
    const blanks = " \\t".repeat(500_000);
    const refused = (work) => { try { work(); } catch ({ kind }) { console.log(kind); } };
    for (const cookie of ["a;" + blanks + "b", "a=" + blanks + "b", "a" + blanks + "b"]) {
      refused(() => new SessionCookie().token({ method: "GET", headers: { cookie } }));
    }
    refused(() => bearerToken({ headers: { authorization: "a" + blanks + "b" } }));`;
  const told = { input: program, timeout: 20_000, encoding: "utf8" } as const;
  const done = spawnSync(process.execPath, ["--input-type=module"], told);
  assert.deepEqual([done.status, done.stdout], [0, "token_missing\n".repeat(4)], done.stderr);
});

test("in cookie mode the Authorization header counts for nothing", async () => {
  const web = new Web(new Service().client(), COOKIE);
  const headers = { authorization: `Bearer ${token()}` };
  await assert.rejects(web.session({ method: "GET", headers }), { kind: "token_missing" });
});

test("login and log-out are for own pages, and say which browser it is", async () => {
  const service = new Service();
  const web = new Web(service.client({ accessKey: "ks_1" }), COOKIE);
  service.answers["POST /v1/users/ada/authenticate"] = () => ({
    body: { ...valid(token()), token: token() },
  });
  const login = { user: "ada", password: "p", ip: "203.0.113.9" };
  const strange = { method: "POST", headers: { "sec-fetch-site": "cross-site" } };
  await assert.rejects(web.logIn(strange, "Firefox", login), CrossSite);
  await assert.rejects(web.logOut(strange), CrossSite);
  assert.equal(service.asked.length, 0);
  const own = { method: "POST", headers: { "sec-fetch-site": "same-origin" } };
  const { cookie } = await web.logIn(own, "Firefox", login);
  assert.deepEqual(service.asked[0]?.body, {
    password: "p",
    request: { ip: "203.0.113.9", client: "Firefox" },
  });
  const headers = { ...own.headers, cookie: cookie.split(";")[0] ?? "" };
  for (const status of [204, 401, 409]) {
    const code = status === 409 ? "session_unmanaged" : "session_ended";
    service.answers["DELETE /v1/session"] = () => ({
      status,
      ...(status > 204 && { body: { code } }),
    });
    assert.equal(await web.logOut({ method: "POST", headers }), COOKIE.end());
  }
  service.answers["DELETE /v1/session"] = () => ({ status: 500 });
  await assert.rejects(web.logOut({ method: "POST", headers }), { kind: "unavailable" });
  await assert.rejects(new Web(service.client(), undefined).logOut(own), /cookie mode/);
});

test("a refusal has the status and the headers that belong to its error", () => {
  const sojourn = new Service().client();
  const bearer = new Web(sojourn, undefined);
  const ended = bearer.refusal(new Terminated({ reason: "evicted", endedAt: 5 }));
  assert.equal(ended?.status, 401);
  assert.match(ended?.headers["WWW-Authenticate"] ?? "", /^Bearer error="invalid_token"/);
  assert.deepEqual([ended?.body["reason"], ended?.body["ended_at"]], ["evicted", 5]);
  assert.equal(ended?.headers["Cache-Control"], "no-store");
  const cookie = new Web(sojourn, COOKIE).refusal(new InvalidToken());
  assert.equal(cookie?.headers["WWW-Authenticate"], 'Cookie cookie-name="__Host-session"');
  assert.equal(bearer.refusal(new CrossSite())?.status, 403);
  const away = bearer.refusal(new Unavailable("away", 2.5));
  assert.deepEqual([away?.status, away?.headers["Retry-After"]], [503, "3"]);
  assert.equal(bearer.refusal(new Error(BASE)), null);
});
