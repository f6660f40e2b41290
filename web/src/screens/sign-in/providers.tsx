import { useLingui } from "@lingui/react/macro";
import type { WaysOut } from "../../api/generated";
import { leaveFor, leaveForWidget } from "../../auth/away";
import { isInsideAnotherApp } from "../../lib/webview";
import { Button } from "../../ui/button";
import { Elsewhere } from "./elsewhere";

const here = (): string => window.location.pathname + window.location.search;

/** The ways in that are open, the likeliest first. */
export function Providers({ ways }: { ways: WaysOut }) {
  const { t } = useLingui();
  const widget = ways.telegram_widget;
  const caged = isInsideAnotherApp();
  return (
    <div className="flex flex-col gap-3 empty:hidden">
      {ways.app && (
        <a className="button w-full" data-look="primary" href={ways.app}>
          {t`Open in Telegram`}
        </a>
      )}
      {ways.telegram && (
        <Button look={ways.app ? "plain" : "primary"} wide onClick={() => void leaveFor("telegram", here())}>
          {t`Sign in through Telegram`}
        </Button>
      )}
      {!ways.telegram && widget && (
        <a
          className="button w-full"
          data-look={ways.app ? "plain" : "primary"}
          href={widget + encodeURIComponent(window.location.origin + here())}
          onClick={leaveForWidget}
        >
          {t`Sign in through Telegram`}
        </a>
      )}
      {ways.google && !caged && (
        <Button wide onClick={() => void leaveFor("google", here())}>
          {t`Sign in through Google`}
        </Button>
      )}
      {ways.google && caged && <Elsewhere google address={window.location.href} />}
    </div>
  );
}
