/** A map of at most `size` entries; the one that was not used for longest goes first. */
export class Lru<V> {
  readonly #size: number;
  readonly #entries = new Map<string, V>();

  constructor(size: number) {
    this.#size = size;
  }

  get(name: string): V | undefined {
    const found = this.#entries.get(name);
    if (found !== undefined) {
      this.#entries.delete(name);
      this.#entries.set(name, found);
    }
    return found;
  }

  set(name: string, value: V): void {
    put(this.#entries, name, value, this.#size);
  }

  delete(name: string): void {
    this.#entries.delete(name);
  }

  entries(): [string, V][] {
    return [...this.#entries];
  }
}

/** Set the newest entry of a map; returns the oldest one's value if there is no room for it. */
export function put<V>(kept: Map<string, V>, name: string, value: V, most: number): V | undefined {
  kept.delete(name);
  kept.set(name, value);
  if (kept.size <= most) return undefined;
  const [oldest] = kept;
  if (oldest === undefined) return undefined;
  kept.delete(oldest[0]);
  return oldest[1];
}
