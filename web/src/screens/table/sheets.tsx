import { useLingui } from "@lingui/react/macro";
import { type ComponentType, useEffect, useState } from "react";
import { toast } from "../../ui/toast";

const SHEETS = {
  menu: () => import("./sheets/menu"),
  log: () => import("./sheets/log"),
  player: () => import("./sheets/player"),
  players: () => import("./sheets/players"),
  money: () => import("./sheets/money"),
  order: () => import("./sheets/order"),
  end: () => import("./sheets/end"),
  finish: () => import("./sheets/finish"),
  share: () => import("./sheets/share"),
  settings: () => import("./sheets/settings"),
};

export type SheetName = keyof typeof SHEETS;
export type Opened = { name: SheetName; player?: string } | null;

interface SheetProps {
  player: string;
  onOpen: (sheet: SheetName) => void;
  onClose: () => void;
}

const loaded = new Map<SheetName, ComponentType<SheetProps>>();

async function load(name: SheetName): Promise<void> {
  if (!loaded.has(name)) loaded.set(name, (await SHEETS[name]()).default as ComponentType<SheetProps>);
}

const SOON_MS = 1500;

/** The table itself is there at once; its sheets soon after, so that they open without a net, too. */
export function usePreloadedSheets(): void {
  useEffect(() => {
    const all = Object.keys(SHEETS) as SheetName[];
    const timer = setTimeout(
      () => void Promise.all([...all.map(load), import("./results"), import("../home")]).catch(() => {}),
      SOON_MS,
    );
    return () => clearTimeout(timer);
  }, []);
}

interface Props {
  opened: Opened;
  onOpen: (sheet: SheetName) => void;
  onClose: () => void;
}

export function Sheets({ opened, onOpen, onClose }: Props) {
  const Sheet = useSheet(opened?.name ?? null, onClose);
  if (!opened || !Sheet) return null;
  return <Sheet onClose={onClose} onOpen={onOpen} player={opened.player ?? ""} />;
}

function useSheet(name: SheetName | null, onFailed: () => void): ComponentType<SheetProps> | null {
  const { t } = useLingui();
  const [, setCame] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked for once a sheet
  useEffect(() => {
    if (!name || loaded.has(name)) return;
    let wanted = true;
    const came = (): void => setCame((times) => times + 1);
    const failed = (): void => {
      if (!wanted) return;
      toast(t`The server does not answer`, true);
      onFailed();
    };
    load(name).then(came, failed);
    return () => {
      wanted = false;
    };
  }, [name]);
  return (name && loaded.get(name)) ?? null;
}
