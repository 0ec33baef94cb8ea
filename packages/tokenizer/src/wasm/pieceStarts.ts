// The loop over characters that tells where pieces start, in WebAssembly: two to three times as fast as compiled JavaScript,
// which reads the address and the length of an array at each access.
import { goOnIf, i32, instantiate, leaveIf, loop, sequence, when } from "./assembler.ts";

/** How many code units are looked at in one call. */
export const stretch = 4096;
/** How many tables of decisions there is room for. */
export const tableCount = 4;

// Addresses in the memory.
const countAt = 0;
const unitsAt = 16;
const endsAt = 8448;
const classesAt = 1 << 15;
const decisionsAt = classesAt + (1 << 16);
const memoryPages = 2 + tableCount;

const two = i32.constant(2);
const one = i32.constant(1);

const memory = new WebAssembly.Memory({ initial: memoryPages });
const locals = { parameters: 4, variables: 2 };
const decide = instantiate(memory, locals, (at, stop, count, table, window, decision) => {
  const address = i32.shiftLeft(at.get, one);
  const classAt = (offset: number) => i32.load8(i32.load16(address, unitsAt + offset * 2), classesAt);
  const withNext = i32.or(i32.shiftLeft(window.get, i32.constant(4)), classAt(1));
  return sequence(
    window.set(classAt(0)),
    window.set(withNext),
    at.set(i32.add(at.get, one)),
    when(
      i32.isLess(at.get, stop.get),
      loop(
        window.set(i32.and(withNext, i32.constant(0xffff))),
        decision.set(i32.load8(i32.add(i32.shiftLeft(table.get, i32.constant(16)), window.get), decisionsAt)),
        i32.store(i32.shiftLeft(count.get, two), at.get, endsAt),
        count.set(i32.add(count.get, i32.and(decision.get, one))),
        leaveIf(i32.and(decision.get, two)),
        at.set(i32.add(at.get, one)),
        goOnIf(i32.isLess(at.get, stop.get)),
      ),
    ),
    i32.store(i32.constant(countAt), count.get, 0),
    at.get,
  );
});

/** The code units of the stretch, and one more. */
export const stretchUnits = new Uint16Array(memory.buffer, unitsAt, stretch + 2);
/** Where pieces end: at most one behind each code unit, and some that are found otherwise. */
export const stretchEnds = new Uint32Array(memory.buffer, endsAt, stretch + 8);
/** How many ends there are, in its only element. */
export const endCount = new Uint32Array(memory.buffer, countAt, 1);
/** The class of each code unit, 0 to 15; class 0 stands for what is unknown before a piece. */
export const unitClasses = new Uint8Array(memory.buffer, classesAt, 1 << 16);
/** Tables from the classes of four code units, of four bits each, to 0 (inside a piece), 1 (a start) or 2 (not decided). */
export const decisionTables = new Uint8Array(memory.buffer, decisionsAt, tableCount << 16);

/**
 * Notes the starts of pieces between `at`, where one starts, and `stop` as the ends from `count` on. Returns the first place
 * that is not decided, or `stop`.
 */
export function decideStarts(at: number, stop: number, count: number, table: number): number {
  return decide(at, stop, count, table);
}
