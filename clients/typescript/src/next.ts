/**
 * Next.js (App Router): the session of a request in pages, Server Actions, route handlers and the proxy.
 *
 *     export const auth = sojournAuth(sojourn, { cookie: new SessionCookie() });
 *     const session = await auth.required();
 */

import { cookies, headers } from "next/headers";
import { redirect } from "next/navigation";
import { cache } from "react";
import { appRouter, type NextAuth, type NextOptions } from "./app_router.js";
import type { Sojourn } from "./server.js";

export type { NextAuth, NextOptions } from "./app_router.js";
export { CrossSite, SessionCookie } from "./web.js";

/** Authentication for a Next application. */
export function sojournAuth(sojourn: Sojourn, options: NextOptions = {}): NextAuth {
  return appRouter(sojourn, options, { cookies, headers, redirect, cache });
}
