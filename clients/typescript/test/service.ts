/** A service for tests: it answers by route, and waits where a test says so. */

import { readFileSync } from "node:fs";
import { type Parts, parts, type SojournOptions } from "../src/client.js";
import { always } from "../src/mode_always.js";
import { cached } from "../src/mode_cached.js";
import { feed } from "../src/mode_feed.js";
import { Sojourn } from "../src/server.js";
import { FakeClock } from "./clock.js";

const FOLDER = new URL("../../../vectors/", import.meta.url);
export const TOKENS = json("tokens.json") as Record<string, string>;
const { realm_id: realmId, answers } = json("cached.json") as {
  realm_id: string;
  answers: Record<string, [{ body: unknown }]>;
};
export const REALM = realmId;
export const BASE = "https://sessions.example.com";
const KEY_SET = Object.values(answers)[0]?.[0].body;

/** A token that the vectors' realm signed. */
export function token(name = "bob"): string {
  const found = TOKENS[name];
  if (found === undefined) throw new Error(name);
  return found;
}

/** What a validation says of a token. */
export function valid(text: string, more: object = {}): object {
  const claims = JSON.parse(Buffer.from(text.split(".")[1] ?? "", "base64url").toString());
  return {
    object: "session",
    id: claims.sid,
    user_id: claims.sub,
    realm_id: claims.rid,
    session_type: claims.session_type,
    auth_method: "password",
    created_at: 1_790_000_000.5,
    expires_at: claims.exp ?? null,
    request: null,
    active: true,
    user: {
      id: claims.sub,
      username: claims.preferred_username,
      custom: { plan: { name: "pro" } },
    },
    revalidate_after: 3_600,
    ...more,
  };
}

type Told = { status?: number; body?: unknown; headers?: Record<string, string> };

/** Requests, and the answers to them. */
export class Service {
  readonly asked: { route: string; init: RequestInit; body: unknown }[] = [];
  readonly clock = new FakeClock();
  readonly answers: Record<string, (body: unknown, init: RequestInit) => Told | Promise<Told>> = {
    [`GET /v1/realms/${REALM}/.well-known/jwks.json`]: () => ({ body: KEY_SET }),
    "GET /v1/session": (_, init) => ({ body: valid(bearer(init)) }),
    "POST /v1/sessions/validate": (body) => ({
      body: { collection: (body as { tokens: string[] }).tokens.map((each) => valid(each)) },
    }),
    "GET /v1/revocations": () => ({
      body: { collection: [], cursor: "c1", complete_since: 1, more_results: false },
    }),
  };

  /** How often a route was asked. */
  count(route: string): number {
    return this.asked.filter((each) => each.route === route).length;
  }

  async fetch(url: string, init: RequestInit): Promise<Response> {
    const route = `${init.method} ${url.slice(BASE.length)}`;
    const body = typeof init.body === "string" ? JSON.parse(init.body) : undefined;
    this.asked.push({ route, init, body });
    const answer = this.answers[route] ?? this.answers[route.split("?")[0] ?? ""];
    if (answer === undefined) throw new Error(`no answer for ${route}`);
    const told = await answer(body, init);
    const text = told.body === undefined ? null : JSON.stringify(told.body);
    return new Response(text, { status: told.status ?? 200, headers: told.headers ?? {} });
  }

  parts(options: Partial<SojournOptions> = {}): Parts {
    const fetch = (url: string, init: RequestInit) => this.fetch(url, init);
    return parts(
      { baseUrl: BASE, realmId: REALM, fetch, ...options },
      { modes: { always, cached, feed }, sending: { headers: {} }, clock: this.clock },
    );
  }

  client(options: Partial<SojournOptions> = {}): Sojourn {
    return new Sojourn(this.parts(options));
  }
}

function bearer(init: RequestInit): string {
  return String((init.headers as Record<string, string>)["authorization"]).slice("Bearer ".length);
}

function json(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, FOLDER), "utf8"));
}
