import { expect, it } from "vitest";
import { PieceTokenCache } from "./pieceTokenCache.ts";

it("keeps pieces up to its limit, and none that are long", () => {
  const cache = new PieceTokenCache();
  const tokensOf = (piece: string) => [{ id: piece.length, token: piece, start: 0, end: piece.length }];
  let made = 0;
  const get = (piece: string) =>
    cache.get(piece, () => {
      made++;
      return tokensOf(piece);
    });
  for (let index = 0; index < 25_000; index++) {
    expect(get(`${index}`)).toEqual(tokensOf(`${index}`));
    expect(cache.size).toBeLessThanOrEqual(10_000);
  }
  expect(made).toBe(25_000);
  get("24999");
  expect(made).toBe(25_000);
  get("x".repeat(65));
  get("x".repeat(65));
  expect(made).toBe(25_002);
});
