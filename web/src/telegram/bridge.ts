// The only place that talks to Telegram's client. Every call is a no-op outside Telegram or where the client is too old.
import {
  type EventName,
  type EventPayload,
  hasWebviewProxy,
  type MethodName,
  on,
  postEvent,
  retrieveLaunchParams,
  retrieveRawInitData,
  supports,
} from "@tma.js/bridge";

interface Launch {
  version: string;
  platform: string;
  initData: string | null;
  startParam: string | null;
  language: string | null;
  theme: Record<string, string>;
}

let launch: Launch | null | undefined;

/** How Telegram started us, or null in a plain browser. */
export function launched(): Launch | null {
  if (launch === undefined) launch = readLaunch();
  return launch;
}

export const inTelegram = (): boolean => launched() !== null;

function readLaunch(): Launch | null {
  try {
    const params = retrieveLaunchParams();
    return {
      version: params.tgWebAppVersion,
      platform: params.tgWebAppPlatform,
      initData: retrieveRawInitData() || null,
      startParam: params.tgWebAppStartParam ?? params.tgWebAppData?.start_param ?? null,
      language: params.tgWebAppData?.user?.language_code ?? null,
      theme: params.tgWebAppThemeParams as Record<string, string>,
    };
  } catch {
    return hasWebviewProxy(window) ? readIncomplete() : null;
  }
}

/** Old clients leave launch parameters out; the init data is all that signing in needs. */
function readIncomplete(): Launch {
  const params = new URLSearchParams(window.location.hash.slice(1));
  const initData = params.get("tgWebAppData");
  const startParam = new URLSearchParams(initData ?? "").get("start_param");
  const version = params.get("tgWebAppVersion") ?? "6.0";
  return { version, platform: "unknown", initData, startParam, language: null, theme: {} };
}

export function can(method: MethodName): boolean {
  const app = launched();
  return app !== null && supports(method, app.version as never);
}

export const call: typeof postEvent = ((method: MethodName, params?: never) => {
  if (!can(method)) return;
  try {
    postEvent(method as never, params as never);
  } catch (error) {
    console.warn("Telegram did not take", method, error);
  }
}) as typeof postEvent;

export function listen<E extends EventName>(event: E, listener: (payload: EventPayload<E>) => void): () => void {
  return inTelegram() ? on(event, listener as never) : () => {};
}
