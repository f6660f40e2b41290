import { send } from "./http";

export interface Friend {
  user_id: string;
  display_name: string;
  username: string | null;
  avatar_url: string | null;
}

export interface FriendRequest extends Friend {
  id: string;
  direction: "incoming" | "outgoing";
}

export interface Friends {
  items: Friend[];
  next_cursor: string | null;
  incoming: FriendRequest[];
  outgoing: FriendRequest[];
}

export interface Person {
  id: string;
  display_name: string;
  username: string | null;
  avatar_url: string | null;
}

export const listFriends = (): Promise<Friends> => send("GET", "/friends?limit=100");
export const askFriend = (user_id: string): Promise<unknown> => send("POST", "/friends/requests", { user_id });
export const answerRequest = (id: string, answer: "accept" | "decline"): Promise<unknown> =>
  send("POST", `/friends/requests/${id}/${answer}`);
export const removeFriend = (user_id: string): Promise<unknown> => send("DELETE", `/friends/${user_id}`);
export const findPeople = (query: string): Promise<{ items: Person[] }> =>
  send("GET", `/users?query=${encodeURIComponent(query)}`);
