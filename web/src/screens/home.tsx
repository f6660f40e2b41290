import { Plural, useLingui } from "@lingui/react/macro";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Link, useNavigate } from "react-router";
import { data, listSessions } from "../api";
import type { SessionListed } from "../api/types";
import { useMe } from "../auth/hooks";
import { useDay, useEveningName, useWhen } from "../lib/evening";
import { Avatar } from "../ui/avatar";
import { Button } from "../ui/button";
import { NextIcon, PlusIcon } from "../ui/icons";
import { List } from "../ui/row";
import { Empty, Failed, Screen, Section, Skeleton } from "../ui/screen";
import { Sheet } from "../ui/sheet";
import { Tabs } from "../ui/tabs";
import { CodeForm } from "./code-form";

export default function HomeScreen() {
  const { t } = useLingui();
  const navigate = useNavigate();
  const [joining, setJoining] = useState(false);
  useEffect(() => {
    // The table is where one goes next: have it at hand.
    const timer = setTimeout(() => void import("./table"), 1500);
    return () => clearTimeout(timer);
  }, []);
  return (
    <Screen title={t`Evenings`} footer={<Tabs />}>
      <Leaving />
      <div className="flex flex-wrap gap-2">
        <Button look="primary" className="flex-[1_1_9rem] px-2 whitespace-nowrap" onClick={() => navigate("/new")}>
          <PlusIcon className="size-5 shrink-0 max-[24rem]:hidden" />
          {t`New evening`}
        </Button>
        <Button className="flex-[1_1_9rem] px-2 whitespace-nowrap" onClick={() => setJoining(true)}>
          {t`Join by code`}
        </Button>
      </div>
      <Open />
      <Finished />
      {joining && <JoinSheet onClose={() => setJoining(false)} />}
    </Screen>
  );
}

/** Whoever has asked to be deleted is here because he signed in once more. */
function Leaving() {
  const { t } = useLingui();
  const { deletes_at } = useMe();
  const day = useDay();
  if (!deletes_at) return null;
  const when = day(deletes_at);
  return (
    <Link to="/account" className="flex min-h-14 items-center gap-2 rounded-tile bg-card px-4 py-3 active:bg-well">
      <span className="grow">{t`This account will be deleted on ${when}. Keep it?`}</span>
      <NextIcon className="size-4 shrink-0 text-hint" />
    </Link>
  );
}

function Open() {
  const { t } = useLingui();
  const open = useQuery({
    queryKey: ["sessions", "open"],
    queryFn: () => data(listSessions({ query: { state: "open" } })),
    refetchInterval: 15_000,
  });
  if (open.isPending) return <Skeleton rows={2} />;
  if (open.isLoadingError) return <Failed onAgain={() => void open.refetch()} />;
  if (open.data.items.length === 0) {
    return <Empty>{t`No evening is running. Start one, or join a friend's by its code.`}</Empty>;
  }
  return (
    <Section title={t`Now`}>
      <List>
        {open.data.items.map((item) => (
          <Evening key={item.id} evening={item} />
        ))}
      </List>
    </Section>
  );
}

function Finished() {
  const { t } = useLingui();
  const pages = useInfiniteQuery({
    queryKey: ["sessions", "finished"],
    queryFn: ({ pageParam }) => data(listSessions({ query: { state: "finished", cursor: pageParam } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });
  const items = pages.data?.pages.flatMap((page) => page.items) ?? [];
  if (items.length === 0) return null;
  return (
    <Section title={t`Before`}>
      <List>
        {items.map((item) => (
          <Evening key={item.id} evening={item} />
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

const FACES = 3;

function Evening({ evening }: { evening: SessionListed }) {
  const name = useEveningName();
  const when = useWhen();
  const me = useMe();
  const others = evening.players.filter(({ user_id, active }) => user_id !== me.id && active);
  return (
    <li>
      <Link to={`/t/${evening.id}`} className="flex min-h-18 items-center gap-3 px-4 py-2 active:bg-well">
        <span className="min-w-0 grow">
          <span dir="auto" className="block truncate font-bold">
            {name(evening)}
          </span>
          <span className="block truncate text-s text-hint">
            {when(evening.updated_at)} · <Plural value={evening.players.length} one="# player" other="# players" />
          </span>
        </span>
        <span className="flex shrink-0 -space-x-2" aria-hidden="true">
          {others.slice(0, FACES).map(({ id, name }) => (
            <Avatar key={id} id={id} name={name} className="size-8 border-2 border-card max-[24rem]:hidden" />
          ))}
        </span>
        <NextIcon className="size-4 shrink-0 text-hint" />
      </Link>
    </li>
  );
}

function JoinSheet({ onClose }: { onClose: () => void }) {
  const { t } = useLingui();
  const navigate = useNavigate();
  return (
    <Sheet title={t`Join by code`} onClose={onClose}>
      <CodeForm onCode={(code) => navigate(`/join/${code}`)} />
    </Sheet>
  );
}
