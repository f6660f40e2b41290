import { useLingui } from "@lingui/react/macro";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { Link } from "react-router";
import { acceptFriend, data, declineFriend, listNotifications, markNotificationsRead } from "../api";
import { worthRetrying } from "../api/problem";
import type { Notification } from "../api/types";
import { queries } from "../app/queries";
import { cn } from "../lib/cn";
import { useWhen } from "../lib/evening";
import { useFriends } from "../lib/friends";
import { Button } from "../ui/button";
import { Empty, Failed, Screen, Skeleton } from "../ui/screen";
import { Tabs } from "../ui/tabs";
import { toast } from "../ui/toast";

/** News about oneself lead to where one decides about that. */
const ABOUT_ONESELF: Partial<Record<string, string>> = {
  deletion_asked: "/account",
  export_ready: "/account/data",
  identity_changed: "/account/ways",
};

export default function InboxScreen() {
  const { t } = useLingui();
  const news = useQuery({ queryKey: ["notifications"], queryFn: () => data(listNotifications()), staleTime: 0 });
  const unread = news.data?.items.filter(({ read }) => !read).map(({ id }) => id) ?? [];
  useReadSoon(unread);
  return (
    <Screen title={t`News`} footer={<Tabs />}>
      {news.isPending && <Skeleton />}
      {news.isError && <Failed onAgain={() => void news.refetch()} />}
      {news.data?.items.length === 0 && (
        <Empty>{t`Nothing new. Results, invitations and friends will show up here.`}</Empty>
      )}
      {news.data && news.data.items.length > 0 && (
        <ul className="divide-y divide-line overflow-hidden rounded-tile bg-card">
          {news.data.items.map((item) => (
            <Item key={item.id} item={item} />
          ))}
        </ul>
      )}
    </Screen>
  );
}

const GLANCE_MS = 1500;

/** What was on the screen for a moment has been read. */
function useReadSoon(ids: string[]): void {
  const key = ids.join();
  useEffect(() => {
    if (!key) return;
    const timer = setTimeout(() => {
      void markNotificationsRead({ body: { ids: key.split(",") } })
        .then(() => queries.invalidateQueries({ queryKey: ["notifications"] }))
        .catch(() => undefined);
    }, GLANCE_MS);
    return () => clearTimeout(timer);
  }, [key]);
}

function Item({ item }: { item: Notification }) {
  const when = useWhen();
  const inside = (
    <>
      <span
        aria-hidden="true"
        className={cn("mt-2 size-2 shrink-0 rounded-full", item.read ? "bg-transparent" : "bg-accent")}
      />
      <span className="min-w-0 grow">
        <span dir="auto" className="block font-bold">
          {item.title}
        </span>
        <span dir="auto" className="block">
          {item.body}
        </span>
        <span className="block text-s text-hint">{when(item.created_at)}</span>
      </span>
    </>
  );
  const look = "flex gap-3 px-4 py-3";
  const target = "session_id" in item.data ? `/t/${item.data.session_id}` : ABOUT_ONESELF[item.kind];
  return (
    <li>
      {target ? (
        <Link to={target} className={cn(look, "active:bg-well")}>
          {inside}
        </Link>
      ) : (
        <div className={look}>{inside}</div>
      )}
      {item.kind === "friend_requested" && <Answer request={item.data.request_id} />}
    </li>
  );
}

/** Gone once it is answered, here or on the screen of friends. */
function Answer({ request }: { request: string }) {
  const { t } = useLingui();
  const friends = useFriends();
  const answer = useMutation({
    mutationFn: (answer: typeof acceptFriend | typeof declineFriend) => answer({ path: { request_id: request } }),
    onSuccess: () => {
      toast(t`Done`);
      return queries.invalidateQueries({ queryKey: ["friends"] });
    },
    onError: (error) =>
      toast(worthRetrying(error) ? t`The server does not answer` : t`This request has been answered already.`, true),
  });
  if (!friends.data?.incoming.some(({ id }) => id === request)) return null;
  return (
    <div className="flex gap-2 px-4 pb-3 ps-9">
      <Button look="primary" className="min-h-11" busy={answer.isPending} onClick={() => answer.mutate(acceptFriend)}>
        {t`Accept`}
      </Button>
      <Button
        className="min-h-11 bg-well font-normal"
        busy={answer.isPending}
        onClick={() => answer.mutate(declineFriend)}
      >
        {t`Decline`}
      </Button>
    </div>
  );
}
