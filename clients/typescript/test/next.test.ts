import assert from "node:assert/strict";
import { test } from "node:test";
import { appRouter, type Next, type NextOptions, type ProxyRequest } from "../src/app_router.js";
import { type CookieParts, SessionCookie } from "../src/cookie.js";
import { CrossSite } from "../src/csrf.js";
import type { NextAuth } from "../src/next.js";
import { BASE, Service, token, valid } from "./service.js";

const COOKIE = new SessionCookie();
const MINE = { cookie: `__Host-session=${token()}` };
const PAGE = { accept: "text/html,application/xhtml+xml" };
const OTHER = { origin: "https://evil.example", "sec-fetch-site": "same-site" };

/** What Next has of one request; and what was set and where it led. */
class Visit implements Next {
  readonly set: CookieParts[] = [];
  readonly #headers: Headers;

  constructor(headers: Record<string, string>) {
    this.#headers = new Headers(headers);
  }

  readonly headers = async () => this.#headers;
  readonly cookies = async () => ({ set: (cookie: CookieParts) => this.set.push(cookie) });
  readonly cache = <Load>(load: Load) => load;
  readonly redirect = (path: string): never => {
    throw new Error(`to ${path}`);
  };
}

function visited(
  headers: Record<string, string>,
  service = new Service(),
  options: NextOptions = { cookie: COOKIE },
): NextAuth {
  return appRouter(service.client(), options, new Visit(headers));
}

function ended(): Service {
  const service = new Service();
  const body = { code: "session_ended", reason: "evicted", ended_at: 5 };
  service.answers["GET /v1/session"] = () => ({ status: 401, body });
  return service;
}

function proxied(path: string, headers: Record<string, string>, method = "GET"): ProxyRequest {
  const basePath = "/shop";
  const place = { basePath, pathname: path, search: "?a=1" };
  const clone = () => ({
    ...place,
    toString() {
      return `${BASE}${basePath}${this.pathname}${this.search}`;
    },
  });
  return { method, headers: new Headers(headers), nextUrl: { ...place, clone } };
}

test("a page has the session, or null and why there is none", async () => {
  const auth = visited(MINE);
  const session = await auth();
  assert.equal(session?.user?.username, "bob");
  assert.deepEqual([await auth.required(), await auth.token()], [session, token()]);
  assert.equal(await auth.error(), null);
  const over = visited(MINE, ended());
  assert.equal(await over(), null);
  const why = await over.error();
  assert.ok(why?.kind === "session_ended" && why.reason === "evicted");
  const nobody = visited({ authorization: `Bearer ${token()}` });
  assert.deepEqual([await nobody(), (await nobody.error())?.kind], [null, "token_missing"]);
});

test("why there is no session is the service's word, in each mode", async () => {
  const service = new Service();
  const cached = service.client({ mode: "cached" });
  const auth = appRouter(cached, { cookie: COOKIE }, new Visit(MINE));
  assert.ok(await auth());
  const body = { code: "session_ended", reason: "evicted" };
  service.answers["GET /v1/session"] = () => ({ status: 401, body });
  assert.ok(await auth());
  assert.equal((await auth.error())?.kind, "session_ended");
  assert.equal(await auth(), null);
});

test("without a cookie it reads the Authorization header alone", async () => {
  const auth = visited({ authorization: `Bearer ${token()}` }, new Service(), {});
  assert.equal(await auth.token(), token());
  assert.equal(await visited(MINE, new Service(), {})(), null);
  await assert.rejects(auth.logOut(), /cookie mode/);
});

test("who has no session is led to the login page", async () => {
  for (const auth of [visited({}), visited(MINE, ended())]) {
    await assert.rejects(auth.required(), /^Error: to \/login$/);
    await assert.rejects(auth.token(), /^Error: to \/login$/);
  }
  const elsewhere = visited({}, new Service(), { cookie: COOKIE, loginPath: "/welcome" });
  await assert.rejects(elsewhere.required(), /^Error: to \/welcome$/);
});

test("when nothing is known nobody is taken for logged out", async () => {
  const service = new Service();
  service.answers["GET /v1/session"] = () => ({ status: 503, headers: { "retry-after": "7" } });
  const auth = visited(MINE, service);
  for (const asked of [auth(), auth.error(), auth.required(), auth.token()]) {
    await assert.rejects(asked, { kind: "unavailable" });
  }
  const route = auth.route(() => Response.json("reached"));
  for (const answer of [
    await route(new Request(BASE, { headers: MINE }), {}),
    await auth.proxy(proxied("/", { ...MINE, ...PAGE })),
  ]) {
    assert.deepEqual([answer?.status, answer?.headers.get("retry-after")], [503, "7"]);
  }
});

test("a Server Action of another origin has no session, and a link of another site has one", async () => {
  const link = visited({ ...MINE, "sec-fetch-site": "cross-site" });
  assert.ok(await link());
  const own = visited({ ...MINE, origin: "https://app.example", host: "app.example" });
  assert.ok(await own());
  for (const more of [OTHER, { ...OTHER, origin: "null" }, { origin: "https://evil.example" }]) {
    const service = new Service();
    const auth = visited({ ...MINE, host: "app.example", ...more }, service);
    for (const asked of [auth(), auth.required(), auth.token()]) {
      await assert.rejects(asked, CrossSite);
    }
    assert.equal(service.asked.length, 0);
  }
});

