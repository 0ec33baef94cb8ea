import { expect, test } from "vitest";
import { checkRank, rankFromEnvironment } from "./workerRank.ts";

test.each([
  [{}, 0, 1],
  [{ RANK: "3", WORLD_SIZE: "8", SLURM_PROCID: "1" }, 3, 8],
  [{ JOB_COMPLETION_INDEX: "2", WORLD_SIZE: "4" }, 2, 4],
  [{ SLURM_PROCID: "5", SLURM_STEP_NUM_TASKS: "6", SLURM_NTASKS: "12" }, 5, 6],
  [{ SLURM_PROCID: "5", SLURM_NTASKS: "6" }, 5, 6],
  [{ SLURM_ARRAY_TASK_ID: "3", SLURM_ARRAY_TASK_COUNT: "16" }, 3, 16],
  [array({ id: 1, count: 4, first: 1, step: 1 }), 0, 4],
  [array({ id: 12, count: 4, first: 4, step: 4 }), 2, 4],
  [{ ...array({ id: 2, count: 4, first: 1, step: 1 }), SLURM_PROCID: "1", SLURM_NTASKS: "3" }, 4, 12],
])("%j is rank %i of %i", (environment, rank, worldSize) => {
  expect(rankFromEnvironment(environment)).toEqual({ rank, worldSize });
});

test.each([
  [
    { JOB_COMPLETION_INDEX: "2" },
    "WORLD_SIZE: expected a whole number, got nothing (set it to the number of processes",
  ],
  [{ RANK: "4", WORLD_SIZE: "4" }, "got rank 4 of 4 (ranks count from 0)"],
  [{ RANK: "one", WORLD_SIZE: "4" }, 'RANK: expected a whole number, got "one"'],
  [array({ id: 7, count: 3, first: 1, step: 1 }), "use an array without gaps"],
])("%j is refused", (environment, message) => {
  expect(() => rankFromEnvironment(environment)).toThrow(message);
});

test("a rank must be one of the world's", () => {
  expect(() => checkRank({ rank: 0, worldSize: 0 })).toThrow("got rank 0 of 0");
});

function array({ id, count, first, step }: Record<"id" | "count" | "first" | "step", number>): Record<string, string> {
  return {
    SLURM_ARRAY_TASK_ID: String(id),
    SLURM_ARRAY_TASK_COUNT: String(count),
    SLURM_ARRAY_TASK_MIN: String(first),
    SLURM_ARRAY_TASK_STEP: String(step),
  };
}
