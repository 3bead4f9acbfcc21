import { SojournElement, define, h } from "./element.js";

export class SojournSessions extends SojournElement {
  static words = {
    heading: "Your sessions",
    device: "{browser} on {system}",
    unknown: "Unknown device",
    current: "This device",
    end: "End",
    others: "End all others",
    "confirm-end": "End this session? {name}",
    "confirm-others": "End all sessions except this one?",
    cancel: "Cancel",
    done: "Ended. {name}",
    ended: "Ended sessions",
    more: "Show more",
    empty: "No sessions",
    loading: "One moment …",
    error: "That did not work.",
    offline: "You are offline.",
    retry: "Try again",
    "signed-out": "You are signed out.",
    logout: "signed out",
    terminated_by_user: "ended on another device",
    terminated_by_admin: "ended by an administrator",
    evicted: "too many sessions",
    replaced: "replaced by another",
    password_changed: "password changed",
    user_disabled: "user disabled",
    realm_ended: "all sessions ended",
  };
  #lists = {};
  #busy;
  #content = h("section", { tabIndex: -1 });
  #wake = () => document.hidden || this.#busy || this.#load();

  constructor() {
    super();
    this.shadowRoot.append(this.#content);
  }

  connectedCallback() {
    super.connectedCallback();
    addEventListener("visibilitychange", this.#wake);
    addEventListener("online", this.#wake);
  }

  disconnectedCallback() {
    removeEventListener("visibilitychange", this.#wake);
    removeEventListener("online", this.#wake);
    this.#lists = {};
  }

  refresh() {
    this.#lists = {};
    return this.#load();
  }

  // Load a list, or its next page after what is shown of it.
  async #load(state = "active", shown = []) {
    const lists = this.#lists;
    const turn = (lists[`${state} turn`] = {});
    const late = () => lists != this.#lists || lists[`${state} turn`] != turn;
    await this.translate();
    // Of several in a row, the last one asks.
    if (late()) return;
    if (!lists.active) this.tell("loading");
    this.#render();
    const url = this.#url("", { state, after: shown.at(-1)?.id });
    // This page's origin may have a cookie. Another needs the token, which may come later.
    if (!url || !(this.token || url.origin == location.origin)) return;
    try {
      const { collection, more_results } = await this.call("GET", url);
      if (late()) return;
      lists[state] = Object.assign([...shown, ...collection], { more: more_results });
      this.tell(lists.active.length ? "" : "empty");
      this.#render();
    } catch (problem) {
      if (!late()) this.#fail(problem);
    }
  }

  #url(path, query) {
    const src = this.getAttribute("src");
    if (!src) return;
    const url = new URL(src, document.baseURI);
    url.pathname += path;
    for (const name in query) if (query[name]) url.searchParams.set(name, query[name]);
    return url;
  }

  // End one session, or all others.
  #end = async (key, id, name = "") => {
    if (this.#busy) return;
    this.#busy = true;
    const buttons = () => [...this.shadowRoot.querySelectorAll("li button")];
    const at = buttons().findIndex((button) => button.id == id);
    try {
      if (!(await this.#confirm(`confirm-${key}`, { name }))) return;
      this.tell("loading");
      await this.call("DELETE", this.#url(id ? `/${id}` : "", { scope: !id && "others" }));
      if (this.#lists.ended) await this.#load("ended");
      await this.#load();
      this.tell("done", { name });
      (buttons()[at] ?? buttons().at(-1) ?? this.#content).focus();
    } catch (problem) {
      this.#fail(problem);
    } finally {
      this.#busy = false;
    }
  };

  #confirm(key, values) {
    const text = this.say(key, values);
    const dialog = h(
      "dialog",
      { part: "dialog", ariaLabel: text },
      h(
        "form",
        { method: "dialog" },
        h("p", {}, text),
        this.button("end", null, { value: "end" }),
        this.button("cancel", null, { autofocus: true }),
      ),
    );
    this.shadowRoot.append(dialog);
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.onclose = () => {
        dialog.remove();
        resolve(dialog.returnValue);
      };
    });
  }

  #fail(problem) {
    const out = problem.status == 401;
    if (out) {
      this.#lists = {};
      this.emit("ended", problem);
    }
    this.tell(out ? "signed-out" : navigator.onLine ? "error" : "offline");
    this.#render(!out);
  }

  #render(retry) {
    const { active, ended } = this.#lists;
    const focused = this.shadowRoot.activeElement?.id;
    this.heading.textContent = this.#content.ariaLabel = this.say("heading");
    const toggle = ({ target }) =>
      target.open ? ended || this.#load("ended") : delete this.#lists.ended;
    this.#content.replaceChildren(
      h(
        "div",
        {},
        retry && this.button("retry", () => this.#load()),
        active && this.#list("active"),
        active?.some((session) => !session.current) &&
          this.button("others", () => this.#end("others")),
        active &&
          h(
            "details",
            { part: "ended", open: ended, ontoggle: toggle },
            h("summary", { id: "ended" }, this.say("ended")),
            ended && this.#list("ended"),
          ),
      ),
    );
    if (focused) (this.shadowRoot.getElementById(focused) ?? this.#content).focus();
  }

  #list(state) {
    const list = this.#lists[state];
    return h(
      "div",
      {},
      h("ul", { part: "list" }, ...list.map((session) => this.row(session, "end", this.#end))),
      list.more && this.button("more", () => this.#load(state, list), { id: `more-${state}` }),
    );
  }
}

define("sojourn-sessions", SojournSessions);
