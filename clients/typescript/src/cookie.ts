/**
 * The login token in a cookie, for browsers.
 *
 * The cookie is the host's alone (`__Host-`: no other host, not even a subdomain, can set it), no script
 * reads it (`HttpOnly`), it travels over https (`Secure`), and other sites' pages send it with a plain
 * link only (`SameSite=Lax`). It lasts as long as the session.
 */

import { type Asked, check } from "./csrf.js";
import { InvalidToken, TokenMissing } from "./errors.js";
import { trimmed, valuesOf } from "./headers.js";
import type { Begun } from "./session.js";

const NAME = /^__Host-[A-Za-z0-9_-]+$/;
const VALUE = /^[A-Za-z0-9._-]+$/;
const ATTRIBUTES = { path: "/", secure: true, httpOnly: true, sameSite: "lax" } as const;

/** A cookie to set, in parts. Without `maxAge`, in seconds, a browser keeps it until it is closed. */
export type CookieParts = typeof ATTRIBUTES & { name: string; value: string; maxAge?: number };

/** Cookie mode: where the login token is, and which requests may use it. */
export class SessionCookie {
  readonly name: string;
  readonly trustedOrigins: readonly string[];

  /**
   * `name` must begin with `__Host-`. `trustedOrigins` are other origins whose pages may change
   * something here.
   */
  constructor(
    options: { name?: string | undefined; trustedOrigins?: readonly string[] | undefined } = {},
  ) {
    this.name = options.name ?? "__Host-session";
    this.trustedOrigins = options.trustedOrigins ?? [];
    if (!NAME.test(this.name)) {
      throw new TypeError("A cookie's name begins with __Host-, and has letters, digits, _ -.");
    }
    if (!Array.isArray(this.trustedOrigins)) {
      throw new TypeError('trustedOrigins is a list: ["https://admin.example.com"].');
    }
  }

  /** The `Set-Cookie` after a login. `now` is in epoch seconds. */
  begin(session: Begun, now: number): string {
    return written(this.kept(session, now));
  }

  /** The `Set-Cookie` after a log-out, which makes a browser forget it. */
  end(): string {
    return written(this.forgotten());
  }

  /** `begin` in parts, for a framework that writes the header itself. */
  kept({ token, expiresAt }: Begun, now: number): CookieParts {
    if (!VALUE.test(token)) throw new TypeError("The session has no token.");
    const parts = { name: this.name, value: token, ...ATTRIBUTES };
    if (expiresAt === null) return parts;
    return { ...parts, maxAge: Math.max(0, Math.trunc(expiresAt - now)) };
  }

  /** `end` in parts. */
  forgotten(): CookieParts {
    return { name: this.name, value: "", ...ATTRIBUTES, maxAge: 0 };
  }

  /** Throw `CrossSite` if the request may not change anything. */
  check(request: Asked): void {
    check(request, this.trustedOrigins);
  }

  /** The login token of a request. Throws `TokenMissing`, `InvalidToken`, `CrossSite`. */
  token(request: Asked): string {
    const [found, ...more] = read(request, this.name);
    if (!found && more.length === 0) {
      throw new TokenMissing("Log in first: the request has no session cookie.");
    }
    if (more.length > 0) throw new InvalidToken(`Two cookies ${this.name} came.`);
    this.check(request);
    return found ?? "";
  }
}

function written({ name, value, maxAge }: CookieParts): string {
  const lasts = maxAge === undefined ? "" : `; Max-Age=${maxAge}`;
  return `${name}=${value}; Path=/; Secure; HttpOnly; SameSite=Lax${lasts}`;
}

/**
 * The values of a cookie: more than one if somebody added a second one.
 *
 * Only spaces and tabs around a name are ignored: with other white space it is another name, and a
 * subdomain may set such a cookie.
 */
function read(request: Asked, name: string): string[] {
  const found: string[] = [];
  for (const part of valuesOf(request, "cookie").flatMap((header) => header.split(";"))) {
    const equals = part.indexOf("=");
    if (equals < 0 || trimmed(part.slice(0, equals)) !== name) continue;
    found.push(trimmed(part.slice(equals + 1)));
  }
  return found;
}
