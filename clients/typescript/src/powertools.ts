/**
 * Powertools for AWS Lambda (TypeScript): the session of a request as middleware of the event handler.
 *
 *     const auth = sojournAuth(sojourn);
 *     app.get("/me", [auth.required], ({ get }) => ({ user_id: get("session")?.userId ?? null }));
 */

import type { Middleware, RequestContext } from "@aws-lambda-powertools/event-handler/types";
import type { Sojourn } from "./server.js";
import type { Begun, Session } from "./session.js";
import { answered, type BrowserLogin, PROBLEM, type Refusal, type SessionCookie, Web } from "./web.js";

export { CrossSite, type Refusal, SessionCookie } from "./web.js";

/** What `required` puts into the request's store. */
export type SojournEnv = {
  store: {
    request: {
      session: Session;
      /** `sessions.end({token, sessionId})` ends a session of its user's, and no other. */
      token: string;
    };
  };
};

/** How to authenticate requests. */
export interface PowertoolsOptions {
  /** Read the cookie, and nothing else; without it, `Authorization: Bearer …`. */
  cookie?: SessionCookie | undefined;
  /** Answers a refused request in place of the problem document; status and headers are set. */
  onRefusal?: ((refusal: Refusal) => Response | Promise<Response>) | undefined;
}

/** Middleware, and login and log-out for cookie mode. It keeps nothing of a request. */
export class PowertoolsAuth {
  readonly #web: Web;
  readonly #answer: (refusal: Refusal) => Response | Promise<Response>;

  constructor(sojourn: Sojourn, { cookie, onRefusal }: PowertoolsOptions) {
    this.#web = new Web(sojourn, cookie);
    this.#answer = onRefusal ?? problem;
  }

  /** Lets a request in whose session stands; answers others by 401, 403 or 503. */
  readonly required: Middleware<SojournEnv> = async ({ reqCtx, next }) => {
    try {
      const { session, token } = await this.#web.session(reqCtx.req);
      reqCtx.set("session", session);
      reqCtx.set("token", token);
    } catch (error) {
      return this.refused(error);
    }
    await next();
    return undefined;
  };

  /** The answer to what `logIn` and `logOut` throw for 401, 403 or 503; throws all else. */
  async refused(error: unknown): Promise<Response> {
    const refusal = this.#web.refusal(error);
    if (refusal === null) throw error;
    return answered(refusal, await this.#answer(refusal));
  }

  /**
   * Begin a session for the browser that made this request; the answer sets its cookie.
   *
   * Its address is `ip`, or the one that API Gateway saw. Throws `Refused`, such as `credential_wrong`;
   * `CrossSite`; `Unavailable`. Needs `cookie` and an access key with `write`.
   */
  async logIn(
    { req, event }: Pick<RequestContext, "req" | "event">,
    answer: Response,
    login: BrowserLogin,
  ): Promise<{ answer: Response; session: Begun }> {
    const ip = login.ip ?? addressOf(event);
    const client = req.headers.get("user-agent") ?? undefined;
    const { cookie, session } = await this.#web.logIn(req, client, { ...login, ip });
    answer.headers.append("Set-Cookie", cookie);
    return { answer, session };
  }

  /** End the request's session; the answer clears its cookie. Throws `CrossSite`, `Unavailable`. */
  async logOut({ req }: Pick<RequestContext, "req">, answer: Response): Promise<Response> {
    answer.headers.append("Set-Cookie", await this.#web.logOut(req));
    return answer;
  }
}

/** The address of the connection, as API Gateway, or a function URL, saw it. */
function addressOf(event: object): string | undefined {
  const { requestContext } = event as {
    requestContext?: { http?: { sourceIp?: string }; identity?: { sourceIp?: string } };
  };
  return requestContext?.http?.sourceIp ?? requestContext?.identity?.sourceIp;
}

function problem({ body }: Refusal): Response {
  return new Response(JSON.stringify(body), { headers: { "Content-Type": PROBLEM } });
}

/** Authentication for a Powertools event handler. */
export function sojournAuth(sojourn: Sojourn, options: PowertoolsOptions = {}): PowertoolsAuth {
  return new PowertoolsAuth(sojourn, options);
}
