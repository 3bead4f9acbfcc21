export { SojournSessions } from "./sessions.js";
