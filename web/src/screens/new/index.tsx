import { useLingui } from "@lingui/react/macro";
import { useMutation, useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useMemo, useState } from "react";
import { useNavigate, useSearchParams } from "react-router";
import { createSession, data, getSession } from "../../api";
import { Problem } from "../../api/problem";
import type { Template } from "../../api/types";
import { queries } from "../../app/queries";
import { useMe } from "../../auth/hooks";
import { parseRules } from "../../engine/rules";
import type { GameKind, Rules } from "../../engine/types";
import { cn } from "../../lib/cn";
import { uuid7 } from "../../lib/uuid7";
import { GAMES } from "../../rules/words";
import { haptics } from "../../telegram";
import { Ball } from "../../ui/ball";
import { Button } from "../../ui/button";
import { wrongField } from "../../ui/form";
import { Screen } from "../../ui/screen";
import { toast } from "../../ui/toast";
import { refusalText } from "../table/refusals";
import { cleaned, defaultRules, KINDS, keepMoney, keepRules, lastRules, type Seat, seat, withoutPeople } from "./draft";
import { Money } from "./money";
import { Players } from "./players";
import { RulesChoice } from "./rules-choice";

const RulesSheet = lazy(() => import("./rules-sheet"));

export default function NewScreen() {
  const { t } = useLingui();
  const me = useMe();
  const [params] = useSearchParams();
  const myself = useMemo(() => seat(me.display_name, me.id), [me.display_name, me.id]);
  const [rules, setRules] = useState<Rules>(lastRules);
  const [others, setOthers] = useState<Seat[]>([]);
  const [template, setTemplate] = useState<Template | null>(null);
  const [editing, setEditing] = useState(false);
  const seats = [myself, ...others];
  const change = (next: Rules): void => {
    setTemplate(null);
    setRules(next);
  };
  const from = useFrom(params.get("from"), (before) => {
    change(before.rules);
    setOthers(before.seats);
  });
  const start = useStart(seats, myself, rules, template);
  function begin(): void {
    const wrong = wrongField();
    if (wrong) wrong.focus();
    else start.mutate();
  }
  return (
    <Screen
      title={t`New evening`}
      back
      footer={
        <Button look="primary" wide busy={start.isPending} onClick={begin}>
          {t`Start the evening`}
        </Button>
      }
    >
      <Games value={rules.game} onChange={(game) => game !== rules.game && change(defaultRules(game))} />
      <Players me={myself} others={others} onChange={setOthers} />
      <RulesChoice
        rules={rules}
        template={template}
        onTemplate={(chosen) => {
          setTemplate(chosen);
          setRules(keepMoney(parseRules(chosen.rules), rules));
        }}
        onGone={() => setTemplate(null)}
        onEdit={() => setEditing(true)}
      />
      <Money key={from} rules={rules} onChange={setRules} />
      {editing && (
        <Suspense fallback={null}>
          <RulesSheet
            rules={rules}
            seats={seats}
            onChange={change}
            onSaved={setTemplate}
            onClose={() => setEditing(false)}
          />
        </Suspense>
      )}
    </Screen>
  );
}

/** "The same again": rules and people of an earlier evening, and its id once they are taken over. */
function useFrom(id: string | null, take: (before: { rules: Rules; seats: Seat[] }) => void): string {
  const me = useMe();
  const before = useQuery({
    queryKey: ["session", id],
    queryFn: () => data(getSession({ path: { session_id: id ?? "" } })),
    enabled: id !== null,
  });
  const doc = before.data;
  const [from, setFrom] = useState("");
  // biome-ignore lint/correctness/useExhaustiveDependencies: taken over once, when it has come; not when it has changed
  useEffect(() => {
    if (!doc) return;
    const others = doc.players.filter(({ user_id, active }) => user_id !== me.id && active);
    take({
      rules: withoutPeople(parseRules(doc.rules)),
      seats: others.map(({ name, user_id }) => seat(name, user_id)),
    });
    setFrom(doc.id);
  }, [doc?.id]);
  return from;
}

function useStart(seats: Seat[], myself: Seat, rules: Rules, template: Template | null) {
  const { t } = useLingui();
  const navigate = useNavigate();
  // Asking again for the same must not make a second evening; another draft is another evening.
  const draft = JSON.stringify([rules, seats]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new id for every new draft
  const id = useMemo(() => uuid7(), [draft]);
  return useMutation({
    mutationFn: () =>
      data(
        createSession({
          body: {
            id,
            rules: { ...cleaned(rules, seats) },
            ...(template && { template: { id: template.id, version: template.version } }),
            organizer_player_id: myself.id,
            players: seats
              .filter((one) => one !== myself)
              .map(({ id, name, user }) => ({ id, ...(user ? { user_id: user } : { guest_name: name }) })),
          },
          headers: { "Idempotency-Key": id },
        }),
      ),
    onSuccess: (made) => {
      haptics.success();
      keepRules(rules);
      void queries.invalidateQueries({ queryKey: ["sessions"] });
      navigate(`/t/${made.id}`, { replace: true });
    },
    onError: (error) => {
      const stranger = error instanceof Problem && error.status === 404;
      const text = error instanceof Problem ? refusalText(error) : t`The server does not answer`;
      toast(stranger ? t`One of them can only join by the code` : text, true);
    },
  });
}

function Games({ value, onChange }: { value: GameKind; onChange: (game: GameKind) => void }) {
  const { t, i18n } = useLingui();
  const marks: Record<GameKind, string[]> = {
    kolkhoz: ["white", "yellow", "red"],
    americana: ["white"],
    moscow: ["yellow", "white"],
    dynamic: ["red", "white"],
  };
  const about: Record<GameKind, string> = {
    kolkhoz: t`in a circle, 2 to 12 players`,
    americana: t`any ball strikes`,
    moscow: t`one cue ball, own balls count`,
    dynamic: t`cue ball in hand anywhere`,
  };
  return (
    <fieldset>
      <legend className="sr-only">{t`Game`}</legend>
      <div className="grid grid-cols-[repeat(auto-fit,minmax(max(9rem,40%),1fr))] gap-2">
        {KINDS.map((kind) => (
          <label
            key={kind}
            className={cn(
              "press flex flex-col gap-2 rounded-tile bg-card p-4 outline-3 -outline-offset-3 has-focus-visible:outline-accent",
              kind === value ? "outline-accent" : "outline-transparent",
            )}
          >
            <input
              type="radio"
              name="game"
              className="sr-only"
              checked={kind === value}
              onChange={() => {
                haptics.pick();
                onChange(kind);
              }}
            />
            <span className="flex gap-1" aria-hidden="true">
              {marks[kind].map((colour) => (
                <Ball key={colour} colour={colour} className="size-6" />
              ))}
            </span>
            <span>
              <span className="block font-bold">{i18n._(GAMES[kind])}</span>
              <span className="block text-s text-hint">{about[kind]}</span>
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
