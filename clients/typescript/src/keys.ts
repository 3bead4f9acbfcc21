/**
 * A realm's public keys, and when to fetch them again.
 *
 * Keys are fetched when the first token comes, again in the background when they are 15 minutes old,
 * and at once for a token that names an unknown key, at most every five seconds: tokens with made-up
 * keys cannot be turned into load.
 */

import { type CryptoKey, importJWK } from "jose";
import { type Instant, since } from "./clock.js";
import { type Body, isObject, isString } from "./session.js";

const REFRESH_SECONDS = 900;
const PAUSE_SECONDS = 5;
const MOST = 100;
/** The members of a public key of each kind, by its algorithm. */
const KINDS: Readonly<Record<string, { kty: string; members: readonly string[] }>> = {
  RS256: { kty: "RSA", members: ["n", "e"] },
  ES256: { kty: "EC", members: ["crv", "x", "y"] },
  EdDSA: { kty: "OKP", members: ["crv", "x"] },
};

/** A public key and its one algorithm. */
export interface Key {
  readonly kid: string;
  readonly algorithm: string;
  readonly public: CryptoKey;
}

/** The keys of a realm as they were last fetched, and the last time that they were tried. */
export class KeySet {
  constructor(
    readonly keys: ReadonlyMap<string, Key> = new Map(),
    readonly fetched: Instant | null = null,
    readonly tried: Instant | null = null,
  ) {}

  /** Whether the last fetch brought nothing, so that an unknown key may still be one. */
  get failed(): boolean {
    if (this.fetched === null || this.tried === null) return true;
    return this.fetched.monotonic < this.tried.monotonic;
  }

  /** Whether keys must be fetched before a token of this key can be judged. */
  needs(kid: string, now: Instant): boolean {
    return !this.keys.has(kid) && this.#mayTry(now);
  }

  /** Whether keys should be fetched again, without any token waiting for it. */
  ages(now: Instant): boolean {
    const old = this.fetched !== null && since(now, this.fetched) >= REFRESH_SECONDS;
    return old && this.#mayTry(now);
  }

  /** After a fetch began. */
  trying(now: Instant): KeySet {
    return new KeySet(this.keys, this.fetched, now);
  }

  /** After a fetch: only the new keys count. */
  loaded(keys: ReadonlyMap<string, Key>, sent: Instant): KeySet {
    return new KeySet(keys, sent, this.tried);
  }

  #mayTry(now: Instant): boolean {
    return this.tried === null || since(now, this.tried) >= PAUSE_SECONDS;
  }
}

/** The keys of a key set (RFC 7517) that sign tokens; null if it is none. */
export async function keysOf(document: Body): Promise<Map<string, Key> | null> {
  const listed = document["keys"];
  if (!Array.isArray(listed) || listed.length > MOST) return null;
  const found = await Promise.all((listed as unknown[]).map(keyOf));
  return new Map(found.flatMap((key) => (key === null ? [] : [[key.kid, key]])));
}

/** A key whose `kty` and `alg` belong together; null if it is for something else. */
async function keyOf(jwk: unknown): Promise<Key | null> {
  if (!isObject(jwk) || (jwk["use"] ?? "sig") !== "sig" || "d" in jwk) return null;
  const { kid, alg, kty } = jwk;
  const kind = isString(alg) && Object.hasOwn(KINDS, alg) ? KINDS[alg] : undefined;
  if (!isString(kid) || !isString(alg) || kind === undefined || kind.kty !== kty) return null;
  try {
    const members = kind.members.map((name) => [name, jwk[name]]);
    const key = await importJWK({ kty, alg, ...Object.fromEntries(members) }, alg);
    // jose takes no RSA key of less than 2,048 bits.
    if (key instanceof Uint8Array) return null;
    return { kid, algorithm: alg, public: key };
  } catch {
    return null;
  }
}
