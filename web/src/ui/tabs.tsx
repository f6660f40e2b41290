import { useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { NavLink } from "react-router";
import { data, listNotifications } from "../api";
import { cn } from "../lib/cn";
import { BellIcon, ChartIcon, PeopleIcon, TableIcon } from "./icons";

/** The four root screens. */
export function Tabs() {
  const { t } = useLingui();
  const news = useQuery({ queryKey: ["notifications"], queryFn: () => data(listNotifications()), staleTime: 30_000 });
  const unread = news.data?.unread ?? 0;
  return (
    <nav aria-label={t`Sections`} className="grid grid-cols-4">
      <Tab to="/" icon={<TableIcon />} label={t`Evenings`} />
      <Tab to="/stats" icon={<ChartIcon />} label={t`Stats`} />
      <Tab to="/friends" icon={<PeopleIcon />} label={t`Friends`} />
      <Tab to="/inbox" icon={<BellIcon />} label={t`News`} badge={unread} />
    </nav>
  );
}

function Tab({ to, icon, label, badge = 0 }: { to: string; icon: ReactNode; label: string; badge?: number }) {
  return (
    <NavLink
      to={to}
      replace
      className={({ isActive }) =>
        cn(
          "press relative flex min-h-14 flex-col items-center justify-center gap-0.5 rounded-key",
          isActive ? "text-accent" : "text-hint",
        )
      }
    >
      {icon}
      <span className="text-[min(var(--text-s),3.7vw)] leading-5">{label}</span>
      {badge > 0 && (
        <span className="figures absolute top-1 left-1/2 ms-1.5 min-w-5 rounded-full bg-minus px-1.5 text-center text-s leading-5 text-page">
          {badge > 9 ? "9+" : badge}
        </span>
      )}
    </NavLink>
  );
}
