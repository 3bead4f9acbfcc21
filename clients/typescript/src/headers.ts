/** The headers of a request, whatever the framework. */

type Values = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * A request with headers: `Request` of the web, Node's `IncomingMessage`, Express's request, or an
 * event of AWS Lambda.
 */
export interface Headed {
  readonly headers?: { get(name: string): string | null } | Values | null | undefined;
  /** Of Node, whose `headers` has only the first one of a name. */
  readonly headersDistinct?: Values | null | undefined;
  /** Of API Gateway, whose `headers` has only the last one of a name. */
  readonly multiValueHeaders?: Values | null | undefined;
  /** Of API Gateway a list; another framework may have something else here. */
  readonly cookies?: unknown;
}

const BLANKS = " \t";

/** The values of a header, without white space around them; its name counts in any case. */
export function valuesOf(request: Headed, name: string): string[] {
  const { headers, headersDistinct, multiValueHeaders, cookies } = request;
  const found: string[] = [];
  if (name === "cookie" && Array.isArray(cookies)) found.push(...cookies.map(String));
  for (const each of [headersDistinct, multiValueHeaders, headers]) {
    if (each === null || each === undefined) continue;
    const some = typeof each.get === "function" ? got(each.get(name)) : named(each as Values, name);
    if (some.length > 0) return [...found, ...some].map(trimmed);
  }
  return found.map(trimmed);
}

function got(value: string | null): string[] {
  return value === null ? [] : [value];
}

function named(headers: Values, name: string): string[] {
  const found: string[] = [];
  for (const [known, values] of Object.entries(headers)) {
    if (known.toLowerCase() === name && values !== undefined) found.push(...[values].flat());
  }
  return found;
}

/** A text without the spaces and tabs around it. A regular expression could take its time for it. */
export function trimmed(value: string): string {
  let from = 0;
  let to = value.length;
  while (from < to && BLANKS.includes(value.charAt(from))) from += 1;
  while (from < to && BLANKS.includes(value.charAt(to - 1))) to -= 1;
  return value.slice(from, to);
}
