import { useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { data, listSessions } from "../../api";
import type { SessionListed } from "../../api/types";
import { useFriends } from "../../lib/friends";
import { haptics } from "../../telegram";
import { Avatar } from "../../ui/avatar";
import { Button, IconButton } from "../../ui/button";
import { Field } from "../../ui/form";
import { CloseIcon } from "../../ui/icons";
import { Section } from "../../ui/screen";
import { freeName, type Seat, seat } from "./draft";

interface Props {
  me: Seat;
  others: Seat[];
  onChange: (others: Seat[]) => void;
}

export function Players({ me, others, onChange }: Props) {
  const { t } = useLingui();
  const add = (name: string, user: string | null): void => {
    haptics.pick();
    onChange([...others, seat(user ? name : freeName(name, [me, ...others]), user)]);
  };
  return (
    <Section title={t`Players`}>
      <ul className="flex flex-wrap gap-2">
        <li className="flex min-h-11 items-center gap-2 rounded-full bg-card py-1 ps-1.5 pe-4">
          <Avatar id={me.id} name={me.name} className="size-8" />
          <span dir="auto">{me.name}</span>
        </li>
        {others.map(({ id, name }) => (
          <li key={id} className="flex min-h-11 max-w-full items-center gap-2 rounded-full bg-card py-0 ps-1.5">
            <Avatar id={id} name={name} className="size-8" />
            <span dir="auto" className="truncate">
              {name}
            </span>
            <IconButton
              label={t`Without ${name}`}
              onClick={() => onChange(others.filter((one) => one.id !== id))}
              className="-ms-2"
            >
              <CloseIcon className="size-5" />
            </IconButton>
          </li>
        ))}
      </ul>
      <Suggestions others={others} me={me} onAdd={add} onCompany={onChange} />
      <Guest onAdd={(name) => add(name, null)} />
      <p className="px-1 text-s text-hint">{t`Others can join by a code once the evening has begun.`}</p>
    </Section>
  );
}

interface SuggestionsProps {
  me: Seat;
  others: Seat[];
  onAdd: (name: string, user: string | null) => void;
  onCompany: (seats: Seat[]) => void;
}

/** The last company with one touch, then friends one by one. */
function Suggestions({ me, others, onAdd, onCompany }: SuggestionsProps) {
  const { t } = useLingui();
  const friends = useFriends();
  const company = useLastCompany(me);
  const absent = (friends.data?.items ?? []).filter(({ user_id }) => !others.some(({ user }) => user === user_id));
  if (absent.length === 0 && (company.length === 0 || others.length > 0)) return null;
  return (
    <div className="flex flex-wrap gap-2">
      {others.length === 0 && company.length > 0 && (
        <Button
          className="min-h-11 max-w-full rounded-full px-4 font-normal text-accent"
          onClick={() => onCompany(company)}
        >
          <span
            dir="auto"
            className="truncate"
          >{t`Same as last time: ${company.map(({ name }) => name).join(", ")}`}</span>
        </Button>
      )}
      {absent.map(({ user_id, display_name }) => (
        <Button
          key={user_id}
          className="min-h-11 rounded-full px-4 font-normal text-accent"
          onClick={() => onAdd(display_name, user_id)}
        >
          <span dir="auto">+ {display_name}</span>
        </Button>
      ))}
    </div>
  );
}

function useLastCompany(me: Seat): Seat[] {
  const open = useQuery({
    queryKey: ["sessions", "open"],
    queryFn: () => data(listSessions({ query: { state: "open" } })),
  });
  const finished = useQuery({
    queryKey: ["sessions", "last"],
    queryFn: () => data(listSessions({ query: { state: "finished" } })),
  });
  const all = [...(open.data?.items ?? []), ...(finished.data?.items ?? [])];
  const last = all.reduce<SessionListed | null>(
    (best, one) => (!best || one.created_at > best.created_at ? one : best),
    null,
  );
  const others = last?.players.filter(({ user_id }) => user_id !== me.user) ?? [];
  return others.map(({ name, user_id }) => seat(name, user_id));
}

function Guest({ onAdd }: { onAdd: (name: string) => void }) {
  const { t } = useLingui();
  const [name, setName] = useState("");
  function submit(event: FormEvent): void {
    event.preventDefault();
    if (!name.trim()) return;
    onAdd(name.trim());
    setName("");
  }
  return (
    <form onSubmit={submit} className="flex items-end gap-2">
      <Field
        className="min-w-0 grow"
        label={t`Guest's name`}
        value={name}
        onChange={(event) => setName(event.target.value)}
        maxLength={60}
        autoComplete="off"
        enterKeyHint="done"
      />
      <Button type="submit" className="shrink-0" disabled={!name.trim()}>
        {t`Add`}
      </Button>
    </form>
  );
}
