import { Plural, useLingui } from "@lingui/react/macro";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate } from "react-router";
import { data, gameHistory, playerFigures } from "../../api";
import type { HistoryItem, KindFigures, PlayerFigures } from "../../api/generated";
import { useMe } from "../../auth/hooks";
import type { GameKind } from "../../engine/types";
import { cn } from "../../lib/cn";
import { useWhen } from "../../lib/evening";
import { signedMoney } from "../../lib/money";
import { GAMES } from "../../rules/words";
import { Button, IconButton } from "../../ui/button";
import { Choices } from "../../ui/form";
import { SettingsIcon } from "../../ui/icons";
import { List, Row } from "../../ui/row";
import { Empty, Failed, Screen, Section, Skeleton } from "../../ui/screen";
import { Tabs } from "../../ui/tabs";
import { Signed } from "../table/tile";

export default function StatsScreen() {
  const { t } = useLingui();
  const me = useMe();
  const navigate = useNavigate();
  return (
    <Screen
      title={me.display_name}
      aside={
        <IconButton label={t`Settings`} onClick={() => void navigate("/account")}>
          <SettingsIcon />
        </IconButton>
      }
      footer={<Tabs />}
    >
      <MyFigures />
      <History />
    </Screen>
  );
}

function MyFigures() {
  const { t, i18n } = useLingui();
  const me = useMe();
  const [kind, setKind] = useState<GameKind | "all">("all");
  const figures = useQuery({
    queryKey: ["figures", me.id],
    queryFn: () => data(playerFigures({ path: { user_id: me.id } })),
  });
  if (figures.isPending) return <Skeleton rows={2} />;
  if (figures.isLoadingError) return <Failed onAgain={() => void figures.refetch()} />;
  const played = figures.data.kinds.filter(({ games }) => games > 0);
  const shown = kind === "all" ? figures.data : (played.find(({ game }) => game === kind) ?? figures.data);
  return (
    <section className="flex flex-col gap-3">
      {played.length > 1 && (
        <Choices<GameKind | "all">
          legend={t`Game`}
          hideLegend
          value={kind}
          choices={[
            { value: "all", label: t`All games` },
            ...played.map(({ game }) => ({ value: game, label: i18n._(GAMES[game]) })),
          ]}
          onChange={setKind}
        />
      )}
      <Numbers figures={shown} />
    </section>
  );
}

/** A longer sum has a line of its own. */
const SUM_OF_TWO_CELLS = 9;

function Numbers({ figures }: { figures: KindFigures | PlayerFigures }) {
  const { t, i18n } = useLingui();
  const share = figures.games > 0 ? Math.round((100 * figures.wins) / figures.games) : 0;
  const balance = Object.entries(figures.balance ?? {}).filter(([, amount]) => amount !== 0);
  const cells: [string, number | string][] = [
    [t`Games`, figures.games],
    [t`Won`, figures.wins],
    [t`Won, %`, share],
    [t`Balls`, figures.balls],
    [t`Own balls`, figures.own],
    [t`Fouls`, figures.fouls],
    [t`Best series`, figures.best_series],
  ];
  return (
    <dl className="grid grid-cols-[repeat(auto-fit,minmax(max(6rem,30%),1fr))] gap-2">
      {cells.map(([label, value]) => (
        <div key={label} className="flex flex-col-reverse rounded-tile bg-card px-4 py-3">
          <dt className="text-s text-hint">{label}</dt>
          <dd className="figures text-l font-bold">{value}</dd>
        </div>
      ))}
      {balance.map(([currency, amount]) => (
        <div
          key={currency}
          className={cn(
            "flex flex-col-reverse rounded-tile bg-card px-4 py-3",
            signedMoney(amount, currency, i18n.locale).length > SUM_OF_TWO_CELLS ? "col-span-full" : "col-span-2",
          )}
        >
          <dt className="text-s text-hint">{t`Won and lost at the table`}</dt>
          <dd className="text-l">
            <Signed value={amount}>{signedMoney(amount, currency, i18n.locale)}</Signed>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function History() {
  const { t } = useLingui();
  const me = useMe();
  const pages = useInfiniteQuery({
    queryKey: ["history", me.id],
    queryFn: ({ pageParam }) => data(gameHistory({ query: { player: me.id, cursor: pageParam } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });
  const items = pages.data?.pages.flatMap((page) => page.items) ?? [];
  if (pages.isPending) return <Skeleton rows={3} />;
  if (pages.isLoadingError) return <Failed onAgain={() => void pages.refetch()} />;
  if (items.length === 0) return <Empty>{t`Your games will show up here.`}</Empty>;
  return (
    <Section title={t`My games`}>
      <List>
        {items.map((item) => (
          <Played key={item.game_id} item={item} />
        ))}
      </List>
      {pages.hasNextPage && (
        <Button look="quiet" busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
          {t`Show more`}
        </Button>
      )}
    </Section>
  );
}

function Played({ item }: { item: HistoryItem }) {
  const { t, i18n } = useLingui();
  const when = useWhen();
  const outcome = { win: t`won`, loss: t`lost`, draw: t`a draw`, abandoned: t`called off` }[item.outcome];
  const others = item.players.map(({ display_name }) => display_name ?? t`somebody`).join(", ");
  const row = (
    <Row
      title={
        <>
          {i18n._(GAMES[item.game])} · {outcome}
        </>
      }
      note={`${when(item.finished_at)} · ${others}`}
      aside={
        item.money ? (
          <Signed value={item.money}>{signedMoney(item.money, item.currency, i18n.locale)}</Signed>
        ) : (
          <span className="figures shrink-0 text-hint">
            <Plural value={Math.abs(item.score)} one={`${item.score} ball`} other={`${item.score} balls`} />
          </span>
        )
      }
    />
  );
  return <li>{item.session ? <Link to={`/t/${item.session.id}`}>{row}</Link> : row}</li>;
}
