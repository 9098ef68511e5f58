"""Publishes orders as JSON, with nothing but Python's standard library.

    SSE_PUBLISH_TOKEN=0123456789abcdef deno run -A src/cli.ts
    SSE_PUBLISH_TOKEN=0123456789abcdef python3 examples/publish.py
    curl -N localhost:8001/subscribe/orders
"""

import json
import os
import time
import urllib.error
import urllib.request
import uuid

URL = os.environ.get("SSE_URL", "http://localhost:8001")
TOKEN = os.environ["SSE_PUBLISH_TOKEN"]
ATTEMPTS = 4


def publish(namespace, data, event=None):
    """Publishes an event once, however often it has to be tried; returns its id."""
    message = {"data": data} if event is None else {"event": event, "data": data}
    request = urllib.request.Request(
        f"{URL}/publish{namespace}",
        data=json.dumps(message).encode(),
        headers={
            "Authorization": f"Bearer {TOKEN}",
            "Content-Type": "application/json",
            # Tried again under the same key, it is published once.
            "Idempotency-Key": str(uuid.uuid4()),
        },
    )
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return json.load(response)["id"]
        except urllib.error.HTTPError as error:
            # 503: cannot be accepted now. Anything else says what is wrong.
            if error.code != 503 or attempt == ATTEMPTS:
                raise SystemExit(f"Refused: {error.read().decode().strip()}")
        except urllib.error.URLError as error:
            if attempt == ATTEMPTS:
                raise SystemExit(f"Cannot reach {URL}: {error.reason}")
        time.sleep(attempt)


if __name__ == "__main__":
    for number in range(1, 4):
        order = {"number": number, "total": 12.5 * number}
        print(publish("/orders/new", order, event="order"))
