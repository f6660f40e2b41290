/** The code of the table that the link leads to. */
export const invitation = (): string | null => /^\/join\/([0-9A-Za-z]{6})$/.exec(window.location.pathname)?.[1] ?? null;
