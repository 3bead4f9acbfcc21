/**
 * The feed of what ended, `GET /v1/revocations`: what to ask next, and what a page says. Pure.
 *
 * Nothing is missed: an ending that was acknowledged is in a page at or after every cursor that was
 * handed out before. Pages repeat the last 40 seconds, so an entry comes several times.
 */

import { type Instant, since } from "./clock.js";
import { type Body, isNumber, isObject, isString } from "./session.js";

/** How long a cursor is asked with `If-None-Match`: then a new cursor is wanted in any case. */
const CURSOR_SECONDS = 60;

/** What one commit ended. Times are epoch seconds of the service. */
export interface Entry {
  readonly id: string;
  readonly scope: "sessions" | "user" | "realm" | "key";
  readonly sessionIds: readonly string[];
  readonly userId: string | null;
  readonly keyId: string | null;
  readonly endedAt: number;
  readonly reason: string | null;
}

/** A page of the feed. */
export interface Page {
  readonly entries: readonly Entry[];
  readonly cursor: string;
  readonly completeSince: number;
  readonly more: boolean;
}

/** Where a reader is. A sweep of several pages counts from when its first one was asked for. */
export interface Position {
  /** Where to go on; null to begin. */
  readonly cursor: string | null;
  /** When the first page of the unfinished sweep was asked for. */
  readonly sweep: Instant | null;
  /** Of the last answer. */
  readonly etag: string | null;
  /** When the last answer's cursor was handed out. */
  readonly since: Instant | null;
}

export const START: Position = { cursor: null, sweep: null, etag: null, since: null };

/** The path of the next request. */
export function pathOf({ cursor }: Position): string {
  return cursor === null
    ? "/v1/revocations"
    : `/v1/revocations?${new URLSearchParams({ after: cursor })}`;
}

/** The headers of the next request: an answer that has nothing new needs no body. */
export function headersOf(position: Position, now: Instant): Record<string, string> {
  const old = position.since === null || since(now, position.since) >= CURSOR_SECONDS;
  return position.etag === null || old ? {} : { "if-none-match": position.etag };
}

/** The position after a page that was asked for at `sent`. */
export function after(
  position: Position,
  page: Page,
  sent: Instant,
  etag: string | null,
): Position {
  if (page.more) return { ...START, cursor: page.cursor, sweep: position.sweep ?? sent };
  return { cursor: page.cursor, sweep: null, etag, since: sent };
}

/** The page in an answer; null if it is none. */
export function pageOf(body: Body): Page | null {
  const { collection, cursor, complete_since: completeSince, more_results: more } = body;
  if (!Array.isArray(collection) || !isString(cursor) || !cursor || !isNumber(completeSince)) {
    return null;
  }
  const entries: Entry[] = [];
  for (const each of collection as unknown[]) {
    const entry = entryOf(each);
    if (entry === null) return null;
    entries.push(entry);
  }
  return { entries, cursor, completeSince, more: more !== false };
}

/** One entry. What this client does not know ends everything, as far as it can tell. */
function entryOf(told: unknown): Entry | null {
  if (!isObject(told) || !isNumber(told["ended_at"]) || !isString(told["id"])) return null;
  const named: unknown = told["session_ids"];
  const sessionIds = Array.isArray(named) && named.every(isString) ? named : null;
  const userId = textOf(told["user_id"]);
  const keyId = textOf(told["key_id"]);
  let scope: Entry["scope"] = "realm";
  if (sessionIds !== null && (told["scope"] ?? null) === null) scope = "sessions";
  else if (told["scope"] === "user" && userId !== null) scope = "user";
  else if (told["scope"] === "key" && keyId !== null) scope = "key";
  return {
    id: told["id"],
    scope,
    sessionIds: sessionIds ?? [],
    userId,
    keyId,
    endedAt: told["ended_at"],
    reason: textOf(told["reason"]),
  };
}

function textOf(value: unknown): string | null {
  return isString(value) ? value : null;
}
