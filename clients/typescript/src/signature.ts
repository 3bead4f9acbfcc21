/**
 * Verify a token locally: signature, header and claims (RFC 8725).
 *
 * The key fixes the algorithm. The header may have only `alg`, `kid` and `typ`, so a token with `jku`,
 * `x5u`, `jwk` or `crit` is refused. `exp` has no leeway and is checked at each use; `iat` is not
 * compared with now, because clocks differ.
 */

import { compactVerify } from "jose";
import { InvalidToken } from "./errors.js";
import type { Key } from "./keys.js";
import { type Body, frozen, isInteger, isObject, isString, type Session } from "./session.js";
import { digest, sha256, type Unverified } from "./token.js";

const HEADER = new Set(["alg", "kid", "typ"]);
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const SESSION = /^kss_([0-9A-Za-z]{22})([0-9A-Za-z]{22})[0-9A-Za-z]{10}$/;

/**
 * A verified token: its SHA-256, its key, and the session as far as the token tells it.
 *
 * `spread` is a number of 32 bits that differs for each session. The token's text is not held.
 */
export interface Verified {
  readonly digest: string;
  readonly spread: number;
  readonly kid: string;
  /** Its `iat`. */
  readonly issuedAt: number;
  readonly session: Session;
}

/** Whether the session has expired by a wall clock. */
export function expired({ session }: Verified, wall: number): boolean {
  return session.expiresAt !== null && wall >= session.expiresAt;
}

/** The key that a token names. Throws `InvalidToken` if its header is not a login token's. */
export function kidOf({ header }: Unverified): string {
  const { kid, typ } = header;
  if (!Object.keys(header).every((name) => HEADER.has(name)) || typ !== "JWT" || !isString(kid)) {
    throw new InvalidToken();
  }
  return kid;
}

/** Verify a token by the key that it names. Throws `InvalidToken`. */
export async function verify(token: Unverified, key: Key, realmId: string): Promise<Verified> {
  try {
    await compactVerify(token.text, key.public, { algorithms: [key.algorithm] });
  } catch {
    throw new InvalidToken();
  }
  const session = sessionIn(token.claims, realmId);
  const drawn = new DataView(await sha256(`jitter ${session.id}`)).getUint32(0);
  const issuedAt = token.claims["iat"] as number;
  return { digest: await digest(token.text), spread: drawn, kid: key.kid, issuedAt, session };
}

/** The session that claims tell of. Throws `InvalidToken`. */
export function sessionIn(claims: Body, realmId: string): Session {
  const { sid, sub, exp = null, session_type: type, cs: custom } = claims;
  const parts = isString(sid) ? SESSION.exec(sid) : null;
  if (
    parts === null ||
    `usr_${parts[2]}` !== sub ||
    claims["aud"] !== realmId ||
    claims["rid"] !== realmId ||
    !isIssuer(claims["iss"], realmId) ||
    (type !== "managed" && type !== "unmanaged") ||
    !isInteger(claims["iat"]) ||
    !(exp === null || isInteger(exp))
  ) {
    throw new InvalidToken();
  }
  return frozen({
    id: parts[0],
    userId: sub,
    realmId,
    sessionType: type,
    createdAt: createdAt(parts[1] ?? ""),
    expiresAt: exp,
    authMethod: text(claims["auth_method"]),
    request: null,
    user: {
      id: sub,
      username: text(claims["preferred_username"]),
      name: text(claims["name"]),
      email: text(claims["email"]),
      custom: isObject(custom) ? custom : null,
    },
    active: true,
    current: null,
    endedAt: null,
    reason: null,
  });
}

/**
 * Whether an issuer is the realm's, at any address.
 *
 * A realm keeps the tokens of its former issuers, so the host may differ from the base URL's. The
 * keys, which come from the base URL, tell whose tokens they are.
 */
function isIssuer(issuer: unknown, realmId: string): boolean {
  if (!isString(issuer) || !URL.canParse(issuer)) return false;
  const { protocol, pathname } = new URL(issuer);
  return /^https?:$/.test(protocol) && pathname.endsWith(`/v1/realms/${realmId}`);
}

function createdAt(body: string): number {
  let number = 0n;
  for (const character of body) number = number * 62n + BigInt(DIGITS.indexOf(character));
  return Number(number >> 80n) / 1000;
}

function text(value: unknown): string | null {
  return isString(value) ? value : null;
}
