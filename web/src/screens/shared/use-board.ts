import { useEffect, useState } from "react";
import { data, getShared, sharedLiveTicket } from "../../api";
import { open as publicClient } from "../../api/open";
import { Problem } from "../../api/problem";
import type { SharedBoard, SharedTable } from "../../api/types";
import { later } from "../../live/outboxes";
import { LiveSocket, type LiveState } from "../../live/socket";
import { onReturn } from "../../telegram";

export interface Board {
  board: SharedBoard | null;
  live: LiveState;
  /** The link was taken back, or never was one. */
  gone: boolean;
}

type BoardFrame = { type: "table"; table: SharedTable } | { type: "session" | "presence" };

export function useBoard(token: string): Board {
  const [board, setBoard] = useState<SharedBoard | null>(null);
  const [live, setLive] = useState<LiveState>("connecting");
  const [gone, setGone] = useState(false);
  useEffect(() => {
    let position = { version: 0, epoch: "" };
    let open = true;
    const show = (next: SharedBoard): void => {
      if (!open) return;
      position = next;
      setBoard(next);
    };
    const fetchBoard = (): Promise<void> =>
      fetchShared(token).then(show, (error: unknown) => {
        if (open && isGone(error)) setGone(true);
      });
    const socket = new LiveSocket({
      ticket: async () => (await data(sharedLiveTicket(asked(token)))).ticket,
      open: (ticket) =>
        new WebSocket(sharedLiveUrl(position.version, position.epoch), ["artel.v1", `ticket.${ticket}`]),
      onFrame: (raw) => {
        const frame = raw as unknown as BoardFrame;
        if (frame.type === "session") void fetchBoard();
        if (frame.type === "table")
          setBoard((before) => before && landed(before, frame.table, () => void fetchBoard()));
      },
      onState: (state) => {
        setLive(state);
        // The link was closed while he looked: what he sees is old from here on.
        if (state === "stopped") setGone(true);
      },
      onMissed: () => void fetchBoard(),
      isFinal: isGone,
      later,
      now: Date.now,
    });
    void fetchBoard().then(() => open && socket.start());
    const stop = onReturn(() => socket.wake());
    return () => {
      open = false;
      stop();
      socket.stop();
    };
  }, [token]);
  return { board, live, gone };
}

const asked = (token: string) => ({ client: publicClient, headers: { "X-Share-Token": token } });

const fetchShared = (token: string): Promise<SharedBoard> => data(getShared(asked(token))) as Promise<SharedBoard>;

function sharedLiveUrl(version: number, epoch: string): string {
  const url = new URL("/api/v1/shared/live", window.location.href);
  url.protocol = url.protocol.replace("http", "ws");
  url.searchParams.set("after", String(version));
  url.searchParams.set("epoch", epoch);
  return url.href;
}

const isGone = (error: unknown): boolean => error instanceof Problem && [401, 403, 404, 422].includes(error.status);

/** The board with a newer table; what the table does not tell of older games is asked for. */
function landed(board: SharedBoard, table: SharedTable, refetch: () => void): SharedBoard {
  if (table.version <= board.version) return board;
  if (table.games_version !== board.games_version) refetch();
  const { game } = table;
  const games = game ? [...board.games.filter(({ id }) => id !== game.id), game] : board.games;
  return { ...board, ...table, games };
}
