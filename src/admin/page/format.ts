/** A count: `12,345`, from ten million on `12.3 M`. */
export function formatCount(count: number): string {
  if (count < 1e7) return Math.round(count).toLocaleString("en");
  const [unit, size] = count < 1e9
    ? ["M", 1e6] as const
    : count < 1e12
    ? ["G", 1e9] as const
    : ["T", 1e12] as const;
  return `${(count / size).toPrecision(3)} ${unit}`;
}

/** What happens in a second: `0`, `0.4`, `12.3`, `1,234`, `12.3 M`. */
export function formatRate(rate: number): string {
  if (rate === 0 || rate >= 99.95) return formatCount(rate);
  return rate < 0.05 ? "<0.1" : rate.toFixed(1).replace(/\.0$/, "");
}

/** A size: `0 B`, `12.3 KiB`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let size = bytes;
  let unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  const digits = unit === 0 || size >= 99.95 ? 0 : 1;
  return `${size.toFixed(digits)} ${units[unit]}`;
}

/** A time that has passed, in its two largest units: `12 s`, `3 m 05 s`, `2 d 4 h`. */
export function formatAge(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  const two = (count: number) => String(count).padStart(2, "0");
  if (days > 0) return `${formatCount(days)} d ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${two(minutes % 60)} m`;
  if (minutes > 0) return `${minutes} m ${two(seconds % 60)} s`;
  return `${seconds} s`;
}

/** The same in one unit, for narrow columns: `12 s`, `3 m`, `2 d`. */
export function formatShortAge(milliseconds: number): string {
  return formatAge(milliseconds).split(" ").slice(0, 2).join(" ");
}

/** A time of the day, with the date unless it is that of `now`: `14:03:22`. */
export function formatTime(at: number, now: number): string {
  const date = new Date(at);
  const time = date.toLocaleTimeString("en-GB");
  return date.toDateString() === new Date(now).toDateString()
    ? time
    : `${
      date.toLocaleDateString("en-GB", { day: "numeric", month: "short" })
    } ${time.slice(0, 5)}`;
}

/** `1 stream`, `2 streams`. */
export function formatNumberOf(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/**
 * What a User-Agent header says, in short: `Chrome 131 on Windows`, `curl 8.5`.
 * One that follows no custom comes back as it is.
 */
export function readableAgent(header: string): string {
  if (header === "") return "no user agent";
  const bot = /\(compatible; ([\w .-]{1,40})\/(\d+(?:\.\d+)?)/.exec(header);
  if (bot !== null) return `${bot[1]} ${bot[2]}`;
  if (!header.startsWith("Mozilla/5.0 (")) {
    const product = /^([\w.@-]{1,40})\/v?(\d+(?:\.\d+)?)/.exec(header);
    return product === null ? header : `${product[1]} ${product[2]}`;
  }
  // Those that claim to be another one as well come before it.
  const browsers = [
    ["Edge", /\bEdg(?:A|iOS)?\/(\d+)/],
    ["Opera", /\bOPR\/(\d+)/],
    ["Samsung Internet", /\bSamsungBrowser\/(\d+)/],
    ["Firefox", /\b(?:Firefox|FxiOS)\/(\d+)/],
    ["Headless Chrome", /\bHeadlessChrome\/(\d+)/],
    ["Chrome", /\b(?:Chrome|CriOS)\/(\d+)/],
    ["Safari", /\bVersion\/(\d+)[\d.]* (?:Mobile\/\w+ )?Safari\//],
  ] as const;
  const systems = [
    ["Android", /\bAndroid\b/],
    ["iPhone", /\biPhone\b/],
    ["iPad", /\biPad\b/],
    ["Windows", /\bWindows\b/],
    ["ChromeOS", /\bCrOS\b/],
    ["macOS", /\bMac OS X\b/],
    ["Linux", /\bLinux\b/],
  ] as const;
  for (const [name, pattern] of browsers) {
    const version = pattern.exec(header)?.[1];
    if (version === undefined) continue;
    const system = systems.find(([, known]) => known.test(header))?.[0];
    return `${name} ${version}${system === undefined ? "" : ` on ${system}`}`;
  }
  return header;
}

/**
 * JSON with spaces and, where it is long, in lines; other text as it is. Works on
 * the text: parsed and written again, large numbers would change.
 */
export function readableData(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  const short = text.length <= 72;
  const tokens = text.match(/"(?:\\.|[^"\\])*"|[^\s"[\]{},:]+|[[\]{},:]/g) ??
    [];
  let depth = 0;
  const line = () => short ? " " : "\n" + "  ".repeat(Math.min(depth, 40));
  return tokens.map((token, index) => {
    const before = tokens[index - 1] ?? "";
    const after = tokens[index + 1] ?? "";
    if (token === ":") return ": ";
    if (token === ",") return short ? ", " : "," + line();
    if (/[[{]/.test(token)) {
      depth++;
      return /[\]}]/.test(after) || (short && token === "[")
        ? token
        : token + line();
    }
    if (/[\]}]/.test(token)) {
      depth--;
      return /[[{]/.test(before) || (short && token === "]")
        ? token
        : line() + token;
    }
    return token;
  }).join("");
}
