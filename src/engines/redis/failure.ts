/** Whether connecting will fail the same way the next time: for what Redis has answered, or Deno. */
export function isFinal({ name, message }: Error): boolean {
  // Without a permission that the driver needs.
  return name === "NotCapable" ||
    /^(NOAUTH|WRONGPASS|NOPERM|WRONGTYPE|ERR (unknown command|DB index|invalid password|Client sent AUTH|AUTH|The user executing the script|ACL failure in script))\b/
      .test(message);
}
