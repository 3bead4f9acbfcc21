/** Whether a session stands whose token another library has verified. */

import { expected, notSojourn, understood } from "./answers.js";
import type { Calls } from "./calls.js";
import { since } from "./clock.js";
import { InvalidToken, isSojournError, Terminated, Unavailable } from "./errors.js";
import { type Body, isObject, isString, sessionOf } from "./session.js";
import { sessionIn } from "./signature.js";

/** Header and claims of a token whose signature, issuer, audience and `exp` were verified. */
export interface VerifiedJwt {
  readonly header: object;
  readonly payload: object;
}

/**
 * Ask by the session's id whether it stands, and whether its key does: such libraries keep the keys that
 * they have seen, so a key that was stopped would go on counting. Two requests at once, each time.
 *
 * Throws `InvalidToken`, `Terminated`, `Unavailable`, `Refused`.
 */
export async function notEnded(calls: Calls, { header, payload }: VerifiedJwt): Promise<void> {
  const { id, userId, sessionType } = sessionIn(payload as Body, calls.realmId);
  if (sessionType !== "managed") {
    throw new InvalidToken("An unmanaged session is known by its token alone: use verify(token).");
  }
  const headers = calls.keyHeaders();
  const path = `/v1/sessions/${id}?state=any`;
  const began = calls.clock.now();
  const [keys, found] = await Promise.all([
    calls.keySet(),
    calls.ask({ method: "GET", path, headers }),
  ]);
  if (since(calls.clock.now(), began) >= calls.timeout) {
    throw new Unavailable("The service did not answer in time.");
  }
  const listed = understood(keys.reply, false)["keys"];
  if (!Array.isArray(listed)) throw notSojourn();
  const { kid } = header as Body;
  const known = listed.some((key: unknown) => isObject(key) && key["kid"] === kid);
  if (!known || !isString(kid)) throw new InvalidToken();
  const body = kept(() => understood(found.reply, false));
  const session = expected(sessionOf(body));
  if (session.id !== id || session.userId !== userId || session.realmId !== calls.realmId) {
    throw new Unavailable("The answer is about another session than the one asked for.");
  }
  if (body["active"] === false) throw new Terminated(session);
  if (body["active"] !== true) throw notSojourn();
}

/** The session of an answer. One that is not there has ended, and its record is no longer kept. */
function kept(read: () => Body): Body {
  try {
    return read();
  } catch (error) {
    const gone = isSojournError(error) && error.kind === "refused" && error.code === "not_found";
    throw gone ? new Terminated({ reason: null, endedAt: null }) : error;
  }
}
