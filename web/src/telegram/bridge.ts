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
  /** What signs its bearer in; null too where it was used and forgotten. */
  initData: string | null;
  /** Whose launch it is, by Telegram's number. */
  account: number | null;
  /** The bot may write to him. */
  mayWrite: boolean;
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

/** A launch signs its bearer in, and anybody can put one of his own behind the # of a link to us. It is believed where one
 * of Telegram's clients is around: the phones' and desktops' give us an object to talk to, on the web we are in a frame,
 * where our content policy lets nobody else put us. */
function isClientHere(): boolean {
  if (hasWebviewProxy(window)) return true;
  if (typeof (window.external as { notify?: unknown } | undefined)?.notify === "function") return true;
  const around = window.location.ancestorOrigins; // not in every browser
  return window.parent !== window && (!around || [...around].every((origin) => ON_THE_WEB.test(origin)));
}

const ON_THE_WEB = /^https:\/\/web[kz]?\.telegram\.org$/;

function readLaunch(): Launch | null {
  if (!isClientHere()) {
    if (/[#&]tgWebApp/.test(window.location.hash)) {
      window.history.replaceState(window.history.state, "", window.location.pathname + window.location.search);
    }
    return null;
  }
  try {
    const params = retrieveLaunchParams();
    return {
      version: params.tgWebAppVersion,
      ...told(retrieveRawInitData(), params.tgWebAppStartParam),
      theme: params.tgWebAppThemeParams as Record<string, string>,
    };
  } catch {
    return readIncomplete();
  }
}

/** Old clients leave launch parameters out, and in a frame storage may be forbidden, which the bridge cannot do without;
 * the init data is all that signing in needs. */
function readIncomplete(): Launch {
  const params = new URLSearchParams(window.location.hash.slice(1));
  const version = params.get("tgWebAppVersion") ?? "6.0";
  return {
    version,
    ...told(params.get("tgWebAppData"), params.get("tgWebAppStartParam")),
    theme: {},
  };
}

interface TelegramUser {
  id?: number;
  language_code?: string;
  allows_write_to_pm?: boolean;
}

function told(initData: string | null | undefined, startParam: string | null | undefined) {
  const params = new URLSearchParams(initData ?? "");
  const user = userIn(params);
  return {
    initData: (params.get("hash") && initData) || null,
    account: user.id ?? null,
    mayWrite: user.allows_write_to_pm ?? false,
    language: user.language_code ?? null,
    startParam: startParam ?? params.get("start_param"),
  };
}

function userIn(params: URLSearchParams): TelegramUser {
  try {
    return JSON.parse(params.get("user") ?? "{}") ?? {};
  } catch {
    return {};
  }
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
