export { SojournLogin } from "./index.js";
