import { useLingui } from "@lingui/react/macro";
import { lazy, Suspense, useMemo, useState } from "react";
import { useNavigate, useParams } from "react-router";
import { Broken } from "../../app/boundary";
import { shortNames } from "../../lib/names";
import type { LiveState } from "../../live/socket";
import { waitingAfter } from "../../live/view";
import { useSteadyScreen } from "../../telegram";
import { Button } from "../../ui/button";
import { Empty, Screen, Skeleton } from "../../ui/screen";
import { BottomBar } from "./bottom-bar";
import { Table, useNames, useTableView } from "./context";
import { DuelSides } from "./duel";
import { TableHeader } from "./header";
import { KolkhozTiles } from "./kolkhoz";
import { MoneyLine } from "./money-line";
import { NextGame } from "./next-game";
import { RackBar } from "./rack";
import { type Opened, type SheetName, Sheets, usePreloadedSheets } from "./sheets";
import { useLasting } from "./use-lasting";
import { useTable } from "./use-table";

const AGAIN_MS = 2000;

const load = () => import("./results");

/** The evening may end where there is no net: then its results come with it. */
const results = (): ReturnType<typeof load> =>
  load().catch(() => new Promise((again) => setTimeout(() => again(results()), AGAIN_MS)));
const Results = lazy(results);

export default function TableScreen() {
  const { t } = useLingui();
  const { id = "" } = useParams();
  const navigate = useNavigate();
  const { table, snapshot } = useTable(id);
  const { view, live, online, gone, outdated } = snapshot;
  const lost = useLasting(live === "waiting");
  const names = useMemo(() => shortNames(view?.players ?? []), [view?.players]);
  if (outdated) return <Broken text={t`The app has become newer than this page.`} />;
  if (gone) {
    return (
      <Screen title={t`An evening`} back>
        <Empty>{t`There is no such evening, or you are not in it. Ask for its code.`}</Empty>
        <Button wide onClick={() => navigate("/", { replace: true })}>
          {t`To my evenings`}
        </Button>
      </Screen>
    );
  }
  const soon = (
    <Screen title={t`An evening`} back>
      <Skeleton rows={4} />
      {lost && <p role="alert" className="text-center text-hint">{t`The server does not answer. Trying again…`}</p>}
    </Screen>
  );
  if (!view || !table) return soon;
  return (
    <Table value={{ view, names, post: table.post, sent: table.sent }}>
      <Suspense fallback={soon}>
        {view.finished ? <Results live={live} /> : <Playing live={live} online={online.length} />}
      </Suspense>
    </Table>
  );
}

function Playing({ live, online }: { live: LiveState; online: number }) {
  const { view } = useTableView();
  const [opened, setOpened] = useState<Opened>(null);
  useSteadyScreen();
  usePreloadedSheets();
  const open = (name: SheetName): void => setOpened({ name });
  const running = view.game?.state === "running";
  return (
    <div className="table-screen safe mx-auto flex min-h-(--screen) max-w-5xl flex-col gap-2">
      <title>{view.doc.name}</title>
      <div className="table-head flex flex-col gap-2">
        <TableHeader live={live} online={online} />
        {view.game && running && <RackBar game={view.game} />}
      </div>
      <main className="flex grow flex-col gap-2">
        {running && <Waiting />}
        {view.game && <Board onPlayer={(player) => setOpened({ name: "player", player })} />}
        {!running && (
          <NextGame
            onOrder={() => open("order")}
            onPlayers={() => open("players")}
            onFinish={() => open("finish")}
            onInvite={() => open("share")}
          />
        )}
      </main>
      <div className="table-foot sticky bottom-0 -mx-1 flex flex-col bg-page px-1 pb-[max(0.75rem,var(--inset-bottom))]">
        <MoneyLine onOpen={() => open("money")} />
        <BottomBar onMore={() => open("menu")} />
      </div>
      <Sheets opened={opened} onOpen={open} onClose={() => setOpened(null)} />
    </div>
  );
}

/** Whose turn at the table comes after this game. A low phone has no room for it: it is told between games. */
function Waiting() {
  const { t } = useLingui();
  const { view } = useTableView();
  const name = useNames();
  const waiting = view.rules.game === "kolkhoz" ? [] : waitingAfter(view, view.game?.sides?.flat() ?? []);
  if (waiting.length === 0) return null;
  return (
    <p dir="auto" className="truncate px-1 text-s text-hint [@media(max-height:43rem)]:hidden">
      {t`waiting: ${waiting.map(name).join(", ")}`}
    </p>
  );
}

function Board({ onPlayer }: { onPlayer: (player: string) => void }) {
  const { view } = useTableView();
  const { game, rules } = view;
  if (!game) return null;
  if (rules.game === "kolkhoz") return <KolkhozTiles game={game} rules={rules} onPlayer={onPlayer} />;
  return <DuelSides game={game} rules={rules} onPlayer={onPlayer} />;
}
