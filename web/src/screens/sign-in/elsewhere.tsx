import { useLingui } from "@lingui/react/macro";
import { copy } from "../../telegram";
import { Button } from "../../ui/button";
import { toast } from "../../ui/toast";

/** For whoever is in a browser inside another app. `google`: there it is certain; elsewhere it depends on the app. */
export function Elsewhere({ address, google = false }: { address: string; google?: boolean }) {
  const { t } = useLingui();
  async function take(): Promise<void> {
    const done = (await copy(address)) === "copied";
    toast(done ? t`Copied: paste it into Chrome or Safari` : t`Copying did not work`, !done);
  }
  return (
    <div className="flex flex-col gap-3 rounded-tile bg-card p-4">
      <p>
        {google
          ? t`Google does not let anybody in from inside another app. Open this page in Chrome or Safari.`
          : t`From inside another app this may not work. Open this page in Chrome or Safari.`}
      </p>
      <Button wide className="bg-well" onClick={() => void take()}>
        {t`Copy the link`}
      </Button>
    </div>
  );
}
