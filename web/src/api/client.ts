// The generated client with our token on every request. Imported once, before anything is asked.
import { authFetch } from "../auth/tokens";
import { client } from "./generated/client.gen";
import { asProblem } from "./problem";

client.setConfig({ baseUrl: window.location.origin, fetch: authFetch as typeof fetch });
client.interceptors.error.use(asProblem);
