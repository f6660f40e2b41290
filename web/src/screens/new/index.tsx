import { useLingui } from "@lingui/react/macro";
import { useMutation, useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useMemo, useState } from "react";
import { useNavigate, useSearchParams } from "react-router";
import { createSession, data, getSession, listTemplates } from "../../api";
import { Problem } from "../../api/problem";
import type { Template } from "../../api/types";
import { queries } from "../../app/queries";
import { useMe } from "../../auth/hooks";
import { parseRules } from "../../engine/rules";
import type { GameKind, Rules } from "../../engine/types";
import { cn } from "../../lib/cn";
import { uuid7 } from "../../lib/uuid7";
import { useRulesSummary } from "../../rules/summary";
import { GAMES } from "../../rules/words";
import { haptics } from "../../telegram";
import { Ball } from "../../ui/ball";
import { Button } from "../../ui/button";
import { Choices } from "../../ui/form";
import { Row } from "../../ui/row";
import { Screen, Section } from "../../ui/screen";
import { toast } from "../../ui/toast";
import { refusalText } from "../table/refusals";
import { cleaned, defaultRules, KINDS, keepRules, lastRules, type Seat, seat, withoutPeople } from "./draft";
import { Money } from "./money";
import { Players } from "./players";

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
  useFrom(params.get("from"), (before) => {
    setRules(before.rules);
    setOthers(before.seats);
  });
  const start = useStart(seats, myself, rules, template);
  return (
    <Screen
      title={t`New evening`}
      back
      footer={
        <Button look="primary" wide busy={start.isPending} onClick={() => start.mutate()}>
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
        onEdit={() => setEditing(true)}
      />
      <Money rules={rules} onChange={setRules} />
      {editing && (
        <Suspense fallback={null}>
          <RulesSheet rules={rules} seats={seats} onChange={change} onClose={() => setEditing(false)} />
        </Suspense>
      )}
    </Screen>
  );
}

/** Another set of rules for the same stakes. */
function keepMoney(next: Rules, before: Rules): Rules {
  if (next.game === "kolkhoz")
    return before.game === "kolkhoz" ? { ...next, price: before.price, currency: before.currency } : next;
  return before.game === "kolkhoz" ? next : { ...next, stake: before.stake, currency: before.currency };
}

/** The same but for the money and who is given what. */
function sameRules(preset: unknown, rules: Rules): boolean {
  const plain = (one: Rules): string => JSON.stringify(withoutPeople(keepMoney(one, rules)));
  return plain(parseRules(preset)) === plain(rules);
}

/** "The same again": rules and people of an earlier evening. */
function useFrom(id: string | null, take: (before: { rules: Rules; seats: Seat[] }) => void): void {
  const me = useMe();
  const before = useQuery({
    queryKey: ["session", id],
    queryFn: () => data(getSession({ path: { session_id: id ?? "" } })),
    enabled: id !== null,
  });
  const doc = before.data;
  // biome-ignore lint/correctness/useExhaustiveDependencies: taken over once, when it has come
  useEffect(() => {
    if (!doc) return;
    const others = doc.players.filter(({ user_id, active }) => user_id !== me.id && active);
    take({
      rules: withoutPeople(parseRules(doc.rules)),
      seats: others.map(({ name, user_id }) => seat(name, user_id)),
    });
  }, [doc]);
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
      toast(stranger ? t`Somebody of them can only come in by the code` : text, true);
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
    kolkhoz: t`two to twelve, in a circle`,
    americana: t`any ball strikes`,
    moscow: t`one cue ball, own balls count`,
    dynamic: t`cue ball in hand anywhere`,
  };
  return (
    <fieldset>
      <legend className="sr-only">{t`Game`}</legend>
      <div className="grid grid-cols-2 gap-2">
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

interface RulesChoiceProps {
  rules: Rules;
  template: Template | null;
  onTemplate: (template: Template) => void;
  onEdit: () => void;
}

function RulesChoice({ rules, template, onTemplate, onEdit }: RulesChoiceProps) {
  const { t } = useLingui();
  const summary = useRulesSummary();
  const templates = useQuery({
    queryKey: ["templates"],
    queryFn: () => data(listTemplates({ query: { limit: 100 } })),
    staleTime: 60_000,
  });
  const fitting = (templates.data?.items ?? []).filter((one) => one.rules.game === rules.game);
  return (
    <Section title={t`Rules`}>
      {fitting.length > 1 && (
        <Choices
          legend={t`Rules`}
          hideLegend
          value={(template ?? fitting.find((one) => sameRules(one.rules, rules)))?.id ?? ""}
          choices={fitting.map(({ id, name }) => ({ value: id, label: name }))}
          onChange={(id) => {
            const chosen = fitting.find((one) => one.id === id);
            if (chosen) onTemplate(chosen);
          }}
        />
      )}
      <div className="overflow-hidden rounded-tile bg-card">
        <p className="px-4 pt-3 text-s text-hint">
          {template?.description && `${template.description} `}
          {!template?.description && summary(rules).join(" · ")}
        </p>
        <Row title={t`Change the rules`} onTap={onEdit} />
      </div>
    </Section>
  );
}
