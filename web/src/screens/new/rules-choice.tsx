import { useLingui } from "@lingui/react/macro";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { data, deleteTemplate, listTemplates } from "../../api";
import type { Template } from "../../api/types";
import { queries } from "../../app/queries";
import type { Rules } from "../../engine/types";
import { useRulesSummary } from "../../rules/summary";
import { Choices } from "../../ui/form";
import { Row } from "../../ui/row";
import { Section } from "../../ui/screen";
import { toast } from "../../ui/toast";
import { sameRules } from "./draft";

interface Props {
  rules: Rules;
  template: Template | null;
  onTemplate: (template: Template) => void;
  onGone: () => void;
  onEdit: () => void;
}

export function RulesChoice({ rules, template, onTemplate, onGone, onEdit }: Props) {
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
        {template?.owner === "me" && <Forget template={template} onGone={onGone} />}
      </div>
    </Section>
  );
}

/** Rules of one's own can be thrown away; evenings that were begun with them keep theirs. */
function Forget({ template, onGone }: { template: Template; onGone: () => void }) {
  const { t } = useLingui();
  const forget = useMutation({
    mutationFn: () => deleteTemplate({ path: { template_id: template.id } }),
    onSuccess: () => {
      onGone();
      return queries.invalidateQueries({ queryKey: ["templates"] });
    },
    onError: () => toast(t`The server does not answer`, true),
  });
  const [sure, setSure] = useState(false);
  return sure ? (
    <Row danger title={t`Delete for good`} disabled={forget.isPending} onTap={() => forget.mutate()} />
  ) : (
    <Row title={t`Delete these rules of mine`} onTap={() => setSure(true)} />
  );
}
