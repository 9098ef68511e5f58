#!/usr/bin/env node
/**
 * What `npx @sseserver/sseserver` runs.
 *
 * @module
 */
import { main } from "../cli.ts";

await main();
