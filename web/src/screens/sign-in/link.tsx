import { useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { data, openLink, ways as waysIn } from "../../api";
import { open } from "../../api/open";
import { Problem } from "../../api/problem";
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
  return (
    <main className="safe mx-auto flex min-h-(--screen) max-w-md flex-col justify-center gap-8">
      <title>{t`Another way to sign in`}</title>
      <Mark />
      {ticket ? <Asking ticket={ticket} /> : <Done said={new URLSearchParams(hash.slice(1))} />}
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
  const [refused, setRefused] = useState(false);
  if (caged) return <Elsewhere address={window.location.href} />;
  if (refused)
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
      <Button wide onClick={() => setRefused(true)}>
        {t`This is not mine`}
      </Button>
    </div>
  );
}

function Done({ said }: { said: URLSearchParams }) {
  const { t } = useLingui();
  const ways = useQuery({ queryKey: ["ways"], queryFn: () => data(waysIn({ client: open })), staleTime: 60_000 });
  const texts: Record<string, [string, string]> = {
    linked: [t`Done`, t`From now on you can sign in this way too.`],
    taken: [
      t`This is another account`,
      t`Somebody signs in this way already. If that is you as well, the app can make one account of the two.`,
    ],
    another_linked: [t`There is one already`, t`Your account has another one of this kind. Remove that one first.`],
    expired: [t`That took too long`, t`Make a new link in the app.`],
    denied: [t`Nothing was done`, t`You did not confirm it there.`],
  };
  const failed: [string, string] = [
    t`That did not work`,
    t`It could not be found out who you are. Make a new link in the app and try again.`,
  ];
  const [title, text] = texts[said.get("linked") ?? said.get("sign_in_error") ?? ""] ?? failed;
  const app = ways.data?.app;
  return (
    <Say title={title}>
      {text}
      <a className="button mt-4 w-full" data-look="primary" href={app ? `${app}?startapp=account` : "/account"}>
        {app ? t`Back to Telegram` : t`Back to the app`}
      </a>
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
