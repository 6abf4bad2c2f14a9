"""Makes the replica set that a MongoDB address names, without which there are no transactions."""

from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure
from pymongo.uri_parser import parse_uri

from deploy.embedded.part import until
from deploy.trouble import TroubleError

_NOT_YET_INITIALIZED = 94
_WAIT_MS = 1000


async def make(address: str, within: float) -> bool:
    """Make it of the members that the address lists; False if it was there. Returns once it has a primary.

    Members are told to the set as they stand in the address, so that clients find them under the same names.
    Raises TroubleError if there is none after `within` seconds.
    """
    named = parse_uri(address)
    name, members = named["options"].get("replicaSet"), named["nodelist"]
    if not name:
        raise TroubleError("BRUM_MONGO names no replica set: mongodb://HOST:PORT/?replicaSet=NAME is what is needed.")
    made = False
    async with AsyncMongoClient[dict[str, object]](
        *members[0], directConnection=True, serverSelectionTimeoutMS=_WAIT_MS, connectTimeoutMS=_WAIT_MS
    ) as first:

        async def has_primary() -> bool:
            nonlocal made
            try:
                await first.admin.command("replSetGetConfig")
            except OperationFailure as error:
                if error.code != _NOT_YET_INITIALIZED:
                    raise
                hosts = [{"_id": each, "host": f"{host}:{port}"} for each, (host, port) in enumerate(members)]
                await first.admin.command("replSetInitiate", {"_id": name, "members": hosts})
                made = True
            return bool((await first.admin.command("hello")).get("primary"))

        try:
            await until(has_primary, within=within)
        except TimeoutError as error:
            raise TroubleError(
                f"The replica set {name} has no primary after {within:g} s ({error.__cause__ or 'none was elected'})."
            ) from error
    return made
