import { describe, expect, test } from "vitest";
import { shortNames } from "./names";

const called = (...players: [name: string, guest?: "guest"][]): string[] => [
  ...shortNames(players.map(([name, guest], i) => ({ id: `p${i}`, name, user_id: guest ? null : `u${i}` }))).values(),
];

describe("what people are called at the table", () => {
  test("the first name is enough where nobody else has it", () => {
    expect(called(["Константин Константинопольский"], ["Аня"])).toEqual(["Константин", "Аня"]);
  });

  test("two of one name are told apart by the last", () => {
    expect(called(["Анна Петрова"], ["Анна ван дер Бек"], ["Игорь Седов"])).toEqual(["Анна П.", "Анна Б.", "Игорь"]);
  });

  test("a guest of the same first name counts, too, and is called as he was written", () => {
    expect(called(["Игорь Седов"], ["Игорь малый", "guest"])).toEqual(["Игорь С.", "Игорь малый"]);
    expect(called(["Дядя Ваня", "guest"], ["Екатерина Великая", "guest"])).toEqual(["Дядя Ваня", "Екатерина"]);
  });

  test("where even that is the same, the whole name has to do", () => {
    expect(called(["Анна Петрова"], ["Анна Павлова"], ["Анна"])).toEqual(["Анна Петрова", "Анна Павлова", "Анна"]);
  });

  test("an emoji is a letter, and blanks around a name are nothing", () => {
    expect(called(["  Ёж 🦔"], ["Ёж 🐢"])).toEqual(["Ёж 🦔.", "Ёж 🐢."]);
  });
});
