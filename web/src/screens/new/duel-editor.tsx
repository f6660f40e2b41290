import { useLingui } from "@lingui/react/macro";
import type { DuelFoul, DuelRules, Match, QueueType } from "../../engine/types";
import { Card, Choices, Stepper, Switch } from "../../ui/form";
import { Section } from "../../ui/screen";
import { Currency } from "./currency";
import type { Seat } from "./draft";

interface Props {
  rules: DuelRules;
  seats: Seat[];
  onChange: (rules: DuelRules) => void;
}

export function DuelEditor(props: Props) {
  return (
    <>
      <Scoring {...props} />
      <Fouls {...props} />
      <WhoPlays {...props} />
      <MatchChoice {...props} />
      <Handicaps {...props} />
      <Currency value={props.rules.currency} onChange={(currency) => props.onChange({ ...props.rules, currency })} />
    </>
  );
}

function Scoring({ rules, onChange }: Props) {
  const { t } = useLingui();
  return (
    <Card>
      <Stepper
        label={t`Play to`}
        value={rules.target}
        min={1}
        max={50}
        onChange={(target) => onChange({ ...rules, target })}
      />
      <Switch
        label={t`Flukes do not count`}
        hint={t`A ball that fell by luck is written as a fluke and gives nothing.`}
        checked={rules.fluke === "spotted"}
        onChange={(on) => onChange({ ...rules, fluke: on ? "spotted" : "counts" })}
      />
    </Card>
  );
}

function Fouls({ rules, onChange }: Props) {
  const { t } = useLingui();
  const off = rules.foul === "offender_returns" || rules.foul === "offender_loses";
  return (
    <>
      <Choices<DuelFoul>
        legend={t`For a foul`}
        value={rules.foul}
        choices={[
          { value: "opponent_gains", label: t`a ball to the opponent` },
          { value: "offender_returns", label: t`a ball back from the shelf` },
          { value: "offender_loses", label: t`a point off` },
          { value: "none", label: t`nothing` },
        ]}
        onChange={(foul) => onChange({ ...rules, foul })}
      />
      {off && (
        <Card>
          <Switch
            label={t`Into debt`}
            hint={t`With an empty shelf the score goes below zero.`}
            checked={rules.debt}
            onChange={(debt) => onChange({ ...rules, debt })}
          />
        </Card>
      )}
    </>
  );
}

function WhoPlays({ rules, onChange }: Props) {
  const { t } = useLingui();
  const { queue } = rules;
  return (
    <>
      <Choices
        legend={t`How many at the table`}
        value={rules.format}
        choices={[
          { value: "1x1", label: t`one against one` },
          { value: "2x2", label: t`two against two` },
        ]}
        onChange={(format) => onChange({ ...rules, format })}
      />
      <Choices<QueueType>
        legend={t`Who plays next when others wait`}
        value={queue.type}
        choices={[
          { value: "winner_stays", label: t`the winner stays` },
          { value: "both_leave", label: t`both step aside` },
          { value: "round_robin", label: t`everyone with everyone` },
          { value: "least_played", label: t`who played least` },
          { value: "random_no_repeat", label: t`drawn, without repeats` },
          { value: "manual", label: t`by hand` },
        ]}
        onChange={(type) => onChange({ ...rules, queue: type === "winner_stays" ? { type, cap: 3 } : { type } })}
      />
      {queue.type === "winner_stays" && (
        <Card>
          <Stepper
            label={t`Wins in a row before stepping aside`}
            value={queue.cap ?? 3}
            min={1}
            max={99}
            onChange={(cap) => onChange({ ...rules, queue: { type: "winner_stays", cap } })}
          />
        </Card>
      )}
      <Choices
        legend={t`Who breaks`}
        value={rules.breaks}
        choices={[
          { value: "alternate", label: t`in turn` },
          { value: "winner", label: t`the winner` },
          { value: "loser", label: t`the loser` },
          { value: "random", label: t`drawn` },
          { value: "manual", label: t`by hand` },
        ]}
        onChange={(breaks) => onChange({ ...rules, breaks })}
      />
    </>
  );
}

function MatchChoice({ rules, onChange }: Props) {
  const { t } = useLingui();
  const { match } = rules;
  const fresh: Record<Match["type"], Match> = {
    endless: { type: "endless" },
    race: { type: "race", wins: 3 },
    fixed: { type: "fixed", games: 5 },
  };
  return (
    <>
      <Choices
        legend={t`How long`}
        value={match.type}
        choices={[
          { value: "endless", label: t`as long as you like` },
          { value: "race", label: t`first to some wins` },
          { value: "fixed", label: t`a set number of games` },
        ]}
        onChange={(type) => onChange({ ...rules, match: fresh[type] })}
      />
      {match.type !== "endless" && (
        <Card>
          <Stepper
            label={match.type === "race" ? t`Wins` : t`Games`}
            value={match.type === "race" ? match.wins : match.games}
            min={1}
            max={99}
            onChange={(n) =>
              onChange({
                ...rules,
                match: match.type === "race" ? { type: "race", wins: n } : { type: "fixed", games: n },
              })
            }
          />
        </Card>
      )}
    </>
  );
}

function Handicaps({ rules, seats, onChange }: Props) {
  const { t } = useLingui();
  const set = (id: string, own: { start?: number; target?: number }): void =>
    onChange({ ...rules, handicap: { ...rules.handicap, [id]: { ...rules.handicap[id], ...own } } });
  return (
    <Section title={t`Handicap`}>
      <p className="px-1 text-s text-hint">{t`Balls in hand at the start, and how far each has to go.`}</p>
      {seats.map(({ id, name }) => {
        const { start = 0, target = rules.target } = rules.handicap[id] ?? {};
        return (
          <Card key={id}>
            <Stepper
              label={t`${name}: starts at`}
              value={start}
              min={-50}
              max={target - 1}
              shown={start < 0 ? `\u2212${-start}` : String(start)}
              onChange={(value) => set(id, { start: value })}
            />
            <Stepper
              label={t`${name}: plays to`}
              value={target}
              min={Math.max(1, start + 1)}
              max={50}
              onChange={(value) => set(id, { target: value })}
            />
          </Card>
        );
      })}
    </Section>
  );
}
