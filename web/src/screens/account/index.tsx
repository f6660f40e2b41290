import { Navigate, Route, Routes } from "react-router";
import { useWords } from "../../i18n/words";
import { Devices } from "./devices";
import { Export } from "./export";
import { Proving } from "./fresh";
import { Identities } from "./identities";
import { Leaving } from "./leaving";
import { Overview } from "./overview";
import { Privacy } from "./privacy";
import { Profile } from "./profile";
import { WORDS } from "./words";

/** What somebody may decide about himself: a screen that says what there is, and one for each below it. */
export default function AccountScreen() {
  useWords(WORDS);
  return (
    <Proving>
      <Routes>
        <Route index element={<Overview />} />
        <Route path="profile" element={<Profile />} />
        <Route path="ways" element={<Identities />} />
        <Route path="devices" element={<Devices />} />
        <Route path="privacy" element={<Privacy />} />
        <Route path="data" element={<Export />} />
        <Route path="leave" element={<Leaving />} />
        <Route path="*" element={<Navigate to="/account" replace />} />
      </Routes>
    </Proving>
  );
}
