/** Where an event stands in the order. */
export interface Place {
  /** The epoch, which rises. */
  readonly epoch: number;
  readonly seq: number;
}

/** Reads an id; throws where it is none of these servers. */
export function placeOf(id: string): Place {
  const [, epoch, seq] = /^([0-9a-z]{8,9})-(\d+)$/.exec(id) ?? [];
  if (epoch === undefined) throw new Error(`An id of no server: ${id}`);
  return { epoch: parseInt(epoch, 36), seq: Number(seq) };
}

/** Less than 0 where the first comes first, 0 where they are the same. */
export function compare(a: Place, b: Place): number {
  return a.epoch - b.epoch || a.seq - b.seq;
}
