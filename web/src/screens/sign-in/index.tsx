import { useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { data, ways as waysIn } from "../../api";
import { open } from "../../api/open";
import { type SignedOut, startAuth, type Why } from "../../auth/session";
import { useWords } from "../../i18n/words";
import { useDay } from "../../lib/evening";
import { close, inTelegram } from "../../telegram";
import { Button } from "../../ui/button";
import { Failed, Skeleton } from "../../ui/screen";
import { tooOften } from "../account/say";
import { WORDS as ACCOUNT_WORDS } from "../account/words";
import { ByName } from "./by-name";
import { invitation } from "./invitation";
import { Page } from "./page";
import { Providers } from "./providers";
import { WORDS } from "./words";

const SAID = "rounded-tile bg-card p-4";

/** What is wrong with the launch itself stays so however often it is asked. */
const FINAL: readonly Why[] = ["expired", "no_init_data", "refused", "blocked"];

export default function SignInScreen({ said }: { said: SignedOut }) {
  useWords(WORDS);
  return inTelegram() ? <FromTelegram {...said} /> : <InBrowser {...said} />;
}

function About() {
  const { t } = useLingui();
  return (
    <>
      <h1 className="text-l font-bold">{t`Artel Billiards`}</h1>
      <p className="text-hint">
        {invitation()
          ? t`You are called to a table. Sign in, and you are at it.`
          : t`Keeps the score, the order and the money of an evening of Russian billiards.`}
      </p>
    </>
  );
}

/** There one is signed in by the launch itself; who sees this was not. */
function FromTelegram({ why, waitMs }: SignedOut) {
  const { t } = useLingui();
  const anew = t`Close the app and open it from the bot again.`;
  const other: [string, ReactNode] = [t`Signing in did not work`, anew];
  const texts: Partial<Record<Why, [string, ReactNode]>> = {
    new: [t`You have signed out`, null],
    expired: [t`This launch has expired`, anew],
    no_init_data: [
      t`Telegram did not say who you are`,
      t`Close the app and open it by the button in the chat with the bot, left of where one writes.`,
    ],
    unreachable: [t`The server does not answer`, t`Check the connection and try again. Nothing is lost.`],
    blocked: [t`This account is blocked`, t`If that is a mistake, write to whoever runs this bot.`],
    too_often: [t`Not so fast`, <TooOften key="wait" waitMs={waitMs} />],
  };
  const [title, text] = texts[why] ?? other;
  const final = FINAL.includes(why);
  return (
    <Page
      title={t`Artel Billiards`}
      heading={
        <div role="alert" className="flex flex-col gap-3">
          <h1 className="text-l font-bold">{title}</h1>
          {text && <p>{text}</p>}
        </div>
      }
    >
      <Button look="primary" wide onClick={() => (final ? close() : void startAuth())}>
        {final ? t`Close` : why === "new" ? t`Sign in` : t`Try again`}
      </Button>
    </Page>
  );
}

function InBrowser(said: SignedOut) {
  const { t } = useLingui();
  return (
    <Page title={t`Artel Billiards`} heading={<About />}>
      <Doors {...said} />
    </Page>
  );
}

function Doors(said: SignedOut) {
  const { t } = useLingui();
  const ways = useQuery({ queryKey: ["ways"], queryFn: () => data(waysIn({ client: open })), staleTime: 60_000 });
  if (ways.isPending) return <Skeleton rows={2} />;
  if (ways.isError) return <Failed onAgain={() => void ways.refetch()} />;
  const { telegram, telegram_widget, google, dev, app } = ways.data;
  const none = !(telegram || telegram_widget || google || dev);
  return (
    <div className="flex flex-col gap-6">
      <Reason {...said} />
      <Providers ways={ways.data} />
      {dev && <ByName alone={!(telegram || telegram_widget || google)} />}
      {none && !app && <p className={SAID}>{t`Open the app from the bot in Telegram.`}</p>}
    </div>
  );
}

function Reason({ why, waitMs, deletesAt }: SignedOut) {
  const { t } = useLingui();
  const dayOf = useDay();
  if (why === "too_often") {
    return (
      <p role="alert" className={SAID}>
        <TooOften waitMs={waitMs} />
      </p>
    );
  }
  if (why === "leaving" && deletesAt) {
    const day = dayOf(deletesAt);
    return (
      <p
        role="status"
        className={SAID}
      >{t`The account will be deleted on ${day}. Sign in before that day to keep it.`}</p>
    );
  }
  const texts: Partial<Record<Why, string>> = {
    expired: t`The sign-in has expired: sign in again`,
    denied: t`You did not confirm it there, so you are not signed in.`,
    lost: t`That took too long, or began on another page. Sign in once more from here.`,
    provider: t`It could not be found out who you are. Try again later, or another way.`,
    unreachable: t`The server does not answer. Check the connection.`,
    blocked: t`This account is blocked. If that is a mistake, write to whoever runs this bot.`,
  };
  return texts[why] ? (
    <p role="alert" className={SAID}>
      {texts[why]}
    </p>
  ) : null;
}

/** A way back from a provider does not say for how long. */
function TooOften({ waitMs }: Pick<SignedOut, "waitMs">) {
  const { t } = useLingui();
  return waitMs ? <Wait seconds={waitMs / 1000} /> : t`That was too often. Try again a little later.`;
}

/** In the account's words, which are brought only when they are needed. */
function Wait({ seconds }: { seconds: number }) {
  useWords(ACCOUNT_WORDS);
  return tooOften(seconds);
}
