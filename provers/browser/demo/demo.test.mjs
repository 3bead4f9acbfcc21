// `make demo` in Chromium, by hand: two browsers of one user, and the operator's console beside them.
import assert from "node:assert/strict";
import { admin, inaccessible, loaded, over, scenario, told } from "../harness.mjs";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const viewport = { width: 560, height: 440 };

async function logIn(page) {
  await page.getByLabel("Username or email").fill(told.username);
  await page.getByLabel("Password").fill(told.password);
  await page.keyboard.press("Enter");
  await page.getByText("This device").waitFor();
}

async function logOut(page) {
  await page.getByText("Log out").click();
  await page.getByText("You have logged out.").waitFor();
}

const ended = (page, why) => page.getByText(`Your session has ended: ${why}.`).waitFor();
const picture = (page, name) => page.screenshot({ path: `${told.pictures}/${name}.png` });

scenario("a session that is ended from the other browser is gone by itself, and its page says why", async (visit) => {
  const there = await visit("/", { userAgent: FIREFOX, viewport });
  assert.deepEqual(await inaccessible(there), []);
  await logIn(there);
  const here = await visit("/", { viewport });
  await logIn(here);
  await picture(here, "demo-here");
  await here.reload();
  await here.getByRole("listitem").filter({ hasText: "Firefox on Linux" }).getByRole("button").click();
  await here.getByRole("dialog").getByRole("button", { name: "End" }).click();
  await here.getByText("Ended. Firefox on Linux").waitFor();
  await ended(there, "it was ended from another device");
  await there.getByText("This device").waitFor({ state: "hidden" });
  await here.getByText("Ended sessions").click();
  await here.getByText("ended on another device").waitFor();
  for (const page of [here, there]) assert.deepEqual(await inaccessible(page), []);
  await picture(there, "demo-there");
  await there.reload();
  await ended(there, "it was ended from another device");
  await logIn(there);
  await logOut(there);
  await logOut(here);
});

scenario("the eleventh login ends the oldest session, whose page says why by itself", async (visit) => {
  const oldest = await visit("/", { userAgent: FIREFOX });
  await logIn(oldest);
  const newest = await visit("/");
  await logIn(newest);
  await newest.getByText("Log in on other devices").click();
  await newest.getByText("8 logins: ten sessions now.").waitFor();
  await oldest.getByText("Reload the list").click();
  await oldest.getByText("Phone/2.1").first().waitFor();
  assert.equal(await oldest.getByRole("listitem").count(), 10);
  await newest.getByText("Log in on other devices").click();
  await newest.getByText("An eleventh login").waitFor();
  await ended(oldest, "it gave way to a newer session, as the oldest of ten");
  await newest.getByText("Ended sessions").click();
  const gone = newest.getByRole("listitem").filter({ hasText: "too many sessions" });
  assert.match(await gone.innerText(), /Firefox on Linux/);
  await newest.getByText("Log in on other devices").click();
  await ended(newest, "it gave way to a newer session, as the oldest of ten");
  assert.deepEqual(await inaccessible(newest), []);
});

scenario("the command that the demo prints opens the console of its stack", async (visit) => {
  const page = await visit(told.console, { viewport: { width: 1200, height: 600 }, deviceScaleFactor: 0.75 });
  await page.getByRole("link", { name: "Demo" }).click();
  await page.getByRole("link", { name: "Users" }).click();
  await page.getByRole("link", { name: "ada" }).first().click();
  await page.getByText("too many sessions").first().waitFor();
  await picture(page, "console");
  await page.getByRole("link", { name: "Activity" }).click();
  for (const counted of [/password: \d/, /too many sessions: .*: \d/, /succeeded: \d/])
    await page.getByRole("listitem").filter({ hasText: counted }).waitFor();
  assert.match(await page.locator("main").innerText(), /for all realms together/);
});

scenario("the demo's page loads what its budget allows", async (visit) => {
  const page = await visit("/");
  await logIn(page);
  // Nothing of a timer: how often the page asks while it loads would depend on the machine.
  await page.clock.install();
  await page.clock.pauseAt(Date.now() + 60_000);
  const gone = await loaded(page, async () => {
    await page.reload();
    await page.getByText("This device").waitFor();
  });
  assert.deepEqual(over(told.budgets.demo, gone), []);
  await page.clock.resume();
  await logOut(page);
});

scenario("markup in every field that a user can fill stays text, also on a small dark screen", async (visit) => {
  const markup = "<img src=x onerror=alert(1)>";
  await admin("PUT", `/realms/${told.realm}`, { name: markup });
  await admin("PUT", `/users/${told.user}`, { name: markup, custom: { [markup]: markup } });
  // The address that the demo names for a second window of the same browser.
  const page = await visit(told.site.replace("localhost", "127.0.0.1"), {
    userAgent: markup,
    viewport: { width: 320, height: 640 },
    colorScheme: "dark",
  });
  await page.getByLabel("Username or email").fill(markup);
  await page.getByLabel("Password").fill(markup);
  await page.keyboard.press("Enter");
  await page.getByText("do not belong together").waitFor();
  await logIn(page);
  await page.getByText(markup).first().waitFor();
  assert.equal(await page.locator("img").count(), 0);
  assert.deepEqual(await inaccessible(page), []);
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 320);
});
