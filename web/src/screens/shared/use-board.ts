import { useEffect, useState } from "react";
import { data, getShared, sharedLiveTicket } from "../../api";
import { open as publicClient } from "../../api/open";
import { Problem } from "../../api/problem";
import type { SharedBoard, SharedTable } from "../../api/types";
import { oneByOne } from "../../lib/one-by-one";
import { later } from "../../live/outboxes";
import { LiveSocket, type LiveState } from "../../live/socket";
import { onReturn } from "../../telegram";
import { isOlder, landed } from "./now";

export interface Board {
  board: SharedBoard | null;
  live: LiveState;
  /** The link was taken back, or never was one. */
  gone: boolean;
}

type BoardFrame =
  | { type: "snapshot"; session: SharedBoard }
  | { type: "table"; table: SharedTable }
  | { type: "session" | "presence" };

export function useBoard(token: string): Board {
  const [board, setBoard] = useState<SharedBoard | null>(null);
  const [live, setLive] = useState<LiveState>("connecting");
  const [gone, setGone] = useState(false);
  useEffect(() => {
    setGone(false); // a newer link may have come into the same page
    let shown: SharedBoard | null = null;
    let open = true;
    const show = (next: SharedBoard): void => {
      if (!open) return;
      shown = next;
      setBoard(next);
    };
    // What it was asked for, a new name say, may be in it all the same: asked once more.
    const take = (board: SharedBoard): void => (isOlder(board, shown) ? void fetchBoard() : show(board));
    const fetchBoard = oneByOne(() =>
      fetchShared(token).then(take, (error: unknown) => {
        if (open && isGone(error)) setGone(true);
      }),
    );
    const land = (table: SharedTable): void => {
      if (!shown) return;
      if (table.games_version !== shown.games_version) void fetchBoard();
      show(landed(shown, table));
    };
    const socket = new LiveSocket({
      ticket: async () => (await data(sharedLiveTicket(asked(token)))).ticket,
      open: (ticket) => new WebSocket(sharedLiveUrl(), ["artel.v1", `ticket.${ticket}`]),
      onFrame: (raw) => {
        const frame = raw as unknown as BoardFrame;
        if (frame.type === "session") void fetchBoard();
        if (frame.type === "snapshot") take(frame.session);
        if (frame.type === "table") land(frame.table);
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

function sharedLiveUrl(): string {
  const url = new URL("/api/v1/shared/live", window.location.href);
  url.protocol = url.protocol.replace("http", "ws");
  return url.href;
}

const isGone = (error: unknown): boolean => error instanceof Problem && [401, 403, 404, 422].includes(error.status);
