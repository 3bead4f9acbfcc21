/**
 * Hono: the session of a request as middleware.
 *
 *     const auth = sojournAuth(sojourn, { cookie: new SessionCookie() });
 *     app.get("/", auth.required, (c) => c.text(c.var.session.userId));
 */

import type { Context, MiddlewareHandler } from "hono";
import type { Sojourn } from "./server.js";
import type { Begun, Session } from "./session.js";
import { answered, type BrowserLogin, PROBLEM, type Refusal, type SessionCookie, Web } from "./web.js";

export { CrossSite, type Refusal, SessionCookie } from "./web.js";

/** What `required` puts into `c.var`. */
export interface SojournVariables {
  session: Session;
  /** `sessions.end({token, sessionId})` ends a session of its user's, and no other. */
  token: string;
}

/** How to authenticate requests. */
export interface HonoOptions {
  /** Read the cookie, and nothing else; without it, `Authorization: Bearer …`. */
  cookie?: SessionCookie | undefined;
  /** Answers a refused request in place of the problem document; status and headers are set. */
  onRefusal?: ((refusal: Refusal, c: Context) => Response | Promise<Response>) | undefined;
}

/** Middleware, and login and log-out for cookie mode. It keeps nothing of a request. */
export class HonoAuth {
  readonly #web: Web;
  readonly #answer: NonNullable<HonoOptions["onRefusal"]>;

  constructor(sojourn: Sojourn, { cookie, onRefusal }: HonoOptions) {
    this.#web = new Web(sojourn, cookie);
    this.#answer = onRefusal ?? problem;
  }

  /** Lets a request in whose session stands; answers others by 401, 403 or 503. */
  readonly required: MiddlewareHandler<{ Variables: SojournVariables }> = async (c, next) => {
    try {
      const { session, token } = await this.#web.session(c.req.raw);
      c.set("session", session);
      c.set("token", token);
    } catch (error) {
      return this.refused(error, c);
    }
    return next();
  };

  /** `app.onError(auth.refused)`: answers what `logIn` and `logOut` throw; throws all else. */
  readonly refused = async (error: unknown, c: Context): Promise<Response> => {
    const refusal = this.#web.refusal(error);
    if (refusal === null) throw error;
    return answered(refusal, await this.#answer(refusal, c));
  };

  /**
   * Begin a session for the browser that made this request, and set its cookie.
   *
   * Give its address in `ip`: Hono knows none by itself. Throws `Refused`, such as `credential_wrong`;
   * `CrossSite`; `Unavailable`. Needs `cookie` and an access key with `write`.
   */
  async logIn(c: Context, login: BrowserLogin): Promise<Begun> {
    const { session, cookie } = await this.#web.logIn(c.req.raw, c.req.header("user-agent"), login);
    c.header("Set-Cookie", cookie, { append: true });
    return session;
  }

  /** End the request's session, and clear its cookie. Throws `CrossSite`, `Unavailable`. */
  async logOut(c: Context): Promise<void> {
    c.header("Set-Cookie", await this.#web.logOut(c.req.raw), { append: true });
  }
}

function problem({ status, body }: Refusal, c: Context): Response {
  return c.body(JSON.stringify(body), status, { "Content-Type": PROBLEM });
}

/** Authentication for a Hono application. */
export function sojournAuth(sojourn: Sojourn, options: HonoOptions = {}): HonoAuth {
  return new HonoAuth(sojourn, options);
}
