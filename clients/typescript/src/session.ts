/** What is known of a session and its user. */

/**
 * The user of a session. All but `id` may be null.
 *
 * In mode "feed" these are the claims that the realm's `jwt_fields` put into the token, unless the
 * session was validated at the service.
 */
export interface User {
  readonly id: string;
  readonly username: string | null;
  readonly name: string | null;
  readonly email: string | null;
  readonly custom: Readonly<Record<string, unknown>> | null;
}

/** Where a session began; `reported` is true if a server reported it for its user. */
export interface Origin {
  readonly ip: string | null;
  readonly client: string | null;
  readonly reported: boolean;
}

/** A session, which is frozen: what one request does reaches no other. Times are epoch seconds. */
export interface Session {
  readonly id: string;
  readonly userId: string;
  readonly realmId: string;
  readonly sessionType: "managed" | "unmanaged";
  readonly createdAt: number;
  /** Null if it is open-ended. */
  readonly expiresAt: number | null;
  /** `password`, `api_key` or `server`; null if only the token was read. */
  readonly authMethod: string | null;
  /** Where it began; null if it is unmanaged, or if only the token was read. */
  readonly request: Origin | null;
  /** After `verify` and `validateMany`. */
  readonly user: User | null;
  readonly active: boolean;
  /** In a user's own list, whether this session is the caller's. */
  readonly current: boolean | null;
  /** In a list of ended sessions. */
  readonly endedAt: number | null;
  readonly reason: string | null;
}

/** A session that has just begun. Its token is not enumerable, so neither JSON nor a log shows it. */
export interface Begun extends Session {
  readonly token: string;
}

/** A JSON object. */
export type Body = Readonly<Record<string, unknown>>;

/** Whether JSON is an object, and neither an array nor null. */
export function isObject(value: unknown): value is Body {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The session of an answer; null if a member is missing or of another type. */
export function sessionOf(body: unknown): Session | null {
  try {
    return read(body);
  } catch {
    return null;
  }
}

/** The session of an answer to a login, with its token; null if it is none. */
export function begunOf(body: unknown): Begun | null {
  const session = sessionOf(body);
  const token = isObject(body) ? body["token"] : undefined;
  if (session === null || typeof token !== "string" || !token) return null;
  return Object.freeze(Object.defineProperty({ ...session }, "token", { value: token }) as Begun);
}

/** The user whose id is within a session's id. */
export function userOf(sessionId: string): string {
  return `usr_${sessionId.slice(26, 48)}`;
}

/** Freeze JSON, however deep it is. */
export function frozen<T>(value: T): T {
  const left: unknown[] = [value];
  for (let each = left.pop(); each !== undefined; each = left.pop()) {
    if (typeof each !== "object" || each === null) continue;
    Object.freeze(each);
    for (const inner of Object.values(each)) if (inner !== undefined) left.push(inner);
  }
  return value;
}

function read(body: unknown): Session {
  if (!isObject(body)) throw new TypeError("session");
  const type = body["session_type"];
  if (type !== "managed" && type !== "unmanaged") throw new TypeError("session_type");
  return frozen({
    id: text(body, "id"),
    userId: text(body, "user_id"),
    realmId: text(body, "realm_id"),
    sessionType: type,
    createdAt: present(maybe(body, "created_at", isNumber)),
    expiresAt: maybe(body, "expires_at", isInteger),
    authMethod: text(body, "auth_method"),
    request: origin(maybe(body, "request", isObject)),
    user: user(maybe(body, "user", isObject)),
    active: maybe(body, "active", isBoolean) !== false,
    current: maybe(body, "current", isBoolean),
    endedAt: maybe(body, "ended_at", isNumber),
    reason: maybe(body, "reason", isString),
  });
}

function user(found: Body | null): User | null {
  if (found === null) return null;
  return {
    id: text(found, "id"),
    username: maybe(found, "username", isString),
    name: maybe(found, "name", isString),
    email: maybe(found, "email", isString),
    custom: maybe(found, "custom", isObject),
  };
}

function origin(found: Body | null): Origin | null {
  if (found === null) return null;
  return {
    ip: maybe(found, "ip", isString),
    client: maybe(found, "client", isString),
    reported: maybe(found, "reported", isBoolean) === true,
  };
}

/** A member; null if it is absent. Throws if it is of another type. */
function maybe<T>(body: Body, name: string, is: (value: unknown) => value is T): T | null {
  const value = body[name] ?? null;
  if (value !== null && !is(value)) throw new TypeError(name);
  return value;
}

function text(body: Body, name: string): string {
  return present(maybe(body, name, isString) || null);
}

function present<T>(value: T | null): T {
  if (value === null) throw new TypeError("absent");
  return value;
}

export function isString(value: unknown): value is string {
  return typeof value === "string";
}

export function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

export function isInteger(value: unknown): value is number {
  return Number.isInteger(value);
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === "boolean";
}
