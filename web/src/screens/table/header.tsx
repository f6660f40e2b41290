import { Plural, useLingui } from "@lingui/react/macro";
import { useEffect, useState } from "react";
import { cn } from "../../lib/cn";
import { useEveningName } from "../../lib/evening";
import { withoutNet } from "../../lib/net";
import type { LiveState } from "../../live/socket";
import { inTelegram, useBackButton } from "../../telegram";
import { IconButton } from "../../ui/button";
import { BackIcon, PeopleIcon } from "../../ui/icons";
import { useGoBack } from "../../ui/screen";
import { useTableView } from "./context";
import { useLasting } from "./use-lasting";
import { useRulesLine } from "./words";

interface Props {
  live: LiveState;
  online: number;
}

export function TableHeader({ live, online }: Props) {
  const { t } = useLingui();
  const { view } = useTableView();
  const goBack = useGoBack();
  useBackButton(goBack);
  return (
    <header className="flex min-h-12 items-center gap-1">
      {!inTelegram() && (
        <IconButton label={t`Back`} onClick={goBack} className="-ms-3 text-accent">
          <BackIcon />
        </IconButton>
      )}
      <div className="min-w-0 grow">
        <h1 dir="auto" className="truncate font-bold">
          {useEveningName()(view.doc)}
        </h1>
        <p className="truncate text-s text-hint">{useRulesLine()}</p>
      </div>
      <Connection live={live} online={online} pending={view.pending} />
    </header>
  );
}

function useOffline(): boolean {
  const [offline, setOffline] = useState(withoutNet);
  useEffect(() => {
    const look = (): void => setOffline(withoutNet());
    window.addEventListener("online", look);
    window.addEventListener("offline", look);
    return () => {
      window.removeEventListener("online", look);
      window.removeEventListener("offline", look);
    };
  }, []);
  return offline;
}

function Connection({ live, online, pending }: { live: LiveState; online: number; pending: number }) {
  const { t } = useLingui();
  const away = useLasting(live !== "live");
  const stuck = useLasting(pending > 0);
  const offline = useOffline();
  const lost = away || offline;
  return (
    <div
      role="status"
      data-live={lost ? "no" : live}
      className="flex shrink-0 flex-col items-end ps-2 text-s text-hint"
    >
      <span className="flex items-center gap-1.5">
        <span aria-hidden="true" className={cn("size-2.5 rounded-full", lost ? "bg-minus" : "bg-plus")} />
        {offline ? (
          t`no network`
        ) : away ? (
          t`reconnecting…`
        ) : (
          <>
            <span className="max-[27rem]:sr-only">
              <Plural value={Math.max(1, online)} one="# here" other="# here" />
            </span>
            <span aria-hidden="true" className="figures flex items-center gap-0.5 min-[27rem]:hidden">
              {Math.max(1, online)}
              <PeopleIcon className="size-4" />
            </span>
          </>
        )}
      </span>
      {stuck && (
        <span>
          <Plural value={pending} one="# not sent yet" other="# not sent yet" />
        </span>
      )}
    </div>
  );
}
