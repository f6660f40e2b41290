/** An answer that says no (RFC 9457). `code` is stable, the rest is for people. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  /** Which event of a batch was refused. */
  readonly event: number | null;
  readonly retryAfterMs: number | null;

  constructor(status: number, body: unknown, retryAfterMs: number | null = null) {
    const said = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
    super(String(said.detail ?? said.title ?? status));
    this.status = status;
    this.code = typeof said.code === "string" ? said.code : `http_${status}`;
    this.event = typeof said.event === "number" ? said.event : null;
    this.retryAfterMs = retryAfterMs;
  }
}

/** No answer at all: no network, a dropped connection, or nothing heard in time. */
export class Unreachable extends Error {}

/** Whether asking again, word for word, can help. */
export function worthRetrying(error: unknown): boolean {
  if (error instanceof Unreachable) return true;
  return error instanceof Problem && (error.status >= 500 || [408, 425, 429].includes(error.status));
}

/** What the generated client throws, as one of ours. */
export function asProblem(error: unknown, response: Response | undefined): unknown {
  if (!response || error instanceof Unreachable || error instanceof Problem) return error;
  if (response.ok) return new Unreachable("the answer broke off"); // it was no refusal
  const seconds = Number(response.headers.get("Retry-After"));
  const wait = response.headers.has("Retry-After") && Number.isFinite(seconds) ? seconds * 1000 : null;
  return new Problem(response.status, error, wait);
}
