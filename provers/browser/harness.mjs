// Scenarios in Chromium: a name says what is so; each has pages of its own, no violation of CSP, and
// nothing that is kept in the browser.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

export const told = JSON.parse(process.env.TOLD);
export const { site, api } = told;
const axe = readFileSync(new URL(import.meta.resolve("axe-core/axe.min.js")), "utf8");
let browser;

before(async () => {
  browser = await chromium.launch({
    executablePath: told.chromium,
    args: [
      "--no-sandbox",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
});
after(() => browser.close());

/** A scenario. `violates`: how many violations of the page's policy it is about. */
export function scenario(name, run, { violates = 0 } = {}) {
  test(name, { timeout: 120_000 }, async () => {
    const contexts = [];
    const problems = [];
    const violations = [];
    const visit = async (path = "/page.html", options = {}) => {
      const context = await browser.newContext({
        locale: "en-US",
        timezoneId: "Europe/Berlin",
        ...options,
      });
      contexts.push(context);
      await context.exposeBinding("violated", (_, directive) => violations.push(directive));
      await context.addInitScript(() => {
        addEventListener("securitypolicyviolation", (event) => violated(event.effectiveDirective));
        // No page and no element keeps anything in the browser, nor sees a cookie.
        const get = (name) => ({ get: () => void violated(name) });
        for (const name of ["localStorage", "sessionStorage", "indexedDB"])
          Object.defineProperty(window, name, get(name));
        Object.defineProperty(document, "cookie", get("cookie"));
      });
      const page = await context.newPage();
      page.setDefaultTimeout(30_000);
      page.on("pageerror", (error) => problems.push(String(error)));
      page.on("dialog", (dialog) => problems.push(`a dialog: ${dialog.message()}`));
      await page.goto(new URL(path, site).href);
      return page;
    };
    try {
      await run(visit, violations);
      assert.deepEqual(problems, []);
      assert.equal(violations.length, violates, violations.join());
    } finally {
      await Promise.all(contexts.map((context) => context.close()));
    }
  });
}

/** Wait until something is so. */
export async function until(holds) {
  for (const end = Date.now() + 30_000; Date.now() < end; ) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail(`not within half a minute: ${holds}`);
}

/** Put an element into a page, with attributes and properties, before its module may be there. */
export const put = (page, tag, attributes = {}, token) =>
  page.evaluate(
    ([tag, attributes, token]) => {
      const element = document.createElement(tag);
      for (const name in attributes) element.setAttribute(name, attributes[name]);
      if (token) element.token = async () => token;
      window.heard ??= [];
      for (const name of ["ended", "expiring", "login", "renew"])
        element.addEventListener(`sojourn-${name}`, ({ detail }) => heard.push([name, detail]));
      document.querySelector("main").append(element);
    },
    [tag, attributes, token],
  );

/** What axe finds wrong in a page, by rule and node; by one rule alone, if it is named. */
export async function inaccessible(page, rule) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
  const options = rule ? { runOnly: rule } : {};
  const { violations } = await page.evaluate((options) => axe.run(options), options);
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`);
}

/** What each element of a name shows. */
export const said = (page, tag) =>
  page.locator(tag).evaluateAll((elements) =>
    elements.map(({ shadowRoot }) =>
      [...shadowRoot.children].map(({ innerText }) => innerText).join("").trim(),
    ),
  );

/**
 * What a page loads until `act` is done, by the browser's own count: requests, bytes on the wire by
 * kind, and the origins that are neither the page's own nor of `known`.
 *
 * Its icon does not count: the browser asks for it when it likes, be it beside the next page.
 */
export async function loaded(page, act, known = []) {
  const client = await page.context().newCDPSession(page);
  const requests = new Map();
  const over = ({ requestId, encodedDataLength = 0 }) =>
    Object.assign(requests.get(requestId) ?? {}, { over: true, bytes: encodedDataLength });
  client.on("Network.requestWillBeSent", ({ requestId, request: { url }, type }) => {
    if (url.startsWith("data:")) return; // the browser's own, of a field for dates
    const { hops = 0 } = requests.get(requestId) ?? {};
    requests.set(requestId, { kind: type.toLowerCase(), url, hops: hops + 1, bytes: 0 });
  });
  client.on("Network.loadingFinished", over);
  client.on("Network.loadingFailed", over);
  await client.send("Network.enable");
  await client.send("Network.setCacheDisabled", { cacheDisabled: true });
  await act();
  await until(() => [...requests.values()].every(({ kind, over }) => over || kind === "other"));
  await client.detach();
  const { origin } = new URL(page.url());
  const named = page.locator("link[rel=icon]").evaluateAll((links) => links.map(({ href }) => href));
  const icons = [`${origin}/favicon.ico`, ...(await named)];
  const gone = { requests: 0, foreign: [] };
  for (const { kind, url, hops, bytes } of requests.values()) {
    if (icons.includes(url)) continue;
    if (![origin, ...known].includes(new URL(url).origin)) gone.foreign.push(url);
    gone.requests += hops;
    gone[kind] = (gone[kind] ?? 0) + bytes;
  }
  return gone;
}

/** Where what a page has loaded is over its budget. */
export function over(budget, { foreign, ...gone }) {
  const most = Object.keys(gone).filter((kind) => gone[kind] > (budget[kind] ?? 0));
  return [...foreign, ...most.map((kind) => `${kind}: ${gone[kind]}`)];
}

/** What has the focus, also inside an element. */
export const focused = (page) =>
  page.evaluate(() => {
    let { activeElement } = document;
    while (activeElement.shadowRoot?.activeElement)
      activeElement = activeElement.shadowRoot.activeElement;
    return activeElement.ariaLabel ?? activeElement.textContent;
  });

/** The API, as an administrator. */
export async function admin(method, path, body) {
  const response = await fetch(`${api}/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${told.key}`, "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });
  assert.ok(response.ok, await response.clone().text());
  return response.status === 204 ? null : response.json();
}

let numbers = 0;
export const PASSWORD = "correct horse battery staple";

/** A new user of a new realm: `begin(agent)` begins a session of theirs. */
export async function newcomer(settings = {}, fields = {}) {
  const realm = await admin("POST", "/realms", { name: "Browser", jwt_algo: "es256", ...settings });
  const username = `reader-${process.pid}-${++numbers}`;
  const user = await admin("POST", "/users", {
    realm_id: realm.id,
    user_type: "human",
    username,
    password: PASSWORD,
    ...fields,
  });
  const begin = (client, ip = "198.51.100.7") =>
    admin("POST", "/sessions", { user_id: user.id, request: { client, ip } });
  return { realm, user, username, begin };
}
