import { useQuery } from "@tanstack/react-query";
import { data, identities, ways } from "../../api";
import type { ProviderName } from "../../auth/away";

export const IDENTITIES = ["identities"];
export const PROVIDERS: readonly ProviderName[] = ["telegram", "google"];
export const NAMES: Record<string, string> = { telegram: "Telegram", google: "Google" };

export const useIdentities = () => useQuery({ queryKey: IDENTITIES, queryFn: () => data(identities()), staleTime: 0 });

export const useWays = () => useQuery({ queryKey: ["ways"], queryFn: () => data(ways()), staleTime: 60_000 });

/** By what somebody proves once more who he is, where that is asked for. Null: by nothing that this page can leave for. */
export function useAgain(): ProviderName | null {
  const known = useIdentities().data?.map(({ provider }) => provider) ?? [];
  const open = useWays().data;
  return PROVIDERS.find((provider) => known.includes(provider) && open?.[provider]) ?? null;
}
