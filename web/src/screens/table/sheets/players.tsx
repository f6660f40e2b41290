import { useLingui } from "@lingui/react/macro";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useMemo, useState } from "react";
import { addPlayer, removeMember } from "../../../api";
import { Problem } from "../../../api/problem";
import { useMe } from "../../../auth/hooks";
import { useFriends } from "../../../lib/friends";
import { uuid7 } from "../../../lib/uuid7";
import { Avatar } from "../../../ui/avatar";
import { Button } from "../../../ui/button";
import { Field } from "../../../ui/form";
import { List, Row } from "../../../ui/row";
import { Section } from "../../../ui/screen";
import { Sheet } from "../../../ui/sheet";
import { toast } from "../../../ui/toast";
import { useMayScore, useTableView, useTap } from "../context";
import { refusalText } from "../refusals";

export default function PlayersSheet({ onClose }: { onClose: () => void }) {
  const { t } = useLingui();
  const { view } = useTableView();
  const me = useMe();
  const mine = view.doc.organizer_id === me.id;
  return (
    <Sheet title={t`Players`} onClose={onClose}>
      <div className="flex flex-col gap-5">
        <Everybody mine={mine && !view.finished} />
        {mine && !view.finished && <AddGuest />}
        {mine && !view.finished && <AddFriend />}
        {mine && !view.finished && <SendAway />}
      </div>
    </Sheet>
  );
}

/** `mine`: the one who looks may bring people in. */
function Everybody({ mine }: { mine: boolean }) {
  const { t } = useLingui();
  const add = useAdd();
  const { view } = useTableView();
  const tap = useTap();
  const me = useMe();
  const may = useMayScore();
  const running = view.game?.state === "running";
  return (
    <>
      <ul className="flex flex-col gap-2">
        {view.players.map(({ id, name, user_id, active, paused }) => {
          const waits = !active && !(id in view.balances); // nobody has a balance who was never in
          const away = waits ? t`plays from the next game on` : t`gone home`;
          const note = !active ? away : paused ? t`paused` : user_id ? null : t`guest`;
          const mayMove = (may || user_id === me.id) && !view.finished && active;
          return (
            <li key={id} className="flex items-center gap-1.5 rounded-tile bg-card py-1 pe-2">
              <div className="min-w-0 grow">
                <Row icon={<Avatar id={id} name={name} />} title={name} note={note} />
              </div>
              {mayMove && (
                <Button
                  className="min-h-11 shrink-0 bg-well px-3 font-normal"
                  aria-label={paused ? t`${name}: back again` : t`${name}: pause`}
                  onClick={() => tap({ type: paused ? "resume" : "pause", player: id })}
                >
                  {paused ? t`Return` : t`Pause`}
                </Button>
              )}
              {mine && !active && !waits && (
                <Button
                  className="min-h-11 shrink-0 bg-well px-3 font-normal"
                  aria-label={t`${name}: back again`}
                  disabled={add.isPending}
                  onClick={() => add.mutate(user_id ? { user_id } : { guest_name: name, id })}
                >
                  {t`Return`}
                </Button>
              )}
              {mayMove && !running && (
                <Button
                  className="min-h-11 shrink-0 bg-well px-3 font-normal"
                  aria-label={t`${name}: went home`}
                  onClick={() => tap({ type: "leave", player: id }, "heavy")}
                >
                  {t`Home`}
                </Button>
              )}
            </li>
          );
        })}
      </ul>
      {may && running && (
        <p className="-mt-3 px-1 text-s text-hint">{t`Going home is possible between games; until then there is a pause.`}</p>
      )}
    </>
  );
}

/** Somebody new, or somebody who had gone home: a guest keeps his id. */
type Wanted = { user_id: string } | { guest_name: string; id?: string };

function useAdd() {
  const { t } = useLingui();
  const { view, sent } = useTableView();
  const running = view.game?.state === "running";
  return useMutation({
    mutationFn: async (who: Wanted) => {
      await sent(); // the server would find him still in whose leaving is on its way, and change nothing
      return addPlayer({ path: { session_id: view.doc.id }, body: { id: uuid7(), ...who } });
    },
    onSuccess: () => running && toast(t`Plays from the next game on`),
    onError: (error) => toast(error instanceof Problem ? refusalText(error) : t`The server does not answer`, true),
  });
}

