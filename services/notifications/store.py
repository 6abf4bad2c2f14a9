"""The documents that a person's commands change: `followers`, `follows`, the read marks of `notifications`."""

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from services.notifications.follower import Follower
from services.notifications.ledger import member
from shared.contracts.notifications import Follow, Followed, FollowerState, ReadNotification, Unfollow
from shared.mongo import (
    QUERY_MS,
    Client,
    Database,
    Document,
    Inbox,
    Session,
    change,
    insert,
    remove,
    replace_guarded,
    translated,
)
from shared.ports import Ask, Entry

_Change = tuple[Follower, Follower]


class FollowerStore:
    """The store of the command processor."""

    def __init__(self, client: Client, database: Database) -> None:
        """Use the service's database."""
        self._client = client
        self._inbox = Inbox(database)
        self._followers = database.followers
        self._follows = database.follows
        self._notifications = database.notifications

    async def prepare(self) -> None:
        """Make the indexes."""
        await self._inbox.prepare()
        with translated():
            await self._follows.create_index([("person", 1)], name="person")
            await self._notifications.create_index([("person", 1), ("created_at", -1), ("_id", -1)], name="newest")
            await self._notifications.create_index([("person", 1), ("read_at", 1)], name="unread")

    async def answered(self, command_ids: Sequence[str]) -> dict[str, Entry]:
        """Inbox entries of those commands that were decided before."""
        return await self._inbox.answered(command_ids)

    async def load(self, asks: Sequence[Ask], *, doubted: bool = False) -> dict[str, Follower]:  # noqa: ARG002 -- nothing is left out
        """The people who ask, with the follows and notifications they mention."""
        follows: dict[str, Followed] = {}
        notifications = set()
        for ask in asks:
            match ask.command:
                case Follow(target=target) | Unfollow(target=target):
                    follows[member(target.id, ask.stream)] = target
                case ReadNotification(notification_id=name):
                    notifications.add(name)
                case _:
                    pass
        people = {ask.stream: Follower(ask.stream) for ask in asks}
        with translated():
            async for document in self._followers.find({"_id": {"$in": list(people)}}, max_time_ms=QUERY_MS):
                state = msgspec.convert({**document, "id": document["_id"]}, FollowerState)
                people[state.id] = msgspec.structs.replace(people[state.id], state=state)
            if follows:
                await self._load_follows(people, follows)
            if notifications:
                await self._load_marks(people, list(notifications))
        return people

    async def _load_follows(self, people: dict[str, Follower], follows: dict[str, Followed]) -> None:
        async for document in self._follows.find({"_id": {"$in": list(follows)}}, max_time_ms=QUERY_MS):
            person, target = people[document["person"]], follows[document["_id"]]
            people[person.id] = msgspec.structs.replace(person, follows=person.follows | {target})

    async def _load_marks(self, people: dict[str, Follower], names: list[str]) -> None:
        query = {"_id": {"$in": names}, "person": {"$in": list(people)}}
        async for document in self._notifications.find(query, {"person": 1, "read_at": 1}, max_time_ms=QUERY_MS):
            person = people[document["person"]]
            read = {**person.read, document["_id"]: document["read_at"]}
            people[person.id] = msgspec.structs.replace(person, read=read)

    async def save(self, before: dict[str, Follower], after: dict[str, Follower], entries: Sequence[Entry]) -> None:
        """Write what has changed, and the entries, in one transaction."""
        changed = [(before[name], now) for name, now in after.items() if now.state != before[name].state]

        def write(session: Session) -> None:
            self._inbox.add(session, entries)
            self._save_people(session, changed)
            self._save_follows(session, changed)
            self._save_marks(session, changed)

        await self._client.transact(write)

    def _save_people(self, session: Session, changed: Sequence[_Change]) -> None:
        fresh = [_document(now) for was, now in changed if was.state is None]
        insert(self._followers, session, fresh)
        replace_guarded(
            self._followers,
            session,
            [{**_document(now), "_was": was.state.version} for was, now in changed if was.state is not None],
        )

    def _save_follows(self, session: Session, changed: Sequence[_Change]) -> None:
        ended = [member(target.id, now.id) for was, now in changed for target in was.follows - now.follows]
        begun = [_follow(target, now) for was, now in changed for target in now.follows - was.follows]
        if ended:
            remove(self._follows, session, {"_id": {"$in": ended}})
        insert(self._follows, session, begun)

    def _save_marks(self, session: Session, changed: Sequence[_Change]) -> None:
        marks: dict[str, list[str]] = defaultdict(list)
        for was, now in changed:
            for name, at in now.read.items():
                if at is not None and was.read[name] is None:
                    marks[at].append(name)
        for at, names in marks.items():
            change(self._notifications, session, {"_id": {"$in": names}}, {"read_at": at, "seen_at": at})


def _follow(target: Followed, person: Follower) -> Document:
    since = person.state.updated_at if person.state else ""
    return {
        "_id": member(target.id, person.id),
        "person": person.id,
        "kind": target.kind,
        "id": target.id,
        "since": since,
    }


def _document(person: Follower) -> Document:
    document: Document = msgspec.to_builtins(person.state)
    document["_id"] = document.pop("id")
    return document
