import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { Service, token } from "./service.js";

const FEED = "GET /v1/revocations";

test("the first verification begins to poll, and close stops it", async (t) => {
  const service = new Service();
  const sojourn = service.client({ mode: "feed", accessKey: "ks_1", maxStaleness: 20 });
  t.mock.timers.enable({ apis: ["setTimeout"] });
  assert.equal(sojourn.health().polling, false);
  await sojourn.verify(token());
  const before = service.asked.filter(({ route }) => route.startsWith(FEED)).length;
  assert.deepEqual([before, sojourn.health().polling], [1, true]);
  t.mock.timers.tick(5_000);
  sojourn.close();
  t.mock.timers.tick(60_000);
  const after = service.asked.filter(({ route }) => route.startsWith(FEED)).length;
  assert.deepEqual([after, sojourn.health().polling], [2, false]);
});

test("prefetch reads the feed, or says why it cannot be read", async () => {
  const service = new Service();
  const sojourn = service.client({ mode: "feed", accessKey: "ks_1" });
  await sojourn.prefetch();
  assert.equal(sojourn.health().fresh, true);
  sojourn.close();
  service.answers[FEED] = () => ({ status: 403, body: { code: "permission_denied" } });
  const other = service.client({ mode: "feed", accessKey: "ks_1" });
  await assert.rejects(other.prefetch(), { kind: "refused", code: "permission_denied" });
  other.close();
});

test("a poll that fails is told in health, and the next one waits longer, or as it is told", async () => {
  const service = new Service();
  const { machine } = service.parts({ mode: "feed", accessKey: "ks_1" });
  service.answers[FEED] = () => ({ status: 500 });
  const pauses = [await machine.poller?.poll(), await machine.poller?.poll()];
  assert.ok(Number(pauses[0]) <= 0.5 && Number(pauses[1]) <= 1 && Number(pauses[1]) >= 0.5);
  assert.equal(machine.poller?.health().error, "The service answered 500.");
  service.answers[FEED] = () => ({ status: 503, headers: { "retry-after": "9" } });
  assert.equal(await machine.poller?.poll(), 9);
});

test("a feed that may be of any age is read every hour, and not without a pause", async () => {
  const service = new Service();
  const { machine } = service.parts({ mode: "feed", accessKey: "ks_1", maxStaleness: Infinity });
  const pause = Number(await machine.poller?.poll());
  assert.ok(pause > 1 && pause <= 3_600);
});

test("a client that polls keeps no process alive", () => {
  const index = JSON.stringify(new URL("../src/index.js", import.meta.url));
  const program = `
    const { createSojourn } = await import(${index});
    const fetch = async () => Response.json({ collection: [], cursor: "c", complete_since: 1, keys: [], more_results: false });
    const sojourn = createSojourn({ baseUrl: "https://s.example.com", realmId: "rl_1", accessKey: "ks_1", mode: "feed", fetch });
    globalThis.kept = sojourn; // or a client that nobody has any more would stop by itself
    await sojourn.prefetch();
    console.log(sojourn.health().polling);`;
  const told = { input: program, timeout: 20_000, encoding: "utf8" } as const;
  const done = spawnSync(process.execPath, ["--input-type=module"], told);
  assert.deepEqual([done.status, done.stdout], [0, "true\n"], done.stderr);
});
