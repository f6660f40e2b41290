// The server's shapes under the names the app uses. Where the document says "any further keys", the engine says which.
import type { GameEvent, Rules } from "../engine/types";
import type {
  GameOut,
  LineOut,
  NextOut,
  NotificationsPage,
  PlayerOut,
  PostedOut,
  SessionItem,
  SessionOut,
  SharedGame as SharedGameOut,
  SharedOut,
  TableOut,
  TemplateOut,
  TokensOut,
  UserOut,
} from "./generated";

export type User = UserOut;
export type Tokens = TokensOut;
export type Player = PlayerOut;
export type Next = NextOut;
export type Game = GameOut;
export type Table = TableOut;
export type SessionDoc = SessionOut;
export type SessionListed = SessionItem;
export type Template = Omit<TemplateOut, "rules"> & { rules: Partial<Rules> };
export type Notification = NotificationsPage["items"][number];

/** An event as the log keeps it. */
export type LoggedEvent = GameEvent & Pick<LineOut, "version" | "game" | "by" | "at" | "client_at">;

export type Answer = Omit<PostedOut, "events"> & { events: LoggedEvent[] };

/** A scoreboard's game is a game, its money only where it was said to be shown. */
export type SharedGame = SharedGameOut &
  Pick<GameOut, "state" | "reason" | "sides" | "order" | "winners" | "points" | "balls_left" | "turn"> & {
    money?: Record<string, number>;
  };
export type SharedBoard = Omit<SharedOut, "game" | "games"> & { game: SharedGame | null; games: SharedGame[] };
export type SharedTable = Omit<SharedBoard, "name" | "kind" | "currency" | "epoch" | "games" | "updated_at">;