test("a route handler is given the session beside what Next gives it", async () => {
  const auth = visited({});
  const route = auth.route<{ params: Promise<string> }>(async (request, given) =>
    Response.json([request.url, given.session.user?.username, given.token, await given.params]),
  );
  const request = new Request(`${BASE}/a`, { headers: MINE });
  const answer = await route(request, { params: Promise.resolve("a") });
  assert.deepEqual(await answer.json(), [`${BASE}/a`, "bob", token(), "a"]);
  const wrong = auth.route(() => {
    throw new TypeError("a mistake");
  });
  await assert.rejects(wrong(request, {}), /a mistake/);
});

test("a route handler does not run for others, who are told why", async () => {
  const auth = visited(MINE, ended());
  let reached = false;
  const route = auth.route(() => Response.json((reached = true)));
  const refused = await route(new Request(BASE, { headers: MINE }), {});
  assert.deepEqual(
    [refused.status, refused.headers.get("content-type"), refused.headers.get("cache-control")],
    [401, "application/problem+json", "no-store"],
  );
  assert.match(refused.headers.get("www-authenticate") ?? "", /__Host-session/);
  assert.equal(((await refused.json()) as { reason: string }).reason, "evicted");
  for (const headers of [{ ...MINE, ...OTHER }, { ...MINE }]) {
    const strange = await route(new Request(BASE, { method: "POST", headers }), {});
    assert.equal(strange.status, 403);
  }
  assert.equal(reached, false);
});

test("the proxy lets in whose session stands, and anybody to the login page", async () => {
  const service = new Service();
  const auth = visited({}, service);
  assert.equal(await auth.proxy(proxied("/", MINE)), undefined);
  assert.equal(service.count("GET /v1/session"), 1);
  for (const path of ["/login", "/login/"]) {
    assert.equal(await auth.proxy(proxied(path, PAGE)), undefined);
  }
});

test("the proxy leads browsers to the login page, and answers others", async () => {
  const auth = visited({}, ended());
  for (const path of ["/", "/login/x", "/x/login"]) {
    for (const method of ["GET", "POST"]) {
      const page = await auth.proxy(proxied(path, PAGE, method));
      assert.deepEqual(
        [page?.status, page?.headers.get("location"), page?.headers.get("cache-control")],
        [303, `${BASE}/shop/login`, "no-store"],
      );
    }
  }
  const answer = await auth.proxy(proxied("/", MINE));
  assert.equal(answer?.status, 401);
  assert.equal(((await answer?.json()) as { reason: string }).reason, "evicted");
  assert.equal(answer?.headers.get("x-action-redirect"), "/shop/login;push");
  const strange = await auth.proxy(proxied("/", { ...MINE, ...PAGE, ...OTHER }, "POST"));
  assert.equal(strange?.status, 403);
});

test("no header says that a request was checked", async () => {
  const names = ["x-middleware-subrequest", "x-middleware-next", "x-sojourn-session", "x-user-id"];
  for (const name of names) {
    const auth = visited({ [name]: "proxy:proxy:proxy:proxy:proxy" });
    assert.equal(await auth(), null);
  }
});

test("login and log-out set the cookie, and what is rendered after them knows it", async () => {
  const service = new Service();
  service.answers["POST /v1/users/ada/authenticate"] = () => ({
    body: { ...valid(token(), { expires_at: null }), token: token() },
  });
  service.answers["DELETE /v1/session"] = () => ({ status: 204 });
  const login = { user: "ada", password: "p", ip: "203.0.113.9" };
  const sojourn = service.client({ accessKey: "ks_1" });
  const strange = appRouter(sojourn, { cookie: COOKIE }, new Visit({ ...MINE, ...OTHER }));
  await assert.rejects(strange.logIn(login), CrossSite);
  await assert.rejects(strange.logOut(), CrossSite);
  assert.equal(service.asked.length, 0);
  const own = { "sec-fetch-site": "same-origin", "user-agent": "Firefox" };
  const visit = new Visit({ ...own, cookie: "__Host-session=old" });
  const auth = appRouter(sojourn, { cookie: COOKIE }, visit);
  assert.equal((await auth.logIn(login)).token, token());
  const request = { ip: "203.0.113.9", client: "Firefox" };
  assert.deepEqual(service.asked[0]?.body, { password: "p", request });
  assert.equal(await auth.token(), token());
  await auth.logOut();
  assert.deepEqual([await auth(), (await auth.error())?.kind], [null, "token_missing"]);
  const attributes = { path: "/", secure: true, httpOnly: true, sameSite: "lax" };
  const name = "__Host-session";
  assert.deepEqual(visit.set, [
    { name, value: token(), ...attributes },
    { name, value: "", maxAge: 0, ...attributes },
  ]);
});
