import { i18n } from "@lingui/core";
import { I18nProvider } from "@lingui/react";
import { QueryClientProvider } from "@tanstack/react-query";
import { lazy, type ReactNode, Suspense, useEffect } from "react";
import { BrowserRouter, Navigate, Route, Routes, useLocation } from "react-router";
import { useAuth } from "../auth/hooks";
import { startParam } from "../telegram";
import { Skeleton } from "../ui/screen";
import { Toasts } from "../ui/toast";
import { Boundary } from "./boundary";
import { queries } from "./queries";

const SignInScreen = lazy(() => import("../screens/sign-in"));
const LinkScreen = lazy(() => import("../screens/sign-in/link"));
const HomeScreen = lazy(() => import("../screens/home"));
const NewScreen = lazy(() => import("../screens/new"));
const TableScreen = lazy(() => import("../screens/table"));
const StatsScreen = lazy(() => import("../screens/stats"));
const FriendsScreen = lazy(() => import("../screens/friends"));
const InboxScreen = lazy(() => import("../screens/inbox"));
const JoinScreen = lazy(() => import("../screens/join"));
const AccountScreen = lazy(() => import("../screens/account"));
const SharedScreen = lazy(() => import("../screens/shared"));

export function App() {
  return (
    <I18nProvider i18n={i18n}>
      <QueryClientProvider client={queries}>
        <BrowserRouter>
          <Boundary>
            <Suspense fallback={<Waiting />}>
              <Routes>
                <Route path="/s/*" element={<SharedScreen />} />
                <Route path="/link" element={<LinkScreen />} />
                <Route path="*" element={<Gate />} />
              </Routes>
            </Suspense>
          </Boundary>
          <Toasts />
        </BrowserRouter>
      </QueryClientProvider>
    </I18nProvider>
  );
}

function Waiting() {
  return (
    <div className="safe mx-auto max-w-2xl pt-20">
      <Skeleton />
    </div>
  );
}

/** Only who is signed in comes further. */
function Gate() {
  const auth = useAuth();
  if (auth.state === "starting") return <Waiting />;
  if (auth.state === "signed_out") return <SignInScreen said={auth} />;
  return (
    <Signed>
      <Routes>
        <Route path="/" element={<HomeScreen />} />
        <Route path="/new" element={<NewScreen />} />
        <Route path="/t/:id" element={<TableScreen />} />
        <Route path="/join/:code" element={<JoinScreen />} />
        <Route path="/stats" element={<StatsScreen />} />
        <Route path="/account/*" element={<AccountScreen />} />
        <Route path="/friends" element={<FriendsScreen />} />
        <Route path="/inbox" element={<InboxScreen />} />
        <Route path="*" element={<Navigate to="/" replace />} />
      </Routes>
    </Signed>
  );
}

const CODE = /^[0-9A-Za-z]{6}$/;

function invitedTo(param: string | null): string | null {
  if (param === "account") return "/account";
  return param && CODE.test(param) ? `/join/${param}` : null;
}

let followed = false;

function Signed({ children }: { children: ReactNode }) {
  const { pathname } = useLocation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new screen is seen from its top
  useEffect(() => {
    window.scrollTo(0, 0);
  }, [pathname]);
  const to = followed ? null : invitedTo(startParam());
  if (to) {
    followed = true;
    return <Navigate to={to} replace />;
  }
  return children;
}
