/**
 * What a login token says, before anybody has verified it.
 *
 * A token is base64url and dots, and at most 4,000 bytes. Text that cannot be one is refused here, so
 * that it reaches neither a header nor the service.
 */

import { InvalidToken } from "./errors.js";
import { type Body, isObject } from "./session.js";

export const LONGEST = 4_000;
const SHAPE = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/** A token's text with its header and claims; nothing of it is verified. */
export interface Unverified {
  readonly text: string;
  readonly header: Body;
  readonly claims: Body;
}

/** Read a token of this realm. Throws `InvalidToken`. */
export function read(text: unknown, realmId: string): Unverified {
  if (typeof text !== "string" || text.length > LONGEST || !SHAPE.test(text)) {
    throw new InvalidToken();
  }
  const [header = "", claims = ""] = text.split(".");
  const found = { text, header: json(header), claims: json(claims) };
  if (found.claims["rid"] !== realmId) throw new InvalidToken();
  return found;
}

/** SHA-256 of a token: what it is remembered by, never itself. */
export async function digest(text: string): Promise<string> {
  const hashed = await sha256(text);
  return String.fromCharCode(...new Uint8Array(hashed));
}

/** SHA-256 of a text. */
export function sha256(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
}

function json(part: string): Body {
  let found: unknown;
  try {
    found = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes(part)));
  } catch {
    throw new InvalidToken(); // the error would have the claims in it
  }
  if (!isObject(found)) throw new InvalidToken();
  return found;
}

function bytes(base64url: string): Uint8Array<ArrayBuffer> {
  const decoded = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(decoded, (character) => character.charCodeAt(0));
}
