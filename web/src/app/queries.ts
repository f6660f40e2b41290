import { QueryClient } from "@tanstack/react-query";
import { worthRetrying } from "../api/problem";

export const queries = new QueryClient({
  defaultOptions: {
    queries: { staleTime: 5_000, retry: (count, error) => count < 3 && worthRetrying(error) },
    mutations: { retry: false },
  },
});
