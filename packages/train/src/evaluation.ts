// Loss on held-out batches during training.

import type { BatchStream } from "@llm/data";
import type { CausalLanguageModel } from "@llm/model";
import { type CompiledFunction, compile, type Executor } from "@llm/tensor";
import { checkBatch, toTensors } from "./batches.ts";
import { TrainError } from "./errors.ts";
import type { BatchTensors, Objective, SummedLoss } from "./objectives/objective.ts";
import { disposeTensors } from "./trainState.ts";

export class Evaluation {
  readonly #loss: CompiledFunction<[CausalLanguageModel, BatchTensors], SummedLoss>;

  constructor(objective: Objective, executor: Executor | undefined) {
    this.#loss = compile((model, batch) => objective(model, batch), executor ? { executor } : {});
  }

  /** Mean loss (nats) over the first `batches` batches of the stream; the same ones each time. */
  async run(model: CausalLanguageModel, stream: BatchStream, batches: number): Promise<number> {
    stream.seek({ ...stream.position(), epoch: 0, step: 0 });
    let sum = 0;
    let count = 0;
    for (let i = 0; i < Math.min(batches, stream.batchesPerEpoch); i++) {
      const held = (await stream.next())!;
      checkBatch(held, model.config);
      const batch = toTensors(held);
      const loss = await this.#loss(model, batch);
      sum += await loss.sum.item();
      count += await loss.count.item();
      disposeTensors([batch, loss]);
    }
    if (count === 0) throw new TrainError("Trainer: the held-out batches have no targets (every label is -100)");
    return sum / count;
  }

  dispose(): void {
    this.#loss.dispose();
  }
}
