// The browser's build of @sojourn/client under the elements' policy: it speaks to the API by itself.
import assert from "node:assert/strict";
import { PASSWORD, admin, api, newcomer, scenario } from "./harness.mjs";

/** A page with a client, `sojourn`, and `told`: what a promise brings, or the error's members. */
async function client(visit, realmId, options = {}) {
  const page = await visit("/plain.html");
  await page.evaluate(
    async (options) => {
      const { createSojourn } = await import("/client/browser.js");
      const told = (promise) =>
        promise.catch(({ kind, reason, code }) => (reason ? { kind, reason } : { kind, code }));
      Object.assign(window, { createSojourn, told, sojourn: createSojourn(options) });
    },
    { baseUrl: api, realmId, ...options },
  );
  return page;
}

/** Log in, verify, list and end, in a page: what came of each. */
async function story(page, username) {
  return page.evaluate(
    async ([username, password]) => {
      const wrong = await told(sojourn.login({ username, password: "wrong" }));
      const { id, token } = await sojourn.login({ username, password });
      const verified = await sojourn.verify(token);
      const devices = await sojourn.sessions.list({ token });
      const other = devices.find(({ current }) => !current);
      await sojourn.sessions.end({ token, sessionId: other.id });
      const left = await sojourn.sessions.list({ token });
      window.token = token;
      return { wrong, same: verified.id === id, other: other.request.client, left: left.length, id };
    },
    [username, PASSWORD],
  );
}

scenario("the client logs in, verifies, lists and ends in a browser, and hears of an end at once", async (visit) => {
  const { realm, username, begin } = await newcomer();
  await begin("Phone/1.0");
  const page = await client(visit, realm.id);
  const { id, ...found } = await story(page, username);
  const wrong = { kind: "refused", code: "login_failed" };
  assert.deepEqual(found, { wrong, same: true, other: "Phone/1.0", left: 1 });
  await admin("DELETE", `/sessions/${id}`);
  const ended = await page.evaluate(() => told(sojourn.verify(token)));
  assert.deepEqual(ended, { kind: "session_ended", reason: "terminated_by_admin" });
});

scenario("in the mode cached a browser verifies by itself, and an end is kept within the bound", async (visit) => {
  const { realm, username, begin } = await newcomer();
  await begin("Phone/1.0");
  const page = await client(visit, realm.id, { mode: "cached", maxStaleness: 300 });
  const { id, same } = await story(page, username);
  assert.ok(same);
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  for (let times = 20; times; times--) await page.evaluate(() => sojourn.verify(token));
  assert.ok(asked.length <= 1, asked.join());
  await admin("DELETE", `/sessions/${id}`);
  const ended = await page.evaluate(() => told(sojourn.verify(token, { maxStaleness: 0 })));
  assert.equal(ended.kind, "session_ended");
  assert.equal((await page.evaluate(() => told(sojourn.verify(token)))).kind, "session_ended");
});

scenario("a browser's client takes no access key", async (visit) => {
  const page = await client(visit, "rl_1");
  const said = await page.evaluate(() => {
    try {
      createSojourn({ baseUrl: "https://sessions.example.com", realmId: "rl_1", accessKey: "ks_1" });
    } catch ({ message }) {
      return message;
    }
  });
  assert.match(said, /must not have an access key/);
});
