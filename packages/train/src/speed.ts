// Tokens per second over the last steps, and what that says about the time left.

/** Steps over which the speed is averaged. */
const window = 20;

export class Speed {
  readonly #steps: { readonly seconds: number; readonly tokens: number }[] = [];

  /** Notes the length of a step in seconds and its tokens, and returns the rates. */
  add(seconds: number, tokens: number, stepsLeft: number): { tokensPerSecond: number; secondsLeft: number } {
    this.#steps.push({ seconds, tokens });
    if (this.#steps.length > window) this.#steps.shift();
    const total = this.#steps.reduce((sum, step) => sum + step.seconds, 0);
    const tokensSeen = this.#steps.reduce((sum, step) => sum + step.tokens, 0);
    return { tokensPerSecond: tokensSeen / total, secondsLeft: (total / this.#steps.length) * stepsLeft };
  }
}
