import { useLingui } from "@lingui/react/macro";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { data, startLink, unlink } from "../../api";
import type { IdentityOut, LinkBegun } from "../../api/generated";
import { Problem } from "../../api/problem";
import { queries } from "../../app/queries";
import type { ProviderName } from "../../auth/away";
import { freshly } from "../../auth/session";
import { inTelegram } from "../../telegram";
import { Button } from "../../ui/button";
import { List, Row } from "../../ui/row";
import { Failed, Skeleton } from "../../ui/screen";
import { Sheet } from "../../ui/sheet";
import { toast } from "../../ui/toast";
import { IDENTITIES, PROVIDERS, useAgain, useIdentities, useWays } from "./again";
import { Linking } from "./linking";
import { Part } from "./part";
import { useSay } from "./say";

const NAMES: Record<string, string> = { telegram: "Telegram", google: "Google" };

/** By what one signs in. */
export function Identities() {
  const { t } = useLingui();
  const found = useIdentities();
  const again = useAgain();
  const ways = useWays();
  const [begun, setBegun] = useState<(LinkBegun & { provider: ProviderName }) | null>(null);
  const say = useSay();
  const known = found.data?.map(({ provider }) => provider) ?? [];
  const begin = useMutation({
    mutationFn: async (provider: ProviderName) => ({
      ...(await freshly(again, () => data(startLink({ body: { provider } })))),
      provider,
    }),
    onSuccess: setBegun,
    onError: say,
  });
  const others = PROVIDERS.filter((provider) => ways.data?.[provider] && !known.includes(provider));
  const provider = begun ? NAMES[begun.provider] : "";
  return (
    <Part title={t`How I sign in`}>
      {found.isPending && <Skeleton rows={1} />}
      {found.isError && <Failed onAgain={() => void found.refetch()} />}
      {found.data && (
        <List label={t`How I sign in`}>
          {found.data.map((identity) => (
            <Identity
              key={`${identity.provider} ${identity.label}`}
              identity={identity}
              alone={new Set(known).size < 2}
              again={again}
            />
          ))}
        </List>
      )}
      {others.map((each) => {
        const name = NAMES[each];
        return (
          <Button key={each} wide busy={begin.isPending} onClick={() => begin.mutate(each)}>
            {t`Sign in through ${name} too`}
          </Button>
        );
      })}
      {begun && (
        <Sheet title={t`Sign in through ${provider} too`} onClose={() => setBegun(null)}>
          <Linking
            begun={begun}
            again={again}
            beginning={begin.isPending}
            onAgain={() => begin.mutate(begun.provider)}
            onDone={() => {
              setBegun(null);
              void queries.invalidateQueries({ queryKey: IDENTITIES });
            }}
          />
        </Sheet>
      )}
    </Part>
  );
}

/** `alone`: without it one could not sign in any more. */
function Identity({ identity, alone, again }: { identity: IdentityOut; alone: boolean; again: ProviderName | null }) {
  const { t } = useLingui();
  const say = useSay();
  const [asking, setAsking] = useState(false);
  const name = NAMES[identity.provider] ?? t`By a name`;
  const remove = useMutation({
    mutationFn: () => freshly(again, () => unlink({ path: { provider: identity.provider as ProviderName } })),
    onSuccess: () => toast(t`Removed`),
    onError: (error) =>
      error instanceof Problem && error.code === "last_identity"
        ? toast(t`Without it you could not sign in any more`, true)
        : say(error),
    onSettled: () => {
      setAsking(false);
      return queries.invalidateQueries({ queryKey: IDENTITIES });
    },
  });
  return (
    <li>
      <Row
        whole
        title={name}
        note={identity.label}
        aside={
          !alone &&
          !(identity.provider === "telegram" && inTelegram()) && // the next launch would be somebody new
          identity.provider in NAMES && (
            <Button
              className="min-h-11 bg-well font-normal"
              aria-label={t`${name}: remove`}
              onClick={() => setAsking(true)}
            >
              {t`Remove`}
            </Button>
          )
        }
      />
      {asking && (
        <Sheet title={t`Do not sign in through ${name} any more?`} onClose={() => setAsking(false)}>
          <div className="flex flex-col gap-4">
            <p>{t`Devices that came in this way have to sign in again. You can add it anew at any time.`}</p>
            {identity.provider === "telegram" && (
              <p>{t`The bot in Telegram will no longer lead here: whoever opens it as you gets a new, empty account.`}</p>
            )}
            <Button wide look="danger" busy={remove.isPending} onClick={() => remove.mutate()}>
              {t`Remove`}
            </Button>
          </div>
        </Sheet>
      )}
    </li>
  );
}
