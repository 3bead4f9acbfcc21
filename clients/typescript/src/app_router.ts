/**
 * The session of a request in Next's App Router: in pages, Server Actions, route handlers and the proxy.
 *
 * Next gives a page the request's headers and nothing else, so the proxy and a page have no secret in
 * common: a header that says "checked" could be the client's own. Each verifies the token itself.
 */

import type { CookieParts } from "./cookie.js";
import type { Asked } from "./csrf.js";
import { isRejected, type Rejected } from "./errors.js";
import type { Sojourn } from "./server.js";
import type { Begun, Session } from "./session.js";
import { answered, type BrowserLogin, type Found, PROBLEM, type SessionCookie, Web } from "./web.js";

/** How to authenticate requests. */
export interface NextOptions {
  /** Read the cookie, and nothing else; without it, `Authorization: Bearer …`. */
  cookie?: SessionCookie | undefined;
  /** The page with the login form, by default "/login". */
  loginPath?: string | undefined;
}

interface Headers {
  get(name: string): string | null;
}

/** What of Next, and of its React, is used. */
export interface Next {
  /** The same object throughout a request. */
  headers(): Promise<Headers>;
  cookies(): Promise<{ set(cookie: CookieParts): unknown }>;
  redirect(path: string): never;
  /** Once in a rendering; elsewhere each time. */
  cache<Load extends (maxStaleness?: number) => Promise<unknown>>(load: Load): Load;
}

/** What of the proxy's request is used. */
export interface ProxyRequest extends Asked {
  readonly headers: Headers;
  readonly nextUrl: {
    readonly basePath: string;
    readonly pathname: string;
    clone(): { pathname: string; search: string };
  };
}

/** The session of the request at hand, verified once in a rendering. */
export interface NextAuth {
  /** The session; null if there is none that stands. Throws `Unavailable`, `CrossSite`. */
  (): Promise<Session | null>;
  /**
   * Why there is none, for the login page: null if there is one. Throws `Unavailable`, `CrossSite`.
   *
   * It asks the service, in each mode: the proxy's client may have heard of an end before this one.
   */
  error(): Promise<Rejected | null>;
  /** For pages and Server Actions: the session; leads others to the login page. */
  required(): Promise<Session>;
  /** Its login token: `sessions.end({token, sessionId})` ends a session of its user's, and no other. */
  token(): Promise<string>;
  /** A route handler that lets in whose session stands; others are answered by 401, 403 or 503. */
  route<Context, R extends Request = Request>(
    handler: (request: R, context: Found & Context) => Response | Promise<Response>,
  ): (request: R, context: Context) => Promise<Response>;
  /**
   * For proxy.ts: nothing for a request whose session stands, and for the login page. It leads others to
   * the login page, or answers them by 401, 403 or 503. It does not make up for `required` and `route`.
   */
  proxy(request: ProxyRequest): Promise<Response | undefined>;
  /**
   * In a Server Action or route handler: begin a session for this browser, and set its cookie.
   *
   * Give its address in `ip`: Next knows none by itself. Throws `Refused`, such as `credential_wrong`;
   * `CrossSite`; `Unavailable`. Needs `cookie` and an access key with `write`.
   */
  logIn(login: BrowserLogin): Promise<Begun>;
  /** End the request's session, and clear its cookie. Throws `CrossSite`, `Unavailable`. */
  logOut(): Promise<void>;
}

/** `sojournAuth`, with what Next has of a request. */
export function appRouter(sojourn: Sojourn, options: NextOptions, next: Next): NextAuth {
  const { loginPath = "/login" } = options;
  const web = new Web(sojourn, options.cookie);
  /** Requests that logged in or out: what is rendered after it, in the same request, knows it. */
  const changed = new WeakMap<Headers, Asked>();

  const found = next.cache(async (maxStaleness?: number): Promise<Found> => {
    const headers = await next.headers();
    const asked = changed.get(headers) ?? { method: methodOf(headers), headers };
    return web.session(asked, { maxStaleness });
  });

  /** The session of this request, or why there is none. */
  const outcome = (maxStaleness?: number): Promise<Found | Rejected> =>
    found(maxStaleness).catch((error: unknown) => {
      if (isRejected(error)) return error;
      throw error;
    });

  async function admitted(): Promise<Found> {
    const told = await outcome();
    return isRejected(told) ? next.redirect(loginPath) : told;
  }

  function refused(error: unknown, more: Record<string, string> = {}): Response {
    const refusal = web.refusal(error);
    if (refusal === null) throw error;
    const headers = { "Content-Type": PROBLEM, ...more };
    return answered(refusal, new Response(JSON.stringify(refusal.body), { headers }));
  }

  async function auth(): Promise<Session | null> {
    const told = await outcome();
    return isRejected(told) ? null : told.session;
  }

  return Object.assign(auth, {
    async error() {
      const told = await outcome(0);
      return isRejected(told) ? told : null;
    },
    required: async () => (await admitted()).session,
    token: async () => (await admitted()).token,
    route<Context, R extends Request>(
      handler: (request: R, context: Found & Context) => Response | Promise<Response>,
    ) {
      return async (request: R, context: Context): Promise<Response> => {
        let own: Found;
        try {
          own = await web.session(request);
        } catch (error) {
          return refused(error);
        }
        return handler(request, { ...context, ...own });
      };
    },
    async proxy(request: ProxyRequest) {
      const { nextUrl } = request;
      if (nextUrl.pathname.replace(/\/$/, "") === loginPath) return undefined;
      try {
        await web.session(request);
        return undefined;
      } catch (error) {
        if (!isRejected(error)) return refused(error);
        if (!request.headers.get("accept")?.includes("text/html")) {
          // Of a page with scripts, Next's follow this, and no redirect.
          const { basePath } = nextUrl;
          return refused(error, { "x-action-redirect": `${basePath}${loginPath};push` });
        }
        const login = Object.assign(nextUrl.clone(), { pathname: loginPath, search: "" });
        const headers = { Location: String(login), "Cache-Control": "no-store" };
        return new Response(null, { status: 303, headers });
      }
    },
    async logIn(login: BrowserLogin) {
      const headers = await next.headers();
      const client = headers.get("user-agent") ?? undefined;
      const { session } = await web.logIn({ method: "POST", headers }, client, login);
      (await next.cookies()).set(web.cookie.kept(session, Date.now() / 1000));
      const cookie = `${web.cookie.name}=${session.token}`;
      changed.set(headers, { method: "GET", headers: { cookie } });
      return session;
    },
    async logOut() {
      const headers = await next.headers();
      await web.logOut({ method: "POST", headers });
      (await next.cookies()).set(web.cookie.forgotten());
      changed.set(headers, { headers: {} });
    },
  });
}

/**
 * Next does not tell a page its method. Browsers send `Origin` with all that may change something, so
 * what has none is a `GET`, or comes from no browser and has nobody's cookie but the sender's own.
 */
function methodOf(headers: Headers): string {
  return headers.get("origin") === null ? "GET" : "POST";
}
