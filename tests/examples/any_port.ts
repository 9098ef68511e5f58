/**
 * For `bun --preload`: gives a default export any free port, where it names one
 * that another program may have taken.
 */
interface BunHost {
  serve(options: object): unknown;
}

const { Bun: host } = globalThis as unknown as { Bun: BunHost };
const { serve } = host;
host.serve = (options) =>
  serve(Object.create(options, { port: { value: 0, enumerable: true } }));
