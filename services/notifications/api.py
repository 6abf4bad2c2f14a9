"""What the gateway asks of this service: a person's notifications and follows."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.notifications.mailbox import Mailbox
from shared.queries import answering, json, number, text


def routes(mailbox: Mailbox) -> list[Route]:
    """`GET /notifications?person=&cursor=&limit=` and `GET /follows?person=`, under `/internal`."""

    async def notifications(request: Request) -> Response:
        person = text(request, "person")
        cursor = request.query_params.get("cursor") or None
        return json(await mailbox.page(person, cursor=cursor, limit=number(request, "limit", 20)))

    async def follows(request: Request) -> Response:
        return json({"items": await mailbox.follows(text(request, "person"))})

    return [Route("/notifications", answering(notifications)), Route("/follows", answering(follows))]
