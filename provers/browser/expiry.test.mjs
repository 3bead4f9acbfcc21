import assert from "node:assert/strict";
import { put, said, scenario, site, until } from "./harness.mjs";

const SRC = `${site}/v1/session`;
const alert = (page) => page.getByRole("alert");
const button = (page, name) => page.getByRole("button", { name });
const heard = (page) => page.evaluate(() => window.heard);
const now = (page) => page.evaluate(() => Math.floor(Date.now() / 1000));

/** A page whose time stands still until it is moved. */
async function still(page) {
  await page.clock.install();
  await page.clock.pauseAt(Date.now() + 60_000);
  return now(page);
}

scenario("two minutes before the end it warns, counts down, and then says that it is over", async (visit) => {
  const page = await visit();
  const start = await still(page);
  await put(page, "sojourn-expiry", { "expires-at": start + 600 });
  await page.clock.runFor(479_000);
  assert.deepEqual(await said(page, "sojourn-expiry"), [""]);
  await page.clock.runFor(2_000);
  await alert(page).getByText("Your session ends soon.").waitFor();
  assert.equal(await page.getByRole("timer").innerText(), "1:59");
  await page.clock.runFor(60_000);
  assert.equal(await page.getByRole("timer").innerText(), "0:59");
  await button(page, "Log in again").click();
  await page.clock.runFor(60_000);
  await alert(page).getByText("Your session has ended.").waitFor();
  assert.equal(await button(page, "Log in again").count(), 0);
  await page.evaluate(() => document.querySelector("sojourn-expiry").refresh());
  assert.deepEqual(await heard(page), [
    ["expiring", { expires_at: start + 600 }],
    ["renew", null],
    ["ended", { code: "session_expired" }],
  ]);
});

scenario("a session of a year, and one without an end, warn of nothing", async (visit) => {
  const page = await visit();
  const start = await still(page);
  await page.route("**/v1/session", (route) => route.fulfill({ json: { expires_at: null } }));
  await put(page, "sojourn-expiry", { "expires-at": start + 365 * 86_400 });
  await put(page, "sojourn-expiry", { src: SRC });
  await put(page, "sojourn-expiry");
  for (let times = 3; times; times--) await page.clock.fastForward(10 * 86_400_000);
  assert.deepEqual(await said(page, "sojourn-expiry"), ["", "", ""]);
  assert.deepEqual(await heard(page), []);
});

scenario("an end that is further away than a timer reaches keeps no timer busy", async (visit) => {
  const page = await visit();
  await page.evaluate(() => {
    const { setTimeout } = window;
    window.timers = 0;
    window.setTimeout = (...given) => (timers++, setTimeout(...given));
  });
  await put(page, "sojourn-expiry", { "expires-at": (await now(page)) + 30 * 86_400 });
  await until(() => page.evaluate(() => timers));
  await page.waitForTimeout(200);
  assert.equal(await page.evaluate(() => timers), 1);
});

scenario("how early it warns is the page's choice, and what is dismissed stays so", async (visit) => {
  const page = await visit();
  const start = await still(page);
  await put(page, "sojourn-expiry", { "expires-at": start + 600, warn: 300, lang: "de" });
  await page.clock.runFor(299_000);
  assert.deepEqual(await said(page, "sojourn-expiry"), [""]);
  await page.clock.runFor(2_000);
  await button(page, "Ausblenden").click();
  await page.clock.runFor(60_000);
  assert.deepEqual(await said(page, "sojourn-expiry"), [""]);
});

scenario("every tab warns, and what one of them dismisses all of them do", async (visit) => {
  const here = await visit();
  const there = await here.context().newPage();
  await there.goto(`${site}/page.html`);
  const end = (await now(here)) + 100;
  for (const page of [here, there]) {
    await page.route("**/v1/session", (route) => route.fulfill({ json: { expires_at: end } }));
    await put(page, "sojourn-expiry", { src: SRC });
    await button(page, "Dismiss").waitFor();
  }
  await here.bringToFront();
  await button(here, "Dismiss").click();
  for (const page of [here, there]) await button(page, "Dismiss").waitFor({ state: "detached" });
});

scenario("an end that is no number warns of nothing, and tabs do not go on about it", async (visit) => {
  const here = await visit();
  const there = await here.context().newPage();
  await there.goto(`${site}/page.html`);
  await here.evaluate(() => {
    window.messages = 0;
    new BroadcastChannel("sojourn-expiry").onmessage = () => (messages += 1);
  });
  for (const page of [here, there]) await put(page, "sojourn-expiry", { "expires-at": "soon" });
  await until(() => here.evaluate(() => messages));
  await here.waitForTimeout(200);
  assert.ok((await here.evaluate(() => messages)) <= 2);
  assert.deepEqual(await said(here, "sojourn-expiry"), [""]);
});

scenario("a login in one tab moves the end in all of them, and a log-out ends all of them", async (visit) => {
  const here = await visit();
  const there = await here.context().newPage();
  await there.goto(`${site}/page.html`);
  let answer = { json: { expires_at: (await now(here)) + 100 } };
  for (const page of [here, there]) {
    await page.route("**/v1/session", (route) => route.fulfill(answer));
    await put(page, "sojourn-expiry", { src: SRC });
    await button(page, "Log in again").waitFor();
  }
  answer = { json: { expires_at: (await now(here)) + 3600 } };
  await here.bringToFront();
  await here.evaluate(() =>
    document.body.dispatchEvent(new CustomEvent("sojourn-login", { bubbles: true })),
  );
  for (const page of [here, there]) await button(page, "Log in").waitFor({ state: "detached" });
  answer = { status: 401, json: { code: "session_ended", reason: "logout" } };
  await here.evaluate(() => document.querySelector("sojourn-expiry").refresh());
  for (const page of [here, there]) {
    await alert(page).getByText("Your session has ended.").waitFor();
    const [name, problem] = (await heard(page)).at(-1);
    assert.deepEqual([name, problem.reason], ["ended", "logout"]);
  }
});

scenario("the server decides when it is over, and an error of the network does not", async (visit) => {
  const page = await visit();
  const start = await still(page);
  const answers = [{ json: { expires_at: start + 60 } }, "abort", { json: { expires_at: start + 60 } }];
  let asked = 0;
  await page.route("**/v1/session", (route) => {
    const answer = answers[asked++] ?? { status: 401, json: { code: "session_expired" } };
    return answer === "abort" ? route.abort() : route.fulfill(answer);
  });
  await put(page, "sojourn-expiry", { src: SRC });
  await button(page, "Dismiss").waitFor();
  await page.clock.runFor(61_000);
  await until(() => asked === 2);
  for (const times of [3, 4]) {
    await until(async () => {
      await page.clock.runFor(1_000);
      return asked === times;
    });
  }
  await alert(page).getByText("Your session has ended.").waitFor();
  assert.deepEqual((await heard(page)).map(([name]) => name), ["expiring", "ended"]);
});

scenario("nobody who was not logged in is told that a session has ended", async (visit) => {
  const page = await visit();
  await page.route("**/v1/session", (route) =>
    route.fulfill({ status: 401, json: { code: "token_missing" } }),
  );
  await put(page, "sojourn-expiry", { src: SRC });
  await until(async () => (await heard(page)).length);
  assert.deepEqual(await said(page, "sojourn-expiry"), [""]);
  assert.deepEqual(await heard(page), [["ended", { code: "token_missing", status: 401 }]]);
});
