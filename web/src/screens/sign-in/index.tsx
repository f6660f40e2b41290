import { useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
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
import { Mark } from "./mark";
import { Providers } from "./providers";
import { WORDS } from "./words";

/** What is wrong with the launch itself stays so however often it is asked. */
const FINAL: readonly Why[] = ["expired", "no_init_data", "refused", "blocked"];

export default function SignInScreen({ said }: { said: SignedOut }) {
  useWords(WORDS);
  const { t } = useLingui();
  return (
    <main className="safe mx-auto flex min-h-(--screen) max-w-md flex-col justify-center gap-8">
      <title>{t`Artel Billiards`}</title>
      <div className="flex flex-col gap-3">
        <Mark />
        <h1 className="text-l font-bold">{t`Artel Billiards`}</h1>
        <p className="text-hint">{t`Keeps the score, the order and the money of an evening of Russian billiards.`}</p>
      </div>
      {inTelegram() ? <FromTelegram {...said} /> : <InBrowser {...said} />}
    </main>
  );
}

function FromTelegram({ why, waitMs }: SignedOut) {
  const { t } = useLingui();
  const texts: Partial<Record<Why, string>> = {
    expired: t`This launch has expired. Close the app and open it again from the bot.`,
    no_init_data: t`Telegram did not say who you are. Open the app from the bot's menu button.`,
    unreachable: t`The server does not answer. Check the connection.`,
    blocked: t`This account is blocked. If that is a mistake, write to whoever runs this bot.`,
  };
  const final = FINAL.includes(why);
  const refused = t`Signing in did not work. Close the app and open it again from the bot.`;
  return (
    <div className="flex flex-col gap-4">
      {why === "too_often" ? (
        <TooOften waitMs={waitMs} />
      ) : (
        <p role="alert">{why === "new" ? "" : (texts[why] ?? refused)}</p>
      )}
      <Button look="primary" wide onClick={() => (final ? close() : void startAuth())}>
        {final ? t`Close` : t`Try again`}
      </Button>
    </div>
  );
}

function InBrowser(said: SignedOut) {
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
      {none && !app && <p>{t`Open the app from the bot in Telegram.`}</p>}
    </div>
  );
}

function Reason({ why, waitMs, deletesAt }: SignedOut) {
  const { t } = useLingui();
  const dayOf = useDay();
  if (why === "too_often") return <TooOften waitMs={waitMs} />;
  if (why === "leaving" && deletesAt) {
    const day = dayOf(deletesAt);
    return <p role="status">{t`The account will be deleted on ${day}. Sign in before that day to keep it.`}</p>;
  }
  const texts: Partial<Record<Why, string>> = {
    expired: t`The sign-in has expired: sign in again`,
    denied: t`You did not confirm it there, so you are not signed in.`,
    lost: t`That took too long, or began on another page. Sign in once more from here.`,
    provider: t`It could not be found out who you are. Try again later, or another way.`,
    unreachable: t`The server does not answer. Check the connection.`,
    blocked: t`This account is blocked. If that is a mistake, write to whoever runs this bot.`,
  };
  return texts[why] ? <p role="alert">{texts[why]}</p> : null;
}

/** A way back from a provider does not say for how long. */
function TooOften({ waitMs }: Pick<SignedOut, "waitMs">) {
  const { t } = useLingui();
  return (
    <p role="alert">{waitMs ? <Wait seconds={waitMs / 1000} /> : t`That was too often. Try again a little later.`}</p>
  );
}

/** In the account's words, which are brought only when they are needed. */
function Wait({ seconds }: { seconds: number }) {
  useWords(ACCOUNT_WORDS);
  return tooOften(seconds);
}
