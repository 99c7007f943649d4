"""Webhooks: add, list, show, change, delete, try out."""

from __future__ import annotations

import secrets

from fastapi import APIRouter, Request
from starlette.responses import Response

from fewpix.serve.access import GuardedRoute
from fewpix.serve.changes import Done, change
from fewpix.serve.events.choice import choice_of
from fewpix.serve.moments import now
from fewpix.serve.rendering import answer, rendered
from fewpix.serve.routes.operation import KEYED, ONCE, READ, SAME, operation
from fewpix.serve.service import service_of
from fewpix.serve.undo import Undoable
from fewpix.serve.webhooks import schemas
from fewpix.serve.webhooks.post import changed
from fewpix.serve.webhooks.record import Webhook
from fewpix.serve.webhooks.signing import new_secret

router = APIRouter(prefix="/v1/webhooks", route_class=GuardedRoute, tags=["webhooks"])


@router.get("", **operation("admin", "storage", gives=schemas.WebhookList, repeat=READ))
async def list_webhooks(request: Request) -> Response:
    """List all webhooks with how they went: the last success, the last failure and why, how many wait."""
    post = service_of(request).post
    return answer({"webhooks": [await post.to_json(each) for each in post.all()]})


@router.post(
    "",
    **operation(
        *("admin", "setting", "storage", "too-many-bytes"),
        gives=schemas.MadeWebhook,
        repeat=ONCE,
        status=201,
    ),
)
async def add(request: Request, new: schemas.NewWebhook) -> Response:
    """Add a webhook: events are sent to an address, signed, from now on; docs/events_out.md says how."""
    post = service_of(request).post

    async def work(last: Undoable | None) -> Done:
        webhook = Webhook(
            secrets.token_hex(4),
            new.url,
            new_secret() if new.secret is None else new.secret,
            choice_of(new.model_dump(exclude_unset=True)),
            new.pictures,
            new.paused,
            now(),
        )
        await post.add(webhook)
        return Done(await post.to_json(webhook) | {"secret": webhook.secret}, 201)

    return await change(request, "webhook.add", work, said=rendered(new.model_dump()), secret=True)


@router.get("/{webhook}", **operation("admin", "no-webhook", gives=schemas.WebhookBody, repeat=READ))
async def show(request: Request, webhook: str) -> Response:
    """Show a webhook and how it went."""
    post = service_of(request).post
    return answer(await post.to_json(post.webhook(webhook)))


@router.patch(
    "/{webhook}",
    **operation("admin", "no-webhook", "setting", gives=schemas.WebhookBody, repeat=SAME, keyed=True),
)
async def change_webhook(request: Request, webhook: str, to: schemas.ChangedWebhook) -> Response:
    """Change a webhook; null takes a choice back. What waits is sent to the new address, at once."""
    post = service_of(request).post
    given = to.model_dump(exclude_unset=True)

    def now(before: Webhook) -> Webhook:
        fields = {name: given.get(name) for name in ("url", "secret", "pictures", "paused")}
        return changed(before, choice=choice_of(given, before.choice), **fields)

    async def work(last: Undoable | None) -> Done:
        return Done(await post.to_json(await post.change(webhook, now)))

    return await change(request, "webhook.change", work, subject=webhook[:40], said=rendered(given))


@router.delete(
    "/{webhook}",
    **operation("admin", "no-webhook", gives=schemas.DeletedWebhook, repeat=KEYED, keyed=True),
)
async def delete(request: Request, webhook: str) -> Response:
    """Delete a webhook with its secret; what waits for it is not sent."""
    post = service_of(request).post

    async def work(last: Undoable | None) -> Done:
        await post.delete(webhook)
        return Done({"deleted": True})

    return await change(request, "webhook.delete", work, subject=webhook[:40])


@router.post(
    "/{webhook}/test",
    **operation(
        *("admin", "no-webhook", "storage", "too-many-bytes"),
        gives=schemas.Tested,
        repeat="Yes: it is one more ping.",
    ),
)
async def test(request: Request, webhook: str) -> Response:
    """Send a ping, signed as events are, and say what became of it; if it is taken, what waits is sent."""
    outcome = await service_of(request).post.test(webhook)
    return answer(
        {
            "delivered": not outcome.reason,
            "status": outcome.status,
            "reason": outcome.reason or None,
            "seconds": round(outcome.seconds, 3),
        }
    )
