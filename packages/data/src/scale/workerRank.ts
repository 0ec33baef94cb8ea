// Which of several processes this one is, as the scheduler that started them says in the environment.
import { DataError } from "../errors.ts";

/** One of several processes that share the shards of a job: process `rank`, from 0, of `worldSize`. */
export interface WorkerRank {
  readonly rank: number;
  readonly worldSize: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Rank and number of processes, from the first of these that is set: `RANK` with `WORLD_SIZE` (torchrun, or by hand);
 * a Kubernetes indexed job (`JOB_COMPLETION_INDEX`, with the job's `completions` put into `WORLD_SIZE`, since Kubernetes
 * does not tell it); a Slurm array (`SLURM_ARRAY_TASK_ID` and its count, first and step), each task of which may itself
 * run several processes; Slurm's `srun` (`SLURM_PROCID` of `SLURM_STEP_NUM_TASKS`, or of `SLURM_NTASKS`). Otherwise 0 of 1.
 *
 * @throws DataError where one of the numbers is missing or impossible.
 */
export function rankFromEnvironment(environment: Environment = process.env): WorkerRank {
  const read = (name: string) => wholeNumber(environment, name);
  if (environment.RANK !== undefined) return checkRank({ rank: read("RANK"), worldSize: read("WORLD_SIZE") });
  if (environment.JOB_COMPLETION_INDEX !== undefined) {
    return checkRank({ rank: read("JOB_COMPLETION_INDEX"), worldSize: read("WORLD_SIZE") });
  }
  const process = slurmProcess(environment);
  if (environment.SLURM_ARRAY_TASK_ID === undefined) return checkRank(process);
  const array = slurmArray(environment);
  return checkRank({
    rank: array.rank * process.worldSize + process.rank,
    worldSize: array.worldSize * process.worldSize,
  });
}

/** @throws DataError unless `rank` is one of `worldSize` processes. */
export function checkRank({ rank, worldSize }: WorkerRank): WorkerRank {
  if (Number.isInteger(worldSize) && Number.isInteger(rank) && rank >= 0 && rank < worldSize)
    return { rank, worldSize };
  throw new DataError(
    `rank: expected a whole number from 0 to below worldSize, got rank ${rank} of ${worldSize} (ranks count from 0)`,
  );
}

function slurmProcess(environment: Environment): WorkerRank {
  if (environment.SLURM_PROCID === undefined) return { rank: 0, worldSize: 1 };
  const size = environment.SLURM_STEP_NUM_TASKS === undefined ? "SLURM_NTASKS" : "SLURM_STEP_NUM_TASKS";
  return { rank: wholeNumber(environment, "SLURM_PROCID"), worldSize: wholeNumber(environment, size) };
}

/** Arrays may start anywhere and go in steps (`--array=4-16:4`), but not leave numbers out: those have no rank. */
function slurmArray(environment: Environment): WorkerRank {
  const id = wholeNumber(environment, "SLURM_ARRAY_TASK_ID");
  const worldSize = wholeNumber(environment, "SLURM_ARRAY_TASK_COUNT");
  const first = environment.SLURM_ARRAY_TASK_MIN === undefined ? 0 : wholeNumber(environment, "SLURM_ARRAY_TASK_MIN");
  const step = environment.SLURM_ARRAY_TASK_STEP === undefined ? 1 : wholeNumber(environment, "SLURM_ARRAY_TASK_STEP");
  const rank = (id - first) / step;
  if (Number.isInteger(rank) && rank < worldSize) return { rank, worldSize };
  throw new DataError(
    `SLURM_ARRAY_TASK_ID: expected one of ${worldSize} numbers from ${first} in steps of ${step}, got ${id} (use an array without gaps, such as --array=0-15)`,
  );
}

function wholeNumber(environment: Environment, name: string): number {
  const value = environment[name];
  if (value !== undefined && /^\d+$/.test(value)) return Number(value);
  const advice =
    name === "WORLD_SIZE" ? " (set it to the number of processes, for Kubernetes the job's completions)" : "";
  throw new DataError(
    `${name}: expected a whole number, got ${value === undefined ? "nothing" : `"${value}"`}${advice}`,
  );
}
