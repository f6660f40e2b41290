// What people are called at the table, where a tile has room for one word.

interface Named {
  id: string;
  name: string;
  /** A guest has none: what he is called was typed for him, and stays as it is where it is not too long. */
  user_id?: string | null;
}

const LONG_FOR_A_GUEST = 12;

const words = (name: string): string[] => name.trim().split(/\s+/);

const initialed = (name: string): string => {
  const [first = "", ...others] = words(name);
  const [letter = ""] = others.at(-1) ?? "";
  return letter ? `${first} ${letter.toLocaleUpperCase()}.` : first;
};

/** By id: the first name where nobody else here has it, else with the initial of the last, else the whole. */
export function shortNames(players: readonly Named[]): Map<string, string> {
  const alone = (short: (name: string) => string, { id, name }: Named): boolean =>
    players.every((other) => other.id === id || short(other.name) !== short(name));
  const first = (name: string): string => words(name)[0] ?? name;
  const shortest = (player: Named): string => {
    if (!player.user_id && player.name.length <= LONG_FOR_A_GUEST) return player.name;
    const found = [first, initialed].find((short) => alone(short, player));
    return found ? found(player.name) : player.name;
  };
  return new Map(players.map((player) => [player.id, shortest(player)]));
}
