// The few calls of MLflow's REST API (2.0) that a run needs.
import { TrainError } from "../errors.ts";

export interface MlflowMetric {
  readonly key: string;
  readonly value: number;
  readonly step: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
}

export interface MlflowServer {
  /** For example `http://127.0.0.1:5000`. */
  readonly url: string;
  /** Sent with each request, for example `{ authorization: "Bearer …" }`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** How long one request may take, in milliseconds. */
const timeout = 30_000;

export class MlflowClient {
  readonly #server: MlflowServer;

  constructor(server: MlflowServer) {
    this.#server = server;
  }

  /** Id of the experiment of this name, made where there is none. */
  async experiment(name: string): Promise<string> {
    const query = new URLSearchParams({ experiment_name: name });
    const found = await this.#call<{ experiment: { experiment_id: string } }>(`experiments/get-by-name?${query}`).catch(
      (error: MlflowError) => {
        if (error.code !== "RESOURCE_DOES_NOT_EXIST") throw error;
      },
    );
    if (found) return found.experiment.experiment_id;
    const { experiment_id } = await this.#call<{ experiment_id: string }>("experiments/create", { name });
    return experiment_id;
  }

  async createRun(experimentId: string, name: string): Promise<string> {
    const body = { experiment_id: experimentId, run_name: name, start_time: Date.now() };
    const { run } = await this.#call<{ run: { info: { run_id: string } } }>("runs/create", body);
    return run.info.run_id;
  }

  /** Id of the newest run of this name, which has no double quotes: MLflow's search knows no escapes. */
  async findRun(experimentId: string, name: string): Promise<string | undefined> {
    const filter = `attributes.run_name = "${name}"`;
    const body = { experiment_ids: [experimentId], filter, max_results: 1, order_by: ["attributes.start_time DESC"] };
    const { runs } = await this.#call<{ runs?: { info: { run_id: string } }[] }>("runs/search", body);
    return runs?.[0]?.info.run_id;
  }

  async logParameters(runId: string, parameters: Readonly<Record<string, string | number | boolean>>): Promise<void> {
    const params = Object.entries(parameters).map(([key, value]) => ({ key, value: String(value).slice(0, 6000) }));
    for (let i = 0; i < params.length; i += 100) {
      await this.#call("runs/log-batch", { run_id: runId, params: params.slice(i, i + 100) });
    }
  }

  /** At most 1000 at a time. */
  async logMetrics(runId: string, metrics: readonly MlflowMetric[]): Promise<void> {
    await this.#call("runs/log-batch", { run_id: runId, metrics });
  }

  /** All values of a metric by step; the newest where a step has several. */
  async history(runId: string, key: string): Promise<Map<number, number>> {
    const values = new Map<number, number>();
    for (let token: string | undefined = ""; token !== undefined; ) {
      const query: URLSearchParams = new URLSearchParams({ run_id: runId, metric_key: key, max_results: "10000" });
      if (token) query.set("page_token", token);
      const page: { metrics?: MlflowMetric[]; next_page_token?: string } = await this.#call(
        `metrics/get-history?${query}`,
      );
      for (const { step, value } of page.metrics ?? []) values.set(Number(step), value);
      token = page.next_page_token || undefined;
    }
    return values;
  }

  async setStatus(runId: string, status: "RUNNING" | "FINISHED" | "KILLED" | "FAILED"): Promise<void> {
    const end = status === "RUNNING" ? {} : { end_time: Date.now() };
    await this.#call("runs/update", { run_id: runId, status, ...end });
  }

  /** GET, or POST where there is a body. */
  async #call<T>(path: string, body?: unknown): Promise<T> {
    const url = `${this.#server.url.replace(/\/+$/, "")}/api/2.0/mlflow/${path}`;
    const request: RequestInit = {
      headers: { "content-type": "application/json", ...this.#server.headers },
      signal: AbortSignal.timeout(timeout),
      ...(body !== undefined && { method: "POST", body: JSON.stringify(body) }),
    };
    const response = await fetch(url, request).catch((error: Error) => {
      const reason = (error.cause as Error | undefined)?.message || error.message;
      throw new MlflowError(`${url} cannot be reached: ${reason} (is the server running?)`, { cause: error });
    });
    const answer = await response.text();
    if (response.ok) return JSON.parse(answer || "{}") as T;
    const { error_code: code, message = answer.slice(0, 300) } = parsed(answer);
    throw new MlflowError(`${url} answered ${response.status}: ${message}`, {}, code);
  }
}

/** MLflow refused, or could not be reached. */
export class MlflowError extends TrainError {
  override name = "MlflowError";
  /** MLflow's own, for example `RESOURCE_DOES_NOT_EXIST`. */
  readonly code: string | undefined;

  constructor(message: string, options?: ErrorOptions, code?: string) {
    super(`mlflowTracker: ${message}`, options);
    this.code = code;
  }
}

function parsed(answer: string): { error_code?: string; message?: string } {
  try {
    return JSON.parse(answer);
  } catch {
    return {};
  }
}
