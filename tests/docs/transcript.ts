/** A command of a terminal, and what it prints. */
export interface Command {
  /** For a shell. */
  readonly command: string;
  readonly output: string;
}

const PROMPT = "$ ";

/** An id of an event: when its server began, in base 36 and with chance, and a number. */
const ID = /\b[0-9a-z]{10}(?=-\d+\b)/g;

/** The commands of a block of the language `console`. */
export function commandsOf(code: string): Command[] {
  const commands: { command: string; output: string }[] = [];
  let isCommand = false;
  for (const line of code.split("\n").slice(0, -1)) {
    const current = commands.at(-1);
    if (line.startsWith(PROMPT)) {
      commands.push({ command: line.slice(PROMPT.length), output: "" });
    } else if (current === undefined) {
      throw new SyntaxError(`A transcript begins with "$ ", not with: ${line}`);
    } else if (isCommand) {
      current.command += `\n${line}`;
    } else {
      current.output += `${line}\n`;
    }
    isCommand = line.endsWith("\\") &&
      (isCommand || line.startsWith(PROMPT));
  }
  return commands;
}

/** What is another one each time, by what it is: ids keep their number. */
export function masked(output: string): string {
  return output.replace(ID, "EPOCH").replace(/^retry:\d+$/gm, "retry:MS")
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, "TIME");
}

/** A command with the ids of another server. */
export function withEpoch(command: string, epoch: string): string {
  return command.replace(ID, epoch);
}

/** Whether a command names the id of an event. */
export function namesAnId(command: string): boolean {
  return command.search(ID) !== -1;
}

/** What the first id in an output begins with. */
export function epochIn(output: string): string | undefined {
  return output.match(ID)?.[0];
}
