import { useLingui } from "@lingui/react/macro";
import { Problem } from "../../api/problem";
import { inTelegram } from "../../telegram";
import { toast } from "../../ui/toast";

/** What went wrong, in a sentence. */
export function useSay(): (error: unknown) => void {
  const { t } = useLingui();
  const again = inTelegram()
    ? t`Close the app and open it again, so that it is certainly you.`
    : t`Sign out and in again, so that it is certainly you.`;
  return (error) => {
    if (!(error instanceof Problem) || error.status >= 500)
      return toast(t`The server does not answer. Try again.`, true);
    if (error.code === "sign_in_again") return toast(again, true);
    if (error.status === 429) return toast(t`That was too often for one day. Try again tomorrow.`, true);
    toast(t`The server has refused that.`, true);
  };
}
