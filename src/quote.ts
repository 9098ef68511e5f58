/** Most characters of a value that are shown. */
const SHOWN = 64;

/** Shows a value in an error message: on one line and never long. */
export function quote(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(shorten(value));
  if (typeof value === "function") return "a function";
  if (typeof value === "object" && value !== null) {
    return Array.isArray(value) ? "an array" : "an object";
  }
  return shorten(String(value));
}

/** Cuts a text that is shown in an error message as it is, such as a name. */
export function shorten(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
