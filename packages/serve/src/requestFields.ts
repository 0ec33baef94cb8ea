// What the requests of OpenAI's API have in common: fields that steer generation, and errors that name a field, what it may hold and
// what came.
import { z } from "zod";
import { ApiError } from "./apiError.ts";

const maxStops = 4;

function numberFrom(low: number, high: number, fallback: number) {
  const expected = `a number from ${low} to ${high}`;
  return optional(z.number(expected).min(low, expected).max(high, expected), fallback);
}

export function wholeFrom(low: number, fallback: number, high = Number.MAX_SAFE_INTEGER) {
  return optional(wholeNumber(low, high), fallback);
}

export function wholeNumber(low: number, high = Number.MAX_SAFE_INTEGER) {
  const expected =
    high < Number.MAX_SAFE_INTEGER ? `a whole number from ${low} to ${high}` : `a whole number, at least ${low}`;
  return z.int(expected).min(low, expected).max(high, expected);
}

/** Clients send null for a field they leave at its default. */
export function optional<T, D = T>(schema: z.ZodType<T>, fallback: D) {
  return schema.nullish().transform((value): T | D => value ?? fallback);
}

export const flag = () => optional(z.boolean("true or false"), false);

const stopStrings = z.custom<string | string[]>((value) => {
  const stops = typeof value === "string" ? [value] : value;
  return (
    Array.isArray(stops) && stops.length <= maxStops && stops.every((stop) => typeof stop === "string" && stop !== "")
  );
}, `a string or an array of up to ${maxStops} strings, none of them empty`);

const logitBias = z.custom<Record<number, number>>(
  (value) =>
    typeof value === "object" &&
    !Array.isArray(value) &&
    Object.entries(value ?? {}).every(
      ([id, bias]) => /^\d+$/.test(id) && typeof bias === "number" && bias >= -100 && bias <= 100,
    ),
  "an object of token ids with numbers from -100 to 100",
);

/** Fields of both kinds of completion, with the API's defaults; `top_k`, `min_p` and `repetition_penalty` are beyond it. */
export const generationFields = {
  model: z.string("a string").nullish(),
  temperature: numberFrom(0, 2, 1),
  top_p: numberFrom(0, 1, 1),
  top_k: wholeFrom(0, 0),
  min_p: numberFrom(0, 1, 0),
  frequency_penalty: numberFrom(-2, 2, 0),
  presence_penalty: numberFrom(-2, 2, 0),
  repetition_penalty: numberFrom(0.01, 100, 1),
  logit_bias: optional(logitBias, {}),
  n: wholeFrom(1, 1, 128),
  seed: z.int("a whole number").nullish(),
  stop: stopStrings.nullish().transform((stop) => [stop ?? []].flat()),
  stream: flag(),
  stream_options: z.object({ include_usage: flag() }, "an object").nullish(),
  user: z.string("a string").nullish(),
};

/** Fields that this server does not know but that change the answer, each with the values that ask for nothing. */
export type Unsupported = Readonly<Record<string, (value: unknown) => boolean>>;

/**
 * Checks a request's JSON. Other fields it does not know are ignored, as OpenAI does.
 *
 * @throws ApiError (400) that names the field, what it may hold and what came
 */
export function parseFields<T extends { stream: boolean; stream_options?: unknown }>(
  body: unknown,
  schema: z.ZodType<T>,
  unsupported: Unsupported,
): T {
  const result = schema.safeParse(body);
  if (!result.success) {
    const { path, message } = result.error.issues[0]!;
    const value = path.reduce((at: unknown, key) => (at as Record<PropertyKey, unknown>)[key], body);
    throw invalid(path.map(String).join("."), message, value);
  }
  for (const [name, isHarmless] of Object.entries(unsupported)) {
    const value = (body as Record<string, unknown>)[name] ?? null;
    if (value === null || isHarmless(value)) continue;
    throw new ApiError(`${name}: this server does not support it, got ${shown(value)} (leave it out)`, {
      status: 400,
      param: name,
      code: "unsupported_parameter",
    });
  }
  if (result.data.stream_options && !result.data.stream) {
    refuse("stream_options", "only allowed when stream is true (set stream, or leave stream_options out)");
  }
  return result.data;
}

export function refuse(param: string, problem: string): never {
  throw new ApiError(`${param}: ${problem}`, { status: 400, param });
}

function invalid(param: string, expected: string, value: unknown): ApiError {
  const message = `${param || "request body"}: expected ${expected}, got ${shown(value)}`;
  return new ApiError(message, { status: 400, ...(param ? { param } : {}) });
}

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  try {
    const text = JSON.stringify(value);
    return text.length > 60 ? `${text.slice(0, 57)}...` : text;
  } catch {
    // JSON may be nested deeper when it is read than when it is written.
    return "something nested too deeply";
  }
}
