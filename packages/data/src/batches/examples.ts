// Examples to learn from, one record each, that can be read in any order.

/** Examples by their index. Arrays are one as they are; `openJsonlExamples` makes one of a file. */
export interface ExampleSource<E> {
  /** Names the data in errors. */
  readonly name: string;
  readonly length: number;
  /** The example at `index`, from 0. */
  read(index: number): Promise<E>;
}
