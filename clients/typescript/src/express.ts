/**
 * Express: the session of a request as middleware.
 *
 *     const auth = sojournAuth(sojourn, { cookie: new SessionCookie() });
 *     app.get("/", auth.required, (req, res) => res.send(auth.session(req).userId));
 */

import type { Asked } from "./csrf.js";
import { valuesOf } from "./headers.js";
import type { Sojourn } from "./server.js";
import type { Begun, Session } from "./session.js";
import { type BrowserLogin, PROBLEM, type Refusal, type SessionCookie, Web } from "./web.js";

export { CrossSite, type Refusal, SessionCookie } from "./web.js";

/** What of Express's request is used. */
export interface ExpressRequest extends Asked {
  readonly ip?: string | undefined;
}

/** What of Express's response is used. */
export interface ExpressResponse {
  status(code: number): unknown;
  set(headers: Record<string, string>): unknown;
  append(name: string, value: string): unknown;
  json(body: unknown): unknown;
}

type Next = (error?: unknown) => void;

/** How to authenticate requests. */
export interface ExpressOptions<Req, Res> {
  /** Read the cookie, and nothing else; without it, `Authorization: Bearer …`. */
  cookie?: SessionCookie | undefined;
  /** Answers a refused request in place of the problem document; status and headers are set. */
  onRefusal?: ((refusal: Refusal, request: Req, response: Res) => unknown) | undefined;
}

/** Middleware, and what its routes ask it. It keeps nothing of a request but with the request. */
export class ExpressAuth<Req extends ExpressRequest, Res extends ExpressResponse> {
  readonly #web: Web;
  readonly #found = new WeakMap<object, { session: Session; token: string }>();
  readonly #answer: (refusal: Refusal, request: Req, response: Res) => unknown;

  constructor(sojourn: Sojourn, { cookie, onRefusal }: ExpressOptions<Req, Res>) {
    this.#web = new Web(sojourn, cookie);
    this.#answer = onRefusal ?? problem;
  }

  /** Lets a request in whose session stands; answers others by 401, 403 or 503. */
  readonly required = (request: Req, response: Res, next: Next): void => {
    this.#web
      .session(request)
      .then(
        (found) => {
          this.#found.set(request, found);
          next();
        },
        (error: unknown) => this.refused(error, request, response, next),
      )
      .catch(next);
  };

  /** The last error handler: answers what `logIn` and `logOut` throw for 401, 403 or 503. */
  readonly refused = (error: unknown, request: Req, response: Res, next: Next): void => {
    const refusal = this.#web.refusal(error);
    if (refusal === null) return next(error);
    const answer = async (): Promise<unknown> => {
      response.status(refusal.status);
      response.set({ ...refusal.headers }); // throws if somebody has answered meanwhile
      return this.#answer(refusal, request, response);
    };
    answer().catch(next);
  };

  /** The session of a request that `required` let in. */
  session(request: Req): Session {
    return this.#of(request).session;
  }

  /** Its login token: `sessions.end({token, sessionId})` ends a session of its user's, and no other. */
  token(request: Req): string {
    return this.#of(request).token;
  }

  /**
   * Begin a session for the browser that made this request, and set its cookie.
   *
   * Its address is `ip`, or what Express says by its setting "trust proxy". Throws `Refused`, such as
   * `credential_wrong`; `CrossSite`; `Unavailable`. Needs `cookie` and an access key with `write`.
   */
  async logIn(request: Req, response: Res, login: BrowserLogin): Promise<Begun> {
    const [client] = valuesOf(request, "user-agent");
    const ip = login.ip ?? request.ip;
    const { session, cookie } = await this.#web.logIn(request, client, { ...login, ip });
    response.append("Set-Cookie", cookie);
    return session;
  }

  /** End the request's session, and clear its cookie. Throws `CrossSite`, `Unavailable`. */
  async logOut(request: Req, response: Res): Promise<void> {
    response.append("Set-Cookie", await this.#web.logOut(request));
  }

  #of(request: Req): { session: Session; token: string } {
    const found = this.#found.get(request);
    if (found === undefined) throw new TypeError("The route has no middleware auth.required.");
    return found;
  }
}

function problem({ body }: Refusal, _: unknown, response: ExpressResponse): void {
  response.set({ "Content-Type": PROBLEM });
  response.json(body);
}

/** Authentication for an Express application. */
export function sojournAuth<Req extends ExpressRequest, Res extends ExpressResponse>(
  sojourn: Sojourn,
  options: ExpressOptions<Req, Res> = {},
): ExpressAuth<Req, Res> {
  return new ExpressAuth(sojourn, options);
}
