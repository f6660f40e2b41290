import { plural } from "@lingui/core/macro";
import { useLingui } from "@lingui/react/macro";
import { Problem } from "../../api/problem";
import { inTelegram } from "../../telegram";
import { toast } from "../../ui/toast";
import { Unproven } from "./unproven";

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** `seconds`: how long the server wants to be left alone. */
export function tooOften(seconds: number): string {
  const [minutes, hours] = [Math.ceil(seconds / MINUTE), Math.ceil(seconds / HOUR)];
  if (seconds < 2 * MINUTE) {
    return plural(Math.ceil(seconds), {
      one: "That was too often. Try again in # second.",
      other: "That was too often. Try again in # seconds.",
    });
  }
  if (seconds < 2 * HOUR) {
    return plural(minutes, {
      one: "That was too often. Try again in # minute.",
      other: "That was too often. Try again in # minutes.",
    });
  }
  return plural(hours, {
    one: "That was too often. Try again in # hour.",
    other: "That was too often. Try again in # hours.",
  });
}

/** What went wrong, in a sentence. */
export function useSay(): (error: unknown) => void {
  const { t } = useLingui();
  const again = inTelegram()
    ? t`Close the app and open it again, so that it is certainly you.`
    : t`Sign out and in again, so that it is certainly you.`;
  return (error) => {
    if (error instanceof Unproven) return;
    if (!(error instanceof Problem) || error.status >= 500)
      return toast(t`The server does not answer. Try again.`, true);
    if (error.code === "sign_in_again") return toast(again, true);
    if (error.status === 429) return toast(tooOften((error.retryAfterMs ?? MINUTE * 1000) / 1000), true);
    toast(t`The server has refused that.`, true);
  };
}
