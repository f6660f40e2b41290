import { useLingui } from "@lingui/react/macro";
import { useState } from "react";
import type { BallKind, KolkhozFoulMode, KolkhozRules, KolkhozSystem } from "../../engine/types";
import { currencySymbol, minorDigits, parseMoney } from "../../lib/money";
import { useBallName } from "../../rules/words";
import { Ball, ballColour } from "../../ui/ball";
import { Button, IconButton } from "../../ui/button";
import { Card, Choices, Field, Stepper, Switch } from "../../ui/form";
import { CloseIcon } from "../../ui/icons";
import { Section } from "../../ui/screen";
import { Currency } from "./currency";
import type { Seat } from "./draft";

interface Props {
  rules: KolkhozRules;
  seats: Seat[];
  onChange: (rules: KolkhozRules) => void;
}

export function KolkhozEditor(props: Props) {
  return (
    <>
      <System {...props} />
      <Balls {...props} />
      <Fouls {...props} />
      <Order {...props} />
      <Handicaps {...props} />
      {props.rules.system === "direct" && <Rates {...props} />}
      <Currency value={props.rules.currency} onChange={(currency) => props.onChange({ ...props.rules, currency })} />
    </>
  );
}

function System({ rules, onChange }: Props) {
  const { t } = useLingui();
  const hints: Record<KolkhozSystem, string> = {
    direct: t`Anna pots a ball: whoever plays before her pays.`,
    reverse: t`Anna pots a ball: whoever plays after her pays.`,
    everyone: t`Anna pots a ball: everyone pays her.`,
    norm: t`At the end each is settled against the average.`,
  };
  function change(system: KolkhozSystem): void {
    const direct = system === "direct";
    const foul = !direct && rules.foul.mode === "next" ? { ...rules.foul, mode: "minus" as const } : rules.foul;
    onChange({ ...rules, system, foul, rates: direct ? rules.rates : {} });
  }
  return (
    <Choices<KolkhozSystem>
      legend={t`How it is counted`}
      value={rules.system}
      choices={[
        { value: "direct", label: t`direct` },
        { value: "reverse", label: t`reverse` },
        { value: "everyone", label: t`everyone with everyone` },
        { value: "norm", label: t`against the average` },
      ]}
      onChange={change}
      hint={hints[rules.system]}
    />
  );
}

const COLOURS = ["white", "yellow", "red", "green", "blue", "pink", "brown", "black"];

function Balls({ rules, onChange }: Props) {
  const { t } = useLingui();
  const name = useBallName();
  const set = (id: string, own: Partial<BallKind>): void =>
    onChange({ ...rules, balls: rules.balls.map((kind) => (kind.id === id ? { ...kind, ...own } : kind)) });
  const free = COLOURS.find((colour) => !rules.balls.some(({ id }) => id === colour));
  const last = rules.last_ball;
  const mode = typeof last === "object" ? "add" : last;
  return (
    <Section title={t`Balls`}>
      {rules.balls.map((kind, i) => (
        <Card key={kind.id}>
          <div className="flex min-h-12 items-center gap-3">
            <Ball colour={ballColour(kind.id, i)} className="size-8">
              {kind.value}
            </Ball>
            <span className="grow font-bold">{name(kind.id)}</span>
            {rules.balls.length > 1 && (
              <IconButton
                label={t`Without ${name(kind.id)}`}
                onClick={() => onChange({ ...rules, balls: rules.balls.filter(({ id }) => id !== kind.id) })}
              >
                <CloseIcon />
              </IconButton>
            )}
          </div>
          <Stepper
            label={t`Worth`}
            value={kind.value}
            min={1}
            max={100}
            onChange={(value) => set(kind.id, { value })}
          />
          <Stepper
            label={t`How many`}
            value={kind.count}
            min={1}
            max={30}
            onChange={(count) => set(kind.id, { count })}
          />
        </Card>
      ))}
      {free && (
        <Button
          onClick={() =>
            onChange({ ...rules, balls: [...rules.balls, { id: free, value: rules.balls.length + 1, count: 1 }] })
          }
        >
          {t`Add a colour`}
        </Button>
      )}
      <Choices
        legend={t`The last ball`}
        value={mode}
        choices={[
          { value: "double", label: t`counts double` },
          { value: "add", label: t`counts more` },
          { value: "none", label: t`as any other` },
        ]}
        onChange={(value) => onChange({ ...rules, last_ball: value === "add" ? { add: 1 } : value })}
      />
      {typeof last === "object" && (
        <Card>
          <Stepper
            label={t`By how much`}
            value={last.add}
            min={-100}
            max={100}
            onChange={(add) => onChange({ ...rules, last_ball: { add } })}
          />
        </Card>
      )}
    </Section>
  );
}

