import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { Service, token, valid } from "./service.js";

const ASKED = "GET /v1/session";

test("requests that verify one session at once ask for it once", async () => {
  const service = new Service();
  const sojourn = service.client({ mode: "cached" });
  const found = await Promise.all(Array.from({ length: 20 }, () => sojourn.verify(token())));
  assert.equal(new Set(found.map(({ id }) => id)).size, 1);
  assert.equal(service.count(ASKED), 1);
  assert.equal(service.asked.length, 2);
});

test("a request that wants to know better asks itself", async () => {
  const service = new Service();
  const sojourn = service.client({ mode: "cached" });
  await Promise.all([0, 0, 0].map((maxStaleness) => sojourn.verify(token(), { maxStaleness })));
  assert.equal(service.count(ASKED), 3);
});

test("the answer to an earlier request is enough only while it counts", async () => {
  const service = new Service();
  const sojourn = service.client({ mode: "cached" });
  await sojourn.verify(token(), { maxStaleness: 0 });
  let comes = (): void => undefined;
  const waits = new Promise<void>((resolve) => (comes = resolve));
  service.answers[ASKED] = async () => {
    await waits;
    return { body: valid(token(), { revalidate_after: 0 }) };
  };
  service.clock.move(300);
  const both = Promise.all([sojourn.verify(token()), sojourn.verify(token())]);
  while (service.count(ASKED) < 2) await setImmediate();
  for (let turn = 0; turn < 50; turn += 1) await setImmediate(); // the other one waits for it
  comes();
  await both;
  assert.equal(service.count(ASKED), 3);
});

test("a late answer from before the end does not outlive it", async () => {
  const service = new Service();
  const sojourn = service.client({ mode: "cached" });
  await sojourn.prefetch();
  let comes = (_: { body: object }): void => undefined;
  service.answers[ASKED] = () => new Promise((resolve) => (comes = resolve));
  const late = sojourn.verify(token(), { maxStaleness: 0 });
  while (service.count(ASKED) === 0) await setImmediate();
  service.answers[ASKED] = () => ({ status: 401, body: { code: "session_ended" } });
  await assert.rejects(sojourn.verify(token()), { kind: "session_ended" });
  comes({ body: valid(token()) });
  await late;
  await assert.rejects(sojourn.verify(token()), { kind: "session_ended" });
  assert.equal(service.count(ASKED), 2);
});

test("an answer that was on its way before this process ended the session is not remembered", async () => {
  const service = new Service();
  const sojourn = service.client({ mode: "cached" });
  await sojourn.prefetch();
  const answer = service.answers[ASKED];
  assert.ok(answer);
  service.answers["DELETE /v1/session"] = () => ({ status: 204 });
  service.answers[ASKED] = async (body, init) => {
    service.clock.move(1);
    await sojourn.sessions.end({ token: token() });
    return answer(body, init);
  };
  await sojourn.verify(token()); // it came before
  service.answers[ASKED] = () => ({ status: 401, body: { code: "session_ended" } });
  await assert.rejects(sojourn.verify(token()), { kind: "session_ended" });
});

test("a flight that never lands is waited for in vain by nobody who comes after its time", async () => {
  const service = new Service();
  const sojourn = service.client({ mode: "cached" });
  await sojourn.prefetch();
  service.answers[ASKED] = () => new Promise(() => undefined);
  void sojourn.verify(token()).catch(() => undefined);
  while (service.count(ASKED) === 0) await setImmediate();
  service.answers[ASKED] = () => ({ body: valid(token()) });
  service.clock.move(6);
  assert.ok(await sojourn.verify(token()));
});

test("no more sessions are remembered than cacheSize; the least used go first", async () => {
  const service = new Service();
  const sojourn = service.client({ mode: "cached", cacheSize: 2 });
  for (const name of ["ada", "bob", "ada", "unmanaged", "ada"]) await sojourn.verify(token(name));
  assert.equal(service.count(ASKED), 3);
  await sojourn.verify(token("bob"));
  assert.equal(service.count(ASKED), 4);
});

test("a signature is checked when its token is first seen, and not at each request", async (t) => {
  const sojourn = new Service().client({ mode: "cached" });
  await sojourn.verify(token());
  const verify = t.mock.method(crypto.subtle, "verify");
  await sojourn.verify(token());
  assert.equal(verify.mock.callCount(), 0);
  await sojourn.verify(token("ada"));
  assert.equal(verify.mock.callCount(), 1);
});

test("a session is frozen: what one request does reaches no other", async () => {
  for (const mode of ["always", "cached"] as const) {
    const { user } = await new Service().client({ mode }).verify(token());
    const { plan } = user?.custom as { plan: { name: string } };
    assert.throws(() => (plan.name = "free"), TypeError);
  }
});

test("what is verified together goes in few requests, a hundred tokens in each", async () => {
  const service = new Service();
  const tokens = Array.from({ length: 250 }, (_, number) => `${token()}${number}`);
  const found = await service.client({ accessKey: "ks_1" }).validateMany([...tokens, "no\ntoken"]);
  const sizes = service.asked.map(({ body }) => (body as { tokens: string[] }).tokens.length);
  assert.deepEqual(sizes, [100, 100, 50]);
  assert.equal(found.length, 251);
  assert.equal((found[250] as { kind?: string }).kind, "token_invalid");
});

test("in mode feed, tokens that come while requests are under way are validated together", async () => {
  const service = new Service();
  const sojourn = service.client({ mode: "feed", accessKey: "ks_1" });
  await sojourn.prefetch();
  const names = ["ada", "ada es", "bob", "short", "unmanaged", "open-ended", "new", "newer"];
  await Promise.all(names.map((name) => sojourn.verify(token(name))));
  sojourn.close();
  assert.ok(service.count("POST /v1/sessions/validate") <= 5);
});

test("what observes is told, and its errors change nothing", async () => {
  const told: string[] = [];
  const observe = (event: string): never => {
    told.push(event);
    throw new Error("no metrics today");
  };
  const sojourn = new Service().client({ mode: "cached", observe });
  await sojourn.verify(token());
  await assert.rejects(sojourn.verify("garbage"));
  assert.deepEqual(told, ["asked", "accepted", "rejected"]);
});

test("what observes may be async, and its rejections end no process", async () => {
  let told = 0;
  const observe = async (): Promise<never> => {
    told += 1;
    throw new Error("no metrics today");
  };
  await new Service().client({ observe }).verify(token());
  await setImmediate();
  assert.equal(told, 2);
});

test("where promises end with their request, nothing is shared, and nothing runs on beside", async (t) => {
  Object.assign(globalThis, { EdgeRuntime: "edge" });
  t.after(() => Reflect.deleteProperty(globalThis, "EdgeRuntime"));
  const service = new Service();
  const sojourn = service.client({ mode: "cached" });
  await sojourn.prefetch();
  const answer = service.answers[ASKED];
  assert.ok(answer);
  service.answers[ASKED] = async (body, init) => {
    for (let turn = 0; turn < 500 && service.count(ASKED) < 3; turn += 1) await setImmediate();
    return answer(body, init);
  };
  await Promise.all([1, 2, 3].map(() => sojourn.verify(token())));
  assert.equal(service.count(ASKED), 3);
  const asked = service.asked.length;
  service.clock.move(239); // young enough, but a server would ask again beside
  await Promise.all([1, 2, 3].map(() => sojourn.verify(token())));
  assert.equal(service.asked.length, asked);
  service.clock.move(661); // the keys are 15 minutes old
  await sojourn.verify(token("ada"));
  assert.equal(service.asked.length, asked + 2);
});
