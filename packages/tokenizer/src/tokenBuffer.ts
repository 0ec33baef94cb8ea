// A growing array of token ids.

const initialIds = 256;
/** A larger array is not kept when its ids are taken. */
const keptIds = 1 << 20;

/** Collects ids without boxing them; {@link take} hands them out. */
export class TokenBuffer {
  length = 0;
  ids = new Uint32Array(initialIds);

  push(id: number): void {
    if (this.length === this.ids.length) this.reserve(1);
    this.ids[this.length++] = id;
  }

  /** Makes room for `count` more ids. */
  reserve(count: number): void {
    if (this.length + count <= this.ids.length) return;
    const larger = new Uint32Array(Math.max(this.length + count, this.ids.length * 2));
    larger.set(this.ids);
    this.ids = larger;
  }

  /** The ids in an array of their own; the buffer is empty after it. */
  take(): Uint32Array {
    const taken = this.ids.slice(0, this.length);
    this.length = 0;
    if (this.ids.length > keptIds) this.ids = new Uint32Array(initialIds);
    return taken;
  }
}
