import assert from "node:assert/strict";
import { api, focused, newcomer, put, scenario, site, until } from "./harness.mjs";

const CHROME = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
const SRC = `${site}/v1/sessions`;
const session = (id, client, more) => ({
  object: "session",
  id,
  created_at: 1790000000.123,
  request: { ip: "203.0.113.9", client, reported: false },
  current: false,
  ...more,
});
const THREE = [
  session("kss_1", CHROME, { current: true }),
  session("kss_2", FIREFOX),
  session("kss_3", SAFARI),
];

/** Answer a page's calls of the API in place of it; the list of what was asked. */
async function answer(page, answers) {
  const asked = [];
  await page.route("**/v1/**", async (route) => {
    const request = route.request();
    const { pathname, search } = new URL(request.url());
    asked.push(`${request.method()} ${pathname.slice(12)}${search}`);
    const found = await answers(request, new URL(request.url()).searchParams);
    if (found === "abort") return route.abort();
    const { status = 200, json } = Array.isArray(found)
      ? { json: { collection: found, more_results: false } }
      : found;
    return route.fulfill(status === 204 ? { status } : { status, json });
  });
  return asked;
}

const ending = (sessions) => {
  let active = sessions;
  return (request, query) => {
    if (request.method() === "GET") return active;
    const id = request.url().split("/").at(-1);
    active = active.filter((each) => (query.has("scope") ? each.current : each.id !== id));
    return { status: 204 };
  };
};
const shown = (page) => page.locator("sojourn-sessions li").allInnerTexts();
const button = (page, name, exact = false) => page.getByRole("button", { name, exact });
const status = (page) => page.getByRole("status");

scenario("lists each session by device, address and time, the current one without a button", async (visit) => {
  const page = await visit();
  const asked = await answer(page, () => THREE);
  await put(page, "sojourn-sessions", { src: SRC });
  await page.getByText("Chrome on macOS").waitFor();
  const rows = await shown(page);
  assert.match(rows[0], /^Chrome on macOS\n203\.0\.113\.9 Sep 21, 2026, 4:13\sPM\nThis device$/);
  assert.match(rows[1], /^Firefox on Linux\n.*\nEnd$/);
  assert.match(rows[2], /^Safari on iPhone\n.*\nEnd$/);
  assert.deepEqual(asked, ["GET ?state=active"]);
  const time = page.locator("time").first();
  assert.equal(await time.getAttribute("datetime"), "2026-09-21T14:13:20.123Z");
});

scenario("a device is named by its browser and system, and another client by what it says", async (visit) => {
  const page = await visit();
  const clients = {
    [`${CHROME} Edg/140.0`]: "Edge on macOS",
    [`${CHROME} OPR/120.0`]: "Opera on macOS",
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 SamsungBrowser/28.0 Chrome/130.0 Mobile Safari/537.36":
      "Samsung Internet on Android",
    "Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X) FxiOS/140.0 Safari/605.1.15": "Firefox on iPad",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) CriOS/140.0 Safari/604.1":
      "Chrome on iPhone",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0 Safari/537.36": "Chrome on Windows",
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) Chrome/140.0 Safari/537.36": "Chrome on ChromeOS",
    "MyApp for iOS/1.0": "MyApp for iOS/1.0",
    "Mozilla/5.0 (compatible; Robot)": "Mozilla/5.0 (compatible; Robot)",
  };
  await answer(page, () => [
    ...Object.keys(clients).map((client) => session(client, client)),
    session("none", null),
    session("erased", null, { request: null }),
  ]);
  await put(page, "sojourn-sessions", { src: SRC });
  await page.getByText("MyApp").waitFor();
  const names = (await shown(page)).map((text) => text.split("\n")[0]);
  assert.deepEqual(names, [...Object.values(clients), "Unknown device", "Unknown device"]);
});

