import { useLingui } from "@lingui/react/macro";
import type { ReactNode } from "react";
import type { WaysOut } from "../../api/generated";
import { leaveFor, leaveForWidget } from "../../auth/away";
import { isInsideAnotherApp } from "../../lib/webview";
import { Button } from "../../ui/button";
import { Elsewhere } from "./elsewhere";
import { invitation } from "./invitation";
import { GoogleLogo, TelegramLogo } from "./logos";

type Look = "primary" | "plain" | "quiet";

const here = (): string => window.location.pathname + window.location.search;

/** Whoever leaves for a provider is known again by what this tab keeps. */
function canLeave(): boolean {
  try {
    return Boolean(window.sessionStorage);
  } catch {
    return false;
  }
}

/** The ways in that are open. One of them is the way from here; a second one through Telegram says for whom it is. */
export function Providers({ ways }: { ways: WaysOut }) {
  const { t } = useLingui();
  const caged = isInsideAnotherApp();
  const telegram = Boolean(ways.telegram || ways.telegram_widget);
  if (!canLeave() && (telegram || ways.google)) return <NothingKept app={ways.app} />;
  const { app } = ways;
  return (
    <div className="flex flex-col gap-3 empty:hidden">
      {app && (caged || !telegram) && (
        <Told by={t`You need not sign in there: Telegram knows you.`}>
          <InTheApp app={app} look="primary" />
        </Told>
      )}
      {telegram && !(app && caged) && <ThroughTelegram ways={ways} look="primary" />}
      {ways.google && !caged && <ThroughGoogle />}
      {ways.google && caged && <Elsewhere google address={window.location.href} />}
      {telegram && app && (
        <Told above by={caged ? t`No Telegram on this phone?` : t`Inside Telegram you need not sign in`}>
          {caged ? <ThroughTelegram ways={ways} look="quiet" /> : <InTheApp app={app} look="quiet" />}
        </Told>
      )}
    </div>
  );
}

function Told({ by, above = false, children }: { by: string; above?: boolean; children: ReactNode }) {
  const words = <p className="text-center text-s text-hint">{by}</p>;
  return (
    <div className={above ? "mt-3 flex flex-col" : "mb-1 flex flex-col gap-2"}>
      {above && words}
      {children}
      {!above && words}
    </div>
  );
}

/** Whoever was invited to a table is led there. */
function InTheApp({ app, look }: { app: string; look: Look }) {
  const { t } = useLingui();
  const code = invitation();
  return (
    <a className="button w-full" data-look={look} href={code ? `${app}?startapp=${code}` : app}>
      {look === "primary" && <TelegramLogo />}
      {t`Open in Telegram`}
    </a>
  );
}

function ThroughTelegram({ ways, look }: { ways: WaysOut; look: Look }) {
  const { t } = useLingui();
  const inside = (
    <>
      {look === "primary" && <TelegramLogo />}
      {t`Sign in with Telegram`}
    </>
  );
  if (ways.telegram) {
    return (
      <Button look={look} wide onClick={() => void leaveFor("telegram", here())}>
        {inside}
      </Button>
    );
  }
  return (
    <a
      className="button w-full"
      data-look={look}
      href={ways.telegram_widget + encodeURIComponent(window.location.origin + here())}
      onClick={leaveForWidget}
    >
      {inside}
    </a>
  );
}

function ThroughGoogle() {
  const { t } = useLingui();
  return (
    <Button wide onClick={() => void leaveFor("google", here())}>
      <GoogleLogo />
      {t`Sign in with Google`}
    </Button>
  );
}

function NothingKept({ app }: { app: string | null }) {
  const { t } = useLingui();
  return (
    <div className="flex flex-col gap-4">
      <p role="alert" className="rounded-tile bg-card p-4">
        {t`This browser keeps nothing for this page, and without that nobody can sign in. Allow it in the browser's settings.`}
      </p>
      {app && <InTheApp app={app} look="primary" />}
      <Button wide look={app ? "plain" : "primary"} onClick={() => window.location.reload()}>
        {t`Try again`}
      </Button>
    </div>
  );
}
