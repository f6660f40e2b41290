/** Letters of a Russian keyboard that look like those of a code. */
const CYRILLIC = "АВЕКМНРСТУХ";
const LATIN = "ABEKMHPCTYX";

export const CODE_LENGTH = 6;

/** What was typed as the code of an evening: no case, no dashes, and no matter which keyboard was on. */
export function codeOf(text: string): string {
  const letters = [...text.toUpperCase()].map((letter) => LATIN[CYRILLIC.indexOf(letter)] ?? letter);
  return letters
    .filter((letter) => /[0-9A-Z]/.test(letter))
    .slice(0, CODE_LENGTH)
    .join("");
}
