import { useLingui } from "@lingui/react/macro";
import { useMutation, useQuery } from "@tanstack/react-query";
import { changeMe, data, me } from "../../api";
import type { PrivacyChange, PrivacyOut } from "../../api/generated";
import { queries } from "../../app/queries";
import { Card, Choices, Switch } from "../../ui/form";
import { Failed, Skeleton } from "../../ui/screen";
import { Page } from "./page";
import { useSay } from "./say";

const KEY = ["privacy"];
const asked = async (): Promise<PrivacyOut> => (await data(me())).privacy;

export function Privacy() {
  const { t } = useLingui();
  const say = useSay();
  const kept = useQuery({ queryKey: KEY, queryFn: asked });
  const change = useMutation({
    mutationFn: async (privacy: PrivacyChange) => (await data(changeMe({ body: { privacy } }))).privacy,
    scope: { id: "privacy" }, // one after the other: the last one tapped is the last one kept
    onMutate: (privacy) => {
      queries.setQueryData<PrivacyOut>(KEY, (before) => before && ({ ...before, ...privacy } as PrivacyOut));
    },
    onError: (error) => {
      say(error);
      return queries.invalidateQueries({ queryKey: KEY });
    },
  });
  return (
    <Page title={t`Privacy`}>
      {kept.isPending && <Skeleton rows={2} />}
      {kept.isError && <Failed onAgain={() => void kept.refetch()} />}
      {kept.data && <Chosen privacy={kept.data} onChange={change.mutate} />}
    </Page>
  );
}

function Chosen({ privacy, onChange }: { privacy: PrivacyOut; onChange: (change: PrivacyChange) => void }) {
  const { t } = useLingui();
  return (
    <div className="flex flex-col gap-6">
      <Choices<PrivacyOut["found_by"]>
        legend={t`Who finds me by name`}
        value={privacy.found_by}
        choices={[
          { value: "everybody", label: t`everybody` },
          { value: "nobody", label: t`nobody` },
        ]}
        hint={t`Friends keep you in their list, and the code of an evening always lets you in.`}
        onChange={(found_by) => onChange({ found_by })}
      />
      <Choices<PrivacyOut["figures"]>
        legend={t`Who sees my games and ratings`}
        value={privacy.figures}
        choices={[
          { value: "known", label: t`friends and those I played with` },
          { value: "friends", label: t`friends` },
          { value: "nobody", label: t`only me` },
        ]}
        onChange={(figures) => onChange({ figures })}
      />
      <Card>
        <Switch
          label={t`Hide my money`}
          hint={t`At the table everybody still sees who pays whom; in statistics your sums are yours alone.`}
          checked={privacy.hide_money}
          onChange={(hide_money) => onChange({ hide_money })}
        />
      </Card>
    </div>
  );
}
