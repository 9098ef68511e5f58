/**
 * What the tests use of `jsr:@std/testing/bdd`, over `node:test`, which Deno,
 * Bun and Node all run; see the package @std/assert beside it for why.
 *
 * @module
 */
import * as node from "node:test";

/**
 * Whether the suite being registered is left out. Its tests are registered as
 * skipped ones all the same: Bun does not report a skipped suite at all.
 */
let skipping = false;

// Deno 2.9's node:test marks what a timer or a listener throws as handled and
// forgets it. Heard before it, Deno fails the file, as Bun and Node do.
if ("Deno" in globalThis) {
  addEventListener("error", (event) => event.stopImmediatePropagation());
}

/** What a test or a hook may be. */
export type TestFunction = () => void | Promise<void>;

/** Whether a test or a suite is left out, or the only one that runs. */
export interface TestOptions {
  /** Leave it out, and count it as skipped. */
  ignore?: boolean;
  /** Run nothing but this. */
  only?: boolean;
}

/** A test in one object. */
export interface ItDefinition extends TestOptions {
  /** What it shows, as a sentence. */
  name: string;
  /** The test. */
  fn: TestFunction;
}

/** A suite in one object. */
export interface DescribeDefinition extends TestOptions {
  /** What its tests are about. */
  name: string;
  /** Registers them; synchronous. */
  fn: () => void | undefined;
}

/** The forms in which a test or a suite can be given. */
export type Args<D extends ItDefinition | DescribeDefinition> =
  | [definition: D]
  | [name: string, fn: D["fn"]]
  | [name: string, options: TestOptions, fn: D["fn"]];

/** Registers something, and has a variant each for one that alone runs or not. */
export interface Register<D extends ItDefinition | DescribeDefinition> {
  (...args: Args<D>): void;
  /** Run nothing but this. */
  only(...args: Args<D>): void;
  /** Leave it out, and count it as skipped. */
  ignore(...args: Args<D>): void;
  /** The same as `ignore`. */
  skip(...args: Args<D>): void;
}

/** Registers one test. */
export const it: Register<ItDefinition> = register(
  ({ name, fn, ignore = skipping, only = false }) =>
    node.it(name, { skip: ignore, ...(only && { only }) }, () => fn()),
);

/** The same as {@linkcode it}. */
export const test: Register<ItDefinition> = it;

/** Registers a group of tests. */
export const describe: Register<DescribeDefinition> = register(
  ({ name, fn, ignore = skipping, only = false }) =>
    node.describe(name, only ? { only } : {}, () => {
      const outer = skipping;
      skipping = outer || ignore;
      fn();
      skipping = outer;
    }),
);

/** Runs once before the tests of the suite. */
export function beforeAll(fn: TestFunction): void {
  if (!skipping) node.before(() => fn());
}

/** The same as {@linkcode beforeAll}. */
export const before: typeof beforeAll = beforeAll;

/** Runs once after the tests of the suite. */
export function afterAll(fn: TestFunction): void {
  if (!skipping) node.after(() => fn());
}

/** The same as {@linkcode afterAll}. */
export const after: typeof afterAll = afterAll;

/** Runs before each test of the suite and of those inside it. */
export function beforeEach(fn: TestFunction): void {
  if (!skipping) node.beforeEach(() => fn());
}

/** Runs after each test of the suite and of those inside it. */
export function afterEach(fn: TestFunction): void {
  if (!skipping) node.afterEach(() => fn());
}

function register<D extends ItDefinition | DescribeDefinition>(
  add: (definition: D) => unknown,
): Register<D> {
  function plain(...args: Args<D>): void {
    add(definition(args));
  }
  function only(...args: Args<D>): void {
    add({ ...definition(args), only: true });
  }
  function ignore(...args: Args<D>): void {
    add({ ...definition(args), ignore: true });
  }
  return Object.assign(plain, { only, ignore, skip: ignore });
}

function definition<D extends ItDefinition | DescribeDefinition>(
  args: Args<D>,
): D {
  const [first, second, third] = args;
  if (typeof first !== "string") return first;
  return typeof second === "function"
    ? { name: first, fn: second } as D
    : { ...second, name: first, fn: third } as D;
}
