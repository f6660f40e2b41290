import { useSyncExternalStore } from "react";
import type { User } from "../api/types";
import { type Auth, authNow, onAuth } from "./session";

export const useAuth = (): Auth => useSyncExternalStore(onAuth, authNow);

/** The one who is signed in; only below the gate that lets nobody else through. */
export function useMe(): User {
  const auth = useAuth();
  if (auth.state !== "signed_in") throw new Error("nobody is signed in");
  return auth.user;
}
