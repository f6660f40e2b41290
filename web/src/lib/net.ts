const HERE = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** The browser's word that there is no net. It means nothing to who plays on the machine that serves the page. */
export const withoutNet = (server: string = location.hostname): boolean => !navigator.onLine && !HERE.has(server);
