import assert from "node:assert/strict";
import { test } from "node:test";
import { REALM, Service, token, valid } from "./service.js";

const JWKS = `GET /v1/realms/${REALM}/.well-known/jwks.json`;

/** What another library gives of a token. */
function verified(name = "bob"): { header: object; payload: { sid: string } } {
  const [header, payload] = token(name)
    .split(".")
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, "base64url").toString()));
  return { header, payload };
}

const ROUTE = `GET /v1/sessions/${verified().payload.sid}`;

function service(status = 200, body: object = valid(token())): Service {
  const made = new Service();
  made.answers[ROUTE] = () => ({ status, body });
  return made;
}

test("a session that stands passes, asked for by its id each time", async () => {
  const made = service();
  const { notEnded } = made.client({ accessKey: "ks_1" });
  await notEnded(verified());
  await notEnded(verified());
  assert.equal(made.count(`${ROUTE}?state=any`), 2);
});

test("one that was ended is refused, with its reason while that is known", async () => {
  const ended = { active: false, reason: "evicted", ended_at: 5.5 };
  const { notEnded } = service(200, valid(token(), ended)).client({ accessKey: "ks_1" });
  const told = { kind: "session_ended", reason: "evicted", endedAt: 5.5 };
  await assert.rejects(notEnded(verified()), told);
  const gone = service(404, { code: "not_found" }).client({ accessKey: "ks_1" });
  await assert.rejects(gone.notEnded(verified()), { kind: "session_ended", reason: null });
});

test("a token of a key that was stopped is refused, though its session stands", async () => {
  const made = service();
  made.answers[JWKS] = () => ({ body: { keys: [{ kid: "jky_other" }] } });
  const { notEnded } = made.client({ accessKey: "ks_1" });
  await assert.rejects(notEnded(verified()), { kind: "token_invalid" });
  made.answers[JWKS] = () => ({ body: { keys: [{ kty: "EC" }] } });
  await assert.rejects(notEnded({ ...verified(), header: {} }), { kind: "token_invalid" });
});

test("what cannot be asked about, or is not answered, is never a yes", async () => {
  const { notEnded } = service().client({ accessKey: "ks_1" });
  await assert.rejects(notEnded(verified("unmanaged")), { kind: "token_invalid" });
  await assert.rejects(notEnded({ ...verified(), payload: {} }), { kind: "token_invalid" });
  await assert.rejects(service().client().notEnded(verified()), /needs an access key/);
  const answers: [number, object][] = [
    [500, {}],
    [200, {}],
    [200, valid(token("ada"))],
    [200, valid(token(), { id: `kss_${"1".repeat(54)}` })],
    [200, valid(token(), { active: null })],
    [200, valid(token(), { realm_id: "rl_other" })],
  ];
  for (const [status, body] of answers) {
    const client = service(status, body).client({ accessKey: "ks_1" });
    await assert.rejects(client.notEnded(verified()), { kind: "unavailable" });
  }
  const refused = service(403, { code: "permission_denied" }).client({ accessKey: "ks_1" });
  await assert.rejects(refused.notEnded(verified()), { kind: "refused" });
  const slow = service();
  slow.answers[JWKS] = () => {
    slow.clock.wall += 6;
    return { body: { keys: [] } };
  };
  await assert.rejects(slow.client({ accessKey: "ks_1" }).notEnded(verified()), {
    kind: "unavailable",
  });
});
