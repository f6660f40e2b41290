import { useLingui } from "@lingui/react/macro";
import { Problem } from "../../api/problem";
import { toast } from "../../ui/toast";

/** What went wrong, in a sentence. */
export function useSay(): (error: unknown) => void {
  const { t } = useLingui();
  return (error) => {
    if (!(error instanceof Problem) || error.status >= 500)
      return toast(t`The server does not answer. Try again.`, true);
    if (error.status === 429) return toast(t`That was too often for one day. Try again tomorrow.`, true);
    toast(t`The server has refused that.`, true);
  };
}
