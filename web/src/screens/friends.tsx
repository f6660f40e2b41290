import { useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import {
  acceptFriend,
  blockUser,
  data,
  declineFriend,
  findPeople,
  listBlocks,
  removeFriend,
  unblockUser,
} from "../api";
import type { FriendRequestOut } from "../api/generated";
import { queries } from "../app/queries";
import { useAskFriend, useFriendChange, useFriends, useKnown } from "../lib/friends";
import { Avatar } from "../ui/avatar";
import { Button, IconButton } from "../ui/button";
import { Field } from "../ui/form";
import { CheckIcon, CloseIcon } from "../ui/icons";
import { List, Row } from "../ui/row";
import { Empty, Failed, Screen, Section, Skeleton } from "../ui/screen";
import { Sheet } from "../ui/sheet";
import { Tabs } from "../ui/tabs";

export default function FriendsScreen() {
  const { t } = useLingui();
  const friends = useFriends();
  return (
    <Screen title={t`Friends`} footer={<Tabs />}>
      <Search />
      {friends.isPending && <Skeleton />}
      {friends.isError && <Failed onAgain={() => void friends.refetch()} />}
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
      {friends.data && friends.data.outgoing.length > 0 && <Outgoing requests={friends.data.outgoing} />}
      <Blocked />
    </Screen>
  );
}

function Friend({ id, name }: { id: string; name: string }) {
  const [opened, setOpened] = useState(false);
  return (
    <li>
      <Row icon={<Avatar id={id} name={name} />} title={name} onTap={() => setOpened(true)} />
      {opened && <FriendSheet id={id} name={name} onClose={() => setOpened(false)} />}
    </li>
  );
}

/** What one does with a friend is rare and hard to take back: it is asked for. */
function FriendSheet({ id, name, onClose }: { id: string; name: string; onClose: () => void }) {
  const { t } = useLingui();
  const remove = useFriendChange((user_id: string) => removeFriend({ path: { user_id } }));
  const block = useFriendChange((user_id: string) =>
    blockUser({ body: { user_id } }).then(() => queries.invalidateQueries({ queryKey: ["blocks"] })),
  );
  return (
    <Sheet title={name} onClose={onClose}>
      <div className="flex flex-col gap-2">
        <Button wide look="danger" busy={remove.isPending} onClick={() => remove.mutate(id)}>
          {t`Not a friend any more`}
        </Button>
        <Button wide look="danger" busy={block.isPending} onClick={() => block.mutate(id)}>
          {t`Block`}
        </Button>
        <p className="px-1 text-s text-hint">{t`Whoever is blocked finds you nowhere and cannot ask to be a friend.`}</p>
      </div>
    </Sheet>
  );
}

function Incoming({ requests }: { requests: FriendRequestOut[] }) {
  const { t } = useLingui();
  const accept = useFriendChange((request_id: string) => acceptFriend({ path: { request_id } }));
  const decline = useFriendChange((request_id: string) => declineFriend({ path: { request_id } }));
  const busy = accept.isPending || decline.isPending; // the row that was answered makes room for the next
  return (
    <Section title={t`Friend requests`}>
      <List>
        {requests.map(({ id, user_id, display_name: name }) => (
          <li key={id} className="flex items-center gap-1 pe-2">
            <div className="min-w-0 grow">
              <Row icon={<Avatar id={user_id} name={name} />} title={name} />
            </div>
            <IconButton
              label={t`${name}: accept`}
              className="text-accent"
              disabled={busy}
              onClick={() => accept.mutate(id)}
            >
              <CheckIcon />
            </IconButton>
            <IconButton label={t`${name}: decline`} disabled={busy} onClick={() => decline.mutate(id)}>
              <CloseIcon />
            </IconButton>
          </li>
        ))}
      </List>
    </Section>
  );
}

function Outgoing({ requests }: { requests: FriendRequestOut[] }) {
  const { t } = useLingui();
  const withdraw = useFriendChange((user_id: string) => removeFriend({ path: { user_id } }));
  return (
    <Section title={t`Waiting for an answer`}>
      <List>
        {requests.map(({ id, user_id, display_name: name }) => (
          <li key={id} className="flex items-center gap-1 pe-2">
            <div className="min-w-0 grow">
              <Row icon={<Avatar id={user_id} name={name} />} title={name} />
            </div>
            <IconButton label={t`${name}: take the request back`} onClick={() => withdraw.mutate(user_id)}>
              <CloseIcon className="size-5" />
            </IconButton>
          </li>
        ))}
      </List>
    </Section>
  );
}

function Blocked() {
  const { t } = useLingui();
  const blocks = useQuery({ queryKey: ["blocks"], queryFn: () => data(listBlocks()) });
  const unblock = useFriendChange((user_id: string) =>
    unblockUser({ path: { user_id } }).then(() => queries.invalidateQueries({ queryKey: ["blocks"] })),
  );
  if (!blocks.data?.items.length) return null;
  return (
    <Section title={t`Blocked`}>
      <List>
        {blocks.data.items.map(({ user_id, display_name: name }) => (
          <li key={user_id} className="flex items-center gap-1 pe-3">
            <div className="min-w-0 grow">
              <Row icon={<Avatar id={user_id} name={name} />} title={name} />
            </div>
            <Button
              className="min-h-11 bg-well px-4 font-normal"
              aria-label={t`${name}: unblock`}
              busy={unblock.isPending && unblock.variables === user_id}
              onClick={() => unblock.mutate(user_id)}
            >
              {t`Unblock`}
            </Button>
          </li>
        ))}
      </List>
    </Section>
  );
}

const SHORTEST_QUERY = 2;

function Search() {
  const { t } = useLingui();
  const [text, setText] = useState("");
  const query = useDeferredValue(text.trim());
  const found = useQuery({
    queryKey: ["people", query],
    queryFn: () => data(findPeople({ query: { query } })),
    enabled: query.length >= SHORTEST_QUERY,
  });
  const known = useKnown();
  const ask = useAskFriend();
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
      {found.data && people.length === 0 && <p className="px-1 text-s text-hint">{t`Nobody by that name.`}</p>}
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
              {known && !known.has(id) && (
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
