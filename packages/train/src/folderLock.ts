// One training at a time writes to a folder of checkpoints. The lock is a socket that listens as long as the training lives: unlike a
// file with the number of a process it goes with the process, however that ended.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { realpath, rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TrainError } from "./errors.ts";

/**
 * Locks a folder that exists, against other trainings on this machine. Where there are no such sockets nothing is locked.
 * @throws TrainError where another training has it.
 */
export async function lockFolder(folder: string): Promise<AsyncDisposable> {
  const path = socketPath(await realpath(folder));
  const server = createServer((socket) => socket.destroy()).unref();
  // Of two attempts the first may find what a killed process left.
  for (const attempt of [1, 2]) {
    const problem = await listen(server, path);
    if (problem === undefined) break;
    if (problem.code !== "EADDRINUSE") return { [Symbol.asyncDispose]: async () => {} };
    if (attempt === 2 || (await isAnswered(path))) {
      throw new TrainError(
        `Trainer: another training is writing to ${folder} (stop it first, or choose another checkpoints.folder)`,
      );
    }
    await rm(path, { force: true });
  }
  return {
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      await closed;
    },
  };
}

/** Not inside of the folder: the path of a socket holds about a hundred characters. */
function socketPath(folder: string): string {
  const name = `llm-training-${createHash("sha256").update(folder).digest("hex").slice(0, 16)}`;
  return process.platform === "win32" ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
}

async function listen(server: Server, path: string): Promise<NodeJS.ErrnoException | undefined> {
  try {
    server.listen({ path, exclusive: true });
    await once(server, "listening");
    return undefined;
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
}

async function isAnswered(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, "connect");
    return true;
  } catch (error) {
    return !["ECONNREFUSED", "ENOENT"].includes((error as NodeJS.ErrnoException).code ?? "");
  } finally {
    socket.destroy();
  }
}
