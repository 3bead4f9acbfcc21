/**
 * The errors of the client, a union that `kind` tells apart.
 *
 * | kind | class | an application answers |
 * |---|---|---|
 * | `token_missing` | `TokenMissing`: the request has no login token | 401 |
 * | `token_invalid` | `InvalidToken`: not a token of this realm | 401 |
 * | `session_expired` | `Expired`: the session has expired | 401 |
 * | `session_ended` | `Terminated`: the session was ended: `reason`, `endedAt` | 401 |
 * | `unavailable` | `Unavailable`: nothing is known: `retryAfter` | 503 |
 * | `refused` | `Refused`: the API refused a call: `status`, `code`, `detail`, `errors` | |
 *
 * An error of the network is always `Unavailable`, and never an accepted token. No error has a token,
 * a password or an access key in its text.
 */

import { isString } from "./session.js";

/** The token is not accepted; the answer to a request is 401. */
export type Rejected = TokenMissing | InvalidToken | Expired | Terminated;
/** Every error of the client. */
export type SojournError = Rejected | Unavailable | Refused;

abstract class Failure extends Error {
  /** What happened, in a sentence. */
  readonly detail: string;

  constructor(detail: string) {
    super(detail);
    this.detail = detail;
    this.name = "SojournError";
  }
}

abstract class Rejection extends Failure {
  /** The value of `WWW-Authenticate` for the 401 (RFC 6750). */
  get challenge(): string {
    const why = this.detail.replace(/[^ !#-[\]-~]/g, "");
    return `Bearer error="invalid_token", error_description="${why}"`;
  }
}

/** The request has no login token. */
export class TokenMissing extends Rejection {
  readonly kind = "token_missing";

  constructor(detail = "Send a login token as `Authorization: Bearer <token>`.") {
    super(detail);
  }

  override get challenge(): string {
    return "Bearer";
  }
}

/** Not a token of this realm: malformed, forged, or of another realm or stack. */
export class InvalidToken extends Rejection {
  readonly kind = "token_invalid";

  constructor(detail = "The token is not valid.") {
    super(detail);
  }
}

/** The session has expired. */
export class Expired extends Rejection {
  readonly kind = "session_expired";

  constructor() {
    super("The session has expired.");
  }
}

/** How a session ended; null if the service no longer knows. */
export interface Ending {
  /**
   * One of `logout`, `terminated_by_user`, `terminated_by_admin`, `evicted`, `replaced`,
   * `password_changed`, `user_disabled`, `user_deleted`, `realm_ended`.
   */
  readonly reason: string | null;
  /** Epoch seconds. */
  readonly endedAt: number | null;
}

/** The session was ended before it expired. */
export class Terminated extends Rejection implements Ending {
  readonly kind = "session_ended";
  readonly reason: string | null;
  readonly endedAt: number | null;

  constructor({ reason, endedAt }: Ending) {
    super(reason ? `The session was ended: ${reason}.` : "The session was ended.");
    this.reason = reason;
    this.endedAt = endedAt;
  }
}

/**
 * The service did not answer, or not in time, or with an error of its own.
 *
 * A call that changes something may have been done all the same.
 */
export class Unavailable extends Failure {
  readonly kind = "unavailable";

  /** `retryAfter` is the number of seconds that the service asks to wait, or null. */
  constructor(
    detail: string,
    readonly retryAfter: number | null = null,
  ) {
    super(detail);
  }
}

/**
 * The API refused a call, for instance a login with a wrong password.
 *
 * `status` and `code` are of the table of errors in docs/http-api.md. `errors` are sentences for
 * people. `problem` is the whole problem document (RFC 9457), with further members such as `sessions`
 * of a `session_limit`. `retryAfter` is in seconds; `too_many_attempts` has it.
 */
export class Refused extends Failure {
  readonly kind = "refused";
  readonly code: string;
  readonly errors: readonly string[];

  constructor(
    readonly problem: Readonly<Record<string, unknown>>,
    readonly status: number,
    readonly retryAfter: number | null = null,
  ) {
    const { detail, title, code, errors } = problem;
    super([detail, title, code].filter(isString).find(Boolean) ?? "The call was refused.");
    this.code = String(code);
    this.errors = Array.isArray(errors) ? errors.filter(isString) : [];
    this.message = `${this.detail} (${status} ${this.code})`;
  }
}

/** Whether something that was thrown is an error of this client. */
export function isSojournError(error: unknown): error is SojournError {
  return error instanceof Failure;
}

/** Whether a token was not accepted, so that the answer to its request is 401. */
export function isRejected(error: unknown): error is Rejected {
  return error instanceof Rejection;
}
