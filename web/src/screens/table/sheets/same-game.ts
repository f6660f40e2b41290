import { useEffect, useState } from "react";
import { useTableView } from "../context";

/** A sheet that was opened for one game is not for the next: another phone may have ended it, and begun that. */
export function useSameGame(onClose: () => void): void {
  const { game } = useTableView().view;
  const [of] = useState(game?.id);
  const other = game?.id !== of;
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when it has become another
  useEffect(() => {
    if (other) onClose();
  }, [other]);
}
