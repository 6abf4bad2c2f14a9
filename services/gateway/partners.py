"""Writes on a campaign's partners and their members, and who may read more of them than everybody."""

import re
from typing import Annotated, Any, Final, Literal

from msgspec import Struct
from pydantic import AfterValidator, Field

from services.gateway.bodies import Body
from services.gateway.campaigns import BY_QUERY, Nothing, Whom
from services.gateway.commands import Build, Wish, Write
from services.gateway.fields import Id, Line, Person, Reason, WebAddress, absent, sent
from services.gateway.idempotency import suffix
from services.gateway.personal import Personal
from services.gateway.problems import Flaw, ProblemError
from services.gateway.table import Route
from shared import keys
from shared.contracts.events import (
    AcceptInvitation,
    AddMember,
    AddPartner,
    ApprovePartner,
    ChangePartner,
    DeclineInvitation,
    InvitePartner,
    LeavePartner,
    OfPartner,
    PartnerAnswer,
    PartnerRecord,
    RemoveMember,
    RemovePartner,
    Sector,
    VerifyPartner,
)

_ALL: Final = "/v1/campaigns/{campaign_id}/partners"
_ONE: Final = f"{_ALL}/{{partner_id}}"
_REGISTERED: Final = re.compile(r"[A-Z]{2}-[A-Z0-9_]{2,20}-[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}")


def _registered(text: str) -> str:
    if not _REGISTERED.fullmatch(text):
        raise ValueError("No identifier of the form that org-id.guide lists, such as GB-CHC-1234567.")
    return text


OrgId = Annotated[Line, AfterValidator(_registered)]
"""The code of a register that org-id.guide lists, a hyphen, and the organisation's number there."""


class NewPartner(Body):
    """An organisation that joins; `org_id` is its identifier as org-id.guide lists them."""

    name: Line
    sector: Sector
    url: WebAddress | None = None
    org_id: OrgId | None = None


class NewInvitation(NewPartner):
    """An organisation to be invited, through a `person`; without one the answer holds a code for whoever is to come."""

    person: Person | None = None


class Reply(Body):
    """The answer to an invitation; `code` unless it names the caller."""

    code: Id | None = None


class PartnerChange(Body):
    """Fields that are to be others (JSON merge patch, RFC 7396); null empties one that may be empty."""

    name: Line = Field(default_factory=absent)
    sector: Sector = Field(default_factory=absent)
    url: WebAddress | None = None
    org_id: OrgId | None = None


class Parting(Body):
    """Why a partner is removed; its members and the campaign's organisers read it."""

    reason: Reason


class Invitation(PartnerAnswer, frozen=True):
    """An invited partner; `code` admits one who accepts or declines, null if a person was named."""

    code: str | None = None


class PartnerRecords(Struct, frozen=True):
    """A page of partners."""

    items: tuple[PartnerRecord, ...]
    next: str | None


class Codes:
    """One-time codes: each proves that the invitation to a partner was handed on by who made it."""

    def __init__(self, secret: str) -> None:
        """Derive the key from the root secret."""
        self._key = keys.derive(secret, "invitations")

    def of(self, partner_id: str) -> str:
        """The code, the same whenever it is asked for, so that a repeated request is answered as the first."""
        return keys.mac(self._key, partner_id)

    def proves(self, partner_id: str, code: str | None) -> bool:
        """Whether a code was given, and is that partner's; a wrong one finds nothing (404)."""
        if code is not None and not keys.same(self.of(partner_id), code):
            raise ProblemError("not-found", errors=[Flaw("/code", "There is no such invitation.")])
        return code is not None


def _named(wish: Wish[Any]) -> tuple[str, str]:
    """The campaign and the partner of the path; `not-found` unless they belong together."""
    campaign, partner = wish.ids
    if not partner.startswith(f"{campaign}."):
        raise ProblemError("not-found")
    return campaign, partner


def _new(wish: Wish[Any]) -> tuple[str, str]:
    return wish.id, f"{wish.id}.{suffix(wish.command_id)}"


def _join(wish: Wish[NewPartner]) -> AddPartner:
    body = wish.body
    return AddPartner(*_new(wish), body.name, body.sector, body.url, body.org_id)


def _invite(wish: Wish[NewInvitation]) -> InvitePartner:
    body = wish.body
    return InvitePartner(*_new(wish), body.name, body.sector, body.url, body.org_id, body.person)


def _change(wish: Wish[PartnerChange]) -> ChangePartner:
    return ChangePartner(*_named(wish), revision=wish.revision, **sent(wish.body))


