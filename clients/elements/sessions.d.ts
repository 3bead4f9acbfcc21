export { SojournSessions, type Problem, type TokenSource } from "./index.js";
