// Opens a port on Node and closes it without cutting off answers. The only file that does.
import type { Server } from "node:http";
import type { Socket } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { Engine, type EngineOptions } from "./engine.ts";
import { ServeError } from "./errors.ts";
import { type AppOptions, createApp } from "./http.ts";
import type { ServedModel } from "./servedModel.ts";

/** What to serve, where, and to whom. */
export interface ServeOptions extends ServedModel, AppOptions, EngineOptions {
  /** 0 takes a free port. Default 8080. */
  port?: number;
  /** Default `127.0.0.1`: this machine only. `0.0.0.0` lets others in; give an `apiKey` then. */
  hostname?: string;
}

/** A server that takes requests until it is closed. */
export interface RunningServer {
  /** For example `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly port: number;
  /** Takes nothing new, lets answers end for up to `timeoutMs` (default 10,000), and closes the port. */
  close(options?: { timeoutMs?: number }): Promise<void>;
}

/**
 * Serves a model over HTTP. Resolves when it is ready: the port is open and the model has run once.
 * Errors inside the server become process warnings unless `onError` takes them.
 *
 * @throws ServeError if the port cannot be opened or the tokenizer does not fit the model; what the model throws if it cannot run
 * @example
 * const server = await serve({ ...(await loadServed("runs/quickstart/model")), port: 8080 });
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const { port = 8080, hostname = "127.0.0.1", onError = warn } = options;
  const engine = new Engine(options.model, options);
  const app = createApp(options, engine, { ...options, onError });
  const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false }) as Server;
  const close = closeOnce(server, engine);
  const actualPort = await listen(server, port, hostname);
  try {
    await engine.warmUp();
  } catch (error) {
    await close();
    throw error;
  }
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  return { url: `http://${host}:${actualPort}`, port: actualPort, close };
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error));
}

function listen(server: Server, port: number, hostname: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(listenError(error, port, hostname)));
    try {
      server.listen(port, hostname, () => {
        server.removeAllListeners("error");
        const address = server.address();
        resolve(typeof address === "object" && address !== null ? address.port : port);
      });
    } catch (error) {
      reject(listenError(error as NodeJS.ErrnoException, port, hostname));
    }
  });
}

const listenProblems: Readonly<Record<string, string>> = {
  EADDRINUSE: "is already in use (stop the other program, or choose another port; 0 takes a free one)",
  EACCES: "may not be opened by this user (choose a port above 1023)",
  EADDRNOTAVAIL: "is not an address of this machine (127.0.0.1 is this machine only, 0.0.0.0 all its addresses)",
  ENOTFOUND: "is no known host (127.0.0.1 is this machine only, 0.0.0.0 all its addresses)",
  ERR_SOCKET_BAD_PORT: "is no port (choose one from 0 to 65535; 0 takes a free one)",
};

function listenError(error: NodeJS.ErrnoException, port: number, hostname: string): ServeError {
  const problem = listenProblems[error.code ?? ""] ?? `cannot be opened: ${error.message}`;
  return new ServeError(`serve: ${hostname}:${port} ${problem}`, { cause: error });
}

/** How long a client may take to read the end of its answer, once the engine is done. */
const flushMs = 2_000;

function closeOnce(server: Server, engine: Engine): RunningServer["close"] {
  let closed: Promise<void> | undefined;
  /** Connections opened ahead of a request, as browsers and undici do; Node does not count them as idle. */
  const unused = new Set<Socket>();
  server.on("connection", (socket) => {
    unused.add(socket);
    socket.once("close", () => unused.delete(socket));
  });
  server.on("request", ({ socket }) => unused.delete(socket));
  const close = async (options?: { timeoutMs?: number }): Promise<void> => {
    const portClosed = new Promise<void>((resolve) => server.close(() => resolve()));
    await engine.close(options);
    for (const socket of unused) socket.destroy();
    // Connections kept alive become idle one by one, as their last answer is read.
    const idle = setInterval(() => server.closeIdleConnections(), 20);
    const force = setTimeout(() => server.closeAllConnections(), flushMs);
    await portClosed;
    clearInterval(idle);
    clearTimeout(force);
  };
  return (options) => {
    closed ??= close(options);
    return closed;
  };
}
