import { SojournElement, clock, define, h } from "./element.js";

const LONGEST_TIMER = 2 ** 31 - 1;
// Seconds after which a session is asked for again that has expired by this machine's clock alone.
const AGAIN = 10;

export class SojournExpiry extends SojournElement {
  static observedAttributes = ["src", "expires-at", "warn", "lang"];
  static words = {
    expiring: "Your session ends soon. Save your work, or log in again.",
    renew: "Log in again",
    dismiss: "Dismiss",
    expired: "Your session has ended.",
  };
  // In epoch seconds; 0 if there is no session, null or undefined if nothing is known to end.
  #at;
  #dismissed;
  #ended;
  #shown = "";
  #timer;
  #channel;
  #turn;
  #clock = h("p", { part: "clock", role: "timer" });
  #warning = h("div", { part: "warning" });
  #wake = () => document.hidden || this.refresh();

  constructor() {
    super();
    this.status.role = "alert";
    this.shadowRoot.replaceChildren(this.status, this.#warning);
  }

  connectedCallback() {
    this.#channel = new BroadcastChannel("sojourn-expiry");
    this.#channel.onmessage = ({ data }) => {
      // Another tab has logged in or out: this one sees for itself.
      if (data.at !== this.#at) return this.refresh();
      this.#dismissed ??= data.dismissed;
      this.#tick();
    };
    addEventListener("sojourn-login", this.#wake);
    addEventListener("visibilitychange", this.#wake);
    addEventListener("online", this.#wake);
    super.connectedCallback();
  }

  disconnectedCallback() {
    removeEventListener("sojourn-login", this.#wake);
    removeEventListener("visibilitychange", this.#wake);
    removeEventListener("online", this.#wake);
    clearTimeout(this.#timer);
    this.#channel.close();
    this.#turn = null;
  }

  async refresh() {
    const turn = (this.#turn = {});
    const src = this.getAttribute("src");
    let at = Number(this.getAttribute("expires-at")) || null;
    let problem;
    await this.translate();
    if (turn != this.#turn) return;
    if (src) {
      if (!this.token && new URL(src, document.baseURI).origin != location.origin) return;
      try {
        at = (await this.call("GET", src)).expires_at;
      } catch (error) {
        // An answer that says nothing of the session changes nothing.
        at = error.status == 401 ? 0 : this.#at;
        problem = error;
      }
      if (turn != this.#turn) return;
    }
    if (at !== this.#at) {
      const before = this.#at;
      this.#at = at;
      this.#dismissed = undefined;
      this.#channel.postMessage({ at });
      this.#tick(AGAIN);
      if (at === 0) this.#over(problem, before);
    } else this.#tick(AGAIN);
  }

  #over(problem, before) {
    this.tell(before ? "expired" : "");
    this.emit("ended", problem);
  }

  // `again`: how soon an expired session is asked for.
  #tick(again = 0) {
    clearTimeout(this.#timer);
    const left = this.#at - Date.now() / 1000;
    const early = left - (this.getAttribute("warn") ?? 120);
    const warns = this.#at && early <= 0 && left > 0 && !this.#dismissed;
    this.#warn(warns ? `${this.#at} ${this.locale}` : "");
    this.#clock.textContent = clock(left);
    if (!this.#at) return;
    if (left > 0) return this.#later(warns ? 1 : early > 0 ? early : left);
    if (this.getAttribute("src")) return this.#later(again, () => this.refresh());
    if (this.#ended == this.#at) return;
    this.#ended = this.#at;
    this.#over({ code: "session_expired" }, true);
  }

  #later(seconds, then = () => this.#tick()) {
    this.#timer = setTimeout(then, Math.min(seconds * 1000, LONGEST_TIMER));
  }

  #warn(shown) {
    if (shown == this.#shown) return;
    this.#shown = shown;
    this.#warning.replaceChildren();
    this.tell(shown ? "expiring" : "");
    if (!shown) return;
    const dismiss = () => {
      this.#dismissed = true;
      this.#channel.postMessage({ at: this.#at, dismissed: true });
      this.#tick();
    };
    this.#warning.append(
      this.#clock,
      this.button("renew", () => this.emit("renew")),
      this.button("dismiss", dismiss),
    );
    this.emit("expiring", { expires_at: this.#at });
  }
}

define("sojourn-expiry", SojournExpiry);
