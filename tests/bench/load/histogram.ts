/** Buckets for each power of two, so that a value is known to within 1.6 %. */
const FINENESS = 64;
const FINENESS_BITS = 6;

/** What is longer counts as this. */
const MOST = 2 ** 31 - 1;

/** Counts values from 0 to 2^31 - 1: each below 64 by itself, then log-linear. */
export class Histogram {
  /** The largest value, exactly. */
  max = 0;

  readonly #counts: Uint32Array = new Uint32Array(bucketOf(MOST) + 1);

  /** Counts a value that is an integer, or taken for one. */
  add(value: number): void {
    const whole = value < MOST ? value | 0 : MOST;
    this.#counts[bucketOf(whole)]!++;
    if (whole > this.max) this.max = whole;
  }

  /** Forgets everything. */
  clear(): void {
    this.#counts.fill(0);
    this.max = 0;
  }

  /** The value that a share of all do not exceed, from below; 0 without any. */
  quantile(share: number): number {
    const total = this.#counts.reduce((sum, count) => sum + count, 0);
    let seen = 0;
    for (const [bucket, count] of this.#counts.entries()) {
      seen += count;
      if (count > 0 && seen >= share * total) return leastOf(bucket);
    }
    return 0;
  }
}

function bucketOf(value: number): number {
  if (value < FINENESS) return value;
  const shift = 31 - FINENESS_BITS - Math.clz32(value);
  return shift * FINENESS + (value >>> shift);
}

/** The smallest value of a bucket. */
function leastOf(bucket: number): number {
  if (bucket < FINENESS) return bucket;
  const shift = Math.floor(bucket / FINENESS) - 1;
  return (bucket - shift * FINENESS) * 2 ** shift;
}
