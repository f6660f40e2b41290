import { useEffect, useState, useSyncExternalStore } from "react";
import { useMe } from "../../auth/hooks";
import { type OpenTable, openTable } from "../../live/open";
import type { Snapshot } from "../../live/table";
import { toast } from "../../ui/toast";
import { refusalText } from "./refusals";

const NOTHING: Snapshot = { view: null, live: "connecting", online: [], gone: false, outdated: false };
const quiet = (): (() => void) => () => {};

/** The evening while its screen is open. */
export function useTable(id: string): { table: OpenTable | null; snapshot: Snapshot } {
  const me = useMe();
  const [table, setTable] = useState<OpenTable | null>(null);
  useEffect(() => {
    const opened = openTable(me.id, id, {
      // Two people pressed "next game": one was first, and both have what they wanted.
      onRefused: (event, problem) =>
        (event.type === "start" && problem.code === "game_in_progress") || toast(refusalText(problem), true),
    });
    setTable(opened);
    return () => {
      opened.close();
      setTable(null);
    };
  }, [me.id, id]);
  const snapshot = useSyncExternalStore(table?.store.subscribe ?? quiet, table?.store.snapshot ?? (() => NOTHING));
  return { table, snapshot };
}
