// The package's README and docs/browser.md, as they are pasted: an application with a cookie.
import assert from "node:assert/strict";
import {
  PASSWORD,
  admin,
  api,
  inaccessible,
  loaded,
  newcomer,
  over,
  put,
  scenario,
  site,
  told,
} from "./harness.mjs";

const { application, username } = told;
const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

async function logIn(page, name = username) {
  await page.getByText("Please log in").waitFor();
  await page.getByLabel("Username or email").fill(name);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.getByText("This device").waitFor();
}

scenario("a session that is ended from another browser is gone there, and the page says why", async (visit) => {
  const here = await visit(application);
  const there = await visit(application, { userAgent: FIREFOX });
  await here.getByText("Please log in: token_missing").waitFor();
  assert.deepEqual(await inaccessible(here), []);
  await logIn(there);
  await logIn(here);
  const row = here.getByRole("listitem").filter({ hasText: "Firefox on Linux" }).first();
  assert.match(await row.innerText(), /127\.0\.0\.1/);
  await row.getByRole("button").click();
  await here.getByRole("dialog").getByRole("button", { name: "End" }).click();
  await here.getByRole("status").getByText("Ended. Firefox on Linux").waitFor();
  await here.getByText("Ended sessions").click();
  await here.getByText("ended on another device").waitFor();
  assert.deepEqual(await inaccessible(here), []);
  await there.evaluate(() => dispatchEvent(new Event("visibilitychange")));
  await there.getByText("Please log in: terminated_by_user").waitFor();
  await there.getByText("This device").waitFor({ state: "hidden" });
  await logIn(there);
});

scenario("at the limit of sessions the oldest one ends, and its page says so", async (visit) => {
  const oldest = await visit(application);
  await logIn(oldest);
  const newest = await visit(application);
  for (let others = 0; others < 9; others++)
    await admin("POST", "/sessions", { user_id: told.user, request: { client: `Other/${others}` } });
  await logIn(newest);
  assert.equal(await newest.getByRole("listitem").count(), 10);
  await oldest.evaluate(() => document.querySelector("sojourn-sessions").refresh());
  await oldest.getByText("Please log in: evicted").waitFor();
});

scenario("markup in what a user can fill stays text on the pasted page", async (visit) => {
  const markup = "<img src=x onerror=alert(1)>";
  const page = await visit(application, { userAgent: markup });
  await admin("PUT", `/users/${told.user}`, { name: markup });
  await admin("PUT", `/realms/${told.realm}`, { name: markup });
  await logIn(page);
  await page.getByText(markup).first().waitFor();
  assert.equal(await page.locator("img").count(), 0);
});

scenario("a page without a server logs in, lists and hears of the end with a token, as the guide has it", async (visit) => {
  const page = await visit();
  await put(page, "sojourn-login", { action: `${api}/v1/login`, realm: told.realm });
  await put(page, "sojourn-sessions", { src: `${api}/v1/sessions` });
  await put(page, "sojourn-expiry", { src: `${api}/v1/session`, warn: 10 ** 6 });
  await page.evaluate(told.token);
  await page.getByLabel("Username or email").fill(username);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.getByText("This device").waitFor();
  await page.getByText("Your session ends soon.").waitFor();
  const [[, { id }]] = await page.evaluate(() => heard);
  await admin("DELETE", `/sessions/${id}`);
  await page.evaluate(() => document.querySelector("sojourn-expiry").refresh());
  await page.getByText("Your session has ended.").waitFor();
  const [name, { reason }] = (await page.evaluate(() => heard)).at(-1);
  assert.deepEqual([name, reason], ["ended", "terminated_by_admin"]);
});

scenario("a page of another site can end nothing with the cookie", async (visit) => {
  const page = await visit(application);
  await logIn(page);
  const cookies = await page.context().cookies();
  const end = (site) =>
    fetch(`${application}/account/sessions?scope=others`, {
      method: "DELETE",
      headers: {
        "sec-fetch-site": site,
        cookie: cookies.map(({ name, value }) => `${name}=${value}`).join(),
      },
    });
  assert.equal((await end("cross-site")).status, 403);
  assert.equal((await end("same-origin")).status, 204);
});

scenario("the pasted page loads what its budget allows, and asks twice alone", async (visit) => {
  const page = await visit(application);
  await logIn(page);
  const asked = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  const gone = await loaded(page, async () => {
    await page.reload();
    await page.getByText("This device").waitFor();
  });
  assert.deepEqual(asked.slice(0, 3), ["/", "/page.js", "/elements/index.js"]);
  assert.deepEqual(asked.slice(3).sort(), ["/account/session", "/account/sessions"]);
  assert.deepEqual(over(told.budgets.cookie, gone), []);
});

scenario("a page with all three elements and a token loads what its budget allows", async (visit) => {
  const page = await visit("about:blank");
  const { realm, begin } = await newcomer();
  const { token } = await begin(FIREFOX);
  const gone = await loaded(
    page,
    async () => {
      await page.goto(`${site}/page.html`);
      await put(page, "sojourn-login", { action: `${api}/v1/login`, realm: realm.id });
      await put(page, "sojourn-sessions", { src: `${api}/v1/sessions` }, token);
      await put(page, "sojourn-expiry", { src: `${api}/v1/session`, warn: 10 ** 6 }, token);
      await page.getByText("This device").waitFor();
      await page.getByText("Your session ends soon.").waitFor();
    },
    [api],
  );
  assert.deepEqual(over(told.budgets.elements, gone), []);
});