scenario("ends one after a confirmation, says so, and the focus goes to the next one", async (visit) => {
  const page = await visit();
  const asked = await answer(page, ending(THREE));
  await put(page, "sojourn-sessions", { src: SRC });
  await button(page, "End: Firefox on Linux").press("Enter");
  const dialog = page.getByRole("dialog");
  assert.match(await dialog.innerText(), /^End this session\? Firefox on Linux, 203\.0\.113\.9, Sep 21/);
  assert.equal(await focused(page), "Cancel");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  assert.match(await focused(page), /^End: Firefox/);
  await page.keyboard.press("Enter");
  await dialog.waitFor();
  assert.equal(await focused(page), "Cancel");
  await page.keyboard.press("Shift+Tab");
  assert.equal(await focused(page), "End");
  await page.keyboard.press("Enter");
  await status(page).getByText(/^Ended\. Firefox on Linux, 203/).waitFor();
  assert.deepEqual(asked, ["GET ?state=active", "DELETE /kss_2", "GET ?state=active"]);
  assert.equal((await shown(page)).length, 2);
  assert.match(await focused(page), /^End: Safari/);
});

scenario("ends all others, and then nothing is left to end", async (visit) => {
  const page = await visit();
  const asked = await answer(page, ending(THREE));
  await put(page, "sojourn-sessions", { src: SRC });
  await button(page, "End all others").click();
  assert.equal(
    await page.getByRole("dialog").locator("p").innerText(),
    "End all sessions except this one?",
  );
  await page.getByRole("dialog").getByRole("button", { name: "End" }).click();
  await status(page).getByText("Ended.").waitFor();
  assert.equal(asked[1], "DELETE ?scope=others");
  assert.equal((await shown(page)).length, 1);
  assert.deepEqual(await page.getByRole("button").allInnerTexts(), []);
  assert.match(await focused(page), /^Your sessions/);
});

scenario("pressing twice ends once, and a failure to end leaves the list and says so", async (visit) => {
  const page = await visit();
  const asked = await answer(page, (request) =>
    request.method() === "GET" ? THREE : { status: 503, json: {} },
  );
  await put(page, "sojourn-sessions", { src: SRC });
  await button(page, "End: Firefox").evaluate((node) => (node.click(), node.click()));
  assert.equal(await page.getByRole("dialog").count(), 1);
  await page.getByRole("dialog").getByRole("button", { name: "End" }).click();
  await status(page).getByText("That did not work.").waitFor();
  assert.equal((await shown(page)).length, 3);
  assert.equal(asked.filter((each) => each.startsWith("DELETE")).length, 1);
  await button(page, "Try again").click();
  await status(page).getByText("That did not work.").waitFor({ state: "detached" });
});

scenario("shows ended sessions with their reasons when they are asked for, page by page", async (visit) => {
  const page = await visit();
  const ended = [
    session("kss_8", SAFARI, { ended_at: 1790003600, reason: "evicted" }),
    session("kss_9", FIREFOX, { ended_at: 1790003500, reason: "terminated_by_user" }),
  ];
  const asked = await answer(page, (_, query) => {
    if (query.get("state") !== "ended") return THREE;
    const at = query.has("after") ? 1 : 0;
    return { json: { collection: [ended[at]], more_results: at === 0 } };
  });
  await put(page, "sojourn-sessions", { src: SRC });
  const past = page.locator("details li");
  await page.getByText("Ended sessions").click();
  await past.getByText(/5:13\sPM\s+too many sessions/).waitFor();
  assert.equal(await past.getByRole("button").count(), 0);
  await button(page, "Show more").click();
  await past.getByText("ended on another device").waitFor();
  assert.deepEqual(asked.slice(1), ["GET ?state=ended", "GET ?state=ended&after=kss_8"]);
  assert.equal(await button(page, "Show more").count(), 0);
  await page.getByText("Ended sessions").click();
  await page.waitForFunction(() => !document.querySelector("sojourn-sessions").shadowRoot.querySelector("details").open);
});

scenario("says that it loads, and that there is nothing", async (visit) => {
  const page = await visit();
  let go;
  const gone = new Promise((resolve) => (go = resolve));
  await answer(page, async () => (await gone, []));
  await put(page, "sojourn-sessions", { src: SRC });
  await status(page).getByText("One moment").waitFor();
  go();
  await status(page).getByText("No sessions").waitFor();
});

