import { QueryClient } from "@tanstack/react-query";
import { worthRetrying } from "../api/problem";

export const queries = new QueryClient({
  defaultOptions: {
    // Whether there is a net only a request can tell: a server on this machine needs none.
    queries: {
      networkMode: "always",
      staleTime: 5_000,
      retry: (count, error) => count < 3 && worthRetrying(error),
    },
    mutations: { networkMode: "always", retry: false },
  },
});
