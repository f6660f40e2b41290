import { useLingui } from "@lingui/react/macro";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, type MouseEvent, useState } from "react";
import { createTemplate, data } from "../../api";
import { Problem } from "../../api/problem";
import type { Template } from "../../api/types";
import { queries } from "../../app/queries";
import type { Rules } from "../../engine/types";
import { Button } from "../../ui/button";
import { Field, wrongField } from "../../ui/form";
import { Sheet } from "../../ui/sheet";
import { toast } from "../../ui/toast";
import { refusalText } from "../table/refusals";
import { type Seat, withoutPeople } from "./draft";
import { DuelEditor } from "./duel-editor";
import { KolkhozEditor } from "./kolkhoz-editor";

interface Props {
  rules: Rules;
  seats: Seat[];
  onChange: (rules: Rules) => void;
  onSaved: (template: Template) => void;
  onClose: () => void;
}

/** Every rule there is. Who leaves it alone plays by the usual ones. */
export default function RulesSheet({ rules, seats, onChange, onSaved, onClose }: Props) {
  const { t } = useLingui();
  function done(event: MouseEvent<HTMLElement>): void {
    const wrong = wrongField(event.currentTarget.closest("dialog") ?? undefined);
    if (wrong) wrong.focus();
    else onClose();
  }
  return (
    <Sheet
      title={t`Rules`}
      onClose={onClose}
      footer={
        <Button look="primary" wide onClick={done}>
          {t`Done`}
        </Button>
      }
    >
      <div className="flex flex-col gap-5">
        {rules.game === "kolkhoz" ? (
          <KolkhozEditor rules={rules} seats={seats} onChange={onChange} />
        ) : (
          <DuelEditor rules={rules} seats={seats} onChange={onChange} />
        )}
        <Keep rules={rules} onSaved={onSaved} />
      </div>
    </Sheet>
  );
}

/** Under a name these rules can be chosen next time; who plays and for how much is not kept with them. */
function Keep({ rules, onSaved }: { rules: Rules; onSaved: (template: Template) => void }) {
  const { t } = useLingui();
  const [name, setName] = useState("");
  const keep = useMutation({
    mutationFn: () => data(createTemplate({ body: { name: name.trim(), rules: { ...withoutPeople(rules) } } })),
    onSuccess: (made) => {
      void queries.invalidateQueries({ queryKey: ["templates"] });
      toast(t`Saved`);
      onSaved(made);
    },
    onError: (error) => toast(error instanceof Problem ? refusalText(error) : t`The server does not answer`, true),
  });
  function submit(event: FormEvent): void {
    event.preventDefault();
    keep.mutate();
  }
  return (
    <form onSubmit={submit} className="flex items-end gap-2">
      <Field
        className="min-w-0 grow"
        label={t`Keep these rules under a name`}
        value={name}
        onChange={(event) => setName(event.target.value)}
        maxLength={64}
        autoComplete="off"
        enterKeyHint="done"
      />
      <Button type="submit" busy={keep.isPending} disabled={!name.trim()}>
        {t`Save`}
      </Button>
    </form>
  );
}
