/** What a request was refused with: the API's problem document (RFC 9457), and the HTTP status. */
export interface Problem {
  status: number;
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

declare global {
  interface HTMLElementTagNameMap {
    "sojourn-sessions": SojournSessions;
  }
  interface HTMLElementEventMap {
    /** A request was answered 401: the session has ended, has expired, or there is none. */
    "sojourn-ended": CustomEvent<Problem>;
  }
}
