import { useLingui } from "@lingui/react/macro";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { consent as askConsent, data, openLink, refuseLink, ways as waysIn } from "../../api";
import { open } from "../../api/open";
import { Problem, worthRetrying } from "../../api/problem";
import { useWords } from "../../i18n/words";
import { isInsideAnotherApp } from "../../lib/webview";
import { Button } from "../../ui/button";
import { Failed, Skeleton } from "../../ui/screen";
import { Elsewhere } from "./elsewhere";
import { Mark } from "./mark";
import { WORDS } from "./words";

const PROVIDERS = { telegram: "Telegram", google: "Google" } as const;
const TICKET = /^#([\w-]{40,})$/;

/** The page behind the link that the app has made: in any browser, whoever is signed in there. */
export default function LinkScreen() {
  useWords(WORDS);
  const { t } = useLingui();
  const [hash] = useState(window.location.hash);
  const ticket = TICKET.exec(hash)?.[1];
  const said = new URLSearchParams(hash.slice(1));
  const word = said.get("consent");
  return (
    <main className="safe mx-auto flex min-h-(--screen) max-w-md flex-col justify-center gap-8">
      <title>{t`Another way to sign in`}</title>
      <Mark />
      {ticket ? <Asking ticket={ticket} /> : word ? <Consent word={word} /> : <Done said={said} />}
    </main>
  );
}

function Asking({ ticket }: { ticket: string }) {
  const { t } = useLingui();
  const caged = isInsideAnotherApp();
  const opened = useQuery({
    queryKey: ["link", ticket],
    queryFn: () => data(openLink({ client: open, body: { ticket } })),
    enabled: !caged,
    staleTime: Number.POSITIVE_INFINITY, // it opens once
    retry: false,
  });
  const refusal = useRefusal(ticket);
  if (caged) {
    return (
      <Say title={t`Another way to sign in`}>
        <Elsewhere address={window.location.href} />
      </Say>
    );
  }
  if (refusal.said)
    return (
      <Say
        title={t`Nothing was done`}
      >{t`Close this page. Whoever sent you this link wanted you in an account of theirs.`}</Say>
    );
  if (opened.isPending) return <Skeleton rows={2} />;
  if (opened.isError) {
    const gone = opened.error instanceof Problem && opened.error.status === 404;
    if (!gone) return <Failed onAgain={() => void opened.refetch()} />;
    return (
      <Say
        title={t`This link is not good any more`}
      >{t`It opens once, for ten minutes. Make a new one in the app.`}</Say>
    );
  }
  const { name, match_code, url } = opened.data;
  const provider = PROVIDERS[opened.data.provider];
  return (
    <div className="flex flex-col gap-5">
      <h1 className="text-l font-bold">{t`Sign in through ${provider} too?`}</h1>
      <p>
        {t`Account:`} <b dir="auto">{name}</b>
      </p>
      <div className="flex flex-col items-center gap-1 rounded-tile bg-card p-4">
        <span className="text-[3.5rem] leading-tight font-bold tabular-nums">{match_code}</span>
        <span className="text-center text-s text-hint">{t`The app shows the same number, if this is your link`}</span>
      </div>
      <Button look="primary" wide onClick={() => window.location.assign(url)}>
        {t`The number is the same: go on`}
      </Button>
      <Button wide busy={refusal.busy} onClick={refusal.say}>
        {t`This is not mine`}
      </Button>
    </div>
  );
}

/** So that the app hears of it. Whatever came of that, nothing was done here. */
function useRefusal(word: string) {
  const told = useMutation({
    mutationFn: () => refuseLink({ client: open, body: { word } }),
    retry: (count, error) => count < 3 && worthRetrying(error),
  });
  return { said: told.isSuccess || told.isError, busy: told.isPending, say: () => told.mutate() };
}

function Done({ said }: { said: URLSearchParams }) {
  const { t } = useLingui();
  const ways = useQuery({ queryKey: ["ways"], queryFn: () => data(waysIn({ client: open })), staleTime: 60_000 });
  const texts: Record<string, [string, string]> = {
    linked: [t`Done`, t`From now on you can sign in this way too.`],
    another_linked: [t`There is one already`, t`Your account has another one of this kind. Remove that one first.`],
    expired: [t`That took too long`, t`Make a new link in the app.`],
    denied: [t`Nothing was done`, t`You did not confirm it there.`],
  };
  const failed: [string, string] = [
    t`That did not work`,
    t`It could not be found out who you are. Make a new link in the app and try again.`,
  ];
  const [title, text] = texts[said.get("linked") ?? ""] ?? failed;
  return (
    <Say title={title}>
      {text}
      <Back app={ways.data?.app ?? null} />
    </Say>
  );
}

function Back({ app }: { app: string | null }) {
  const { t } = useLingui();
  return (
    <a className="button mt-4 w-full" data-look="primary" href={app ? `${app}?startapp=account` : "/account"}>
      {app ? t`Back to Telegram` : t`Back to the app`}
    </a>
  );
}

/** Whoever has proven an account that is there already may give it away; nobody else can, and nobody by mistake. */
function Consent({ word }: { word: string }) {
  const { t } = useLingui();
  const ways = useQuery({ queryKey: ["ways"], queryFn: () => data(waysIn({ client: open })), staleTime: 60_000 });
  const refusal = useRefusal(word);
  const asked = useQuery({
    queryKey: ["consent", word],
    queryFn: () => data(askConsent({ client: open, body: { consent: word } })),
    retry: false,
  });
  const give = useMutation({
    mutationFn: () => data(askConsent({ client: open, body: { consent: word, agreed: true } })),
    onSuccess: () => asked.refetch(),
    onError: () => asked.refetch(),
  });
  if (refusal.said)
    return <Say title={t`Nothing was done`}>{t`Both accounts stay as they are. You may close this page.`}</Say>;
  if (asked.isPending) return <Skeleton rows={2} />;
  if (asked.isError) return <Say title={t`That took too long`}>{t`Make a new link in the app.`}</Say>;
  const { name, other, agreed } = asked.data;
  if (agreed) {
    return (
      <Say title={t`One thing is left`}>
        {t`Confirm it in the app where you began.`}
        <Back app={ways.data?.app ?? null} />
      </Say>
    );
  }
  return (
    <Say title={t`This is another account`}>
      <p>{t`This way leads into the account “${other}”. It can become part of the account “${name}”: with its evenings, friends and rules. It cannot be undone.`}</p>
      <p className="mt-2">{t`Agree only if both are yours and you began this yourself.`}</p>
      <div className="mt-4 flex flex-col gap-3">
        <Button wide busy={refusal.busy} onClick={refusal.say}>
          {t`Keep it as it is`}
        </Button>
        <Button wide look="danger" busy={give.isPending} onClick={() => give.mutate()}>
          {t`Give the account away`}
        </Button>
      </div>
    </Say>
  );
}

function Say({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="flex flex-col gap-3" role="status">
      <h1 className="text-l font-bold">{title}</h1>
      <div>{children}</div>
    </div>
  );
}
