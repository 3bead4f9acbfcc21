/**
 * A login form, a protected page and "your devices" with Next.js (App Router).
 *
 * Set BASE_URL, REALM_ID and ACCESS_KEY; then: next build && next start
 */
import { createSojourn } from "@sojourn/client";
import { SessionCookie, sojournAuth } from "@sojourn/client/next";

const { BASE_URL = "", REALM_ID = "", ACCESS_KEY = "" } = process.env;
export const sojourn = createSojourn({
  baseUrl: BASE_URL,
  realmId: REALM_ID,
  accessKey: ACCESS_KEY,
});
export const auth = sojournAuth(sojourn, { cookie: new SessionCookie() });
