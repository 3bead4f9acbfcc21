// What the elements share: nodes, words, devices, times, looks and calls.

const sheet = new CSSStyleSheet();
sheet.replaceSync(`
:host { display: block; --_b: 1px solid var(--sojourn-border, GrayText) }
:host([hidden]) { display: none }
ul { list-style: none; margin: 0; padding: 0 }
li { display: flex; flex-wrap: wrap; align-items: center; gap: .4em; padding: .4em 0; border-block-end: var(--_b) }
li > div { flex: 1; overflow-wrap: anywhere; unicode-bidi: isolate }
small { display: block }
button, dialog { font: inherit; padding: .4em .8em; border: var(--_b); border-radius: var(--sojourn-radius, .4em) }
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

// A page may have loaded an element twice, alone and with the others.
export const define = (name, element) =>
  customElements.get(name) || customElements.define(name, element);

// Seconds as "1:15"; "" when none are left.
export const clock = (seconds) => {
  const left = Math.ceil(seconds);
  return left > 0 ? `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}` : "";
};

export class SojournElement extends HTMLElement {
  static observedAttributes = ["src", "lang"];
  heading = h("h2", { part: "heading" });
  status = h("p", { part: "status", role: "status" });
  #token;
  #german;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    root.append(h("slot", { name: "heading" }, this.heading), this.status);
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
    return browser && system
      ? this.say("device", { browser, system })
      : client || this.say("unknown");
  }

  when(seconds) {
    const date = new Date(seconds * 1000);
    const shown = date.toLocaleString(this.locale, { dateStyle: "medium", timeStyle: "short" });
    return h("time", { dateTime: date.toISOString() }, shown);
  }

  // Say what is going on, in a live region; a page may have its own nodes for it.
  tell(key, values) {
    this.status.replaceChildren(key && h("slot", { name: key }, this.say(key, values)));
  }

  button(key, onclick, properties) {
    return h(
      "button",
      { id: key, part: `button ${key}`, onclick, ...properties },
      this.say(key),
    );
  }

  // A session in a list, with a button unless it is over or the page's own.
  row({ id, request, created_at, ended_at, reason, current }, key, act) {
    const device = this.device(request?.client);
    const when = this.when(ended_at ?? created_at);
    const name = [device, request?.ip, when.textContent].filter(Boolean).join(", ");
    const ariaLabel = `${this.say(key)}: ${name}`;
    return h(
      "li",
      { part: "session" },
      h(
        "div",
        { part: "device" },
        device,
        h("small", { part: "details" }, request?.ip, " ", when, " ", this.say(reason)),
      ),
      current && h("strong", { part: "current" }, this.say("current")),
      !current && !ended_at && this.button(key, () => act(key, id, name), { id, ariaLabel }),
    );
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
