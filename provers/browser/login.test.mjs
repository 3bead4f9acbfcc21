import assert from "node:assert/strict";
import {
  PASSWORD,
  admin,
  api,
  focused,
  inaccessible,
  newcomer,
  put,
  said,
  scenario,
  site,
} from "./harness.mjs";

const ACTION = `${site}/v1/login`;
const CHROME = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Chrome/140.0.0.0 Safari/537.36";
const status = (page) => page.getByRole("status");
const button = (page, name) => page.getByRole("button", { name });
const heard = (page) => page.evaluate(() => window.heard);

async function fill(page, name, password = PASSWORD) {
  await page.getByLabel("Username or email").fill(name);
  await page.getByLabel("Password").fill(password);
  await page.keyboard.press("Enter");
}

scenario("logs in at the API and tells the page the session", async (visit) => {
  const page = await visit();
  const { realm, username } = await newcomer();
  await put(page, "sojourn-login", { action: `${api}/v1/login`, realm: realm.id });
  await fill(page, ` ${username} `);
  await status(page).getByText("You are logged in.").waitFor();
  const [[name, session]] = await heard(page);
  assert.equal(name, "login");
  assert.equal(session.realm_id, realm.id);
  assert.match(session.token, /^eyJ/);
  assert.equal(await page.getByLabel("Password").isVisible(), false);
  assert.equal(await page.locator("input[type=password]").inputValue(), "");
});

scenario("an email is sent as one, and a realm only where there is one", async (visit) => {
  const page = await visit();
  const sent = [];
  await page.route("**/v1/login", (route) => {
    sent.push(route.request().postDataJSON());
    return route.fulfill({ json: {} });
  });
  for (const [attributes, name] of [
    [{ realm: "rl_1" }, "ada@example.com"],
    [{}, "ada"],
  ]) {
    await put(page, "sojourn-login", { action: ACTION, ...attributes });
    await fill(page, name);
    await status(page).getByText("You are logged in.").waitFor();
    await page.evaluate(() => document.querySelector("sojourn-login").remove());
  }
  assert.deepEqual(sent, [
    { realm_id: "rl_1", email: "ada@example.com", password: PASSWORD },
    { username: "ada", password: PASSWORD },
  ]);
});

scenario("an unknown name, a wrong password and a name that cannot be are told alike", async (visit) => {
  const page = await visit();
  const { realm, username } = await newcomer();
  await put(page, "sojourn-login", { action: `${api}/v1/login`, realm: realm.id });
  const told = [];
  for (const [name, password] of [
    ["nobody", PASSWORD],
    [username, "wrong"],
    ["no such name", PASSWORD],
  ]) {
    await fill(page, name, password);
    await status(page).getByText("do not belong together").waitFor();
    told.push(...(await said(page, "sojourn-login")));
    assert.equal(await page.getByLabel("Username or email").inputValue(), name);
    await page.keyboard.type("x");
    assert.equal(await page.getByLabel("Password").inputValue(), "x");
    await page.evaluate(() => document.querySelector("sojourn-login").tell(""));
  }
  assert.equal(new Set(told).size, 1);
  assert.deepEqual(await heard(page), []);
});

scenario("an application's refusals of a name or a password are told as the API's are", async (visit) => {
  const page = await visit();
  for (const status of [400, 401, 404, 422]) {
    await page.route("**/v1/login", (route) => route.fulfill({ status, json: {} }), { times: 1 });
    await put(page, "sojourn-login", { action: ACTION });
    await page.getByLabel("Username or email").fill("ada");
    await page.getByLabel("Password").fill("x");
    await button(page, "Log in").click();
    await page.getByText("do not belong together").waitFor();
    assert.equal(await focused(page), "");
    await page.evaluate(() => document.querySelector("sojourn-login").remove());
  }
});

scenario("password managers and the browser find the fields, and no password gets into an address", async (visit) => {
  const page = await visit();
  await put(page, "sojourn-login", { action: ACTION });
  const found = await page.locator("input").evaluateAll((inputs) =>
    inputs.map(({ name, type, autocomplete, required }) => [name, type, autocomplete, required]),
  );
  assert.deepEqual(found, [
    ["username", "text", "username", true],
    ["password", "password", "current-password", true],
  ]);
  assert.equal(await page.locator("form").evaluate(({ method }) => method), "post");
});

