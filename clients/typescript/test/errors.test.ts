import assert from "node:assert/strict";
import { test } from "node:test";
import type { SojournOptions } from "../src/client.js";
import { isSojournError } from "../src/index.js";
import type { Sojourn } from "../src/server.js";
import { BASE, Service, token } from "./service.js";

const KINDS = "token_missing token_invalid session_expired session_ended unavailable refused".split(" ");
const login = { username: "ada", password: "p" };

/** What an application may call. */
const CALLS: Record<string, (sojourn: Sojourn) => Promise<unknown>> = {
  verify: (sojourn) => sojourn.verify(token()),
  "verify nothing": (sojourn) => sojourn.verify(undefined as never),
  "verify anew": (sojourn) => sojourn.verify(token(), { maxStaleness: 0 }),
  authenticateRequest: (sojourn) =>
    sojourn.authenticateRequest(new Request(BASE, { headers: { authorization: "Basic YTpi" } })),
  validateMany: (sojourn) => sojourn.validateMany([token(), "garbage"]),
  notEnded: (sojourn) => sojourn.notEnded({ header: {}, payload: {} } as never),
  login: (sojourn) => sojourn.login(login),
  authenticate: (sojourn) => sojourn.authenticate({ user: "ada", password: "p" }),
  list: (sojourn) => sojourn.sessions.list({ token: token() }),
  "list of a user": (sojourn) => sojourn.sessions.list({ userId: "usr_1" }),
  end: (sojourn) => sojourn.sessions.end({ token: token() }),
  "end by a server": (sojourn) => sojourn.sessions.end({ sessionId: "kss_1" }),
  endOthers: (sojourn) => sojourn.sessions.endOthers(token()),
  prefetch: (sojourn) => sojourn.prefetch(),
};

const thrown = (what: unknown) => (): never => {
  throw what;
};
const answer = (status: number, text: string | null, type = "application/json") => () =>
  new Response(text, { status, headers: { "content-type": type } });

/** What may come of a request. */
const OUTCOMES: Record<string, () => Response> = {
  "a string is thrown": thrown("boom"),
  "nothing is thrown": thrown(undefined),
  "an error is thrown": thrown(new TypeError("fetch failed")),
  "an abort is thrown": thrown(new DOMException("aborted", "AbortError")),
  "no content": answer(204, null),
  "a redirect": answer(302, null),
  "a page": answer(200, "<!doctype html>", "text/html"),
  "an empty answer": answer(200, ""),
  "a list": answer(200, "[]"),
  "an empty object": answer(200, "{}"),
  "a number": answer(200, "1"),
  null: answer(200, "null"),
  "members of other types": answer(200, '{"active":"yes","collection":{},"keys":7,"id":[],"token":1}'),
  "a list of nothing": answer(200, '{"active":true,"collection":[null],"keys":[null],"more_results":false}'),
  "a refusal": answer(403, '{"code":"permission_missing"}'),
  "a refusal of other types": answer(401, '{"code":["session_ended"],"reason":{},"errors":1}'),
  "a refusal that is no JSON": answer(400, "Bad Request", "text/plain"),
  "too many requests": answer(429, '{"code":"too_many_attempts","retry_after":"soon"}'),
  "an error of a gateway": answer(502, "<html>", "text/html"),
};

for (const mode of ["always", "cached", "feed"] as const) {
  test(`whatever comes of a request, what is thrown in mode "${mode}" is one of the errors`, async () => {
    for (const [outcome, respond] of Object.entries(OUTCOMES)) {
      for (const [name, call] of Object.entries(CALLS)) {
        const service = new Service();
        const options: Partial<SojournOptions> = { mode, accessKey: "ks_1", fetch: async () => respond() };
        const sojourn = service.client(options);
        try {
          await call(sojourn);
        } catch (error) {
          const where = `${name}, ${outcome}: ${String(error)}`;
          assert.ok(isSojournError(error), where);
          assert.ok(KINDS.includes(error.kind) && error instanceof Error, where);
        } finally {
          sojourn.close();
        }
      }
    }
  });
}
