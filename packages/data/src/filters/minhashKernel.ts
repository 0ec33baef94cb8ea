// The innermost loops of MinHash as a WebAssembly module, which has the 64-bit products that JavaScript lacks; its source is
// minhash.wat.
import { minhashModule } from "./minhashModule.ts";

/** A module with a memory of its own, whose layout minhash.wat tells. */
export interface MinhashKernel {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  takeIn(size: number, text: number, ends: number, words: number, nGram: number): void;
}

// TypeScript has the types of WebAssembly in its browser library only.
interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

const { Module, Instance } = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;
let compiled: object | undefined;

/** A fresh instance; the module is compiled once. */
export function instantiateMinhash(): MinhashKernel {
  compiled ??= new Module(Buffer.from(minhashModule, "base64"));
  return new Instance(compiled).exports as MinhashKernel;
}
