import { SojournElement, clock, define, h } from "./element.js";

const sheet = new CSSStyleSheet();
sheet.replaceSync(`
label, input { display: block; box-sizing: border-box; inline-size: 100%; max-inline-size: 20em }
input { font: inherit; padding: .4em .8em; margin-block: .2em .8em; border: var(--_b); border-radius: var(--sojourn-radius, .4em) }
`);

export class SojournLogin extends SojournElement {
  static observedAttributes = ["lang"];
  static words = {
    login: "Log in",
    name: "Username or email",
    password: "Password",
    wrong: "This name and this password do not belong together.",
    wait: "Too many attempts have failed. You can try again in:",
    again: "You can try again now.",
    limit: "You are logged in on too many devices. Choose a session to end:",
    replace: "End and log in",
    cancel: "Cancel",
    device: "{browser} on {system}",
    unknown: "Unknown device",
    loading: "One moment …",
    error: "That did not work.",
    offline: "You are offline.",
    "logged-in": "You are logged in.",
  };
  #busy;
  #until = 0;
  #timer;
  #clock = h("p", { part: "clock", role: "timer" });
  #choice = h("section", { tabIndex: -1, hidden: true });
  #name = h("input", {
    part: "input",
    name: "username",
    autocomplete: "username",
    autocapitalize: "none",
    spellcheck: false,
    required: true,
  });
  #password = h("input", {
    part: "input",
    name: "password",
    type: "password",
    autocomplete: "current-password",
    required: true,
  });
  // Were it ever sent by the browser itself, the password would not be in the address.
  #form = h("form", { method: "post", part: "form" });

  constructor() {
    super();
    this.shadowRoot.adoptedStyleSheets.push(sheet);
    this.shadowRoot.append(this.#clock, this.#form, this.#choice);
    this.#form.onsubmit = (event) => {
      event.preventDefault();
      this.#submit();
    };
  }

  disconnectedCallback() {
    clearInterval(this.#timer);
    this.#form.reset();
  }

  // An empty form.
  async refresh() {
    await this.translate();
    this.heading.textContent = this.say("login");
    this.#form.replaceChildren(
      h("label", { part: "label" }, this.say("name"), this.#name),
      h("label", { part: "label" }, this.say("password"), this.#password),
      this.button("login"),
    );
    this.#form.reset();
    this.#show("", this.#form);
    if (Date.now() < this.#until) this.#wait();
  }

  #show(key, part) {
    this.tell(key);
    this.#form.hidden = part != this.#form;
    this.#choice.hidden = part != this.#choice;
  }

  // `replace` is the id of a session that ends when the new one begins.
  async #submit(replace) {
    if (this.#busy || Date.now() < this.#until) return;
    this.#busy = true;
    this.tell("loading");
    const name = this.#name.value.trim();
    try {
      const session = await this.call("POST", this.getAttribute("action"), {
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          realm_id: this.getAttribute("realm") ?? undefined,
          // No username has an @.
          [name.includes("@") ? "email" : "username"]: name,
          password: this.#password.value,
          replace,
        }),
      });
      this.#form.reset();
      this.#show("logged-in");
      this.emit("login", session);
    } catch (problem) {
      this.#busy = false;
      // The session to replace has just ended by itself.
      if (replace && problem.status == 404) return await this.#submit();
      this.#refused(problem);
    } finally {
      this.#busy = false;
    }
  }

  #refused({ status, code, sessions, retry_after }) {
    if (code == "session_limit") return this.#choose(sessions);
    // Which part was wrong is not known here, and is not to be told.
    const wrong = [400, 401, 404, 422].includes(status);
    this.#show(wrong ? "wrong" : navigator.onLine ? "error" : "offline", this.#form);
    this.#password.focus();
    this.#password.select();
    if (status == 429) {
      this.#until = Date.now() + (retry_after ?? 10) * 1000;
      this.#wait();
    }
  }

  #wait() {
    clearInterval(this.#timer);
    this.tell("wait");
    const tick = () => {
      this.#clock.textContent = clock((this.#until - Date.now()) / 1000);
      if (this.#clock.textContent) return;
      clearInterval(this.#timer);
      this.tell("again");
    };
    this.#timer = setInterval(tick, 1000);
    tick();
  }

  #choose(sessions) {
    const list = sessions.map(({ client, ...session }) =>
      this.row({ request: { client }, ...session }, "replace", (_, id) => this.#submit(id)),
    );
    const cancel = () => {
      this.#show("", this.#form);
      this.#password.focus();
    };
    this.#choice.ariaLabel = this.say("limit");
    this.#choice.replaceChildren(
      h("ul", { part: "list" }, ...list),
      this.button("cancel", cancel),
    );
    this.#show("limit", this.#choice);
    this.#choice.focus();
  }
}

define("sojourn-login", SojournLogin);
