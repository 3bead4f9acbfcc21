/** One HTTP exchange over `fetch`: bounded in time and size, no redirects, https only. */

import { inTime, TOO_LATE } from "./flights.js";

export const LONGEST_ANSWER = 4 * 1024 * 1024;
const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];
const LATE = "The service did not answer in time.";

/** A request. `headers` has the credential, so it is never shown. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** An answer of any status. Names of headers are in lower case. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** There was no answer; `sent` tells whether the service may have got the request. */
export class NoReply extends Error {
  constructor(
    message: string,
    readonly sent: boolean,
  ) {
    super(message);
  }
}

/** Sends one request, once: the answer, or throws `NoReply`, also if none comes within `seconds`. */
export type Transport = (request: Exchange, seconds: number) => Promise<Reply>;
export type Fetch = (input: string, init: RequestInit) => Promise<Response>;

/** How requests are sent. */
export interface Sending {
  /** In place of the runtime's own. */
  readonly fetch?: Fetch | undefined;
  /** What each request has. */
  readonly headers: Readonly<Record<string, string>>;
  /** Codes of this runtime's errors for a connection that was not opened. */
  readonly neverSent?: RegExp;
}

/** Requests to one base URL. Throws `TypeError` for a wrong URL. */
export function transport(baseUrl: string, { fetch, headers, neverSent }: Sending): Transport {
  const base = checkedUrl(baseUrl);
  let common: RequestInit | undefined;
  const exchange: Transport = async (request, seconds) => {
    // Next.js and some proxies would keep answers; some edge runtimes know neither member.
    common ??= { ...supported({ cache: "no-store" }), ...supported({ credentials: "omit" }) };
    const response = await (fetch ?? globalThis.fetch)(base + request.path, {
      ...common,
      method: request.method,
      headers: { ...headers, ...request.headers },
      body: request.body,
      redirect: "manual",
      signal: AbortSignal.timeout(Math.ceil(seconds * 1000)),
    });
    const body = await read(response);
    return { status: response.status, headers: Object.fromEntries(response.headers), body };
  };
  return async (request, seconds) => {
    try {
      // An application's own fetch may not heed the signal.
      const reply = await inTime(exchange(request, seconds), seconds);
      if (reply === TOO_LATE) throw new NoReply(LATE, true);
      return reply;
    } catch (error) {
      // Errors of fetch may have addresses and paths in their texts, so only the kind is told.
      throw error instanceof NoReply ? error : noReply(error, neverSent);
    }
  };
}

/** A base URL without its last slash. Throws `TypeError`. */
function checkedUrl(text: string): string {
  const url = String(text).replace(/\/+$/, "");
  if (!URL.canParse(url) || !/^https?:\/\/[^\s\\]+$/i.test(url)) {
    throw new TypeError("baseUrl must look like https://sessions.example.com.");
  }
  const { protocol, hostname, pathname, username, password } = new URL(url);
  if (pathname.endsWith("/v1")) {
    throw new TypeError("baseUrl must not end with /v1: the client adds it.");
  }
  if (username || password || /[?#]/.test(url)) {
    throw new TypeError("baseUrl must have no user, query or fragment.");
  }
  if (protocol === "http:" && !LOOPBACK.includes(hostname)) {
    throw new TypeError("baseUrl must begin with https: over http, tokens could be read.");
  }
  return url;
}

/** Options of a request, unless this runtime refuses them. */
function supported(init: RequestInit): RequestInit {
  try {
    new Request("https://sojourn.invalid/", init);
    return init;
  } catch {
    return {};
  }
}

async function read(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return "";
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value.length;
    if (size > LONGEST_ANSWER) {
      await reader.cancel();
      throw new NoReply("The service answered more than a client reads.", true);
    }
    text += decoder.decode(value, { stream: true });
  }
}

function noReply(error: unknown, neverSent: RegExp | undefined): NoReply {
  const { name, cause } = (error ?? {}) as { name?: unknown; cause?: { code?: unknown } };
  if (name === "TimeoutError" || name === "AbortError") return new NoReply(LATE, true);
  const sent = !neverSent?.test(String(cause?.code));
  return new NoReply("The service cannot be reached, or closed the connection.", sent);
}
