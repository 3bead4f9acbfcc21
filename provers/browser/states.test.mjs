// Each state of each element: accessible, narrow, in words, looks and nodes of the page's own.
import assert from "node:assert/strict";
import { inaccessible, put, scenario, site, told } from "./harness.mjs";

const LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const session = (id, more) => ({
  id,
  created_at: 1790000000,
  request: { ip: "2001:db8:1234:5678:9abc:def0:1234:5678", client: LINUX },
  ...more,
});
const LIST = [
  session("kss_1", { current: true }),
  session("kss_2"),
  session("kss_3", { request: { ip: "203.0.113.9", client: null } }),
];
const ENDED = told.reasons.map((reason, at) => session(`kss_e${at}`, { ended_at: 1790000600, reason }));

/** Answers, in place of the API, whatever `answers.next` says, and not before `answers.go` if there is one. */
async function answering(page) {
  const answers = { next: { json: {} } };
  await page.route("**/v1/**", async (route) => {
    await answers.go;
    const next = typeof answers.next === "function" ? answers.next(route.request()) : answers.next;
    await (next ? route.fulfill(next) : route.abort());
  });
  return answers;
}
const held = (answers) => {
  let release;
  answers.go = new Promise((resolve) => (release = resolve));
  return release;
};
const offline = async (page, is) => page.context().setOffline(is);

/** Brings an element into one state after another; `at` is called in each. */
const TOURS = {
  async "sojourn-sessions"(page, put, at) {
    const part = (name) => page.locator(`sojourn-sessions [part~="${name}"]`).first();
    const state = (key) => page.locator(`sojourn-sessions slot[name="${key}"]`).waitFor({ state: "attached" });
    const refresh = () => page.evaluate(() => document.querySelector("sojourn-sessions").refresh());
    const answers = await answering(page);
    const lists = (request) => {
      const ended = request.url().includes("state=ended");
      const json = { collection: ended ? ENDED : LIST, more_results: ended };
      return request.method() === "GET" ? { json } : { status: 204 };
    };
    answers.next = lists;
    const release = held(answers);
    await put({ src: `${site}/v1/sessions` });
    await state("loading");
    await at("loading");
    release();
    await part("others").waitFor();
    await at("list");
    for (const name of ["end", "others"]) {
      await part(name).click();
      await part("dialog").waitFor();
      await at(`confirm ${name}`);
      await page.keyboard.press("Escape");
      await part("dialog").waitFor({ state: "detached" });
    }
    await part("end").click();
    await part("dialog").getByRole("button").first().click();
    await state("done");
    await at("done");
    await part("ended").locator("summary").click();
    await part("more").waitFor();
    await at("ended");
    for (const [key, next] of [
      ["empty", { json: { collection: [], more_results: false } }],
      ["error", { status: 500, json: {} }],
      ["offline", null],
      ["signed-out", { status: 401, json: { code: "session_ended" } }],
    ]) {
      answers.next = next;
      await offline(page, key === "offline");
      await refresh();
      await state(key);
      await at(key);
    }
  },

  async "sojourn-login"(page, put, at) {
    const part = (name) => page.locator(`sojourn-login [part~="${name}"]`).first();
    const state = (key) => page.locator(`sojourn-login slot[name="${key}"]`).waitFor({ state: "attached" });
    const answers = await answering(page);
    await page.clock.install();
    await put({ action: `${site}/v1/login` });
    await part("login").waitFor();
    await at("form");
    for (const [key, next] of [
      ["wrong", { status: 401, json: {} }],
      ["error", { status: 503, json: {} }],
      ["offline", null],
      ["wait", { status: 429, json: { retry_after: 600 } }],
      ["limit", { status: 409, json: { code: "session_limit", sessions: LIST.slice(1).map(listed) } }],
      ["logged-in", { json: {} }],
    ]) {
      answers.next = next;
      await offline(page, key === "offline");
      const release = held(answers);
      await page.locator("input").first().fill("ada");
      await page.locator("input").last().fill("x");
      await page.keyboard.press("Enter");
      await state("loading");
      if (key === "wrong") await at("loading");
      release();
      await state(key);
      await at(key);
      if (key === "wait") {
        await page.clock.fastForward(601_000);
        await state("again");
        await at("again");
      }
      if (key === "limit") await part("cancel").click();
    }
  },

  async "sojourn-expiry"(page, put, at) {
    const state = (key) => page.locator(`sojourn-expiry slot[name="${key}"]`).waitFor({ state: "attached" });
    await page.clock.install();
    const now = await page.evaluate(() => Math.floor(Date.now() / 1000));
    await put({ "expires-at": now + 100 });
    await state("expiring");
    await at("expiring");
    await page.clock.fastForward(101_000);
    await state("expired");
    await at("expired");
  },
};
const listed = ({ request, ...session }) => ({ client: request.client, ...session });

