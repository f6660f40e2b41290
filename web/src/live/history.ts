// The log as far as it is known without a hole. Frames, answers and pages may overlap and come in any order.
import type { LoggedEvent } from "../api/types";

export class History {
  private known: LoggedEvent[] = [];
  private readonly ids = new Set<string>();
  /** Later than the next one: waiting for the hole to be filled. */
  private readonly ahead = new Map<number, LoggedEvent>();

  constructor(known: LoggedEvent[] = []) {
    this.add(known);
  }

  get version(): number {
    return this.known.length;
  }

  get events(): readonly LoggedEvent[] {
    return this.known;
  }

  /** Known to be accepted, though something before it is still missing. */
  get early(): LoggedEvent[] {
    return [...this.ahead.values()].sort((a, b) => a.version - b.version);
  }

  get hasHole(): boolean {
    return this.ahead.size > 0;
  }

  has(id: string): boolean {
    return this.ids.has(id);
  }

  /** Returns what became known without a hole by it. */
  add(events: LoggedEvent[]): LoggedEvent[] {
    for (const event of events) if (event.version > this.version) this.ahead.set(event.version, event);
    const fresh: LoggedEvent[] = [];
    for (let next = this.ahead.get(this.version + 1); next; next = this.ahead.get(this.version + 1)) {
      this.ahead.delete(next.version);
      this.known.push(next);
      this.ids.add(next.id);
      fresh.push(next);
    }
    return fresh;
  }
}
