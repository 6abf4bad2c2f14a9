"""Adds to the registrations of an event what those who manage it must know of minors among them."""

import msgspec
from msgspec.structs import replace

from services.events.attached import Admission
from services.events.reading import Page, Reading
from shared.contracts.events import RegistrationAnswer
from shared.mongo import find, translated


class Minors:
    """Reads admissions beside registrations."""

    def __init__(self, reading: Reading) -> None:
        """Use the documents that are read there."""
        self._admissions = reading.store.database.admissions

    async def added(self, page: Page) -> Page:
        """The page, with how many of each party are under 18 and since when a guardian agrees."""
        with translated():
            found = await find(self._admissions, {"_id": {"$in": [item.id for item in page.items]}})
        known = {document["_id"]: msgspec.convert(document["state"], Admission) for document in found}
        return replace(page, items=tuple(_with(item, known.get(item.id)) for item in page.items))


def _with(item: RegistrationAnswer, admission: Admission | None) -> RegistrationAnswer:
    if admission is None:
        return item
    return replace(item, under_18=admission.under_18, guardian_consent_at=admission.consented_at)
