#!/bin/sh
# Publishes the machine's load every few seconds, with nothing but curl.
#
#     SSE_PUBLISH_TOKEN=0123456789abcdef deno run -A src/cli.ts
#     SSE_PUBLISH_TOKEN=0123456789abcdef sh examples/publish.sh
#     curl -N localhost:8001/subscribe/load
#
# COUNT bounds how many times, INTERVAL is in seconds.
set -eu

url=${SSE_URL:-http://localhost:8001}
token=${SSE_PUBLISH_TOKEN:?set it to the hub\'s token}
count=${COUNT:-10}

while [ "$count" -gt 0 ]; do
  # --fail ends the script when the hub refuses; a retry with the same key is
  # published once.
  uptime | curl --silent --show-error --fail --retry 3 \
    --header "Authorization: Bearer $token" \
    --header "Content-Type: text/plain" \
    --header "Idempotency-Key: load-$$-$count" \
    --data-binary @- \
    "$url/publish/load?event=uptime"
  echo
  count=$((count - 1))
  [ "$count" -eq 0 ] || sleep "${INTERVAL:-2}"
done
