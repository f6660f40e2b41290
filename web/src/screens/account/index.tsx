import { useLingui } from "@lingui/react/macro";
import { useWords } from "../../i18n/words";
import { Screen } from "../../ui/screen";
import { Back } from "./back";
import { Devices } from "./devices";
import { Export } from "./export";
import { Identities } from "./identities";
import { Leaving } from "./leaving";
import { Privacy } from "./privacy";
import { Profile } from "./profile";
import { WORDS } from "./words";

/** What somebody may decide about himself, a section each, in this order. */
const SECTIONS = [Profile, Identities, Privacy, Devices, Export, Leaving];

export default function AccountScreen() {
  const { t } = useLingui();
  useWords(WORDS);
  return (
    <Screen title={t`Account`} back>
      <Back />
      {SECTIONS.map((Section) => (
        <Section key={Section.name} />
      ))}
    </Screen>
  );
}
