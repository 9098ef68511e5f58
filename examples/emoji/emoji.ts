/** A kind of emoji: what people write about it differs. */
export type Kind =
  | "happy"
  | "sad"
  | "love"
  | "hand"
  | "animal"
  | "food"
  | "outside"
  | "play"
  | "thing";

/** An emoji, and the name that streams have for it. */
export interface Emoji {
  readonly symbol: string;
  /** Its code points in hexadecimal, such as `1F602` or `2764-FE0F`. */
  readonly code: string;
  readonly kind: Kind;
}

const SYMBOLS: Readonly<Record<Kind, string>> = {
  happy:
    "😂 🤣 😊 😁 😆 😅 😄 😃 😎 😉 😋 😜 🤪 🤗 🤩 😇 🙃 🙂 😏 🤭 😌 🤓 🥳 😺 😸 🤠 🫠 🫡",
  sad:
    "😭 😢 😩 😔 😞 😤 😡 😱 😳 🙄 😴 😪 🤔 🤨 😬 😐 😓 🥺 😰 🤯 🥵 🥶 😷 🤒 🤢 💀 👻 😈",
  love:
    "❤️ 😍 🥰 😘 💕 💖 💙 💜 💚 💛 🧡 🖤 🤍 💗 💓 💘 💞 💔 💋 🌹 💐 😻 💯 💝 🫶",
  hand: "🙏 👏 👍 🙌 💪 👌 👀 🤞 👎 👊 ✌️ 👋 🤝 🤷 🤦 🫵 👉 👇 ✋ 🤙 🤘 💅 🙈",
  animal:
    "🐶 🐱 🐻 🐼 🐨 🦊 🦁 🐯 🐰 🐸 🐵 🦄 🐝 🦋 🐢 🐙 🐳 🐬 🦈 🐧 🦉 🦆 🐔 🐍 🦖 🐘 🦒 🦔 🐌 🐞",
  food:
    "☕ 🍕 🍔 🍟 🌮 🍣 🍜 🍩 🍪 🎂 🍰 🍫 🍦 🍓 🍉 🍌 🍎 🍑 🥑 🌶️ 🍞 🧀 🥐 🍺 🍷 🍵 🧋 🥞",
  outside:
    "✨ 🔥 🌟 ⭐ 🌈 ☀️ 🌙 🌸 🌻 🌷 🌺 🌴 🌵 🍀 🍁 🍂 ❄️ ⛄ 🌊 ⚡ ☔ 🌍 🌋 ⛅ 🌧️ 🏔️ 🏖️",
  play:
    "🎉 🎶 🎵 ⚽ 🏀 🏈 🎾 🏆 🥇 🎮 🎲 🎨 🎸 🎹 🎤 🎧 🎬 🎯 🚴 🏊 🧩 ♟️ 🎻 🥁 🎭",
  thing:
    "🚀 💡 📚 📷 💻 📱 ⏰ 🎁 🎈 💎 👑 💰 🔑 🚗 🚲 ✈️ 🚂 ⛵ 🏠 🛸 🔧 🧲 🔭 🕯️ 📈 📌 ✅ ❌ ❗ ❓ 🚨",
};

/** What is used most, to begin with. */
const FAVOURITES =
  "😂 ❤️ 😭 😍 🔥 ✨ 🥺 😊 🙏 💕 🤣 👏 👍 🥰 💀 🎉 😘 👀 🙌 💯 💪 ☕ 😎 🚀 🐶 🤔"
    .split(" ");

/** All that the feed uses, those that are used most first. */
export const EMOJI: readonly Emoji[] = byPopularity(
  (Object.entries(SYMBOLS) as [Kind, string][]).flatMap(([kind, symbols]) =>
    symbols.split(" ").map((symbol) => ({ symbol, code: codeOf(symbol), kind }))
  ),
);

/** The name of an emoji in streams. */
export function codeOf(symbol: string): string {
  return Array.from(
    symbol,
    (char) => char.codePointAt(0)!.toString(16).toUpperCase(),
  ).join("-");
}

function byPopularity(emoji: readonly Emoji[]): Emoji[] {
  const others = emoji.filter(({ symbol }) => !FAVOURITES.includes(symbol));
  // A step through them mixes the kinds, the same way at each start.
  const mixed = others.map((_, i) => others[i * 89 % others.length]!);
  return [
    ...FAVOURITES.map((name) => emoji.find(({ symbol }) => symbol === name)!),
    ...mixed,
  ];
}