function AddGuest() {
  const { t } = useLingui();
  const [name, setName] = useState("");
  const add = useAdd();
  const guest_name = name.trim();
  // An answer that is lost makes nobody come twice: asked again he is the same guest.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another name is another guest
  const id = useMemo(uuid7, [guest_name]);
  function submit(event: FormEvent): void {
    event.preventDefault();
    add.mutate({ guest_name, id }, { onSuccess: () => setName((now) => (now === name ? "" : now)) });
  }
  return (
    <form onSubmit={submit} className="flex items-end gap-2">
      <Field
        className="grow"
        label={t`Guest's name`}
        value={name}
        onChange={(event) => setName(event.target.value)}
        maxLength={64}
        autoComplete="off"
        enterKeyHint="done"
      />
      <Button type="submit" look="primary" busy={add.isPending} disabled={!name.trim()}>
        {t`Add`}
      </Button>
    </form>
  );
}

function AddFriend() {
  const { t } = useLingui();
  const { view } = useTableView();
  const add = useAdd();
  const friends = useFriends();
  const here = new Set(view.players.map(({ user_id }) => user_id));
  const absent = (friends.data?.items ?? []).filter(({ user_id }) => !here.has(user_id));
  if (absent.length === 0) return null;
  return (
    <Section title={t`Friends`}>
      <List>
        {absent.map(({ user_id, display_name }) => (
          <li key={user_id}>
            <Row
              icon={<Avatar id={user_id} name={display_name} />}
              title={display_name}
              disabled={add.isPending}
              onTap={() => add.mutate({ user_id })}
              aside={<span className="text-accent">{t`Add`}</span>}
            />
          </li>
        ))}
      </List>
    </Section>
  );
}

/** Whoever came by a code that was not meant for him. A guest sees nothing, so there is nothing to take from him. */
function SendAway() {
  const { t } = useLingui();
  const { view, sent } = useTableView();
  const me = useMe();
  const [asking, setAsking] = useState(false);
  const [gone, setGone] = useState<string[]>([]); // whoever plays is at the table to the end of the game
  const away = useMutation({
    mutationFn: async (user_id: string) => {
      await sent(); // of a game that has begun on this phone he is sent away after its end
      return removeMember({ path: { session_id: view.doc.id, user_id } });
    },
    onSuccess: (_, user_id) => {
      setGone([...gone, user_id]);
      toast(t`The evening is closed to them`);
    },
    onError: (error, user_id) => {
      if (error instanceof Problem && error.code === "not_found") setGone([...gone, user_id]);
      else toast(error instanceof Problem ? refusalText(error) : t`The server does not answer`, true);
    },
  });
  const others = view.players.flatMap(({ id, user_id, name, active }) => {
    const here = active || !(id in view.balances);
    return user_id && user_id !== me.id && here && !gone.includes(user_id) ? [{ id, user_id, name }] : [];
  });
  if (others.length === 0) return null;
  return (
    <div className="flex flex-col gap-2">
      <Button wide className="font-normal" aria-expanded={asking} onClick={() => setAsking(!asking)}>
        {t`Remove somebody from the evening`}
      </Button>
      {asking && (
        <>
          <p className="px-1 text-s text-hint">
            {t`They see it no more, and leave the table as soon as no game runs. There will be another code.`}
          </p>
          <List label={t`Remove somebody from the evening`}>
            {others.map(({ id, user_id, name }) => (
              <li key={id}>
                <Row
                  danger
                  icon={<Avatar id={id} name={name} />}
                  title={name}
                  disabled={away.isPending}
                  onTap={() => away.mutate(user_id)}
                  aside={<span className="text-minus">{t`Remove`}</span>}
                />
              </li>
            ))}
          </List>
        </>
      )}
    </div>
  );
}
