import type { Emoji, Kind } from "./emoji.ts";

/** What is written about an emoji, which takes the place of `*`. */
const TEXTS: Readonly<Record<Kind, readonly string[]>> = {
  happy: [
    "The printer works on the first try today *",
    "He waved at the wrong person for a whole minute *",
    "Told the joke again. Nobody laughed, again *",
    "* best message I got all week",
    "My umbrella opened indoors, in the middle of the meeting *",
    "We won the quiz with a guess * *",
    "Friday at last *",
    "She read the manual first and now she is our hero *",
    "Muted myself and talked for ten minutes *",
    "* * * I cannot breathe",
  ],
  sad: [
    "Missed the last train by one minute *",
    "The meeting could have been a short note *",
    "Season finale, no words *",
    "* who ate my sandwich",
    "Woke up an hour early, on a Sunday *",
    "The build is red again *",
    "Sold out in four minutes *",
    "Left my keys inside and the cat is judging me *",
    "* it rained on the one day without a coat",
    "Deleted the wrong branch *",
  ],
  love: [
    "Grandma learned to send pictures *",
    "This song, on repeat, all night *",
    "* to whoever left flowers at the bus stop",
    "Ten years today * *",
    "New bookshop around the corner *",
    "The whole street came to help us move *",
    "* you all know who you are",
    "First snow and a warm window *",
    "He kept the ticket of our first concert *",
    "That sky tonight *",
  ],
  hand: [
    "Thank you to the night shift *",
    "Everyone who voted for the longer lunch break *",
    "* for the neighbour with the jump leads",
    "Fixed it with tape *",
    "Two more days *",
    "* to the crew who found my bag",
    "Who else is still awake? *",
    "Read that headline twice *",
    "Ran five kilometres without stopping *",
    "Deal *",
  ],
  animal: [
    "Met this one on the way to work *",
    "* stole my seat and will not give it back",
    "Day three: * still does not care about me",
    "Look who came back to the garden *",
    "If * can nap all day, so can I",
    "* crossing, please slow down",
    "The vet says * is perfectly fine, just dramatic",
    "Drew a * and it looks like a potato",
    "There is a * on the roof of the library",
    "Petition to let * into the office",
  ],
  food: [
    "One more * and then I start, really",
    "* for breakfast, no regrets",
    "Who is out of * again?",
    "Found the perfect * two streets from home",
    "My doctor did not say no to *",
    "* tastes better at midnight",
    "Made * from scratch, ordered * afterwards",
    "Saving the last * for myself",
    "* or nothing",
    "The queue for * goes around the block",
  ],
  outside: [
    "Out of the door before six for this *",
    "* over the harbour right now",
    "Nobody told me it would be this pretty *",
    "Weather report: *",
    "Walked home the long way *",
    "* and not a single cloud of worry",
    "The whole valley tonight *",
    "Stopped the car to look *",
    "Window seat, of course *",
    "This view after four hours of climbing *",
  ],
  play: [
    "Tickets are here *",
    "* until the neighbours knock",
    "One more round, I said at nine *",
    "Lost by a single point *",
    "Practised for a month and it shows *",
    "* tonight, who is in?",
    "Overtime, my heart *",
    "The encore lasted longer than the show *",
    "New record *",
    "* with the old team, same bad jokes",
  ],
  thing: [
    "It has arrived *",
    "Looking for my * since Tuesday",
    "Shipped it * *",
    "* and a free afternoon, finally",
    "Does anyone have a spare *?",
    "Note to self: *",
    "Three years of saving up *",
    "* found, please call the station",
    "The small things *",
    "New day, new plan *",
  ],
};

/** What may follow it; often nothing. */
const ENDINGS: readonly string[] = [
  ...Array<string>(6).fill(""),
  ..." – every single time| – you had to be there| – tell everyone| – no further comment| – ask me tomorrow| – true story| – again| – who would have thought?"
    .split("|"),
];

const FIRST =
  "quiet brave tiny sunny cosmic lucky sleepy velvet paper misty rapid mellow silver wild honest neon gentle curious salty northern"
    .split(" ");
const SECOND =
  "otter comet pickle lantern walrus teapot maple pixel harbor cricket noodle glacier marble kettle falcon button meadow biscuit rocket pebble"
    .split(" ");

/** A made-up use of an emoji. */
export interface Use {
  readonly text: string;
  readonly user: string;
}

/** Makes up who uses an emoji, and what they write. */
export function makeUse({ symbol, kind }: Emoji): Use {
  return {
    text: oneOf(TEXTS[kind]).replaceAll("*", symbol) + oneOf(ENDINGS),
    user: `${oneOf(FIRST)}_${oneOf(SECOND)}${Math.floor(Math.random() * 100)}`,
  };
}

function oneOf<T>(all: readonly T[]): T {
  return all[Math.floor(Math.random() * all.length)]!;
}
