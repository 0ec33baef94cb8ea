// The points of a curve, at most so many: of a longer one every second is dropped, again and again.

/** Enough for a curve as wide as a screen. */
const most = 2000;

export class ThinnedHistory<Point extends { readonly type: string; readonly step: number }> {
  readonly #points = new Map<string, Point[]>();

  /** Each type of point is a curve of its own. */
  add(point: Point): void {
    const points = this.#points.get(point.type) ?? [];
    points.push(point);
    this.#points.set(point.type, points.length > most ? points.filter((_, i) => i % 2 === 0) : points);
  }

  rewindTo(step: number): void {
    for (const [type, points] of this.#points) {
      this.#points.set(
        type,
        points.filter((point) => point.step <= step),
      );
    }
  }

  /** All that are kept, by type and then by step. */
  points(): Point[] {
    return [...this.#points.values()].flat();
  }
}