def _write(
    way: str,
    summary: str,
    command: type[OfPartner],
    build: Build,
    *,
    method: Literal["POST", "PATCH", "DELETE"] = "POST",
    body: type[Body] = Nothing,
    problems: tuple[str, ...] = ("partner-wrong-state",),
    **more: Any,  # noqa: ANN401 -- other fields of a write
) -> Write:
    return Write(
        method=method,
        path=f"{_ONE}{way}",
        summary=summary,
        service="events",
        body=body,
        command=command,
        build=build,
        answers={200: PartnerAnswer},
        tag="partners",
        problems=problems,
        **more,
    )


WRITES: Final = (
    Write(
        method="POST",
        path=_ALL,
        summary="Join as an organisation, or ask to where organisers approve; the caller becomes its first member",
        service="events",
        body=NewPartner,
        command=AddPartner,
        build=_join,
        answers={201: PartnerAnswer},
        tag="partners",
        problems=("campaign-not-live",),
    ),
    _write(
        "/approve",
        "Let a partner in that has asked",
        ApprovePartner,
        lambda wish: ApprovePartner(*_named(wish)),
        problems=("partner-wrong-state", "campaign-not-live"),
    ),
    _write(
        "",
        "Change a partner; with another name or org_id it is provisional again",
        ChangePartner,
        _change,
        method="PATCH",
        body=PartnerChange,
        problems=("partner-wrong-state", "revision-mismatch"),
    ),
    _write(
        "/verify",
        "Vouch that a partner is who it says",
        VerifyPartner,
        lambda wish: VerifyPartner(*_named(wish)),
    ),
    _write(
        "/leave",
        "Take part no longer; what the partner opened stays its own",
        LeavePartner,
        lambda wish: LeavePartner(*_named(wish)),
    ),
    _write(
        "/remove",
        "Let a partner take part no longer, or refuse it",
        RemovePartner,
        lambda wish: RemovePartner(*_named(wish), wish.body.reason),
        body=Parting,
    ),
    _write(
        "/members",
        "Let a person act for the partner",
        AddMember,
        lambda wish: AddMember(*_named(wish), wish.body.person),
        body=Whom,
        problems=("partner-wrong-state", "too-many-members"),
    ),
    _write(
        "/members",
        "Take that right back; the last member stays",
        RemoveMember,
        lambda wish: RemoveMember(*_named(wish), wish.body.person),
        method="DELETE",
        body=Whom,
        problems=("partner-wrong-state", "last-member"),
        query=BY_QUERY,
    ),
)


def invitations(secret: str) -> tuple[Write, ...]:
    """Writes by which organisations are invited, accept and decline."""
    codes = Codes(secret)

    def told(body: NewInvitation, answer: dict[str, Any]) -> dict[str, Any]:
        return {"code": codes.of(answer["id"]) if body.person is None else None}

    def accept(wish: Wish[Reply]) -> AcceptInvitation:
        campaign, partner = _named(wish)
        return AcceptInvitation(campaign, partner, codes.proves(partner, wish.body.code))

    def decline(wish: Wish[Reply]) -> DeclineInvitation:
        campaign, partner = _named(wish)
        return DeclineInvitation(campaign, partner, codes.proves(partner, wish.body.code))

    return (
        Write(
            method="POST",
            path=f"{_ALL}/invitations",
            summary="Invite an organisation, through a person or with a one-time code",
            service="events",
            body=NewInvitation,
            command=InvitePartner,
            build=_invite,
            answers={201: Invitation},
            tag="partners",
            problems=("campaign-not-live",),
            echo=told,
        ),
        _write(
            "/accept",
            "Accept an invitation; the caller becomes the first member",
            AcceptInvitation,
            accept,
            body=Reply,
            problems=("partner-wrong-state", "campaign-not-live"),
        ),
        _write("/decline", "Decline an invitation", DeclineInvitation, decline, body=Reply),
    )


def reads(personal: Personal) -> list[Route]:
    """Partners as those they concern read them."""
    return [
        personal.list(
            path=_ALL,
            summary="List partners; to organisers also those who are invited, ask to join, or have gone",
            service="events",
            ask=lambda ids: f"/campaigns/{ids[0]}/partners",
            answers=PartnerRecords,
            tag="partners",
        ),
        personal.one(
            path=_ONE,
            summary="Read a partner; to its members and the campaign's organisers with its people",
            service="events",
            ask=lambda ids: f"/partners/{ids[1]}",
            answers=PartnerRecord,
            tag="partners",
        ),
        personal.list(
            path="/v1/me/partners",
            summary="Partners that the person acts for or is invited to act for",
            service="events",
            ask=lambda _: "/partners",
            answers=PartnerRecords,
            tag="me",
        ),
    ]
