/** A namespace that is published to, or lies above one. */
export interface Place {
  readonly namespace: string;
  /** Segments: 0 for the root. */
  readonly depth: number;
  /** It and all above it, from the root on, as indices into {@linkcode PLACES}. */
  readonly chain: readonly number[];
  /** How many of {@linkcode SLOTS} events go there. */
  readonly weight: number;
}

/** What the weights of all places add up to. */
export const SLOTS: number = 2 ** 16;

/** Whose events are large. */
const FILES = "/files";

/** Takes what the others leave. */
const BUSY = "/busy";

/**
 * One that is very busy, some in between that lie below each other, and many that
 * are quiet: so much so that it is keepalives which move their clients' ids.
 */
const WEIGHTS: readonly (readonly [namespace: string, weight: number])[] = [
  ["/", 100],
  [FILES, 800],
  ["/market", 600],
  ["/market/eu", 2_400],
  ["/market/eu/de", 2_400],
  ["/market/eu/fr", 1_600],
  ["/market/us", 3_200],
  ["/market/us/ny", 1_600],
  ["/market/asia/jp", 1_600],
  ...many(20, (n): [string, number] => [`/rooms/${n}/chat`, 300]),
  ...many(20, (n): [string, number] => [`/rooms/${n}`, 20]),
  ...many(100, (n): [string, number] => [`/users/${n}`, 140]),
  ...many(40, (n): [string, number] => [`/quiet/${n}`, 2]),
];

/** All places; the index identifies one. */
export const PLACES: readonly Place[] = placesOf(WEIGHTS);

/** Most segments that a place has. */
export const MAX_DEPTH: number = Math.max(...PLACES.map(({ depth }) => depth));

/** Which place each of the slots stands for. */
export const PLACE_OF_SLOT: Uint16Array = Uint16Array.from(
  PLACES.flatMap(({ weight }, i) => many(weight, () => i)),
);

/** Whether the events of a place are large. */
export function isLarge({ namespace }: Place): boolean {
  return namespace === FILES;
}

function placesOf(weights: typeof WEIGHTS): Place[] {
  const rest = weights.reduce((sum, [, weight]) => sum - weight, SLOTS);
  const weightOf = new Map([...weights, [BUSY, rest]]);
  const names = new Set<string>();
  for (const namespace of weightOf.keys()) {
    for (const above of chainOf(namespace)) names.add(above);
  }
  const index = new Map([...names].map((namespace, i) => [namespace, i]));
  return [...names].map((namespace) => {
    const chain = chainOf(namespace).map((above) => index.get(above)!);
    return {
      namespace,
      depth: chain.length - 1,
      chain,
      weight: weightOf.get(namespace) ?? 0,
    };
  });
}

/** Not the server's own functions: they are what is tested. */
function chainOf(namespace: string): string[] {
  const segments = namespace.split("/").filter(Boolean);
  return [
    "/",
    ...segments.map((_, i) => `/${segments.slice(0, i + 1).join("/")}`),
  ];
}

function many<T>(count: number, make: (n: number) => T): T[] {
  return Array.from({ length: count }, (_, n) => make(n));
}
