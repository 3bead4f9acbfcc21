// Run the README's blocks against a local stack, as they are. DEV is what the stack says of itself; the
// arguments are the blocks' modules. What is wrong ends it; at the end it prints what was run.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createSojourn } from "@sojourn/client";

const dev = JSON.parse(process.env.DEV);
const { username, password } = dev.users[0];
const known = { baseUrl: dev.base_url, realmId: dev.realm_id, accessKey: dev.access_key };
const service = createSojourn(known);
const lines = [];
console.log = (line) => lines.push(line);

/** A new session's token, and what a block is given. */
async function given() {
  const { id, token } = await service.login({ username, password });
  const headers = { authorization: `Bearer ${token}` };
  const request = new Request("https://app.example.com/", { headers });
  globalThis.given = { ...known, token, password, address: "203.0.113.9", userAgent: "Phone/1.0", request };
  return { id, token, headers };
}

const RUN = {
  async "@sojourn/client"(block) {
    const { id } = await given();
    const { session } = await block();
    assert.deepEqual([session.id, lines.at(-1)], [id, `Hello ${username}`]);
  },
  async Modes(block) {
    const { id } = await given();
    const { sojourn, session } = await block();
    assert.deepEqual([session.id, sojourn.health().polling], [id, true]);
    sojourn.close();
  },
  async "Begin, list and end sessions"(block) {
    await given();
    const { session, token, devices, other } = await block();
    const named = devices.map(({ id, current, request }) => [id, current, request.client]);
    assert.deepEqual(named[0], [session.id, true, "Phone/1.0"]);
    const ended = await service.sessions.list({ userId: session.userId, state: "ended" });
    assert.equal(ended.find(({ id }) => id === other.id).reason, "terminated_by_user");
    await assert.rejects(service.verify(token), { kind: "session_ended" });
    const left = await service.sessions.list({ userId: session.userId });
    assert.deepEqual(left, []);
  },
  async express(block) {
    const { app } = await block();
    const server = app.listen(0, "127.0.0.1");
    await once(server, "listening");
    const site = `http://127.0.0.1:${server.address().port}`;
    assert.equal((await fetch(site)).status, 401);
    const body = new URLSearchParams({ user: username, password });
    const headers = { origin: site, "sec-fetch-site": "same-origin" };
    const login = await fetch(`${site}/login`, { method: "POST", body, headers, redirect: "manual" });
    assert.equal(login.status, 303);
    const [cookie] = login.headers.get("set-cookie").split(";");
    const page = await fetch(site, { headers: { cookie } });
    assert.equal((await page.json()).username, username);
    server.closeAllConnections();
    server.close();
  },
  async hono(block) {
    const { headers } = await given();
    const { app } = await block();
    assert.equal((await app.request("/")).status, 401);
    const page = await app.request("/", { headers });
    assert.equal((await page.json()).username, username);
  },
  async powertools(block) {
    const { headers } = await given();
    const { app } = await block();
    const asked = async (headers) => {
      const http = { method: "GET", path: "/me", protocol: "HTTP/1.1", sourceIp: "203.0.113.9" };
      const requestContext = { http, domainName: "app.example.com", stage: "$default" };
      const told = { version: "2.0", routeKey: "$default", rawPath: "/me", rawQueryString: "" };
      const event = { ...told, headers, requestContext, isBase64Encoded: false };
      const { statusCode, body } = await app.resolve(event, {});
      return [statusCode, JSON.parse(body).user_id];
    };
    assert.equal((await asked({}))[0], 401);
    assert.deepEqual(await asked(headers), [200, dev.users[0].id]);
  },
  async "With aws-jwt-verify"(block) {
    const { id, token } = await given();
    const { claims, verifier } = await block();
    assert.equal(claims.sid, id);
    await service.sessions.end({ token });
    await assert.rejects(verifier.verify(token), { kind: "session_ended" });
  },
  async Errors(block) {
    const { id, token } = await given();
    await service.sessions.end({ sessionId: id });
    await block();
    assert.equal(lines.at(-1), "You were logged out: terminated_by_admin");
    globalThis.given.token = `${token}x`;
    await import(`./${modules.Errors}?again`);
    assert.doesNotMatch(lines.at(-1), /logged out/);
  },
};

const modules = JSON.parse(process.env.MODULES);
for (const name in modules) {
  assert.ok(RUN[name], `Nothing runs the README's block "${name}".`);
  await RUN[name](() => import(`./${modules[name]}`));
}
process.stdout.write(JSON.stringify(Object.keys(RUN)));