scenario("an error, and an answer that is no list, can be tried again", async (visit) => {
  const page = await visit();
  const answers = [{ status: 500, json: {} }, { json: { hello: 1 } }, "abort", THREE];
  await answer(page, () => answers.shift());
  await put(page, "sojourn-sessions", { src: SRC });
  for (let left = 3; left; left--) {
    await status(page).getByText("That did not work.").waitFor();
    assert.equal(answers.length, left);
    const asked = page.waitForRequest("**/v1/**");
    await button(page, "Try again").click();
    await asked;
  }
  await page.getByText("Safari on iPhone").waitFor();
  assert.equal(await status(page).innerText(), "");
});

scenario("offline it says so, and loads when the network is back", async (visit) => {
  const page = await visit();
  await answer(page, () => THREE);
  await page.context().setOffline(true);
  await page.route("**/v1/**", (route) => route.abort(), { times: 1 });
  await put(page, "sojourn-sessions", { src: SRC });
  await status(page).getByText("You are offline.").waitFor();
  await page.context().setOffline(false);
  await page.getByText("Safari on iPhone").waitFor();
});

scenario("a 401 is told to the page with its reason, and the list goes", async (visit) => {
  const page = await visit();
  const problem = { code: "session_ended", reason: "evicted", ended_at: 1790003600.5 };
  let out = false;
  await answer(page, () => (out ? { status: 401, json: problem } : THREE));
  await put(page, "sojourn-sessions", { src: SRC });
  await page.getByText("Safari on iPhone").waitFor();
  out = true;
  await page.evaluate(() => document.querySelector("sojourn-sessions").refresh());
  await status(page).getByText("You are signed out.").waitFor();
  assert.deepEqual(await page.evaluate(() => heard), [["ended", { ...problem, status: 401 }]]);
  assert.deepEqual(await shown(page), []);
});

scenario("another origin is asked only with the token, whenever the page gives it", async (visit) => {
  const page = await visit("/plain.html");
  const { begin } = await newcomer();
  const { token } = await begin(CHROME);
  const requests = [];
  page.on("request", (request) => requests.push(request));
  await put(page, "sojourn-sessions", { src: `${api}/v1/sessions` }, token);
  await page.evaluate(() => import("/elements/dist/index.js"));
  await page.getByText("This device").waitFor();
  await put(page, "sojourn-sessions", { src: `${api}/v1/sessions` });
  await page.getByText("One moment").waitFor();
  await page.waitForTimeout(100);
  const calls = requests.filter((request) => request.resourceType() === "fetch");
  assert.deepEqual(calls.map((request) => new URL(request.url()).origin), [api]);
  assert.equal((await calls[0].allHeaders()).cookie, undefined);
  const again = page.waitForRequest((request) => request.headers().authorization === "Bearer x");
  await page.evaluate(() => {
    document.querySelector("sojourn-sessions").token = () => "x";
  });
  await again;
  await page.evaluate((token) => {
    for (const each of document.querySelectorAll("sojourn-sessions")) each.token = () => token;
  }, token);
  await until(async () => (await page.getByText("This device").count()) === 2);
});

scenario("a token that changes while a list is loading shows the later user's sessions alone", async (visit) => {
  for (const early of [THREE, { status: 401, json: { code: "session_ended" } }]) {
    const page = await visit();
    let late;
    await answer(page, async (request) => {
      if ((await request.headerValue("authorization")) === "Bearer second") return [THREE[2]];
      await new Promise((resolve) => (late = resolve));
      return early;
    });
    await put(page, "sojourn-sessions", { src: SRC }, "first");
    await until(() => late);
    await page.evaluate(() => {
      document.querySelector("sojourn-sessions").token = () => "second";
    });
    await page.getByText("Safari on iPhone").waitFor();
    const answered = page.waitForResponse(
      (response) => response.request().headers().authorization === "Bearer first",
    );
    late();
    await answered;
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
    assert.equal((await shown(page)).length, 1);
    assert.deepEqual(await page.evaluate(() => heard), []);
  }
});

