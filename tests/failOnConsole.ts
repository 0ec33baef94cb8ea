// A test that prints hides the line that matters in the log: whatever is printed, by console or straight to a stream, fails the test.
import { afterAll, afterEach, expect } from "vitest";

const printed: string[] = [];

// From here on, also while test files load and hooks run. A test that expects a message replaces the method itself (`vi.spyOn`).
for (const method of ["log", "info", "warn", "error", "debug"] as const) {
  console[method] = (...values: unknown[]) => void printed.push(`console.${method}: ${values.map(String).join(" ")}`);
}
for (const stream of ["stdout", "stderr"] as const) {
  process[stream].write = (chunk: string | Uint8Array, ...rest: unknown[]) => {
    printed.push(`process.${stream}: ${typeof chunk === "string" ? chunk : Buffer.from(chunk).toString()}`);
    const done = rest.at(-1);
    if (typeof done === "function") done();
    return true;
  };
}

function expectSilence(): void {
  expect(printed.splice(0), "tests print nothing").toEqual([]);
}

afterEach(expectSilence);
afterAll(expectSilence);
