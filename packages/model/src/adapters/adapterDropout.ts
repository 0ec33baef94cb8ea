// Dropout inside of an adapter. Models pass no random key to their linear layers, so the key of a forward is put into the adapter's
// layers just before it.
import { RandomKey } from "@llm/tensor";
import type { PretrainedModel } from "../model.ts";
import { replaceParts } from "../replaceParts.ts";
import { LoraLinear } from "./loraLinear.ts";

interface WithForward {
  forward(...args: unknown[]): unknown;
}

/** The model whose forward draws the dropout of its adapter from the key among the forward's options. */
export function withAdapterDropout<M extends PretrainedModel>(model: M): M {
  return Object.assign(Object.create(Object.getPrototypeOf(model)), model, { forward: forwardWithDropout });
}

/** Shared by all models, so that it tells their programs apart no more than their classes do; `this` is the model. */
function forwardWithDropout(this: WithForward, ...args: unknown[]): unknown {
  const { key } = (args.at(-1) ?? {}) as { key?: unknown };
  const { forward } = Object.getPrototypeOf(this) as WithForward;
  return forward.apply(key instanceof RandomKey ? withKeys(this, key) : this, args);
}

function withKeys<M extends object>(model: M, key: RandomKey): M {
  return replaceParts(model, (part, path) =>
    part instanceof LoraLinear ? part.withKey(key.derive(`adapter.${path}`)) : undefined,
  );
}