scenario("a list that was asked for before an end and comes after it brings nothing back", async (visit) => {
  const page = await visit();
  let late;
  const answers = ending(THREE);
  const asked = await answer(page, async (request, query) => {
    const found = answers(request, query);
    if (asked.length === 2) await new Promise((resolve) => (late = resolve));
    return found;
  });
  await put(page, "sojourn-sessions", { src: SRC });
  await button(page, "End: Safari").waitFor();
  await page.evaluate(() => dispatchEvent(new Event("visibilitychange")));
  await until(() => late);
  await button(page, "End: Firefox").click();
  await page.getByRole("dialog").getByRole("button", { name: "End" }).click();
  await status(page).getByText("Ended.").waitFor();
  const answered = page.waitForResponse("**/v1/**");
  late();
  await answered;
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
  assert.equal((await shown(page)).length, 2);
});

scenario("speaks German where the page does, and in the page's own words", async (visit) => {
  const page = await visit();
  await answer(page, () => THREE);
  await page.evaluate(() => (document.documentElement.lang = "de-AT"));
  await put(page, "sojourn-sessions", { src: SRC, "text-current": "Hier" });
  await page.getByText("Chrome auf macOS").waitFor();
  const rows = await shown(page);
  assert.match(rows[0], /21\.09\.2026, 16:13\nHier$/);
  const heading = page.locator("sojourn-sessions").getByRole("heading");
  assert.equal(await heading.innerText(), "Ihre Sitzungen");
  await page.evaluate(() => document.querySelector("sojourn-sessions").setAttribute("lang", "en_US"));
  await page.getByText("Chrome on macOS").waitFor();
  await page.evaluate(() => {
    const heading = Object.assign(document.createElement("h3"), { slot: "heading", textContent: "Mine" });
    document.querySelector("sojourn-sessions").append(heading);
  });
  assert.equal(await heading.innerText(), "Mine");
});

scenario("the sources work as they are, without a build", async (visit) => {
  const page = await visit("/plain.html");
  await answer(page, () => THREE);
  await page.evaluate(() => import("/elements/src/index.js"));
  await page.evaluate(() => import("/elements/dist/index.js"));
  await put(page, "sojourn-sessions", { src: SRC, lang: "de" });
  await page.getByText("Chrome auf macOS").waitFor();
  const defined = await page.evaluate(() =>
    ["sessions", "login", "expiry"].map((name) => !!customElements.get(`sojourn-${name}`)),
  );
  assert.deepEqual(defined, [true, true, true]);
});

scenario("nothing that a user can fill is ever markup", async (visit) => {
  const page = await visit();
  const markup = "<img src=x onerror=alert(1)>";
  const hostile = session("kss_x", markup, {
    request: { client: markup, ip: markup },
    reason: markup,
    ended_at: 1790000000,
  });
  await answer(page, () => [hostile, session("kss_y", `Mozilla/5.0 ${markup} Chrome Linux`)]);
  await put(page, "sojourn-sessions", { src: SRC, "text-heading": markup });
  await page.getByText(markup).first().waitFor();
  assert.equal(await page.locator("img").count(), 0);
});

scenario("the keyboard reaches everything in order", async (visit) => {
  const page = await visit();
  await answer(page, () => THREE);
  await put(page, "sojourn-sessions", { src: SRC });
  await page.getByText("Safari on iPhone").waitFor();
  const reached = [];
  for (let presses = 4; presses; presses--) {
    await page.keyboard.press("Tab");
    reached.push((await focused(page)).slice(0, 14));
  }
  assert.deepEqual(reached, ["End: Firefox o", "End: Safari on", "End all others", "Ended sessions"]);
});

scenario("a page that is not looked at asks nothing, and is up to date when it is", async (visit) => {
  const page = await visit();
  const asked = await answer(page, () => THREE);
  await put(page, "sojourn-sessions", { src: SRC });
  await button(page, "End: Safari").focus();
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange", { bubbles: true })));
  await until(() => asked.length === 2);
  assert.match(await focused(page), /^End: Safari/);
  await page.evaluate(() => document.querySelector("sojourn-sessions").remove());
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange", { bubbles: true })));
  await page.waitForTimeout(100);
  assert.equal(asked.length, 2);
});

scenario(
  "what a page's policy refuses is counted as a violation, and so is what a page would keep",
  async (visit, violations) => {
    const page = await visit();
    await page.evaluate(() => {
      try {
        document.querySelector("main").innerHTML = "<b>";
      } catch {}
      return [window.localStorage, document.cookie].length;
    });
    await until(() => violations.length === 3);
  },
  { violates: 3 },
);
