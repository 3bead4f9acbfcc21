// A line of JSON for each scenario: its name, and what went wrong if anything did.
export default async function* report(events) {
  for await (const { type, data } of events) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    const { error } = data.details;
    yield JSON.stringify({ name: data.name, wrong: error && String(error.cause?.stack ?? error) }) + "\n";
  }
}