scenario("after too many attempts the seconds are counted down, and nothing is sent until then", async (visit) => {
  const page = await visit();
  await page.clock.install();
  let asked = 0;
  await page.route("**/v1/login", (route) => {
    asked += 1;
    const json = { code: "too_many_attempts", retry_after: 75 };
    return asked === 1 ? route.fulfill({ status: 429, json }) : route.fulfill({ json: {} });
  });
  await put(page, "sojourn-login", { action: ACTION });
  await fill(page, "ada");
  await status(page).getByText("Too many attempts have failed.").waitFor();
  const clock = page.getByRole("timer");
  assert.equal(await clock.innerText(), "1:15");
  await page.clock.runFor(16_000);
  assert.equal(await clock.innerText(), "0:59");
  await page.keyboard.press("Enter");
  await page.evaluate(() => document.querySelector("sojourn-login").setAttribute("lang", "de"));
  await status(page).getByText("Zu viele Versuche").waitFor();
  assert.equal(await clock.innerText(), "0:59");
  assert.equal(asked, 1);
  await page.clock.runFor(60_000);
  await status(page).getByText("Sie können es jetzt").waitFor();
  assert.equal(await clock.innerText(), "");
  await page.getByLabel("Benutzername").fill("ada");
  await page.getByLabel("Passwort").fill("x");
  await page.keyboard.press("Enter");
  await status(page).getByText("Sie sind angemeldet.").waitFor();
  assert.equal(asked, 2);
});

scenario("at the limit one of the active sessions is chosen, and ends as the new one begins", async (visit) => {
  const page = await visit();
  const { realm, username, begin } = await newcomer({ at_limit: "deny", max_sessions: 2 });
  await begin(CHROME);
  const { token } = await begin("<img src=x onerror=alert(1)>");
  await put(page, "sojourn-login", { action: `${api}/v1/login`, realm: realm.id });
  await fill(page, username);
  await status(page).getByText("on too many devices").waitFor();
  assert.match(await focused(page), /^You are logged in on too many/);
  assert.equal(await page.getByLabel("Password").isVisible(), false);
  assert.deepEqual(await inaccessible(page), []);
  await button(page, "Cancel").click();
  assert.equal(await page.getByLabel("Username or email").inputValue(), username);
  await page.getByLabel("Password").press("Enter");
  await button(page, "End and log in: <img").click();
  await status(page).getByText("You are logged in.").waitFor();
  const [[, session]] = await heard(page);
  const left = await admin("GET", `/sessions?user_id=${session.user_id}`);
  assert.deepEqual(
    left.collection.map(({ request }) => request.client.includes("Macintosh")),
    [false, true],
  );
  const { status: refused } = await fetch(`${api}/v1/session`, {
    headers: { authorization: `Bearer ${token}` },
  });
  assert.equal(refused, 401);
});

scenario("a chosen session that has just ended by itself stops no login", async (visit) => {
  const page = await visit();
  const { realm, username, begin } = await newcomer({ at_limit: "deny", max_sessions: 1 });
  const { id } = await begin(CHROME);
  await put(page, "sojourn-login", { action: `${api}/v1/login`, realm: realm.id });
  await fill(page, username);
  const chosen = button(page, "End and log in: Chrome on macOS");
  await chosen.waitFor();
  await admin("DELETE", `/sessions/${id}`);
  await chosen.click();
  await status(page).getByText("You are logged in.").waitFor();
});

scenario("a login that fails for another reason can be tried again, and two presses are one login", async (visit) => {
  const page = await visit();
  const answers = ["abort", { status: 503, json: {} }, { json: {} }];
  let asked = 0;
  await page.route("**/v1/login", (route) => {
    const answer = answers[asked++];
    return answer === "abort" ? route.abort() : route.fulfill(answer);
  });
  await put(page, "sojourn-login", { action: ACTION });
  await fill(page, "ada");
  await status(page).getByText("That did not work.").waitFor();
  await page.context().setOffline(true);
  await button(page, "Log in").click();
  await status(page).getByText(/offline|did not work/).waitFor();
  await page.context().setOffline(false);
  await page.locator("form").evaluate((form) => (form.requestSubmit(), form.requestSubmit()));
  await status(page).getByText("You are logged in.").waitFor();
  assert.equal(asked, 3);
});

scenario("Tab goes through the login form in order", async (visit) => {
  const page = await visit();
  await put(page, "sojourn-login", { action: ACTION });
  await button(page, "Log in").waitFor();
  const reached = [];
  for (let presses = 3; presses; presses--) {
    await page.keyboard.press("Tab");
    reached.push(
      await page.evaluate(() => document.activeElement.shadowRoot.activeElement.part.value),
    );
  }
  assert.deepEqual(reached, ["input", "input", "button login"]);
});
