/** The clients' test vectors, `clients/vectors`, which the Python client runs too. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { parts } from "../src/client.js";
import { isSojournError, type SojournError } from "../src/errors.js";
import { always } from "../src/mode_always.js";
import { cached } from "../src/mode_cached.js";
import { feed } from "../src/mode_feed.js";
import type { Mode } from "../src/modes.js";
import { Sojourn } from "../src/server.js";
import type { Session } from "../src/session.js";
import { FakeClock } from "./clock.js";

interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
  takes?: number;
  suspended?: number;
  lost?: boolean;
}

interface Step {
  answers?: string;
  with?: Answer[];
  passes?: number;
  suspended?: number;
  set_back?: number;
  poll?: Record<string, unknown>;
  end?: string;
  verify?: string;
  max_staleness?: number;
  verdict?: string;
  asks?: string[];
  session?: Record<string, unknown>;
  ending?: Record<string, unknown>;
  retry_after?: number;
}

interface Case {
  name: string;
  max_staleness: number | null;
  cache_size?: number;
  steps: Step[];
}

interface Document {
  mode: Mode;
  base_url: string;
  realm_id: string;
  access_key: string | null;
  timeout: number;
  clock: { wall: number; monotonic: number };
  chance: number;
  answers: Record<string, Answer[]>;
  cases: Case[];
}

const FOLDER = new URL("../../../vectors/", import.meta.url);
const TOKENS = read("tokens.json") as Record<string, string>;

for (const mode of ["always", "cached", "feed"]) {
  const document = read(`${mode}.json`) as Document;
  for (const each of document.cases) {
    test(`${mode}: ${each.name}`, async () => {
      const run = new Run(document, each);
      for (const [number, step] of each.steps.entries()) {
        run.asked.length = 0;
        try {
          await run.step(step);
          await settled();
          assert.deepEqual(run.asked, step.asks ?? []);
        } catch (error) {
          if (error instanceof Error)
            error.message += `\nIn step ${number}: ${JSON.stringify(step)}`;
          throw error;
        }
      }
    });
  }
}

/** One case with a client of its own. */
class Run {
  readonly asked: string[] = [];
  readonly #clock: FakeClock;
  readonly #told: Record<string, Answer[]>;
  readonly #sojourn: Sojourn;
  readonly #poll: () => Promise<unknown>;

  constructor(document: Document, { max_staleness: maxStaleness, cache_size: cacheSize }: Case) {
    this.#clock = new FakeClock(document.clock);
    this.#told = structuredClone(document.answers);
    const made = parts(
      {
        baseUrl: document.base_url,
        realmId: document.realm_id,
        mode: document.mode,
        timeout: document.timeout,
        maxStaleness: maxStaleness ?? undefined,
        cacheSize,
        accessKey: document.access_key ?? undefined,
        fetch: (url, init) => this.#answer(url.slice(document.base_url.length), init),
      },
      {
        modes: { always, cached, feed },
        sending: { headers: {}, neverSent: /^ECONNREFUSED$/ },
        clock: this.#clock,
        chance: () => document.chance,
      },
    );
    const { poller } = made.machine;
    this.#poll = async () => poller?.poll();
    if (poller !== undefined) poller.ensure = () => undefined; // it polls when a step says so
    this.#sojourn = new Sojourn(made);
  }

  async step(step: Step): Promise<void> {
    if (step.answers !== undefined) this.#told[step.answers] = [...(step.with ?? [])];
    else if (step.passes !== undefined) this.#clock.move(step.passes);
    else if (step.suspended !== undefined) this.#clock.wall += step.suspended;
    else if (step.set_back !== undefined) this.#clock.wall -= step.set_back;
    else if (step.end !== undefined) await this.#sojourn.sessions.end({ token: token(step.end) });
    else if (step.poll !== undefined) await this.#polls(step.poll);
    else if (step.verify !== undefined) await this.#verifies(token(step.verify), step);
    else assert.fail("unknown step");
  }

  async #polls(expected: Record<string, unknown>): Promise<void> {
    await this.#poll();
    const health: Record<string, unknown> = { ...this.#sojourn.health() };
    for (const [name, value] of Object.entries(expected)) {
      if (typeof value === "number") assert.ok(Math.abs(Number(health[name]) - value) < 1e-6, name);
      else assert.equal(health[name], value, name);
    }
  }

  async #verifies(text: string, step: Step): Promise<void> {
    const within = step.max_staleness;
    let session: Session;
    try {
      session = await this.#sojourn.verify(
        text,
        within === undefined ? {} : { maxStaleness: within },
      );
    } catch (error) {
      if (!isSojournError(error)) throw error;
      refused(error, step);
      return;
    }
    assert.equal("accepted", step.verdict);
    includes(members(session), step.session);
  }

  /** The route's next answer, or its last one again. */
  async #answer(path: string, init: RequestInit): Promise<Response> {
    const route = `${init.method} ${path}`;
    const headers = init.headers as Record<string, string>;
    const known = headers["if-none-match"];
    this.asked.push(known === undefined ? route : `${route} If-None-Match ${known}`);
    const answers = this.#told[route] ?? this.#told[route.split("?")[0] ?? ""] ?? [];
    const told = answers.length > 1 ? answers.shift() : answers[0];
    assert.ok(told, `no answer for ${route}`);
    this.#clock.move(told.takes ?? 0);
    this.#clock.wall += told.suspended ?? 0;
    if (told.lost === false) throw new TypeError("fetch", { cause: { code: "ECONNREFUSED" } });
    if (told.lost || (told.takes ?? 0) > 5) throw new DOMException("late", "TimeoutError");
    const body = told.body === undefined ? null : JSON.stringify(told.body);
    return new Response(body, { status: told.status ?? 200, headers: told.headers ?? {} });
  }
}

function refused(error: SojournError, step: Step): void {
  assert.equal(error.kind, step.verdict);
  if (step.ending !== undefined) {
    assert.equal(error.kind, "session_ended");
    includes({ reason: error.reason, ended_at: error.endedAt }, step.ending);
  }
  if (step.retry_after !== undefined) {
    assert.equal(error.kind, "unavailable");
    assert.equal(error.retryAfter, step.retry_after);
  }
}

/** What vectors tell of a session. */
function members(session: Session): Record<string, unknown> {
  assert.ok(session.user);
  const { id, userId, sessionType, createdAt, expiresAt, request } = session;
  const { username, email, custom } = session.user;
  const known = { id, user_id: userId, session_type: sessionType, created_at: createdAt };
  return { ...known, expires_at: expiresAt, username, email, custom, ip: request?.ip ?? null };
}

function includes(found: Record<string, unknown>, expected: Record<string, unknown> = {}): void {
  for (const [name, value] of Object.entries(expected)) assert.deepEqual(found[name], value, name);
}

function token(name: string): string {
  const found = TOKENS[name];
  assert.ok(found !== undefined, name);
  return found;
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, FOLDER), "utf8"));
}

/** Wait until what goes on in the background is done. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await setImmediate();
}
