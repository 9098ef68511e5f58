/** What a server under stress is asked, one JSON value a line on stdin. */
export interface Ask {
  /** Publish bursts until told to stop. */
  readonly publish?: boolean;
}

/** What it says, one JSON value a line on stdout. */
export interface Told {
  /** It listens there. */
  readonly port?: number;
  /** The `n`th event is about to be published to a namespace. */
  readonly sent?: readonly [n: number, namespace: string];
  /** The `n`th event was accepted under an id. */
  readonly accepted?: readonly [n: number, id: string];
  /** The `n`th event was refused, and is never delivered. */
  readonly refused?: readonly [n: number, why: string];
  /** Nothing more is published, and nothing is waited for. */
  readonly idle?: boolean;
}

/** Namespaces that are published to. */
export const NAMESPACES: readonly string[] = [
  ...["/a", "/b", "/c", "/d"].flatMap((top) => [
    top,
    ...[1, 2, 3].map((n) => `${top}/${n}`),
  ]),
  "/quiet/1",
  "/quiet/2",
];

/** Milliseconds between keepalives, which tell an idle client's place. */
export const KEEP_ALIVE = 500;
