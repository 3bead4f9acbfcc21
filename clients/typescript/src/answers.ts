/** What an answer of the API means: a body, or an error. */

import {
  Expired,
  InvalidToken,
  Refused,
  type Rejected,
  Terminated,
  TokenMissing,
  Unavailable,
} from "./errors.js";
import { type Body, isNumber, isObject, isString } from "./session.js";
import type { Reply } from "./transport.js";

const LONGEST_WAIT = 3_600;

/** An answer is of something else than Sojourn. */
export function notSojourn(): Unavailable {
  return new Unavailable("The answer is not Sojourn's: check baseUrl, and proxies before it.");
}

/** What an answer must have. Throws `Unavailable` if it is not there. */
export function expected<T>(found: T | null): T {
  if (found === null) throw notSojourn();
  return found;
}

/**
 * The body of a successful answer; empty if there is none.
 *
 * Throws a `Rejected` if the caller's token is not accepted, `Refused` if the API refused the call, and
 * `Unavailable` if the answer is an error of the service, or not from Sojourn: a proxy's 401 says
 * nothing about a token. A 401 to a call that was not made `byToken` is `Refused`: it is about the
 * access key, and no user's token.
 */
export function understood(reply: Reply, byToken: boolean): Body {
  const { status } = reply;
  if (status === 204) return {};
  const body = bodyOf(reply);
  if (body !== null && status >= 200 && status < 300) return body;
  if (status === 429 || status >= 500) {
    if (body !== null && status === 429 && isString(body["code"])) {
      throw new Refused(body, status, retryAfter(reply));
    }
    throw new Unavailable(`The service answered ${status}.`, retryAfter(reply));
  }
  if (body !== null && status >= 400 && isString(body["code"])) {
    const rejected = byToken && status === 401 ? rejection(body) : null;
    throw rejected ?? new Refused(body, status);
  }
  throw new Unavailable(
    `${status} was answered, but not by Sojourn: check baseUrl, and proxies before it.`,
  );
}

/** Why a token is not accepted, by the `code` of a problem or of a validation; or null. */
export function rejection(told: Body): Rejected | null {
  switch (told["code"]) {
    case "token_missing":
      return new TokenMissing();
    case "token_invalid":
      return new InvalidToken();
    case "session_expired":
      return new Expired();
    case "session_ended": {
      const { reason, ended_at: endedAt } = told;
      return new Terminated({
        reason: isString(reason) ? reason : null,
        endedAt: isNumber(endedAt) ? endedAt : null,
      });
    }
    default:
      return null;
  }
}

/** The JSON object of an answer; null if it is something else. */
function bodyOf(reply: Reply): Body | null {
  try {
    const found: unknown = JSON.parse(reply.body);
    return isObject(found) ? found : null;
  } catch {
    return null;
  }
}

/** The code of a problem, or null. */
export function codeOf(reply: Reply): string | null {
  const code = reply.status >= 400 ? bodyOf(reply)?.["code"] : null;
  return isString(code) ? code : null;
}

/** The seconds of `Retry-After`, at most an hour; null if it has another form. */
export function retryAfter({ headers }: Reply): number | null {
  const told = headers["retry-after"]?.trim() ?? "";
  return /^\d+$/.test(told) ? Math.min(Number(told), LONGEST_WAIT) : null;
}
