/**
 * A chat: rooms, who is here, and what was said before one came.
 *
 *     deno run -A examples/chat/main.ts
 *     bun run examples/chat/main.ts
 *     npm ci && node examples/chat/main.ts
 *
 * Then open http://localhost:8001/ in two windows. PORT is another port, CHAT_SECRET
 * lets people keep their names when the server is started again, and HISTORY is how
 * many messages are remembered.
 */
import { SSEServer } from "@sseserver/sseserver";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { HERE_BYTES, People } from "./people.ts";
import { Rooms } from "./rooms.ts";
import { addRoutes } from "./routes.ts";
import { Sessions } from "./sessions.ts";

const {
  PORT = "8001",
  CHAT_SECRET = crypto.randomUUID(),
  HISTORY = "10000",
} = process.env;

const sessions = new Sessions(CHAT_SECRET);
const people = new People((here) =>
  sse.broadcast({ namespace: "/here", event: "here", data: here })
);
const sse = new SSEServer({
  history: { messages: Number(HISTORY), age: 10 * 60_000 },
  retry: 1_000,
  // Anyone may listen. What it says of who it is makes it somebody who is here.
  authorize: async (request) => ({
    namespaces: ["/rooms", "/here"],
    user: People.userOf(await sessions.personOf(request)),
  }),
  onConnect: ({ user }) => people.join(user),
  onDisconnect: ({ user }) => people.leave(user),
  // Whoever may write has a stream: so this also bounds how many one client can be.
  limits: {
    connections: 2_000,
    connectionsPerClient: 20,
    messageBytes: HERE_BYTES,
  },
});

const page = await readFile(new URL("index.html", import.meta.url), "utf8");
sse.app.get("/", (c) => c.html(page));
addRoutes(sse.app, { sessions, people, rooms: new Rooms(sse) });

await sse.serve({ port: Number(PORT) });
