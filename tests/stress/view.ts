import { PLACES } from "./namespaces.ts";
import type { Random } from "./random.ts";

/** What a client subscribes to. */
export interface View {
  /** Path and query of its requests. */
  readonly path: string;
  /** The places it asks for, none below another; indices into {@linkcode PLACES}. */
  readonly places: readonly number[];
  /** For every place, which of `places` it lies at or below; -1: none. */
  readonly memberOf: Int8Array;
}

/** What clients ask for, and how often; `*` stands for a number. */
const ASKED: readonly (readonly [weight: number, namespace: string])[] = [
  [5, "/"],
  [14, "/busy"],
  [3, "/files"],
  [5, "/market"],
  [6, "/market/eu"],
  [3, "/market/eu/de"],
  [4, "/market/us"],
  [3, "/market/us/ny"],
  [3, "/market/asia"],
  [2, "/rooms"],
  [8, "/rooms/*"],
  [4, "/rooms/*/chat"],
  [2, "/users"],
  [20, "/users/*"],
  [8, "/quiet/*"],
];
/** Most of these are there. */
const NUMBERS = 20;
/** One client in so many asks for several namespaces. */
const SEVERAL = 4;

/** Draws what a client subscribes to. */
export function drawView(random: Random): View {
  const count = random.oneIn(SEVERAL) ? random.between(2, 4) : 1;
  const namespaces = Array.from(
    { length: count },
    () => random.weighted(ASKED).replace("*", () => `${random.below(NUMBERS)}`),
  );
  return viewOf(namespaces, random.oneIn(2));
}

/** The view of some namespaces; the first one may stand in the path. */
export function viewOf(namespaces: readonly string[], inPath = true): View {
  const asked = [...new Set(namespaces)].map((namespace) => {
    const place = PLACES.findIndex((one) => one.namespace === namespace);
    if (place === -1) throw new Error(`There is no ${namespace}`);
    return place;
  });
  const places = asked.filter((place) =>
    PLACES[place]!.chain.every((above) =>
      above === place || !asked.includes(above)
    )
  );
  return {
    path: pathOf(namespaces, inPath),
    places,
    memberOf: Int8Array.from(
      PLACES,
      ({ chain }) => places.findIndex((place) => chain.includes(place)),
    ),
  };
}

function pathOf(
  [first, ...others]: readonly string[],
  inPath: boolean,
): string {
  const inQuery = inPath ? others : [first!, ...others];
  const path = `/subscribe${inPath ? first : ""}`;
  return inQuery.length === 0
    ? path
    : `${path}?${inQuery.map((namespace) => `ns=${namespace}`).join("&")}`;
}
