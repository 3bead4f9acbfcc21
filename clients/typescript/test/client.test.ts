import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { inspect } from "node:util";
import * as browser from "../src/browser.js";
import { Client, parts } from "../src/client.js";
import { cached } from "../src/mode_cached.js";
import { later } from "../src/mode_later.js";
import { createSojourn, isRejected, isSojournError, TokenMissing } from "../src/index.js";
import { BASE, REALM, Service, token, valid } from "./service.js";

const OTHER = `kss_${"1".repeat(54)}`;
const OPTIONS = { baseUrl: BASE, realmId: REALM };

test("options that cannot be are refused", () => {
  const wrong = [
    { baseUrl: "http://sessions.example.com" },
    { baseUrl: "https://sessions.example.com/v1" },
    { baseUrl: "https://ada@sessions.example.com" },
    { baseUrl: "https://:secret@sessions.example.com" },
    { baseUrl: "https://sessions.example.com?x" },
    { baseUrl: "https://sessions.example.com/?" },
    { baseUrl: "https://sessions.example.com#" },
    { baseUrl: "ftp://sessions.example.com" },
    { baseUrl: "https://sessions.example.com\\@evil.example.com" },
    { realmId: "usr_1" },
    { realmId: "rl_1/../x" },
    { accessKey: " ks_1" },
    { accessKey: "secret" },
    { mode: "feed" as const },
    { mode: "toString" as never },
    { maxStaleness: 5 },
    { mode: "cached" as const, maxStaleness: 0 },
    { cacheSize: 0 },
    { timeout: 0 },
    { timeout: "5" as never },
    { timeout: Infinity },
    { cacheSize: "100" as never },
    { mode: "cached" as const, maxStaleness: "10" as never },
  ];
  for (const each of wrong) {
    assert.throws(() => createSojourn({ ...OPTIONS, ...each }), TypeError, JSON.stringify(each));
  }
  createSojourn({ ...OPTIONS, baseUrl: "http://127.0.0.1:3000/" });
  const unset = { ...OPTIONS, baseUrl: undefined as never };
  assert.throws(() => createSojourn(unset), /baseUrl must look like/);
});

test("code that cannot be loaded is an error of the network, and is loaded again later", async () => {
  const service = new Service();
  let loads = 0;
  let ended = (): void => undefined;
  const end = new Promise<void>((resolve) => (ended = resolve));
  const load = async () => {
    loads += 1;
    await end;
    if (loads < 3) throw new TypeError(`Failed to fetch ${BASE}/mode_cached.js`);
    return cached;
  };
  const fetch = (url: string, init: RequestInit) => service.fetch(url, init);
  const runtime = { modes: { cached: later("cached", load) }, sending: { headers: {} } };
  const sojourn = new Client(parts({ ...OPTIONS, mode: "cached", fetch }, runtime));
  service.answers["DELETE /v1/session"] = () => ({ status: 204 });
  await sojourn.sessions.end({ token: token() });
  ended(); // nothing is rejected that nobody handles
  await setImmediate();
  await assert.rejects(sojourn.verify(token("open-ended")), { kind: "unavailable" });
  assert.ok(await sojourn.verify(token("open-ended")));
  assert.equal(loads, 3);
});

test("a login is one of the client's own realm, whatever else a request's body has", async () => {
  const service = new Service();
  service.answers["POST /v1/login"] = () => ({ body: { ...valid(token()), token: token() } });
  const told = { username: "ada", password: "p", realm_id: "rl_2", api_key: "ak_2" };
  await service.client().login(told);
  assert.deepEqual(service.asked[0]?.body, { username: "ada", password: "p", realm_id: REALM });
});

test("a problem whose members are no texts is told all the same", async () => {
  const service = new Service();
  const strange = { toString: 1, valueOf: 1 };
  const body = { code: "login_failed", detail: strange, title: strange, errors: [strange, "one"] };
  const login = { username: "ada", password: "p" };
  for (const status of [422, 429]) {
    service.answers["POST /v1/login"] = () => ({ status, body });
    const message = `login_failed (${status} login_failed)`;
    const expected = { kind: "refused", message, errors: ["one"] };
    await assert.rejects(service.client().login(login), expected);
  }
  service.answers["POST /v1/login"] = () => ({ status: 429, body: { code: strange } });
  await assert.rejects(service.client().login(login), { kind: "unavailable" });
});

