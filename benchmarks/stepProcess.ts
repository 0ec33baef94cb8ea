// Drives a process that makes as many measured steps as each line it is sent says, so that two systems can take turns.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

type Message = Record<string, unknown>;

export class StepProcess {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  /** What the process said when it was ready. */
  ready: Message = {};

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  }

  /** Starts a process and waits until it has warmed up. */
  static async start(
    command: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv = process.env,
  ): Promise<StepProcess> {
    const process_ = new StepProcess(spawn(command, args, { stdio: ["pipe", "pipe", "inherit"], env }));
    process_.ready = await process_.#expect("ready");
    return process_;
  }

  /** Milliseconds of each of `count` steps, run one after another. */
  async steps(count: number): Promise<number[]> {
    this.#child.stdin!.write(`${count}\n`);
    const times: number[] = [];
    while (times.length < count) times.push(Number((await this.#expect("step")).ms));
    return times;
  }

  /** Ends the process; returns its peak memory in bytes. */
  async quit(): Promise<number> {
    this.#child.stdin!.write("quit\n");
    return Number((await this.#expect("quit")).peakMemoryBytes);
  }

  async #expect(event: string): Promise<Message> {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error(`${this.#child.spawnfile}: ended before "${event}"`);
      if (!value.startsWith("{")) continue;
      const message = JSON.parse(value) as Message;
      if (message.event === event) return message;
    }
  }
}
