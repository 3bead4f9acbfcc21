export { SojournExpiry, type Problem, type TokenSource } from "./index.js";
