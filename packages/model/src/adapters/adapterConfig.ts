// What a model says about its adapter, beside the adapter's parameters.

export interface LoraConfig {
  readonly kind: "lora";
  readonly rank: number;
  readonly alpha: number;
  readonly dropout: number;
  readonly useRsLora: boolean;
  readonly useDora: boolean;
}

export interface Ia3Config {
  readonly kind: "ia3";
}

export type AdapterConfig = LoraConfig | Ia3Config;

/** A model with an adapter: the same class, whose adapted layers are others. */
export type Adapted<M> = M & { readonly adapter: AdapterConfig };

/** The adapter's configuration; undefined for a model without one. */
export function adapterConfig(model: object): AdapterConfig | undefined {
  return (model as { adapter?: AdapterConfig }).adapter;
}

const adapterNames =
  /\.(lora_A\.weight|lora_B\.weight|lora_embedding_[AB]|lora_magnitude_vector|ia3_l)$|\.modules_to_save\./;

/**
 * Whether a parameter, by its name, belongs to an adapter: these are trained, all others are frozen.
 *
 * @example
 * const trained = [...namedParameters(model).keys()].filter(isAdapterParameter);
 */
export function isAdapterParameter(name: string): boolean {
  return adapterNames.test(name);
}
