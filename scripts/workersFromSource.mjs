// Loaded with `node --import` by the processes of vitest, which reads TypeScript in their main thread itself: only the worker
// threads that the code under test starts need help. Registering it everywhere takes a quarter of a second of each test file.
import { isMainThread } from "node:worker_threads";

if (!isMainThread) (await import("tsx/esm/api")).register();
