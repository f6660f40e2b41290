import { useLingui } from "@lingui/react/macro";
import { createContext, type ReactNode, useContext, useState } from "react";
import { Problem } from "../../api/problem";
import { leaveFor, type ProviderName } from "../../auth/away";
import { useMe } from "../../auth/hooks";
import { byTelegram } from "../../auth/session";
import { inTelegram, launched } from "../../telegram";
import { Button } from "../../ui/button";
import { Sheet } from "../../ui/sheet";
import { toast } from "../../ui/toast";
import { GoogleLogo, TelegramLogo } from "../sign-in/logos";
import { NAMES, useAgain } from "./again";
import { Unproven } from "./unproven";

const Asking = createContext<(provider: ProviderName) => void>(() => undefined);

/** For what wants a sign-in of the last minutes. In Telegram the launch proves it once more, unseen. A browser has to go
 * to a provider: it is said so first, and he comes back to this screen, where it is asked for again. */
export function useFresh(): <T>(work: () => Promise<T>) => Promise<T> {
  const ask = useContext(Asking);
  const provider = useAgain();
  return async (work) => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "sign_in_again") throw error;
      if (launched()?.initData) await byTelegram();
      else if (inTelegram() || !provider) throw error;
      else {
        ask(provider);
        throw new Unproven();
      }
      return work();
    }
  };
}

/** Asks whoever is below it. */
export function Proving({ children }: { children: ReactNode }) {
  const [asked, setAsked] = useState<ProviderName | null>(null);
  return (
    <Asking value={setAsked}>
      {children}
      {asked && <Ask provider={asked} onClose={() => setAsked(null)} />}
    </Asking>
  );
}

const MARKS = { telegram: TelegramLogo, google: GoogleLogo };

function Ask({ provider, onClose }: { provider: ProviderName; onClose: () => void }) {
  const { t } = useLingui();
  const me = useMe();
  const [going, setGoing] = useState(false);
  const Mark = MARKS[provider];
  const name = NAMES[provider];
  function go(): void {
    setGoing(true);
    leaveFor(provider, window.location.pathname, me).catch(() => {
      setGoing(false);
      toast(t`That did not work. Allow this page to keep data in the browser's settings.`, true);
    });
  }
  return (
    <Sheet title={t`Is it you?`} onClose={onClose}>
      <div className="flex flex-col gap-4">
        <p>{t`You signed in a while ago. Sign in with ${name} once more, so that nobody else does this for you. You come straight back here.`}</p>
        <Button wide look="primary" busy={going} onClick={go}>
          {provider === "google" ? (
            <span className="grid size-7 place-items-center rounded-full bg-white">
              <Mark />
            </span>
          ) : (
            <Mark />
          )}
          {t`Sign in with ${name}`}
        </Button>
      </div>
    </Sheet>
  );
}