test("a browser gets no access key, and no mode that needs one", (t) => {
  const key = { ...OPTIONS, accessKey: "ks_1" };
  assert.throws(() => browser.createSojourn(key as never), /must not have an access key/);
  assert.throws(() => browser.createSojourn({ ...OPTIONS, mode: "feed" as never }), /mode must be/);
  assert.throws(() => browser.createSojourn({ ...OPTIONS, mode: "cached", maxStaleness: -1 }));
  Object.assign(globalThis, { window: {}, document: {} });
  t.after(() => {
    delete (globalThis as { window?: unknown }).window;
    delete (globalThis as { document?: unknown }).document;
  });
  assert.throws(() => createSojourn(key), /must not have an access key/);
});

test("the browser's client verifies in both of its modes, and names no user agent", async () => {
  for (const mode of ["always", "cached"] as const) {
    const service = new Service();
    const fetch = (url: string, init: RequestInit) => service.fetch(url, init);
    const sojourn = browser.createSojourn({ ...OPTIONS, mode, fetch });
    await sojourn.prefetch();
    for (let n = 0; n < 2; n += 1) assert.ok(await sojourn.verify(token("open-ended")));
    assert.equal(service.count("GET /v1/session"), mode === "always" ? 2 : 1);
    for (const { init } of service.asked) assert.ok(!("user-agent" in (init.headers as object)));
  }
});

test("the token of a request", async () => {
  const sojourn = new Service().client();
  const bearer = `Bearer ${token()}`;
  const good = [
    new Request(BASE, { headers: { authorization: bearer } }),
    { headers: { authorization: bearer } },
    { headers: { Authorization: [` ${bearer}`] } },
    { headersDistinct: { authorization: [bearer] }, headers: { authorization: bearer } },
    { multiValueHeaders: null, headers: { AUTHORIZATION: `bearer  ${token()}` } },
  ];
  for (const request of good) assert.ok(await sojourn.authenticateRequest(request));
  const missing = [{}, { headers: null }, { headers: { authorization: "Basic eA==" } }];
  for (const request of [...missing, { headers: { authorization: "Bearer " } }]) {
    await assert.rejects(sojourn.authenticateRequest(request), { kind: "token_missing" });
  }
  const two = [
    { headers: { authorization: `${bearer}, ${bearer}` } },
    { headersDistinct: { authorization: [bearer, bearer] }, headers: { authorization: bearer } },
    { multiValueHeaders: { Authorization: [bearer, bearer] }, headers: { Authorization: bearer } },
  ];
  for (const request of two) {
    await assert.rejects(sojourn.authenticateRequest(request), /Two Authorization headers/);
  }
});

test("neither a client, a session nor an error shows a token, a key or a password", async () => {
  const service = new Service();
  const secrets = ["ks_secret", "correct horse", token()];
  const sojourn = service.client({ accessKey: "ks_secret", mode: "feed" });
  service.answers["POST /v1/login"] = () => ({ body: { ...valid(token()), token: token() } });
  const session = await sojourn.login({ username: "ada", password: "correct horse" });
  assert.equal(session.token, token());
  service.answers["POST /v1/sessions/validate"] = (_, init) => {
    throw new Error(`cannot reach ${BASE} ${inspect(init)}`);
  };
  const error = await sojourn.verify(token()).catch((thrown: unknown) => thrown);
  sojourn.close();
  assert.ok(isSojournError(error) && error.kind === "unavailable");
  const shown = [sojourn, session, error].map((each) => inspect(each, { depth: 20 })).join("");
  for (const secret of secrets) {
    assert.ok(!`${shown}${JSON.stringify([session, error])}${error.stack}`.includes(secret));
  }
});

test("login, list and end call their routes", async () => {
  const service = new Service();
  const sojourn = service.client({ accessKey: "ks_1" });
  const begun = { body: { ...valid(token()), token: token() } };
  service.answers["POST /v1/login"] = () => begun;
  service.answers["POST /v1/users/ada%40example.com/authenticate"] = () => begun;
  service.answers["GET /v1/sessions"] = (_, { headers }) => {
    const key = (headers as Record<string, string>)["authorization"] === "Bearer ks_1";
    const collection = [valid(token(), { id: OTHER, current: key ? null : true })];
    return { body: { collection, more_results: !service.asked.at(-1)?.route.includes("after=") } };
  };
  for (const route of ["session", "sessions", `sessions/${OTHER}`]) {
    service.answers[`DELETE /v1/${route}`] = () => ({ status: 204 });
  }
  await sojourn.login({ apiKey: "ak_1" });
  await sojourn.authenticate({ user: "ada@example.com", password: "p", ip: "203.0.113.9" });
  assert.equal((await sojourn.sessions.list({ userId: "usr_1" })).length, 2);
  await sojourn.sessions.end({ token: token() });
  await sojourn.sessions.end({ token: token(), sessionId: OTHER });
  await sojourn.sessions.end({ sessionId: OTHER });
  await sojourn.sessions.endOthers(token());
  const asked = service.asked.map(({ route, init, body }) => {
    const { authorization } = init.headers as Record<string, string>;
    return [route, authorization?.replace(token(), "token"), body];
  });
  const list = "GET /v1/sessions?state=active&max_results=100&user_id=usr_1";
  assert.deepEqual(asked, [
    ["POST /v1/login", undefined, { realm_id: REALM, api_key: "ak_1" }],
    [
      "POST /v1/users/ada%40example.com/authenticate",
      "Bearer ks_1",
      { password: "p", request: { ip: "203.0.113.9" } },
    ],
    [list, "Bearer ks_1", undefined],
    [`${list}&after=${OTHER}`, "Bearer ks_1", undefined],
    ["DELETE /v1/session", "Bearer token", undefined],
    [`DELETE /v1/sessions/${OTHER}`, "Bearer token", undefined],
    [`DELETE /v1/sessions/${OTHER}`, "Bearer ks_1", undefined],
    ["DELETE /v1/sessions?scope=others", "Bearer token", undefined],
  ]);
});

