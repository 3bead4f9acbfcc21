import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { createSojourn } from "../src/index.js";
import { LONGEST_ANSWER } from "../src/transport.js";
import { BASE, REALM, Service, token, valid } from "./service.js";

/** A client of a server of one's own. */
async function served(t: TestContext, listener: RequestListener, timeout = 5) {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  t.after(() => server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  return createSojourn({
    baseUrl: `http://127.0.0.1:${port}`,
    realmId: REALM,
    accessKey: "ks_1",
    timeout,
  });
}

test("a redirect is not followed, with no credential", async (t) => {
  const asked: string[] = [];
  const sojourn = await served(t, (request, response) => {
    asked.push(request.url ?? "");
    response.writeHead(307, { location: "/elsewhere" }).end();
  });
  await assert.rejects(sojourn.validateMany([token()]), { kind: "unavailable" });
  await assert.rejects(sojourn.verify(token()), { kind: "unavailable" });
  assert.deepEqual(asked, ["/v1/sessions/validate", "/v1/session"]);
});

test("an answer that does not come, or comes too slowly, is waited for no longer than the call may take", async (t) => {
  const sojourn = await served(t, (_, response) => void response.write("{"), 0.3);
  const began = performance.now();
  await assert.rejects(sojourn.verify(token()), { kind: "unavailable" });
  assert.ok(performance.now() - began < 3_000);
});

test("a fetch that does not heed its signal is waited for no longer, nor is its answer's body", async () => {
  const never = new Promise<never>(() => undefined);
  const silent = { status: 200, headers: new Headers(), body: { getReader: () => ({ read: () => never }) } };
  for (const fetch of [() => never, async () => silent as unknown as Response]) {
    const sojourn = createSojourn({ baseUrl: BASE, realmId: REALM, timeout: 0.1, fetch });
    await assert.rejects(sojourn.verify(token()), { kind: "unavailable" });
  }
});

test("Next's fetch, which may keep answers, is passed by", async (t) => {
  const sojourn = await served(t, (request, response) => {
    const text = request.headers.authorization?.slice("Bearer ".length) ?? "";
    response.end(JSON.stringify(valid(text)));
  });
  const { fetch } = globalThis;
  t.after(() => (globalThis.fetch = fetch));
  const kept = () => Promise.reject(new Error("kept"));
  globalThis.fetch = kept;
  await assert.rejects(sojourn.verify(token()), { kind: "unavailable" });
  globalThis.fetch = Object.assign(kept, { _nextOriginalFetch: fetch });
  assert.ok(await sojourn.verify(token()));
});

test("whatever a fetch throws is an error of the network", async () => {
  for (const thrown of [undefined, null, "no network", { cause: null }]) {
    const fetch = (): Promise<never> => Promise.reject(thrown);
    const sojourn = createSojourn({ baseUrl: BASE, realmId: REALM, fetch });
    await assert.rejects(sojourn.verify(token()), { kind: "unavailable" });
  }
});

test("an answer that is too long is not read", async (t) => {
  const sojourn = await served(t, (_, response) => response.end("x".repeat(LONGEST_ANSWER + 1)));
  await assert.rejects(sojourn.verify(token()), /more than a client reads/);
});

test("a login is sent again if it was never sent, and else not", async () => {
  for (const [code, times] of [
    ["ECONNREFUSED", 3],
    ["ECONNRESET", 1],
  ] as const) {
    let asked = 0;
    const fetch = async (): Promise<never> => {
      asked += 1;
      throw new TypeError("fetch failed", { cause: { code } });
    };
    const sojourn = createSojourn({ baseUrl: "https://s.example.com", realmId: REALM, fetch });
    const login = sojourn.login({ username: "ada", password: "p" });
    await assert.rejects(login, { kind: "unavailable" });
    assert.equal(asked, times);
  }
});

test("no cache keeps an answer, and no cookie goes with a request", async () => {
  const service = new Service();
  await service.client().verify(token());
  const { cache, credentials, redirect, signal } = service.asked[0]?.init ?? {};
  assert.deepEqual([cache, credentials, redirect], ["no-store", "omit", "manual"]);
  assert.ok(signal instanceof AbortSignal);
});

test("a runtime whose requests know neither cache nor credentials is asked without", async (t) => {
  const Known = globalThis.Request;
  t.after(() => (globalThis.Request = Known));
  globalThis.Request = class extends Known {
    constructor(input: string, init?: RequestInit) {
      if (init && ("cache" in init || "credentials" in init)) throw new Error("not implemented");
      super(input, init);
    }
  } as typeof Request;
  const service = new Service();
  await service.client().verify(token());
  assert.ok(!("cache" in (service.asked[0]?.init ?? {})));
});
