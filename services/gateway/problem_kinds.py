"""The table of problems: HTTP status, title, and what a person can do about it. Slugs are a contract."""

from typing import NamedTuple


class Kind(NamedTuple):
    """One kind of problem; `explanation` is its page."""

    status: int
    title: str
    explanation: str


KINDS: dict[str, Kind] = {
    # The request
    "invalid-json": Kind(
        400,
        "The body is not acceptable JSON",
        "The body must be one JSON text in UTF-8 (RFC 8259), at most 32 levels deep, without "
        "duplicate names, NaN, Infinity or unpaired surrogates.",
    ),
    "invalid-parameter": Kind(
        400,
        "A query parameter is unknown or malformed",
        "Look at `detail` for the parameter, and at /docs for those that the route knows and their form.",
    ),
    "invalid-header": Kind(
        400,
        "A header is malformed",
        "Idempotency-Key holds 1 to 128 visible ASCII characters, Prefer `respond-async` or `wait=N`, "
        "If-Match one revision in double quotes.",
    ),
    "unauthenticated": Kind(
        401,
        "Not signed in",
        "Send a valid access token as `Authorization: Bearer …`. Tokens end; ask your issuer for a new one.",
    ),
    "forbidden": Kind(
        403,
        "Not allowed",
        "You may see this, but not do that to it. Ask an organiser of the campaign.",
    ),
    "not-found": Kind(
        404,
        "Not found",
        "There is nothing here, or nothing that you may see. Check the id, and who you are signed in as.",
    ),
    "method-not-allowed": Kind(
        405,
        "The method is not allowed here",
        "The `Allow` header lists the methods that this address answers.",
    ),
    "not-acceptable": Kind(
        406,
        "No such representation",
        "Nothing that the Accept header allows can be made here. Streams offer text/event-stream, "
        "application/x-ndjson and application/json.",
    ),
    "body-timeout": Kind(
        408,
        "The body took too long",
        "The whole body must arrive within 30 seconds. Send it again.",
    ),
    "body-too-large": Kind(
        413,
        "The body is too large",
        "A body may hold 64 kB. Send less, or send it in parts.",
    ),
    "unsupported-media-type": Kind(
        415,
        "The body's type is not supported",
        "Send `Content-Type: application/json` (for PATCH also application/merge-patch+json), without "
        "a Content-Encoding.",
    ),
    "invalid-body": Kind(
        422,
        "The body does not fit",
        "`errors` points at every place that is wrong and says how. Unknown fields are refused, too.",
    ),
    "key-reused": Kind(
        422,
        "The Idempotency-Key belongs to another request",
        "This key was sent before with another body or to another address. Use a new key for a new "
        "wish, and the same key only to repeat the same one.",
    ),
    "headers-too-large": Kind(
        431,
        "The headers are too large",
        "All headers together may hold 16 kB.",
    ),
    # The platform
    "rate-limited": Kind(
        429,
        "Too many requests",
        "Wait as long as `Retry-After` says, then go on more slowly.",
    ),
    "too-many-streams": Kind(
        429,
        "Too many open streams",
        "Close a stream that you no longer read, or wait as long as `Retry-After` says.",
    ),
    "internal-error": Kind(
        500,
        "Something went wrong here",
        "It is our fault and has been logged. Quote `trace_id` when you report it.",
    ),
    "command-failed": Kind(
        500,
        "The command could not be processed",
        "It was set aside unprocessed and changed nothing. An operator looks at it; you may send it "
        "again with a new key.",
    ),
    "unavailable": Kind(
        503,
        "Not available now",
        "A part of the platform cannot answer. Whether a write took effect is unknown: repeat it with "
        "the same Idempotency-Key, after `Retry-After` seconds.",
    ),
    "cursor-gone": Kind(
        410,
        "The position is no longer in the log",
        "The cursor is too old or belongs to another log. Start again from `oldest`, or load "
        "`snapshot` and go on from `head`.",
    ),
    "history-gone": Kind(
        410,
        "Nobody knows any more how it was then",
        "The log does not go back so far. Ask for a later instant.",
    ),
    "revision-mismatch": Kind(
        412,
        "It was changed meanwhile",
        "If-Match names a revision that is not the current one. Read it again, then repeat your change on that.",
    ),
    # Campaigns
    "slug-taken": Kind(
        409,
        "The slug is taken",
        "Another campaign has this slug. Choose another.",
    ),
    "too-many-slugs": Kind(
        409,
        "The campaign has had too many slugs",
        "What led to a campaign once goes on leading there, so it may have had `most` other slugs. Go back to one of "
        "them.",
    ),
    "campaign-not-live": Kind(
        409,
        "The campaign is not live",
        "This is possible only while the campaign is live: not as a draft, while paused, or after its close.",
    ),
    "campaign-wrong-state": Kind(
        409,
        "The campaign's status does not allow this",
        "`state` says where it stands. A draft can be launched, a live one paused or closed, a paused one resumed or "
        "closed, a closed one reopened.",
    ),
    "last-organiser": Kind(
        409,
        "The last organiser stays",
        "A campaign keeps at least one organiser. Add another one first.",
    ),
    "last-member": Kind(
        409,
        "The last member stays",
        "A partner keeps at least one member. Add another one first.",
    ),
    "too-many-organisers": Kind(
        409,
        "Too many organisers",
        "A campaign may have `most` organisers. Remove one who no longer takes part.",
    ),
    "too-many-members": Kind(
        409,
        "Too many members",
        "A partner may have `most` members. Remove one who no longer takes part.",
    ),
    "not-successor": Kind(
        409,
        "The other campaign is no successor of this one",
        "A campaign says of which it is the successor (`successor_of`) when it is opened. Open one that names this.",
    ),
    "voice-wrong-state": Kind(
        409,
        "The status of what was said does not allow this",
        "`state` says where it stands. What is offered can be published, what is published shown no longer; what was "
        "withdrawn is gone for good.",
    ),
    "partner-wrong-state": Kind(
        409,
        "The partner's status does not allow this",
        "`state` says where it stands. An invited partner accepts or declines, a pending one is approved or removed, "
        "an active one leaves or is removed; who has left or was removed joins anew.",
    ),
    "not-member": Kind(
        409,
        "Not one of them",
        "This person is not an organiser of the campaign or a member of the partner.",
    ),
    "word-taken": Kind(
        409,
        "The word is taken",
        "There is a category or a kind of need of this slug already, everybody's or the campaign's, and it keeps its "
        "meaning. Choose another slug (`slug`).",
    ),
    "too-many-words": Kind(
        409,
        "Too many words",
        "A campaign may add `most` categories, and as many kinds of need.",
    ),
    # Events
    "event-full": Kind(
        409,
        "The event is full",
        "It has fewer places left (`left`) than your party needs, and no waiting list.",
    ),
    "event-not-open": Kind(
        409,
        "The event takes no registrations",
        "It is not published, cancelled, completed or already over.",
    ),
    "event-wrong-state": Kind(
        409,
        "The event's status does not allow this",
        "`state` says where it stands. A draft can be published, a published one cancelled or completed.",
    ),
    "registration-wrong-state": Kind(
        409,
        "The registration's status does not allow this",
        "`state` says where it stands. Attendance is noted of parties that are registered.",
    ),
    "slot-full": Kind(
        409,
        "The slot is taken",
        "It has fewer places left (`left`) than you asked for. Another slot may have some.",
    ),
    "too-many-items": Kind(
        409,
        "Too many items",
        "An event may have `most` agenda items, and as many actions.",
    ),
    "already-registered": Kind(
        409,
        "Already registered",
        "The reference of this row was registered before. Each stands in a list once.",
    ),
    "not-happened-yet": Kind(
        409,
        "That has not happened yet",
        "`occurred_at` lies in the future.",
    ),
    "no-booking-needed": Kind(
        409,
        "No booking is needed",
        "This is a drop-in: just come.",
    ),
    "outside-age-range": Kind(
        409,
        "Somebody is too young or too old",
        "The event is for people from `age_min` to `age_max` years of age.",
    ),
    "guardian-consent-required": Kind(
        409,
        "A guardian has to agree",
        "`under_18` of the party are under 18. Register with `guardian_consent` once a parent or guardian agrees.",
    ),
    "series-changed-too-often": Kind(
        409,
        "The series has been changed too often",
        "What a series was before each change is kept, `most` times. Let it end, and plan a new one.",
    ),
    "figure-told-already": Kind(
        409,
        "The figure is told already",
        "It reads `quantity` so far. Correct it, with a reason, so that everybody sees what it was before.",
    ),
    "too-many-figures": Kind(
        409,
        "Too many figures",
        "An event may have `most` figures of what it brought about.",
    ),
    # Shifts
    "shift-full": Kind(
        409,
        "The shift is full",
        "No place is left on it (`left`). Look for another shift of the event.",
    ),
    "shift-not-open": Kind(
        409,
        "The shift takes nobody now",
        "`state` says why: it is cancelled, has begun or is over, or its event is not announced.",
    ),
    "double-booked": Kind(
        409,
        "Another shift is at the same time",
        "The person stands on the shift `shift_id` from `starts_at` to `ends_at` (in `timezone`). If both are meant, "
        "name that one in `override`; an organiser says a reason with it.",
    ),
    "clearance-required": Kind(
        409,
        "The role asks for a clearance",
        "It takes a valid clearance of this `kind`, of this `level` or a higher one, recorded for the campaign. An "
        "organiser or a partner of the campaign records what you show them.",
    ),
    "assignment-not-active": Kind(
        409,
        "The place is not yours any more",
        "`state` says what became of it. If the shift has places left, take one anew.",
    ),
    "cover-not-wanted": Kind(
        409,
        "Nobody has to stand in any more",
        "Somebody else was faster, or it is not looked for any longer. Thank you all the same.",
    ),
    # Venues
    "opening-not-now": Kind(
        409,
        "The opening is not now",
        "An opening can be confirmed from a day before it starts (`starts_at_utc`) until it ends (`ends_at_utc`).",
    ),
    "too-many-hosts": Kind(
        409,
        "Too many hosts",
        "A venue, or an event with those who are invited, may have `most` hosts. Remove one who no longer takes part.",
    ),
    "too-many-days": Kind(
        409,
        "Too many days",
        "A venue may have `most` closures ahead, and as many extra openings. Change its weekly hours instead.",
    ),
    # Needs and pledges
    "not-enough-left": Kind(
        409,
        "Not enough is left to pledge",
        "The need has less left (`left`) than you offered. Pledge that much, or offer the rest to the campaign.",
    ),
    "commitment-ended": Kind(
        409,
        "The commitment has ended",
        "It binds nobody any more and stays as it was. Make a new one.",
    ),
    "need-not-open": Kind(
        409,
        "The need is not open",
        "It is closed, paused, or its campaign is not live. Others may need your help.",
    ),
    "session-delivered": Kind(
        409,
        "The session was told of already",
        "It is delivery `n` of the pledge. Correct that one if it was wrong.",
    ),
    "need-wrong-state": Kind(
        409,
        "The need's status does not allow this",
        "`state` says where the need stands. An open one can be paused; a closed one has to be reopened first.",
    ),
    "not-partner": Kind(
        409,
        "Not a partner of the campaign",
        "Only partners that joined the need's campaign can own it.",
    ),
    "owner-stays": Kind(
        409,
        "This owner stays",
        "The need was opened for this partner. Hide or close it instead.",
    ),
    "too-many-owners": Kind(
        409,
        "Too many owners",
        "A need may have `most` owners. Remove one that no longer takes part.",
    ),
    "signal-wrong-state": Kind(
        409,
        "The signal's status does not allow this",
        "`state` says what was made of it. Only an open signal can be promoted, dismissed or merged.",
    ),
    "befriending-wrong-state": Kind(
        409,
        "The match's status does not allow this",
        "`state` says where it stands. What has ended stays so; who it was for can be matched again after that.",
    ),
    "nothing-to-write-off": Kind(
        409,
        "There is nothing to write off",
        "All that was promised was delivered, or taken back. Close the need instead.",
    ),
    "hold-expired": Kind(
        409,
        "The hold has expired",
        "It was not confirmed in time, and what it held was set free. Pledge again.",
    ),
    "pledge-not-active": Kind(
        409,
        "The pledge has ended",
        "It was withdrawn, released or has expired. Make a new one.",
    ),
    "pledge-wrong-state": Kind(
        409,
        "The pledge's status does not allow this",
        "`state` says where the pledge stands.",
    ),
    "more-than-pledged": Kind(
        409,
        "More than was pledged",
        "At most `left` can still be delivered on this pledge. Raise the pledge first.",
    ),
    "less-than-delivered": Kind(
        409,
        "Less than is delivered",
        "A quantity cannot fall below what has been delivered (`delivered`).",
    ),
    "more-than-delivered": Kind(
        409,
        "More than was delivered",
        "No more can go back than counts as delivered (`left`).",
    ),
    "less-than-matched": Kind(
        409,
        "Less than is matched",
        "An offer cannot fall below what needs have of it (`matched`). Withdraw the pledges, or change them.",
    ),
    "offer-does-not-fit": Kind(
        409,
        "The offer does not fit the need",
        "The need asks for another kind, or counts in another unit (`kind`, `unit`).",
    ),
    "too-many-matches": Kind(
        409,
        "Too many matches",
        "This offer is shared by as many pledges as it can be (`most`).",
    ),
    "less-than-committed": Kind(
        409,
        "Less than is spoken for",
        "A need cannot fall below what is held and pledged; an event's capacity not below "
        "who is registered, a shift's places not below who stands on it.",
    ),
    "unit-fixed": Kind(
        409,
        "The unit cannot change any more",
        "Something is held or pledged in this unit (`unit`), or it is money. Open another need instead.",
    ),
    "too-many-deliveries": Kind(
        409,
        "Too many deliveries",
        "A pledge may have `most` deliveries. Make another pledge for the rest.",
    ),
    "too-many-corrections": Kind(
        409,
        "Too many corrections",
        "The deliveries of a pledge, and a figure of an event, may be corrected `most` times. Ask an operator.",
    ),
    # Following
    "too-many-follows": Kind(
        409,
        "Too many follows",
        "A person may follow `most` things. Stop following one that matters less.",
    ),
}
