import { useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { useMe } from "../../../auth/hooks";
import type { Split } from "../../../engine/types";
import { currencySymbol, parseMoney } from "../../../lib/money";
import { Avatar } from "../../../ui/avatar";
import { Button } from "../../../ui/button";
import { Choices, Field } from "../../../ui/form";
import { PlusIcon } from "../../../ui/icons";
import { List, Row } from "../../../ui/row";
import { Section } from "../../../ui/screen";
import { Sheet } from "../../../ui/sheet";
import { toast } from "../../../ui/toast";
import { useMayScore, useMoney, useNames, useTableView, useTap } from "../context";
import { Signed } from "../tile";
import { Transfers } from "../transfers";

export default function MoneySheet({ onClose }: { onClose: () => void }) {
  const { t } = useLingui();
  const { view } = useTableView();
  const { signed } = useMoney();
  const [adding, setAdding] = useState(false);
  const may = useMayScore();
  const running = view.game?.state === "running";
  // A duel moves no money until somebody has won: whoever goes home meanwhile can pay what he owes.
  const counted = running && view.rules.game === "kolkhoz";
  const everybody = view.players.filter(({ id }) => id in view.live.balances);
  if (adding) return <Expense onClose={onClose} onDone={() => setAdding(false)} />;
  return (
    <Sheet title={t`Who pays whom`} onClose={onClose}>
      <div className="flex flex-col gap-5">
        <Section title={counted ? t`If it ended now` : running ? t`To settle up, without this game` : t`To settle up`}>
          <Transfers transfers={counted ? view.live.transfers : view.transfers} payable={!counted} />
        </Section>
        <Section title={t`Balance of the evening`}>
          <List>
            {everybody.map(({ id, name }) => {
              const balance = view.live.balances[id] ?? 0;
              return (
                <li key={id}>
                  <Row
                    icon={<Avatar id={id} name={name} />}
                    title={name}
                    aside={<Signed value={balance}>{signed(balance)}</Signed>}
                  />
                </li>
              );
            })}
          </List>
        </Section>
        {may && (
          <List>
            <li>
              <Row
                icon={<PlusIcon />}
                title={t`Add an expense`}
                note={t`the table, tea, a taxi: who paid, and for whom`}
                onTap={() => setAdding(true)}
              />
            </li>
          </List>
        )}
      </div>
    </Sheet>
  );
}

function Expense({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const { t, i18n } = useLingui();
  const { view } = useTableView();
  const tap = useTap();
  const here = view.players.filter((player) => player.active);
  const me = useMe();
  const [payer, setPayer] = useState((here.find(({ user_id }) => user_id === me.id) ?? here[0])?.id ?? "");
  const [text, setText] = useState("");
  const [split, setSplit] = useState<Split>("equal");
  const [among, setAmong] = useState<string[]>(here.map(({ id }) => id));
  const amount = parseMoney(text, view.rules.currency);
  const pays = here.some(({ id }) => id === payer);
  const shares = here.map(({ id }) => id).filter((id) => among.includes(id));
  const { plain } = useMoney();
  const name = useNames();
  const bad = text !== "" && !amount;
  function add(): void {
    if (!amount) return;
    const all = shares.length === here.length;
    tap({ type: "expense", payer, amount, split, ...(!all && { among: shares }) }, "heavy");
    toast(t`Recorded: ${plain(amount)}`);
    onDone();
  }
  const toggle = (id: string): void =>
    setAmong(among.includes(id) ? among.filter((one) => one !== id) : [...among, id]);
  return (
    <Sheet
      key="expense"
      title={t`Expense`}
      onClose={onClose}
      footer={
        <div className="grid grid-cols-2 gap-2">
          <Button onClick={onDone}>{t`Cancel`}</Button>
          <Button look="primary" disabled={!amount || !pays || shares.length === 0} onClick={add}>
            {t`Record`}
          </Button>
        </div>
      }
    >
      <div className="flex flex-col gap-4">
        <Field
          label={t`How much, ${currencySymbol(view.rules.currency, i18n.locale)}`}
          inputMode="decimal"
          value={text}
          onChange={(event) => setText(event.target.value)}
          error={bad ? t`A number is needed, such as 100` : null}
        />
        <Choices
          legend={t`Who paid`}
          value={payer}
          choices={here.map(({ id }) => ({ value: id, label: name(id) }))}
          onChange={setPayer}
        />
        <Choices<Split>
          legend={t`How it is shared`}
          value={split}
          choices={[
            { value: "equal", label: t`equally` },
            { value: "minus_players", label: t`by those in the red` },
            { value: "minus_proportional", label: t`by how far in the red` },
          ]}
          onChange={setSplit}
        />
        <fieldset>
          <legend className="mb-1.5 text-s text-hint">{t`Among whom`}</legend>
          <div className="flex flex-wrap gap-2">
            {here.map(({ id }) => (
              <button
                key={id}
                type="button"
                aria-pressed={among.includes(id)}
                onClick={() => toggle(id)}
                className="press min-h-11 rounded-full bg-card px-4 aria-pressed:bg-accent aria-pressed:text-on-accent"
              >
                <span dir="auto">{name(id)}</span>
              </button>
            ))}
          </div>
        </fieldset>
      </div>
    </Sheet>
  );
}
