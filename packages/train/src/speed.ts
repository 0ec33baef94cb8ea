// Tokens per second over the last steps, and what that says about the time left.

/** Steps over which the speed is averaged. */
const window = 20;

export class Speed {
  readonly #times: number[] = [];
  readonly #tokensPerStep: number;

  constructor(tokensPerStep: number) {
    this.#tokensPerStep = tokensPerStep;
  }

  /** Notes the length of a step in seconds and returns the rates. */
  add(seconds: number, stepsLeft: number): { tokensPerSecond: number; secondsLeft: number } {
    this.#times.push(seconds);
    if (this.#times.length > window) this.#times.shift();
    const average = this.#times.reduce((a, b) => a + b) / this.#times.length;
    return { tokensPerSecond: this.#tokensPerStep / average, secondsLeft: average * stepsLeft };
  }
}
