import { useLingui } from "@lingui/react/macro";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { changeSession, data } from "../../../api";
import type { SessionChange } from "../../../api/generated";
import { Problem } from "../../../api/problem";
import { useMe } from "../../../auth/hooks";
import { useRulesSummary } from "../../../rules/summary";
import { GAMES } from "../../../rules/words";
import { Button } from "../../../ui/button";
import { Choices, Field } from "../../../ui/form";
import { List, Row } from "../../../ui/row";
import { Sheet } from "../../../ui/sheet";
import { toast } from "../../../ui/toast";
import { useTableView } from "../context";
import { refusalText } from "../refusals";

export default function SettingsSheet({ onClose }: { onClose: () => void }) {
  const { t, i18n } = useLingui();
  const { view } = useTableView();
  const me = useMe();
  const summary = useRulesSummary();
  return (
    <Sheet title={t`Rules of the evening`} onClose={onClose}>
      <div className="flex flex-col gap-5">
        <List label={t`Rules of the evening`}>
          {[i18n._(GAMES[view.rules.game]), ...summary(view.rules)].map((line) => (
            <li key={line}>
              <Row title={line} />
            </li>
          ))}
        </List>
        {view.doc.organizer_id === me.id && !view.finished && <Change />}
      </div>
    </Sheet>
  );
}

type Scorers = "everyone" | "organizer" | "some";

function Change() {
  const { t } = useLingui();
  const { view } = useTableView();
  const [name, setName] = useState(view.doc.name ?? "");
  const { scorers } = view.doc;
  const change = useMutation({
    mutationFn: (body: SessionChange) => data(changeSession({ path: { session_id: view.doc.id }, body })),
    onError: (error) => toast(error instanceof Problem ? refusalText(error) : t`The server does not answer`, true),
  });
  function submit(event: FormEvent): void {
    event.preventDefault();
    change.mutate({ name: name.trim() }, { onSuccess: () => toast(t`Saved`) });
  }
  return (
    <>
      <Choices<Scorers>
        legend={t`Who keeps the score`}
        value={Array.isArray(scorers) ? "some" : scorers}
        choices={[
          { value: "everyone", label: t`everyone` },
          { value: "organizer", label: t`only me` },
          ...(Array.isArray(scorers) ? [{ value: "some" as const, label: t`some of us` }] : []),
        ]}
        onChange={(value) => value !== "some" && change.mutate({ scorers: value })}
      />
      <form onSubmit={submit} className="flex items-end gap-2">
        <Field
          className="grow"
          label={t`Name of the evening`}
          value={name}
          onChange={(event) => setName(event.target.value)}
          maxLength={64}
        />
        <Button type="submit" busy={change.isPending} disabled={!name.trim() || name.trim() === view.doc.name}>
          {t`Save`}
        </Button>
      </form>
    </>
  );
}