function Fouls({ rules, onChange }: Props) {
  const { t } = useLingui();
  const { mode, value } = rules.foul;
  const direct = rules.system === "direct";
  const hints: Record<KolkhozFoulMode, string> = {
    minus: t`The score goes down, below zero too.`,
    next: t`The next one gets the points, and a ball leaves the table.`,
    pay_all: t`The offender pays every other player.`,
    pending: t`It hangs: whoever pots next takes it. An own hanging foul is gone with an own ball.`,
    none: t`Fouls cost nothing.`,
  };
  return (
    <Section title={t`Fouls`}>
      <Choices<KolkhozFoulMode>
        legend={t`For a foul`}
        hideLegend
        value={mode}
        choices={[
          { value: "minus", label: t`minus` },
          ...(direct ? [{ value: "next" as const, label: t`to the next one` }] : []),
          { value: "pay_all", label: t`pays everyone` },
          { value: "pending", label: t`hangs` },
          { value: "none", label: t`nothing` },
        ]}
        onChange={(next) => onChange({ ...rules, foul: { ...rules.foul, mode: next } })}
        hint={hints[mode]}
      />
      {mode !== "none" && (
        <Card>
          <Stepper
            label={t`Points of a foul`}
            value={value}
            min={1}
            max={100}
            onChange={(points) => onChange({ ...rules, foul: { mode, value: points } })}
          />
        </Card>
      )}
    </Section>
  );
}

function Order({ rules, onChange }: Props) {
  const { t } = useLingui();
  return (
    <>
      <Choices
        legend={t`Order of the circle`}
        value={rules.order}
        choices={[
          { value: "fair", label: t`fair circle` },
          { value: "random_no_repeat", label: t`drawn, without repeats` },
          { value: "random", label: t`drawn` },
          { value: "rotate", label: t`shifting` },
          { value: "fixed", label: t`always the same` },
          { value: "manual", label: t`by hand` },
        ]}
        onChange={(order) => onChange({ ...rules, order })}
        hint={rules.order === "fair" ? t`Everybody follows everybody else equally often.` : undefined}
      />
      <Choices
        legend={t`Who starts`}
        value={rules.starter}
        choices={[
          { value: "last_potter", label: t`who potted the last ball` },
          { value: "first", label: t`the first of the circle` },
        ]}
        onChange={(starter) => onChange({ ...rules, starter })}
      />
      <Card>
        <Switch
          label={t`There and back`}
          hint={t`Every second game is played in the reverse order of the one before.`}
          checked={rules.legs === 2}
          onChange={(on) => onChange({ ...rules, legs: on ? 2 : 1 })}
        />
      </Card>
    </>
  );
}

function Handicaps({ rules, seats, onChange }: Props) {
  const { t } = useLingui();
  return (
    <Section title={t`Handicap`}>
      <Card>
        {seats.map(({ id, name }) => {
          const start = rules.handicap[id]?.start ?? 0;
          return (
            <Stepper
              key={id}
              label={t`${name}: starts at`}
              value={start}
              min={-100}
              max={100}
              shown={start < 0 ? `\u2212${-start}` : String(start)}
              onChange={(value) => onChange({ ...rules, handicap: { ...rules.handicap, [id]: { start: value } } })}
            />
          );
        })}
      </Card>
    </Section>
  );
}

function Rates({ rules, seats, onChange }: Props) {
  const { t } = useLingui();
  const [open, setOpen] = useState(Object.keys(rules.rates).length > 0);
  return (
    <Section title={t`Prices one by one`}>
      <Card>
        <Switch
          label={t`A price for each`}
          hint={t`Whoever pays, pays at his own price of a point.`}
          checked={open}
          onChange={(on) => {
            setOpen(on);
            if (!on) onChange({ ...rules, rates: {} });
          }}
        />
        {open && (
          <div className="flex flex-col gap-3 pb-3">
            {seats.map(({ id, name }) => (
              <Rate key={id} name={name} rules={rules} id={id} onChange={onChange} />
            ))}
          </div>
        )}
      </Card>
    </Section>
  );
}

function Rate({ id, name, rules, onChange }: Omit<Props, "seats"> & { id: string; name: string }) {
  const { t, i18n } = useLingui();
  const unit = 10 ** minorDigits(rules.currency);
  const [text, setText] = useState(id in rules.rates ? String((rules.rates[id] ?? 0) / unit) : "");
  const amount = parseMoney(text, rules.currency);
  return (
    <Field
      label={t`${name}, ${currencySymbol(rules.currency, i18n.locale)} a point`}
      inputMode="decimal"
      autoComplete="off"
      placeholder={String(rules.price / unit)}
      value={text}
      onChange={(event) => {
        setText(event.target.value);
        const { [id]: _, ...others } = rules.rates;
        const given = parseMoney(event.target.value, rules.currency);
        onChange({ ...rules, rates: given === null ? others : { ...others, [id]: given } });
      }}
      error={text !== "" && amount === null ? t`A number is needed, such as 100` : null}
    />
  );
}
