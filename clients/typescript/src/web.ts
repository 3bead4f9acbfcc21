/** What the frameworks share: the session of a request, login and log-out, and refusals. */

import { bearerToken } from "./bearer.js";
import type { VerifyOptions } from "./client.js";
import type { SessionCookie } from "./cookie.js";
import { type Asked, CrossSite } from "./csrf.js";
import { isRejected, isSojournError } from "./errors.js";
import type { Sojourn } from "./server.js";
import type { Begun, Session } from "./session.js";

export { SessionCookie } from "./cookie.js";
export { type Asked, CrossSite } from "./csrf.js";

/** Seconds of `Retry-After` if the service told none. */
const WAIT = 1;

/** Who logs in, from which address. */
export interface BrowserLogin {
  /** A username, an email or an id. */
  user: string;
  password: string;
  /** The browser's address: behind a proxy, whatever your proxy says of it. */
  ip?: string | undefined;
  /** The id of an active session to end in the same step. */
  replace?: string | undefined;
}

export const PROBLEM = "application/problem+json";

/** The session of a request. */
export interface Found {
  readonly session: Session;
  /** `sessions.end({token, sessionId})` ends a session of its user's, and no other. */
  readonly token: string;
}

/** An answer that refuses a request. `body` is a problem document (RFC 9457). */
export interface Refusal {
  readonly status: 401 | 403 | 503;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * Sessions of requests: by `Authorization: Bearer …`, or in cookie mode by the cookie alone.
 *
 * It has no state of any request.
 */
export class Web {
  readonly sojourn: Sojourn;
  readonly #cookie: SessionCookie | undefined;

  constructor(sojourn: Sojourn, cookie: SessionCookie | undefined) {
    this.sojourn = sojourn;
    this.#cookie = cookie;
  }

  /** Cookie mode. Throws `TypeError` without it. */
  get cookie(): SessionCookie {
    if (this.#cookie === undefined) {
      throw new TypeError("logIn and logOut need cookie mode: {cookie: new SessionCookie()}.");
    }
    return this.#cookie;
  }

  /** The login token. Throws `TokenMissing`, `InvalidToken`, `CrossSite`. */
  token(request: Asked): string {
    return this.#cookie === undefined ? bearerToken(request) : this.#cookie.token(request);
  }

  /** The session and its token. Throws a `Rejected`, `CrossSite`, `Unavailable`. */
  async session(request: Asked, options: VerifyOptions = {}): Promise<Found> {
    const token = this.token(request);
    return { session: await this.sojourn.verify(token, options), token };
  }

  /**
   * A new session, and the `Set-Cookie` for it.
   *
   * Throws `CrossSite` (or other sites could log a browser in as somebody else), `Refused`,
   * `Unavailable`.
   */
  async logIn(
    request: Asked,
    client: string | undefined,
    { user, password, ip, replace }: BrowserLogin,
  ): Promise<{ session: Begun; cookie: string }> {
    const { cookie } = this;
    cookie.check(request);
    const session = await this.sojourn.authenticate({ user, password, ip, client, replace });
    return { session, cookie: cookie.begin(session, Date.now() / 1000) };
  }

  /**
   * End the request's session; the `Set-Cookie` to forget it. No error if it has ended.
   *
   * Throws `CrossSite`, `Unavailable`: then the session may go on.
   */
  async logOut(request: Asked): Promise<string> {
    const { cookie } = this;
    cookie.check(request);
    try {
      await this.sojourn.sessions.end({ token: cookie.token(request) });
    } catch (error) {
      // An unmanaged session has no record that could be ended.
      const over =
        isSojournError(error) && error.kind === "refused" && error.code === "session_unmanaged";
      if (!over && !isRejected(error)) throw error;
    }
    return cookie.end();
  }

  /** What to answer to a request for this error; null if it is no refusal of a request. */
  refusal(error: unknown): Refusal | null {
    if (error instanceof CrossSite) return refused(403, {}, error);
    if (isRejected(error)) {
      const scheme = this.#cookie && `Cookie cookie-name="${this.#cookie.name}"`;
      const ended = error.kind === "session_ended";
      const more = ended ? { reason: error.reason, ended_at: error.endedAt } : {};
      return refused(401, { "WWW-Authenticate": scheme ?? error.challenge }, error, more);
    }
    if (isSojournError(error) && error.kind === "unavailable") {
      const wait = String(Math.ceil(error.retryAfter ?? WAIT));
      return refused(503, { "Retry-After": wait }, error);
    }
    return null;
  }
}

function refused(
  status: Refusal["status"],
  headers: Record<string, string>,
  { kind, detail }: { kind: string; detail: string },
  more: Record<string, unknown> = {},
): Refusal {
  return {
    status,
    headers: { ...headers, "Cache-Control": "no-store" },
    body: { status, code: kind, detail, ...more },
  };
}

/** An answer that refuses a request, with the status and headers of the refusal. */
export function answered(refusal: Refusal, { body, headers }: Response): Response {
  const made = new Response(body, { status: refusal.status, headers });
  for (const [name, value] of Object.entries(refusal.headers)) made.headers.set(name, value);
  return made;
}
