export { SojournExpiry } from "./expiry.js";
export { SojournLogin } from "./login.js";
export { SojournSessions } from "./sessions.js";