/** Take an element through its states: with these attributes and, in its slots, these nodes. */
async function tour(page, tag, at, attributes = {}, slots = []) {
  const place = async (own) => {
    await put(page, tag, { ...attributes, ...own });
    await page.evaluate(
      ([tag, slots]) =>
        document.querySelector(tag).append(
          ...slots.map((slot) => Object.assign(document.createElement("b"), { slot, textContent: `<${slot}>` })),
        ),
      [tag, slots],
    );
  };
  await TOURS[tag](page, place, at);
}

/** All that an element says, to whoever looks and to whoever listens. */
const said = (page, tag) =>
  page.locator(tag).evaluate((element) => {
    const labels = [...element.shadowRoot.querySelectorAll("*")].map(({ ariaLabel }) => ariaLabel);
    const shown = [...element.shadowRoot.children].map((child) => child.innerText);
    return [...shown, element.innerText, ...labels].filter(Boolean).join("\n");
  });

async function accessible(visit, tag) {
  const page = await visit("/page.html", { viewport: { width: 320, height: 700 } });
  const english = Object.values(told.words).filter((text) => /^[\w ,.:]{4,}$/.test(text));
  const at = async (state) => {
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      assert.deepEqual(await inaccessible(page, colorScheme === "dark" && "color-contrast"), [], state);
    }
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= 320, `${state} is ${wide} wide`);
    const text = await said(page, tag);
    assert.deepEqual(english.filter((each) => text.includes(each)), [], state);
  };
  await tour(page, tag, at, { lang: "de" });
}

scenario("the list of sessions is accessible, narrow and German in each of its states, light or dark", (visit) =>
  accessible(visit, "sojourn-sessions"),
);
scenario("the login form is accessible, narrow and German in each of its states, light or dark", (visit) =>
  accessible(visit, "sojourn-login"),
);
scenario("the warning is accessible, narrow and German in each of its states, light or dark", (visit) =>
  accessible(visit, "sojourn-expiry"),
);

scenario("each documented word can be the page's own, and each part and property have its looks", async (visit) => {
  const keys = [...Object.keys(told.words), ...told.reasons];
  const attributes = Object.fromEntries(keys.map((key) => [`text-${key}`, `<${key}>`]));
  const words = new Set();
  const parts = new Set();
  for (const tag in TOURS) {
    const page = await visit("/looks.html");
    await tour(
      page,
      tag,
      async () => {
        for (const [, key] of (await said(page, tag)).matchAll(/<([a-z_-]+)>/g)) words.add(key);
        const found = await page.locator(tag).evaluate(looks);
        for (const part of found.parts) parts.add(part);
        for (const border of found.borders) assert.equal(border, "rgb(1, 2, 3) 7px");
      },
      attributes,
    );
  }
  assert.deepEqual([...words].sort(), keys.sort());
  assert.deepEqual([...parts].sort(), told.parts.sort());
});

/** The parts that the page's stylesheet reaches, and the borders of buttons and fields. */
function looks({ shadowRoot }) {
  const nodes = [...shadowRoot.querySelectorAll("[part]")];
  const reached = (node) =>
    [...node.part].filter((name) => getComputedStyle(node).getPropertyValue(`--reached-${name}`) === "yes");
  const bordered = nodes.filter((node) => node.matches("button, input, dialog"));
  const border = (style) => `${style.borderTopColor} ${style.borderTopLeftRadius}`;
  return { parts: nodes.flatMap(reached), borders: bordered.map((node) => border(getComputedStyle(node))) };
}

scenario("each documented slot shows the page's own node in its state", async (visit) => {
  const shown = new Set();
  for (const tag in TOURS) {
    const page = await visit();
    await tour(
      page,
      tag,
      async () => {
        const nodes = page.locator(`${tag} > b`);
        for (const node of await nodes.all()) if (await node.isVisible()) shown.add(await node.textContent());
      },
      {},
      told.slots,
    );
  }
  assert.deepEqual([...shown].sort(), told.slots.map((slot) => `<${slot}>`).sort());
});
