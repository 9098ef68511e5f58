/**
 * Imports what needs a package that may be left out when this one is installed. Where
 * it was, rejects with an Error that says how to install it.
 *
 * @param failed What cannot be done without it, up to the word "as".
 * @param name The package.
 * @param major Its major version that is needed.
 */
export async function withPackage<T>(
  failed: string,
  name: string,
  major: number,
  load: () => Promise<T>,
): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    if (!isMissing(cause, name)) throw cause;
    throw new Error(
      `${failed} the package '${name}' is not installed: npm install ${name}@${major}`,
      { cause },
    );
  }
}

/** Deno, Bun and Node have the same code, each its own text, and all name it. */
function isMissing(error: unknown, name: string): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return code === "ERR_MODULE_NOT_FOUND" && String(message).includes(name);
}
