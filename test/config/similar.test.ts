import { expect, test } from "vitest";
import { similarName } from "../../src/config/similar.ts";

const KEYS = ["instances", "command", "port", "env", "restart", "reload", "ready"];

test("a misspelled name finds the one that was meant", () => {
  const table = {
    instnaces: "instances",
    comand: "command",
    prot: "port",
    evn: "env",
    Restart: "restart",
    relaod: "reload",
  };
  for (const [word, meant] of Object.entries(table))
    expect([word, similarName(word, KEYS)]).toEqual([word, meant]);
});

test("a word that is like none of them finds nothing", () => {
  for (const word of ["image", "x", "volumes", "", "restart", "p".repeat(1_000_000)]) {
    expect(similarName(word, KEYS)).toBe(undefined);
  }
});
