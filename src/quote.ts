/** Shows a value in an error message: on one line and never long. */
export function quote(value: unknown): string {
  if (typeof value === "string") {
    return JSON.stringify(
      value.length > 64 ? value.slice(0, 64) + "…" : value,
    );
  }
  if (typeof value === "function") return "a function";
  if (typeof value === "object" && value !== null) {
    return Array.isArray(value) ? "an array" : "an object";
  }
  return String(value);
}