test("what is no name and no id reaches no route", async () => {
  const service = new Service();
  const sojourn = service.client({ accessKey: "ks_1" });
  const ids = [
    "",
    "../users/usr_1",
    `${OTHER}/..`,
    `${OTHER}?x`,
    `kss_${"%".repeat(54)}`,
    5 as never,
  ];
  for (const sessionId of ids) {
    const ended = sojourn.sessions.end({ sessionId });
    await assert.rejects(ended, typeof sessionId === "string" ? { code: "not_found" } : TypeError);
  }
  const names = [
    "",
    ".",
    "..",
    " .. ",
    "\u0085.",
    "../users",
    "a/b",
    "a?b",
    "a#b",
    "a%2fb",
    "a\\b",
    "a\nb",
  ];
  for (const user of [...names, "\ud800", "x".repeat(1_017), undefined as never]) {
    const login = sojourn.authenticate({ user, password: "p" });
    await assert.rejects(login, { kind: "refused", code: "credential_wrong", status: 422 });
  }
  assert.equal(service.asked.length, 0);
});

test("a token that is undefined by mistake lets the access key do nothing", async () => {
  const service = new Service();
  const sojourn = service.client({ accessKey: "ks_1" });
  const mistakes = [
    () => sojourn.sessions.end({ token: undefined as never, sessionId: OTHER }),
    () => sojourn.sessions.end({ token: token(), sessionId: undefined as never }),
    () => sojourn.sessions.list({ token: undefined as never, userId: "usr_1" }),
    () => sojourn.sessions.list({ token: token(), userId: "usr_1" }),
    () => sojourn.sessions.end({} as never),
  ];
  for (const mistake of mistakes) await assert.rejects(mistake, TypeError);
  assert.equal(service.asked.length, 0);
});

test("a call that needs an access key says so", async () => {
  const sojourn = new Service().client();
  await assert.rejects(sojourn.validateMany([token()]), /needs an access key/);
  await assert.rejects(sojourn.authenticate({ user: "a", password: "p" }), /needs an access key/);
});

test("a 401 about the access key is no refusal of a token", async () => {
  const service = new Service();
  const refused = { status: 401, body: { code: "token_invalid" } };
  service.answers["POST /v1/sessions/validate"] = () => refused;
  const many = service.client({ accessKey: "ks_1" }).validateMany([token()]);
  await assert.rejects(many, { kind: "refused", code: "token_invalid" });
});

test("errors are told apart by kind", async () => {
  const service = new Service();
  service.answers["POST /v1/login"] = () => ({
    status: 429,
    headers: { "retry-after": "2" },
    body: { code: "too_many_attempts", detail: "Wait.", errors: ["Wait 2 s."] },
  });
  const login = service.client().login({ username: "ada", password: "p" });
  await assert.rejects(login, {
    code: "too_many_attempts",
    retryAfter: 2,
    errors: ["Wait 2 s."],
  });
  assert.equal(service.asked.length, 1); // too many attempts: not sent again, though in time
  const missing = new TokenMissing('Say "please".\n');
  assert.equal(missing.challenge, "Bearer");
  assert.ok(isRejected(missing) && !isRejected(new Error("other")));
  const ended = { status: 401, body: { code: "session_ended", reason: "logout", ended_at: 5.5 } };
  service.answers["GET /v1/session"] = () => ended;
  const error = await service
    .client()
    .verify(token())
    .catch((thrown: unknown) => thrown);
  assert.ok(isSojournError(error) && error.kind === "session_ended");
  assert.deepEqual([error.reason, error.endedAt], ["logout", 5.5]);
  const challenge =
    'Bearer error="invalid_token", error_description="The session was ended: logout."';
  assert.equal(error.challenge, challenge);
});
