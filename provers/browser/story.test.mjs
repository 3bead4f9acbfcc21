// The package's README and docs/browser.md, as they are pasted: an application with a cookie.
import assert from "node:assert/strict";
import { told, scenario } from "./harness.mjs";

const { application, login } = told;
const logIn = (page) =>
  page.evaluate(
    async (body) => {
      const headers = { "content-type": "application/json" };
      const answer = await fetch("/account/login", { method: "POST", headers, body });
      return answer.status;
    },
    JSON.stringify(login),
  );
const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

scenario("a session that is ended from another browser is gone there, and the page says why", async (visit) => {
  const here = await visit(application);
  const there = await visit(application, { userAgent: FIREFOX });
  for (const page of [here, there]) {
    await page.getByRole("heading", { name: "Please log in (token_missing)" }).waitFor();
    assert.equal(await logIn(page), 200);
    await page.reload();
    await page.getByText("This device").waitFor();
  }
  await here.reload();
  const row = here.getByRole("listitem").filter({ hasText: "Firefox on Linux" });
  assert.match(await row.innerText(), /127\.0\.0\.1/);
  await row.getByRole("button").click();
  await here.getByRole("dialog").getByRole("button", { name: "End" }).click();
  await here.getByRole("status").getByText("Ended. Firefox on Linux").waitFor();
  await here.getByText("Ended sessions").click();
  await here.getByText("ended on another device").waitFor();
  await there.evaluate(() => document.querySelector("sojourn-sessions").refresh());
  await there.getByRole("heading", { name: "Please log in (terminated_by_user)" }).waitFor();
  assert.equal(await there.getByRole("listitem").count(), 0);
});

scenario("a page of another site can end nothing with the cookie", async (visit) => {
  const page = await visit(application);
  assert.equal(await logIn(page), 200);
  const status = await page.evaluate(async () => {
    const answer = await fetch("/account/sessions?scope=others", { method: "DELETE" });
    return answer.status;
  });
  assert.equal(status, 204);
  const { status: refused } = await fetch(`${application}/account/sessions?scope=others`, {
    method: "DELETE",
    headers: {
      "sec-fetch-site": "cross-site",
      cookie: (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`).join(),
    },
  });
  assert.equal(refused, 403);
});

scenario("a page loads few bytes in few requests, and an end costs one request more than the list", async (visit) => {
  const page = await visit(application);
  assert.equal(await logIn(page), 200);
  const asked = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await page.reload();
  await page.getByText("This device").waitFor();
  assert.deepEqual(asked, ["/", "/page.js", "/elements/sessions.js", "/account/sessions"]);
  const bytes = await page.evaluate(() =>
    performance.getEntriesByType("resource").map(({ encodedBodySize }) => encodedBodySize),
  );
  assert.ok(bytes.reduce((sum, each) => sum + each) < 12_000, bytes.join());
});
