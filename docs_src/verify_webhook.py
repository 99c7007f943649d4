"""Whether a message of a webhook is one that the service has sent, not long ago."""

import base64
import hashlib
import hmac
import time


def verified(headers, body: bytes, secret: str) -> bool:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    same = hmac.compare_digest(f"v1,{digest}", headers["webhook-signature"])  # in constant time
    return same and abs(time.time() - int(headers["webhook-timestamp"])) < 300
