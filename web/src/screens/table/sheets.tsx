import { lazy, Suspense } from "react";

const SHEETS = {
  menu: lazy(() => import("./sheets/menu")),
  log: lazy(() => import("./sheets/log")),
  player: lazy(() => import("./sheets/player")),
  players: lazy(() => import("./sheets/players")),
  money: lazy(() => import("./sheets/money")),
  order: lazy(() => import("./sheets/order")),
  end: lazy(() => import("./sheets/end")),
  finish: lazy(() => import("./sheets/finish")),
  share: lazy(() => import("./sheets/share")),
  settings: lazy(() => import("./sheets/settings")),
};

export type SheetName = keyof typeof SHEETS;
export type Opened = { name: SheetName; player?: string } | null;

interface Props {
  opened: Opened;
  onOpen: (sheet: SheetName) => void;
  onClose: () => void;
}

/** Sheets come when they are asked for, so that the table itself is there at once. */
export function Sheets({ opened, onOpen, onClose }: Props) {
  if (!opened) return null;
  const Opened = SHEETS[opened.name];
  return (
    <Suspense fallback={null}>
      <Opened onClose={onClose} onOpen={onOpen} player={opened.player ?? ""} />
    </Suspense>
  );
}
