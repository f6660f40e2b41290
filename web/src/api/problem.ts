/** An answer that says no (RFC 9457). `code` is stable, the rest is for people. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  /** Which event of a batch was refused. */
  readonly event: number | null;
  readonly retryAfterMs: number | null;
  readonly requestId: string | null;

  constructor(status: number, body: Record<string, unknown>, retryAfterMs: number | null = null) {
    super(String(body.detail ?? body.title ?? status));
    this.status = status;
    this.code = typeof body.code === "string" ? body.code : `http_${status}`;
    this.event = typeof body.event === "number" ? body.event : null;
    this.requestId = typeof body.request_id === "string" ? body.request_id : null;
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

export async function problemOf(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => ({}));
  const retry = Number(response.headers.get("Retry-After"));
  const wait = response.headers.has("Retry-After") && Number.isFinite(retry) ? retry * 1000 : null;
  return new Problem(response.status, typeof body === "object" && body !== null ? (body as never) : {}, wait);
}
