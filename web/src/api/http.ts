import { authFetch } from "../auth/tokens";
import { problemOf } from "./problem";

type Query = Record<string, string | number | undefined>;

export function pathWith(path: string, query: Query = {}): string {
  const entries = Object.entries(query).filter(([, value]) => value !== undefined);
  const search = new URLSearchParams(entries.map(([key, value]) => [key, String(value)]));
  return entries.length > 0 ? `${path}?${search}` : path;
}

export async function send<T>(method: string, path: string, body?: unknown, headers?: HeadersInit): Promise<T> {
  const response = await authFetch(path, {
    method,
    headers: { ...(body !== undefined && { "Content-Type": "application/json" }), ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!response.ok) throw await problemOf(response);
  return (response.status === 204 ? undefined : await response.json()) as T;
}
