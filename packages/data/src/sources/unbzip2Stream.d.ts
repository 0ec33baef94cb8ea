// Types of `unbzip2-stream`, which ships none: a stream of the old kind that works within `write` and `end`.
declare module "unbzip2-stream" {
  interface Bzip2Stream {
    on(event: "data", listener: (data: Buffer) => void): this;
    on(event: "error", listener: (error: Error) => void): this;
    write(chunk: Buffer): boolean;
    end(): void;
  }
  function unbzip2Stream(): Bzip2Stream;
  export = unbzip2Stream;
}
