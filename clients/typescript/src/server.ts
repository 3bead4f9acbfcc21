/** The client of a server. */

import { type Authenticate, authenticate } from "./authenticate.js";
import { bearerToken } from "./bearer.js";
import type { Calls } from "./calls.js";
import { Client, type Parts, type VerifyOptions } from "./client.js";
import type { Rejected } from "./errors.js";
import type { Headed } from "./headers.js";
import { many } from "./many.js";
import { notEnded, type VerifiedJwt } from "./not_ended.js";
import type { Begun, Session } from "./session.js";
import type { Validation } from "./validation.js";

/** A client that verifies requests, and may have an access key. */
export class Sojourn extends Client {
  readonly #calls: Calls;
  readonly #validation: Validation;

  /** Not for applications: `createSojourn` makes a client. */
  constructor(parts: Parts) {
    super(parts);
    this.#calls = parts.calls;
    this.#validation = parts.validation;
  }

  /**
   * `verify` the token of `Authorization: Bearer …`. Also throws `TokenMissing`.
   *
   * `request` has `headers`: a `Request`, Node's or Express's request, or an event of AWS Lambda.
   */
  async authenticateRequest(request: Headed, options: VerifyOptions = {}): Promise<Session> {
    return this.verify(bearerToken(request), options);
  }

  /**
   * For those who keep aws-jwt-verify: `customJwtCheck: sojourn.notEnded` refuses a session that was
   * ended, at once.
   *
   * Needs an access key with `read`, and asks twice at each request; `verify` needs neither. Throws
   * `Terminated`, `InvalidToken` (also for an unmanaged session, which has no record), `Unavailable`.
   */
  readonly notEnded = (verified: VerifiedJwt): Promise<void> => notEnded(this.#calls, verified);

  /**
   * For each token, in order, its session, or why it is not accepted. Always asks.
   *
   * Needs an access key with `read`. Throws `Unavailable`, `Refused`.
   */
  async validateMany(tokens: readonly string[]): Promise<(Session | Rejected)[]> {
    return (await many(this.#validation, tokens)).map(({ outcome }) => outcome);
  }

  /**
   * Log a user in on a browser's behalf; the session has its `token`.
   *
   * Needs an access key with `write`. Throws `Refused`: `credential_wrong`, also for an unknown or
   * inactive user, `session_limit`, `too_many_attempts` with `retryAfter`. After `Unavailable` a session
   * may have begun.
   */
  authenticate(login: Authenticate): Promise<Begun> {
    return authenticate(this.#calls, login);
  }
}
