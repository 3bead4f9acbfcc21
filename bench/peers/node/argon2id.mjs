// The CPU time of one verification by Rust's Argon2id, in milliseconds.
//
//     node argon2id.mjs PHC PASSWORD TIMES

import { verify } from "@node-rs/argon2";

const [phc, password, times] = process.argv.slice(2);
await verify(phc, password);
const began = process.cpuUsage();
for (let done = 0; done < Number(times); done += 1) {
  if (!(await verify(phc, password))) throw new Error("not this password");
}
const taken = process.cpuUsage(began);
console.log((taken.user + taken.system) / 1000 / Number(times));
