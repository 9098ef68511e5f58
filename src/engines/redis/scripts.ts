/**
 * What runs within Redis, each as one step. Of all events in Redis only these know
 * the order.
 *
 * An event's id in the stream is `EPOCH-SEQ`, the epoch being a time in milliseconds
 * and each the place in it, from 1 without a hole. Not the `*` of XADD, though that
 * counts as well: so the last place is known after the stream was trimmed to nothing
 * or deleted, and without reading an event.
 *
 * @module
 */

/**
 * Finds out where the order stands, and has it begin anew in a higher epoch where
 * the same place could be given to another event: where nothing is known (a first
 * start, FLUSHALL), in another run of Redis (a restart or failover, of which nobody
 * can say how much was lost), and where the caller has seen more than there is.
 *
 * KEYS: stream, state. ARGV: run, then epoch and place that the caller has seen.
 */
const ORDER = `
local function text(number) return string.format('%.0f', number) end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local state = redis.call('HMGET', KEYS[2], 'epoch', 'seq', 'run')
local epoch, seq = tonumber(state[1]), tonumber(state[2])
local seenEpoch, seenSeq = tonumber(ARGV[2]), tonumber(ARGV[3])
local raised = false
local function raise()
  local top = 0
  if redis.call('EXISTS', KEYS[1]) == 1 then
    local info = redis.call('XINFO', 'STREAM', KEYS[1])
    for i = 1, #info, 2 do
      if info[i] == 'last-generated-id' then
        top = tonumber(string.match(info[i + 1], '^%d+'))
      end
    end
  end
  epoch = math.max(now, (epoch or 0) + 1, seenEpoch + 1, top + 1)
  seq = 0
  raised = true
  redis.call('HSET', KEYS[2], 'epoch', text(epoch), 'seq', 0, 'run', ARGV[1])
end
local function order()
  if not epoch or not seq or state[3] ~= ARGV[1] or seenEpoch > epoch
    or (seenEpoch == epoch and seenSeq > seq) then raise() end
end
`;

/**
 * Where the order stands. ARGV: those of {@linkcode ORDER}, channel. Returns epoch,
 * last place and Redis' time in milliseconds, as text.
 */
export const STAND: string = `${ORDER}
order()
if raised then
  redis.call('PUBLISH', ARGV[4], text(epoch) .. ' 1 ' .. text(now) .. '\\n')
end
return text(epoch) .. ' ' .. text(seq) .. ' ' .. text(now)
`;

/**
 * Gives a batch of events their places, keeps and publishes them; once, however often
 * it is sent. KEYS: those of {@linkcode ORDER}, what became of it. ARGV: those of
 * {@linkcode STAND}, Redis' time after which it is not wanted any more, milliseconds
 * for which to remember what became of it, how many events to keep, bytes of each
 * namespace and body, all of these.
 *
 * Returns epoch, first place and time, as text.
 */
export const PUBLISH: string = `${ORDER}
local done = redis.call('GET', KEYS[3])
if done then return done end
if now > tonumber(ARGV[5]) then return redis.error_reply('LATE') end
order()
local function add()
  local at, place, bytes = 1, seq, ARGV[9]
  local sizes = {}
  for size in string.gmatch(ARGV[8], '%d+') do
    sizes[#sizes + 1] = tonumber(size)
  end
  for i = 1, #sizes, 2 do
    local middle = at + sizes[i]
    local after = middle + sizes[i + 1]
    place = place + 1
    local id = text(epoch) .. '-' .. text(place)
    local namespace = string.sub(bytes, at, middle - 1)
    local body = string.sub(bytes, middle, after - 1)
    local reply
    if after > #bytes then
      reply = redis.pcall('XADD', KEYS[1], 'MAXLEN', '~', ARGV[7], id,
        't', text(now), 'n', namespace, 'b', body)
    else
      reply = redis.pcall('XADD', KEYS[1], id,
        't', text(now), 'n', namespace, 'b', body)
    end
    if type(reply) == 'table' and reply.err then return reply end
    at = after
  end
  local first = seq + 1
  seq = place
  return first
end
local first = add()
if type(first) == 'table' then
  -- Somebody else has added to the stream, beyond the epoch.
  raise()
  first = add()
  if type(first) == 'table' then return first end
end
redis.call('HSET', KEYS[2], 'seq', text(seq))
local place = text(epoch) .. ' ' .. text(first) .. ' ' .. text(now)
redis.call('SET', KEYS[3], place, 'PX', ARGV[6])
redis.call('PUBLISH', ARGV[4], place .. ' ' .. ARGV[8] .. '\\n' .. ARGV[9])
return place
`;
