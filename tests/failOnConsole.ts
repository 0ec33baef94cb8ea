// A test that prints hides the line that matters in the log: printing fails the test.
import { afterEach, beforeEach, expect, vi } from "vitest";

const methods = ["log", "info", "warn", "error", "debug"] as const;

beforeEach(() => {
  for (const method of methods) vi.spyOn(console, method).mockImplementation(() => {});
});

afterEach(() => {
  for (const method of methods) {
    const spy = vi.mocked(console[method]);
    const calls = spy.mock?.calls ?? [];
    spy.mockRestore?.();
    expect(calls, `the test called console.${method}`).toEqual([]);
  }
});
