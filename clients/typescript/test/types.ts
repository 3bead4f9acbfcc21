/** What applications write, held by the compiler alone. */

import { createSojourn as forBrowsers } from "../src/browser.js";
import { SessionCookie, sojournAuth as forExpress } from "../src/express.js";
import { sojournAuth as forHono } from "../src/hono.js";
import { sojournAuth as forNext } from "../src/next.js";
import { sojournAuth as forPowertools } from "../src/powertools.js";
import { createSojourn, type Session, type SojournError } from "../src/index.js";

const told = { baseUrl: "https://sessions.example.com", realmId: "rl_1" };
const sojourn = createSojourn({ ...told, mode: "feed", accessKey: "ks_1", maxStaleness: 5 });

export async function used(request: Request): Promise<Session> {
  const begun = await sojourn.login({ username: "ada", password: "p" });
  const text: string = begun.token;
  await sojourn.sessions.end({ token: text, sessionId: begun.id });
  const session = await sojourn.authenticateRequest(request, { maxStaleness: 2 });
  // @ts-expect-error a session that was verified has no token
  session.token;
  // @ts-expect-error a session cannot be changed
  session.active = true;
  // @ts-expect-error an end names a session or a token
  await sojourn.sessions.end({});
  // @ts-expect-error a password needs somebody who has it
  await sojourn.login({ password: "p" });
  // @ts-expect-error a browser has no access key
  forBrowsers({ ...told, accessKey: "ks_1" });
  // @ts-expect-error and no mode that needs one
  forBrowsers({ ...told, mode: "feed" });
  // @ts-expect-error nor does it log others in
  forBrowsers(told).authenticate({ user: "ada", password: "p" });
  return session;
}

/** Whoever has an option perhaps need not leave it out, under `exactOptionalPropertyTypes` either. */
export function perhaps(mode: "cached" | undefined, text: string | undefined): unknown {
  const cookie = new SessionCookie({ name: text, trustedOrigins: undefined });
  const client = createSojourn({ ...told, mode });
  forBrowsers({ ...told, mode });
  const auth = { cookie: mode && cookie, onRefusal: undefined };
  const made = [forExpress, forHono, forNext, forPowertools].map((each) => each(client, auth));
  const replaced = client.login({ email: "ada@example.com", password: "p", replace: text });
  return [made, replaced, client.sessions.list({ userId: "usr_1", state: undefined })];
}

/** Every kind of error is known. */
export function status(error: SojournError): number {
  switch (error.kind) {
    case "token_missing":
    case "token_invalid":
    case "session_expired":
    case "session_ended":
      return 401;
    case "unavailable":
      return 503;
    case "refused":
      return error.status;
  }
}
