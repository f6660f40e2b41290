import { useLingui } from "@lingui/react/macro";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { acceptFriend, askFriend, data, declineFriend, findPeople, listFriends, removeFriend } from "../api";
import type { FriendRequestOut } from "../api/generated";
import { queries } from "../app/queries";
import { useMe } from "../auth/hooks";
import { Avatar } from "../ui/avatar";
import { Button, IconButton } from "../ui/button";
import { Field } from "../ui/form";
import { CheckIcon, CloseIcon } from "../ui/icons";
import { List, Row } from "../ui/row";
import { Empty, Screen, Section, Skeleton } from "../ui/screen";
import { Tabs } from "../ui/tabs";
import { toast } from "../ui/toast";

function useChange<T>(change: (value: T) => Promise<unknown>, said?: string) {
  const { t } = useLingui();
  return useMutation({
    mutationFn: change,
    onSuccess: () => {
      if (said) toast(said);
      return queries.invalidateQueries({ queryKey: ["friends"] });
    },
    onError: () => toast(t`That did not work. Try again.`, true),
  });
}

export default function FriendsScreen() {
  const { t } = useLingui();
  const friends = useQuery({ queryKey: ["friends"], queryFn: () => data(listFriends({ query: { limit: 100 } })) });
  return (
    <Screen title={t`Friends`} footer={<Tabs />}>
      <Search />
      {friends.isPending && <Skeleton />}
      {friends.isError && <Empty>{t`The server does not answer.`}</Empty>}
      {friends.data && friends.data.incoming.length > 0 && <Incoming requests={friends.data.incoming} />}
      {friends.data && friends.data.items.length === 0 && (
        <Empty>{t`No friends yet. Find them by name, or add them after an evening together.`}</Empty>
      )}
      {friends.data && friends.data.items.length > 0 && (
        <Section title={t`My friends`}>
          <List>
            {friends.data.items.map((friend) => (
              <Friend key={friend.user_id} id={friend.user_id} name={friend.display_name} />
            ))}
          </List>
        </Section>
      )}
      {friends.data && friends.data.outgoing.length > 0 && (
        <Section title={t`Waiting for an answer`}>
          <List>
            {friends.data.outgoing.map(({ id, user_id, display_name }) => (
              <li key={id}>
                <Row icon={<Avatar id={user_id} name={display_name} />} title={display_name} />
              </li>
            ))}
          </List>
        </Section>
      )}
    </Screen>
  );
}

function Friend({ id, name }: { id: string; name: string }) {
  const { t } = useLingui();
  const remove = useChange((user_id: string) => removeFriend({ path: { user_id } }));
  return (
    <li className="flex items-center pe-2">
      <div className="min-w-0 grow">
        <Row icon={<Avatar id={id} name={name} />} title={name} />
      </div>
      <IconButton
        label={t`${name}: not a friend any more`}
        disabled={remove.isPending}
        onClick={() => remove.mutate(id)}
      >
        <CloseIcon className="size-5" />
      </IconButton>
    </li>
  );
}

function Incoming({ requests }: { requests: FriendRequestOut[] }) {
  const { t } = useLingui();
  const accept = useChange((request_id: string) => acceptFriend({ path: { request_id } }));
  const decline = useChange((request_id: string) => declineFriend({ path: { request_id } }));
  return (
    <Section title={t`Want to be friends`}>
      <List>
        {requests.map(({ id, user_id, display_name: name }) => (
          <li key={id} className="flex items-center gap-1 pe-2">
            <div className="min-w-0 grow">
              <Row icon={<Avatar id={user_id} name={name} />} title={name} />
            </div>
            <IconButton label={t`${name}: accept`} className="text-accent" onClick={() => accept.mutate(id)}>
              <CheckIcon />
            </IconButton>
            <IconButton label={t`${name}: decline`} onClick={() => decline.mutate(id)}>
              <CloseIcon />
            </IconButton>
          </li>
        ))}
      </List>
    </Section>
  );
}

const SHORTEST_QUERY = 2;

function Search() {
  const { t } = useLingui();
  const me = useMe();
  const [text, setText] = useState("");
  const query = useDeferredValue(text.trim());
  const found = useQuery({
    queryKey: ["people", query],
    queryFn: () => data(findPeople({ query: { query } })),
    enabled: query.length >= SHORTEST_QUERY,
  });
  const friends = useQuery({ queryKey: ["friends"], queryFn: () => data(listFriends({ query: { limit: 100 } })) });
  const ask = useChange((user_id: string) => askFriend({ body: { user_id } }), t`The request is sent`);
  const { items = [], incoming = [], outgoing = [] } = friends.data ?? {};
  const known = new Set([me.id, ...[...items, ...incoming, ...outgoing].map(({ user_id }) => user_id)]);
  const people = found.data?.items ?? [];
  return (
    <div className="flex flex-col gap-2">
      <Field
        label={t`Find by name`}
        type="search"
        value={text}
        onChange={(event) => setText(event.target.value)}
        autoComplete="off"
        enterKeyHint="search"
      />
      {found.data && people.length === 0 && <p className="px-1 text-s text-hint">{t`Nobody is called so.`}</p>}
      {people.length > 0 && (
        <List label={t`Found`}>
          {people.map(({ id, display_name, username }) => (
            <li key={id} className="flex items-center gap-1 pe-3">
              <div className="min-w-0 grow">
                <Row
                  icon={<Avatar id={id} name={display_name} />}
                  title={display_name}
                  note={username && `@${username}`}
                />
              </div>
              {!known.has(id) && (
                <Button
                  className="min-h-11 bg-well px-4 font-normal"
                  aria-label={t`${display_name}: ask to be friends`}
                  busy={ask.isPending && ask.variables === id}
                  onClick={() => ask.mutate(id)}
                >
                  {t`Add`}
                </Button>
              )}
            </li>
          ))}
        </List>
      )}
    </div>
  );
}
