import { useLingui } from "@lingui/react/macro";
import { useMutation, useQuery } from "@tanstack/react-query";
import { askFriend, data, listFriends } from "../api";
import { queries } from "../app/queries";
import { useMe } from "../auth/hooks";
import { toast } from "../ui/toast";

export const useFriends = () =>
  useQuery({ queryKey: ["friends"], queryFn: () => data(listFriends({ query: { limit: 100 } })) });

/** What changes who is a friend of whom; `said` is told when it has worked. */
export function useFriendChange<T>(change: (value: T) => Promise<unknown>, said?: string) {
  const { t } = useLingui();
  return useMutation({
    mutationFn: change,
    onSuccess: () => {
      if (said) toast(said);
      return queries.invalidateQueries({ queryKey: ["friends"] });
    },
    onError: () => toast(t`That did not work. Try again.`, true),
  });
}

export function useAskFriend() {
  const { t } = useLingui();
  return useFriendChange((user_id: string) => askFriend({ body: { user_id } }), t`The request is sent`);
}

/** Whom one need not ask: oneself, friends, and where a request waits. Null until it is known. */
export function useKnown(): Set<string> | null {
  const me = useMe();
  const { data: page } = useFriends();
  if (!page) return null;
  return new Set([me.id, ...[...page.items, ...page.incoming, ...page.outgoing].map(({ user_id }) => user_id)]);
}
