// An event as named numbers, under the names that dashboards of Hugging Face's Trainer know (train/loss, eval/loss).
import type { TrainEvent } from "../events.ts";

/** The numbers of an event by name; none for events that carry no numbers. Numbers that are not finite are left out. */
export function scalarsOf(event: TrainEvent): Record<string, number> {
  const scalars = allScalars(event);
  return Object.fromEntries(Object.entries(scalars).filter(([, value]) => Number.isFinite(value)));
}

function allScalars(event: TrainEvent): Record<string, number> {
  switch (event.type) {
    case "step":
      return {
        "train/loss": event.loss,
        "train/learning_rate": event.learningRate,
        "train/grad_norm": event.gradientNorm,
        "train/tokens_per_second": event.tokensPerSecond,
        "train/data_wait_seconds": event.dataWait,
        ...(event.lossScaling && { "train/loss_scale": event.lossScaling.scale }),
      };
    case "evaluation":
      return { "eval/loss": event.loss, ...prefixed("eval/", event.metrics ?? {}) };
    default:
      return {};
  }
}

function prefixed(prefix: string, values: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));
}

/** Settings one level deep, as tables of runs want them: `optimizer.name`, `model.n_layer`. Values that are undefined are left out. */
export function flatSettings(settings: Readonly<Record<string, unknown>>): Record<string, string | number | boolean> {
  const flat: Record<string, string | number | boolean> = {};
  const add = (name: string, value: unknown) => {
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") flat[name] = value;
    else if (Array.isArray(value)) flat[name] = JSON.stringify(value);
    else if (value !== null && value !== undefined) {
      for (const [inner, innerValue] of Object.entries(value))
        add(name === "" ? inner : `${name}.${inner}`, innerValue);
    }
  };
  add("", settings);
  return flat;
}
