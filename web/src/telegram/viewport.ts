// Insets and height as CSS variables. Inside Telegram the two insets add up and env() is 0; outside only env() counts.
import { call, inTelegram, listen } from "./bridge";

interface Insets {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

const NONE: Insets = { top: 0, right: 0, bottom: 0, left: 0 };
let device = NONE;
let content = NONE;

function setInsets(): void {
  for (const side of ["top", "right", "bottom", "left"] as const) {
    document.documentElement.style.setProperty(`--inset-${side}`, `${device[side] + content[side]}px`);
  }
}

/** iOS sometimes reports a viewport of a pixel or so: nobody plays on that. */
const SMALLEST = 100;

export function followViewport(): void {
  if (!inTelegram()) return;
  listen("safe_area_changed", (insets) => {
    device = insets;
    setInsets();
  });
  listen("content_safe_area_changed", (insets) => {
    content = insets;
    setInsets();
  });
  listen("viewport_changed", ({ height, is_state_stable }) => {
    if (is_state_stable && height > SMALLEST) {
      document.documentElement.style.setProperty("--screen", `${height}px`);
    }
  });
  setInsets();
  call("web_app_request_safe_area");
  call("web_app_request_content_safe_area");
  call("web_app_request_viewport");
}
