// What a low-rank change is multiplied by, for linear layers and embeddings alike.

export interface LoraSettings {
  readonly alpha: number;
  /** Share of the inputs of the low-rank path set to zero in training. */
  readonly dropout: number;
  /** The change is scaled by alpha / sqrt(rank) instead of alpha / rank. */
  readonly useRsLora: boolean;
}

export function scaleOf(rank: number, { alpha, useRsLora }: LoraSettings): number {
  return alpha / (useRsLora ? Math.sqrt(rank) : rank);
}
