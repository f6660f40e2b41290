import { call } from "./bridge";

/** A ball, a tile: something was taken in. */
export const tap = (): void => call("web_app_trigger_haptic_feedback", { type: "impact", impact_style: "light" });

/** Start, finish, undo: something weighs more. */
export const commit = (): void => call("web_app_trigger_haptic_feedback", { type: "impact", impact_style: "medium" });

export const success = (): void =>
  call("web_app_trigger_haptic_feedback", { type: "notification", notification_type: "success" });

export const failure = (): void =>
  call("web_app_trigger_haptic_feedback", { type: "notification", notification_type: "error" });

export const pick = (): void => call("web_app_trigger_haptic_feedback", { type: "selection_change" });
