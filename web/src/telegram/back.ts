import { useEffect, useRef } from "react";
import { call, inTelegram, listen } from "./bridge";

const handlers: { current: () => void }[] = [];
let listening = false;

function sync(): void {
  if (!listening && handlers.length > 0) {
    listening = true;
    listen("back_button_pressed", () => handlers.at(-1)?.current());
  }
  call("web_app_setup_back_button", { is_visible: handlers.length > 0 });
}

/** Telegram's back button while mounted; the last one mounted gets it (a sheet before its screen). */
export function useBackButton(onBack: (() => void) | null): void {
  const handler = useRef(() => {});
  handler.current = onBack ?? (() => {});
  const shown = onBack !== null;
  useEffect(() => {
    if (!shown || !inTelegram()) return;
    handlers.push(handler);
    sync();
    return () => {
      handlers.splice(handlers.indexOf(handler), 1);
      sync();
    };
  }, [shown]);
}
