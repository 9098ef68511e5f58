import { setTimeout as sleep } from "node:timers/promises";
import { TEXTS } from "./texts.ts";

/** Paragraphs of an answer, and sentences of a paragraph: from, up to. */
const PARAGRAPHS = [2, 3] as const;
const SENTENCES = [3, 4] as const;
/** Words of a sentence: one may go around in circles. */
const MOST_WORDS = 50;
/** Words that the next one depends on. */
const ORDER = 3;
/** Letters of a token. */
const TOKEN_LENGTH = 6;

/** What may follow some words; `""` begins and ends a sentence. */
const following: ReadonlyMap<string, readonly string[]> = learn(TEXTS);

/**
 * Writes an answer, token by token.
 *
 * This is where the stream of a real model comes in: all else stays as it is. What
 * stands here is the smallest language model there is. It has read the sentences of
 * texts.ts, and writes any word that it has seen behind the last three.
 */
export async function* answer(
  prompt: string,
  { signal, pace }: {
    readonly signal: AbortSignal;
    /** Milliseconds that a token takes, on average. */
    readonly pace: number;
  },
): AsyncGenerator<string> {
  for (const token of tokensOf(compose(prompt))) {
    await sleep(pace * (0.5 + Math.random()), undefined, { signal });
    yield token;
  }
}

/** Cuts a text into pieces as models do: short words whole, with the space before. */
function tokensOf(text: string): string[] {
  const piece = new RegExp(`\\n+| ?[\\p{L}’]{1,${TOKEN_LENGTH}}| ?.`, "gu");
  return text.match(piece) ?? [];
}

function compose(prompt: string): string {
  const asked = prompt.toLowerCase().match(/\p{L}{3,}/gu) ?? [];
  const subject = asked.map((word) => word.replace(/s$/, ""))
    .find((word) => textsAbout(word).length > 0);
  const about = subject === undefined ? [] : textsAbout(subject);
  const opening = subject === undefined
    ? "I have read nothing about that, so here is what I do know."
    : `I have read a line or two about “${subject}”.`;
  const written = new Set<string>();
  const paragraphs = Array.from({ length: between(...PARAGRAPHS) }, () => {
    const before = written.size;
    const size = before + between(...SENTENCES);
    while (written.size < size) written.add(sentence(about.pop()));
    return [...written].slice(before).join(" ");
  });
  return `${opening} ${paragraphs.join("\n\n")}`;
}

/** What begins with a word or nearly so: that is what it is about. */
function textsAbout(word: string): string[] {
  if (word === "the" || word === "good") return [];
  const begin = new RegExp(`^(?:The |A |Good )?${word}s?\\b`, "iu");
  return TEXTS.filter((text) => begin.test(text));
}

/** A sentence, which begins like a text if one is given. */
function sentence(like?: string): string {
  const words = like === undefined ? [] : wordsOf(like).slice(0, ORDER);
  while (words.length < MOST_WORDS) {
    const last = [...Array<string>(ORDER).fill(""), ...words].slice(-ORDER);
    const next = oneOf(following.get(last.join(" "))!);
    if (next === "") break;
    words.push(next);
  }
  return `${words.join(" ")}.`;
}

function learn(texts: readonly string[]): Map<string, string[]> {
  const following = new Map<string, string[]>();
  for (const text of texts) {
    const words = [...Array<string>(ORDER).fill(""), ...wordsOf(text), ""];
    for (const [i, word] of words.slice(ORDER).entries()) {
      const last = words.slice(i, i + ORDER).join(" ");
      const seen = following.get(last);
      if (seen === undefined) following.set(last, [word]);
      else seen.push(word);
    }
  }
  return following;
}

/** Words with the punctuation behind them, without the full stop. */
function wordsOf(text: string): string[] {
  return text.slice(0, -1).split(" ");
}

function between(from: number, to: number): number {
  return from + Math.floor(Math.random() * (to - from + 1));
}

function oneOf<T>(all: readonly T[]): T {
  return all[Math.floor(Math.random() * all.length)]!;
}
