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
import { Page } from "./page";
import { WORDS } from "./words";

const PROVIDERS = { telegram: "Telegram", google: "Google" } as const;
const TICKET = /^#([\w-]{40,})$/;

/** The page behind the link that the app has made: in any browser, whoever is signed in there. */
export default function LinkScreen() {
  useWords(WORDS);
  const [hash] = useState(window.location.hash);
  const ticket = TICKET.exec(hash)?.[1];
  const said = new URLSearchParams(hash.slice(1));
  const word = said.get("consent");
  if (ticket) return <Asking ticket={ticket} />;
  return word ? <Consent word={word} /> : <Done said={said} />;
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
        text={t`Close this page. Whoever sent you this link wanted you in an account of theirs.`}
      />
    );
  if (opened.isPending)
    return (
      <Say title={t`Another way to sign in`}>
        <Skeleton rows={2} />
      </Say>
    );
  if (opened.isError) {
    const gone = opened.error instanceof Problem && opened.error.status === 404;
    if (!gone)
      return (
        <Say title={t`Another way to sign in`}>
          <Failed onAgain={() => void opened.refetch()} />
        </Say>
      );
    return (
      <Say
        title={t`This link is not good any more`}
        text={t`It opens once, for ten minutes. Make a new one in the app.`}
      >
        <Back />
      </Say>
    );
  }
  const { name, match_code, url } = opened.data;
  const provider = PROVIDERS[opened.data.provider];
  return (
    <Say
      title={t`Sign in through ${provider} too?`}
      text={
        <>
          {t`Account:`} <b dir="auto">{name}</b>
        </>
      }
    >
      <div className="mb-2 flex flex-col items-center gap-1 rounded-tile bg-card p-4">
        <span className="text-[3.5rem] leading-tight font-bold tabular-nums">{match_code}</span>
        <span className="text-center text-s text-hint">{t`The app shows the same number, if this is your link`}</span>
      </div>
      <Button look="primary" wide onClick={() => window.location.assign(url)}>
        {t`The number is the same: go on`}
      </Button>
      <Button wide busy={refusal.busy} onClick={refusal.say}>
        {t`This is not mine`}
      </Button>
    </Say>
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
    <Say title={title} text={text}>
      <Back />
    </Say>
  );
}

function Back() {
  const { t } = useLingui();
  const ways = useQuery({ queryKey: ["ways"], queryFn: () => data(waysIn({ client: open })), staleTime: 60_000 });
  const app = ways.data?.app;
  return (
    <a className="button w-full" data-look="primary" href={app ? `${app}?startapp=account` : "/account/ways"}>
      {app ? t`Back to Telegram` : t`Back to the app`}
    </a>
  );
}

/** Whoever has proven an account that is there already may give it away; nobody else can, and nobody by mistake. */
function Consent({ word }: { word: string }) {
  const { t } = useLingui();
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
  if (refusal.said) {
    return <Say title={t`Nothing was done`} text={t`Both accounts stay as they are. You may close this page.`} />;
  }
  if (asked.isPending)
    return (
      <Say title={t`Another way to sign in`}>
        <Skeleton rows={2} />
      </Say>
    );
  if (asked.isError) {
    return (
      <Say title={t`That took too long`} text={t`Make a new link in the app.`}>
        <Back />
      </Say>
    );
  }
  const { name, other, agreed } = asked.data;
  if (agreed) {
    return (
      <Say title={t`One thing is left`} text={t`Confirm it in the app where you began.`}>
        <Back />
      </Say>
    );
  }
  return (
    <Say
      title={t`This is another account`}
      text={
        <>
          {t`This way leads into the account “${other}”. It can become part of the account “${name}”: with its evenings, friends and rules. It cannot be undone.`}
          <span className="mt-3 block">{t`Agree only if both are yours and you began this yourself.`}</span>
        </>
      }
    >
      <Button wide busy={refusal.busy} onClick={refusal.say}>
        {t`Keep it as it is`}
      </Button>
      <Button wide look="danger" busy={give.isPending} onClick={() => give.mutate()}>
        {t`Give the account away`}
      </Button>
    </Say>
  );
}

function Say({ title, text, children }: { title: string; text?: ReactNode; children?: ReactNode }) {
  const { t } = useLingui();
  return (
    <Page
      title={t`Another way to sign in`}
      heading={
        <div className="flex flex-col gap-3" role="status">
          <h1 className="text-l font-bold">{title}</h1>
          {text && <p>{text}</p>}
        </div>
      }
    >
      <div className="flex flex-col gap-3">{children}</div>
    </Page>
  );
}
