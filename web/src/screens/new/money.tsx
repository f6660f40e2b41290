import { useLingui } from "@lingui/react/macro";
import { useState } from "react";
import type { Rules } from "../../engine/types";
import { currencySymbol, minorDigits, parseMoney } from "../../lib/money";
import { Card, Choices, Field, Switch } from "../../ui/form";
import { Section } from "../../ui/screen";

interface Props {
  rules: Rules;
  onChange: (rules: Rules) => void;
}

const amountOf = (rules: Rules): number => (rules.game === "kolkhoz" ? rules.price : rules.stake.amount);

function withAmount(rules: Rules, amount: number): Rules {
  if (rules.game === "kolkhoz") return { ...rules, price: amount, ...(amount === 0 && { rates: {} }) };
  const per = rules.stake.per === "none" ? "game" : rules.stake.per;
  return { ...rules, stake: amount === 0 ? { per: "none", amount: 0 } : { per, amount } };
}

/** What a newcomer sees first when he wants to play for money: a sum nobody quarrels about. */
const FIRST_UNITS = 50;

/** Off unless asked for. */
export function Money({ rules, onChange }: Props) {
  const { t } = useLingui();
  const on = amountOf(rules) > 0;
  const unit = 10 ** minorDigits(rules.currency);
  return (
    <Section title={t`Money`}>
      <Card>
        <Switch
          label={t`Play for money`}
          hint={on ? undefined : t`Only points are counted now.`}
          checked={on}
          onChange={(wanted) => onChange(withAmount(rules, wanted ? FIRST_UNITS * unit : 0))}
        />
        {on && <Amount key={`${rules.game}-${rules.currency}`} rules={rules} onChange={onChange} />}
      </Card>
    </Section>
  );
}

function Amount({ rules, onChange }: Props) {
  const { t, i18n } = useLingui();
  const symbol = currencySymbol(rules.currency, i18n.locale);
  const [text, setText] = useState(String(amountOf(rules) / 10 ** minorDigits(rules.currency)));
  const amount = parseMoney(text, rules.currency);
  return (
    <div className="flex flex-col gap-3 pb-3">
      {rules.game !== "kolkhoz" && (
        <Choices
          legend={t`Stake for`}
          value={rules.stake.per === "ball" ? "ball" : "game"}
          choices={[
            { value: "game", label: t`each game` },
            { value: "ball", label: t`each ball of difference` },
          ]}
          onChange={(per) => onChange({ ...rules, stake: { ...rules.stake, per } })}
        />
      )}
      <Field
        label={rules.game === "kolkhoz" ? t`Price of a point, ${symbol}` : t`Stake, ${symbol}`}
        inputMode="decimal"
        autoComplete="off"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          const given = parseMoney(event.target.value, rules.currency);
          if (given) onChange(withAmount(rules, given));
        }}
        error={amount ? null : t`A number is needed, such as 100`}
      />
    </div>
  );
}
