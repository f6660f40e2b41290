import { useLingui } from "@lingui/react/macro";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { data, startLink, unlink } from "../../api";
import type { IdentityOut, LinkBegun } from "../../api/generated";
import { Problem } from "../../api/problem";
import { queries } from "../../app/queries";
import type { ProviderName } from "../../auth/away";
import { inTelegram } from "../../telegram";
import { Button } from "../../ui/button";
import { List, Row } from "../../ui/row";
import { Failed, Skeleton } from "../../ui/screen";
import { Sheet } from "../../ui/sheet";
import { toast } from "../../ui/toast";
import { GoogleLogo, TelegramLogo } from "../sign-in/logos";
import { IDENTITIES, NAMES, PROVIDERS, useIdentities, useWays } from "./again";
import { useFresh } from "./fresh";
import { Linking } from "./linking";
import { Hint, Page } from "./page";
import { useSay } from "./say";

const MARKS: Record<string, ReactNode> = {
  telegram: <TelegramLogo />,
  google: <GoogleLogo className="size-6 p-0.5" />,
};

/** By what one signs in. */
export function Identities() {
  const { t } = useLingui();
  const found = useIdentities();
  const fresh = useFresh();
  const ways = useWays();
  const [begun, setBegun] = useState<(LinkBegun & { provider: ProviderName }) | null>(null);
  const say = useSay();
  const known = found.data?.map(({ provider }) => provider) ?? [];
  const begin = useMutation({
    mutationFn: async (provider: ProviderName) => ({
      ...(await fresh(() => data(startLink({ body: { provider } })))),
      provider,
    }),
    onSuccess: setBegun,
    onError: say,
  });
  const others = PROVIDERS.filter((provider) => ways.data?.[provider] && !known.includes(provider));
  const provider = begun ? NAMES[begun.provider] : "";
  return (
    <Page title={t`Ways to sign in`}>
      {found.isPending && <Skeleton rows={1} />}
      {found.isError && <Failed onAgain={() => void found.refetch()} />}
      {found.data && (
        <List label={t`Ways to sign in`}>
          {found.data.map((identity) => (
            <Identity
              key={`${identity.provider} ${identity.label}`}
              identity={identity}
              alone={new Set(known).size < 2}
            />
          ))}
        </List>
      )}
      {found.data && others.length > 0 && (
        <div className="flex flex-col gap-2">
          {others.map((each) => {
            const name = NAMES[each];
            return (
              <Button key={each} wide busy={begin.isPending} onClick={() => begin.mutate(each)}>
                {MARKS[each]}
                {t`Sign in through ${name} too`}
              </Button>
            );
          })}
          <Hint>{t`A second way is for the day when the first one fails.`}</Hint>
        </div>
      )}
      {begun && (
        <Sheet title={t`Sign in through ${provider} too`} onClose={() => setBegun(null)}>
          <Linking
            begun={begun}
            beginning={begin.isPending}
            onAgain={() => begin.mutate(begun.provider)}
            onDone={() => {
              setBegun(null);
              void queries.invalidateQueries({ queryKey: IDENTITIES });
            }}
          />
        </Sheet>
      )}
    </Page>
  );
}

/** `alone`: without it one could not sign in any more. */
function Identity({ identity, alone }: { identity: IdentityOut; alone: boolean }) {
  const { t } = useLingui();
  const say = useSay();
  const fresh = useFresh();
  const [asking, setAsking] = useState(false);
  const name = NAMES[identity.provider] ?? t`By a name`;
  const remove = useMutation({
    mutationFn: () => fresh(() => unlink({ path: { provider: identity.provider as ProviderName } })),
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
        icon={MARKS[identity.provider]}
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
