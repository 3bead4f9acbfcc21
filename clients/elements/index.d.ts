/** Why there is no session: the API's problem document (RFC 9457) with the HTTP status. */
export interface Problem {
  status?: number;
  code?: string;
  detail?: string;
  /** Why the session was ended, while it is known; with the code `session_ended`. */
  reason?:
    | "logout"
    | "terminated_by_user"
    | "terminated_by_admin"
    | "evicted"
    | "replaced"
    | "password_changed"
    | "user_disabled"
    | "user_deleted"
    | "realm_ended";
  /** In seconds since the epoch. */
  ended_at?: number;
}

/** Gives the login token for each request; it may fetch a new one. */
export type TokenSource = () => string | null | undefined | Promise<string | null | undefined>;

/**
 * The signed-in user's sessions. Attributes: `src`, the URL of the list, which takes `GET` and
 * `DELETE`, and `DELETE` of `<src>/<id>`; `lang`; and a `text-…` for each of its words.
 * Event: `sojourn-ended`.
 */
export class SojournSessions extends HTMLElement {
  /** Without it requests have the cookies of the page's origin, and other origins are not asked. */
  token?: TokenSource;
  /** Forgets the lists and loads them again. */
  refresh(): Promise<void>;
}

/**
 * A login form. Attributes: `action`, the URL that takes the login by `POST`; `realm`, the realm's
 * id, for the API; `lang`; and a `text-…` for each of its words. Event: `sojourn-login`.
 */
export class SojournLogin extends HTMLElement {
  /** Shows the form again, empty. */
  refresh(): Promise<void>;
}

/**
 * Warns before the session ends. Attributes: `src`, the URL that tells `expires_at`, or
 * `expires-at`, in seconds since the epoch; `warn`, how many seconds before, 120 by default;
 * `lang`; and a `text-…` for each of its words. Events: `sojourn-expiring`, `sojourn-renew`,
 * `sojourn-ended`.
 */
export class SojournExpiry extends HTMLElement {
  /** Without it requests have the cookies of the page's origin, and other origins are not asked. */
  token?: TokenSource;
  /** Asks again when the session ends. */
  refresh(): Promise<void>;
}

declare global {
  interface HTMLElementTagNameMap {
    "sojourn-expiry": SojournExpiry;
    "sojourn-login": SojournLogin;
    "sojourn-sessions": SojournSessions;
  }
  interface GlobalEventHandlersEventMap {
    /** The session has ended, has expired, or there is none. */
    "sojourn-ended": CustomEvent<Problem>;
    /** A login was accepted; what it was answered, from the API the session with its `token`. */
    "sojourn-login": CustomEvent<Record<string, unknown>>;
    /** The session ends soon. */
    "sojourn-expiring": CustomEvent<{ expires_at: number }>;
    /** The user wants to log in again. */
    "sojourn-renew": CustomEvent<null>;
  }
}
