/** Ask the service whether sessions stand. */

import { expected, notSojourn, rejection, understood } from "./answers.js";
import type { Calls } from "./calls.js";
import type { Instant } from "./clock.js";
import type { Verdict } from "./decision.js";
import { InvalidToken, isRejected, Unavailable } from "./errors.js";
import { isNumber, isObject, sessionOf } from "./session.js";

/** The session and the user whom a token names. */
export interface Named {
  readonly sessionId: unknown;
  readonly userId: unknown;
}

/** Validates tokens at the service. */
export class Validation {
  constructor(readonly calls: Calls) {}

  /**
   * Ask by the user's own token, `GET /v1/session`. Throws `Unavailable`, `Refused`.
   *
   * An access key is not used: the service would read it too, for the same answer.
   */
  async one(text: string, named: Named): Promise<Verdict> {
    const headers = { authorization: `Bearer ${text}` };
    const { reply, sent } = await this.calls.ask({ method: "GET", path: "/v1/session", headers });
    try {
      return this.verdict(understood(reply, true), sent, named);
    } catch (error) {
      if (isRejected(error)) return { outcome: error, sent, revalidateAfter: 0 };
      throw error;
    }
  }

  /** What a validation's answer says. Throws `Unavailable` if it is none. */
  verdict(body: unknown, sent: Instant, named?: Named): Verdict {
    if (!isObject(body)) throw notSojourn();
    if (body["active"] !== true) {
      const rejected = rejection(body);
      if (rejected === null) throw notSojourn();
      return { outcome: rejected, sent, revalidateAfter: 0 };
    }
    const session = expected(sessionOf(body));
    if (session.realmId !== this.calls.realmId) {
      return { outcome: new InvalidToken(), sent, revalidateAfter: 0 };
    }
    if (named && (named.sessionId !== session.id || named.userId !== session.userId)) {
      // A proxy or cache between mixed up two users' answers.
      throw new Unavailable("The answer is about another session than the one asked for.");
    }
    const advised = body["revalidate_after"];
    return { outcome: session, sent, revalidateAfter: isNumber(advised) ? advised : 0 };
  }
}
