// What the elements share: nodes, words, devices, times, looks and calls.

const sheet = new CSSStyleSheet();
sheet.replaceSync(`
:host { display: block; --_b: 1px solid var(--sojourn-border, GrayText) }
:host([hidden]) { display: none }
ul { list-style: none; margin: 0; padding: 0 }
li { display: flex; flex-wrap: wrap; gap: .75em; align-items: center; padding: .75em 0; border-block-end: var(--_b) }
li > div { flex: 1; overflow-wrap: anywhere; unicode-bidi: isolate }
small { display: block }
button, dialog { font: inherit; border: var(--_b); border-radius: var(--sojourn-radius, .375em); padding: .5em .75em }
button { margin: .4em .4em .4em 0 }
`);

const BROWSERS = {
  Edg: "Edge",
  OPR: "Opera",
  SamsungBrowser: "Samsung Internet",
  "Firefox|FxiOS": "Firefox",
  "Chrome|CriOS": "Chrome",
  Safari: "Safari",
};
const SYSTEMS = {
  iPhone: "iPhone",
  iPad: "iPad",
  Android: "Android",
  Windows: "Windows",
  CrOS: "ChromeOS",
  "Mac OS X": "macOS",
  Linux: "Linux",
};
// The first that fits: an Edge also says Chrome, and every browser says Safari.
const first = (names, text) =>
  names[Object.keys(names).find((pattern) => RegExp(pattern).test(text))];

// Strings become text nodes: nothing that a server or a user says is ever parsed.
export const h = (tag, properties, ...children) => {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children.filter(Boolean));
  return node;
};

export class SojournElement extends HTMLElement {
  static observedAttributes = ["src", "lang"];
  #token;
  #german;

  constructor() {
    super();
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [sheet];
    // What a page has set before this class was loaded hides the accessor.
    const { token } = this;
    delete this.token;
    this.#token = token;
  }

  get token() {
    return this.#token;
  }

  set token(token) {
    this.#token = token;
    this.attributeChangedCallback();
  }

  attributeChangedCallback() {
    if (this.isConnected) this.refresh();
  }

  connectedCallback() {
    this.refresh();
  }

  get locale() {
    const { lang } = this.closest("[lang]") ?? document.documentElement;
    try {
      return new Intl.Locale(lang || navigator.language);
    } catch {
      return new Intl.Locale("en");
    }
  }

  // Before anything is said. Without the German words it is said in English.
  async translate() {
    const german =
      this.locale.language == "de" && (await import("./de.js").catch(() => undefined));
    this.#german = german?.default;
  }

  say(key, values) {
    const text =
      this.getAttribute(`text-${key}`) ?? this.#german?.[key] ?? this.constructor.words[key];
    return text?.replace(/{(\w+)}/g, (_, name) => values[name]);
  }

  // "Chrome on macOS", or what a client that is no browser calls itself.
  device(client) {
    const browser = first(BROWSERS, client);
    const system = first(SYSTEMS, client);
    return client?.startsWith("Mozilla/") && browser && system
      ? this.say("device", { browser, system })
      : client || this.say("unknown");
  }

  when(seconds) {
    const date = new Date(seconds * 1000);
    const shown = date.toLocaleString(this.locale, { dateStyle: "medium", timeStyle: "short" });
    return h("time", { dateTime: date.toISOString() }, shown);
  }

  button(key, onclick, properties) {
    const own = { id: key, part: `button ${key}`, onclick };
    return h("button", { ...own, ...properties }, this.say(key));
  }

  // What the address answers. Throws what an answer that is no success says, with its status.
  async call(method, url, request) {
    const token = await this.token?.();
    const response = await fetch(url, {
      method,
      credentials: this.token ? "omit" : "same-origin",
      headers: token && { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(20_000),
      ...request,
    });
    const { ok, status } = response;
    if (!ok) throw { ...(await response.json().catch(() => {})), status };
    return status == 204 || response.json();
  }

  emit(name, detail) {
    this.dispatchEvent(
      new CustomEvent(`sojourn-${name}`, { detail, bubbles: true, composed: true }),
    );
  }
}
