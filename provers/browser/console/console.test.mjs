// The operator's console in Chromium. Each scenario has a console of its own, and its link.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { inaccessible, loaded, over, scenario, told } from "../harness.mjs";

/** A page of a console that was opened by its link, and the console's base address. */
async function opened(visit, link = told.links.shift(), options = {}) {
  const page = await visit(link, options);
  await page.waitForSelector("h1:has-text('Realms')");
  return { page, base: link.split("/open/")[0] };
}

const realm = `/realms/${told.realm}`;
const user = `${realm}/users/${told.user}`;
const session = `${user}/sessions/${told.session}`;
const PLACES = [
  ["/", "/keys", "/doctor", "/nothing", "/keys/" + told.access + "/revoke"],
  ["", "/users", "/users?q=onerror", "/signing", "/keys", "/activity", "/end"].map((p) => realm + p),
  ["", "/end", "/disable", "/password"].map((p) => user + p),
  [`${session}/end`],
].flat();

/** How wide a page is, and how high its highest row and its smallest text are. */
function measured() {
  const heights = (nodes) => nodes.map((node) => node.getBoundingClientRect().height);
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const ranges = [];
  while (texts.nextNode()) {
    const range = document.createRange();
    range.selectNode(texts.currentNode);
    if (texts.currentNode.data.trim()) ranges.push(range);
  }
  return {
    wide: document.documentElement.scrollWidth,
    row: Math.max(0, ...heights([...document.querySelectorAll("tr")])),
    text: Math.min(...heights(ranges).filter(Boolean)),
  };
}

scenario("no page of the console violates its policy, or runs what a user has written", async (visit) => {
  const { page, base } = await opened(visit);
  let shown = 0;
  for (const place of PLACES) {
    await page.goto(base + place);
    assert.equal(await page.locator("script, style, img, [style], [onerror]").count(), 0, place);
    shown += (await page.locator("main").innerText()).split(told.hostile).length - 1;
  }
  assert.ok(shown > 15, String(shown));
});

scenario("every page of the console is accessible and legible, in light and dark, on wide and small screens", async (visit) => {
  const { page, base } = await opened(visit);
  for (const [colorScheme, width] of [["light", 1280], ["dark", 390]]) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 900 });
    for (const place of PLACES) {
      await page.goto(base + place);
      assert.deepEqual(await inaccessible(page), [], `${colorScheme} ${place}`);
      const { wide, row, text } = await page.evaluate(measured);
      assert.ok(wide <= width, `${place} is ${wide} wide`);
      assert.ok(row <= 200, `${place} has a row ${row} high`);
      assert.ok(text >= 11, `${place} has a text ${text} high`);
    }
  }
});

scenario("every page of the console loads what its budget allows, and no script", async (visit) => {
  const { page, base } = await opened(visit);
  for (const place of PLACES) {
    const gone = await loaded(page, () => page.goto(base + place));
    assert.deepEqual(over(told.budgets.console, gone), [], place);
  }
});

scenario("an operator changes a setting, ends a session, and sets a password that is shown once", async (visit) => {
  const { page, base } = await opened(visit);
  await page.goto(base + realm);
  await page.getByLabel("Active sessions of one user").fill("3");
  await page.getByText("Show what changes").click();
  await page.getByText("No session ends now.").waitFor();
  await page.getByText("Change the settings").click();
  await page.getByText("The settings are changed.").waitFor();
  await page.goto(base + user);
  await page.getByLabel(`End the session ${told.ending}`).focus();
  await page.keyboard.press("Enter");
  await page.getByText("End the session", { exact: true }).click();
  await page.getByText("The session has ended.").waitFor();
  await page.getByText("New password …").click();
  await page.getByText("Set the password", { exact: true }).click();
  assert.ok((await page.locator(".secret").innerText()).length >= 20);
  await page.reload();
  assert.equal(await page.locator(".secret").count(), 0);
});

scenario("a link that is followed from another site opens the console", async (visit) => {
  const link = told.links.shift();
  const page = await visit("about:blank");
  const body = `<a href="${link}">Open</a>`;
  await page.route("http://foreign.example/", (route) => route.fulfill({ contentType: "text/html", body }));
  await page.goto("http://foreign.example/");
  await page.click("a");
  await page.waitForSelector("h1:has-text('Realms')");
});

scenario("a page of another site, and one of another port, can do nothing and learns no cookie", async (visit) => {
  const { page, base } = await opened(visit);
  const form = `<form method="post" action="${base}/keys"><input name="name" value="theirs"></form>`;
  const frame = `<iframe src="${base}/"></iframe><a href="${base}/keys">keys</a>`;
  const body = `<!doctype html>${form}${frame}`;
  const cookies = [];
  const beside = createServer((request, response) => {
    cookies.push(request.headers.cookie);
    response.setHeader("content-type", "text/html").end(body);
  });
  await once(beside.listen(0, "127.0.0.1"), "listening");
  try {
    await page.route("http://foreign.example/", (route) => route.fulfill({ contentType: "text/html", body }));
    const port = `http://127.0.0.1:${beside.address().port}/`;
    for (const foreign of ["http://foreign.example/", port]) {
      await page.goto(foreign);
      const framed = await page.frames()[1]?.content().catch(() => "");
      assert.doesNotMatch(framed ?? "", /Realms/);
      await page.evaluate(() => document.forms[0].submit());
      await page.getByText("The console takes no requests of other sites.").waitFor();
      await page.goto(foreign);
      await page.click("a");
      await page.getByText("The console takes no requests of other sites.").waitFor();
    }
  } finally {
    beside.closeAllConnections();
    beside.close();
  }
  assert.ok(cookies.length >= 2);
  assert.deepEqual(cookies.filter(Boolean), []);
  await page.goto(`${base}/keys`);
  assert.equal(await page.getByText("theirs").count(), 0);
});

scenario("another name of this machine, as after DNS rebinding, shows nothing", async (visit) => {
  const { page, base } = await opened(visit);
  const rebound = base.replace("127.0.0.1", "rebound.localhost");
  const response = await page.goto(`${rebound}/keys`);
  assert.equal(response.status(), 421);
  assert.match(await page.locator("body").innerText(), /^The console is at http:\/\/127\.0\.0\.1:\d+ only\.$/m);
});
