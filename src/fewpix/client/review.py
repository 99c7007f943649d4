"""Unknown people whom a service has seen, and names of events put right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from fewpix.client.records import JSON, Group

if TYPE_CHECKING:
    from fewpix.client.service import Client


class Review:
    """What of a collection somebody has to look at; made by `Collection.review`."""

    def __init__(self, client: Client, place: str) -> None:
        self._client, self._groups = client, f"{place}/groups"
        self._corrections = f"{place}/corrections"

    def groups(self, **wanted: Any) -> Iterator[Group]:
        """Unknown people, those that were there last first, by `camera`, `ignored`, `least` (sightings)."""
        return map(Group.of, self._client.pages(self._groups, "groups", **wanted))

    def group(self, group: str) -> Group:
        """One of them as it is now; its sightings are `Client.events(group=...)`."""
        return Group.of(self._client.call("GET", f"{self._groups}/{group}"))

    def name(self, group: str, name: str | None = None, *, person: str | None = None, **options: Any) -> JSON:
        """Say who it is, somebody new by name or somebody by id; options `keep`, `accept_poor`."""
        body = {"name": name, "person": person, **options}
        return self._client.call("POST", f"{self._groups}/{group}/name", json=body)

    def merge(self, into: str, groups: Sequence[str]) -> Group:
        """Make several groups one."""
        return self._changed("POST", f"{into}/merge", {"groups": list(groups)})

    def split(self, group: str, events: Sequence[str]) -> Group:
        """Make a group of some sightings of another one."""
        return self._changed("POST", f"{group}/split", {"events": list(events)})

    def ignore(self, group: str, ignored: bool = True) -> Group:
        """Hear of somebody no more, or again."""
        return self._changed("PATCH", group, {"ignored": ignored})

    def delete(self, group: str) -> JSON:
        """Delete a group with its events."""
        return self._client.call("DELETE", f"{self._groups}/{group}")

    def corrections(self) -> Iterator[JSON]:
        """Faces that are not whom they were said to be, the newest first; see `Client.deny`."""
        return self._client.pages(self._corrections, "corrections")

    def take_back(self, correction: str) -> JSON:
        """Delete a correction; `event` is as it was before."""
        return self._client.call("DELETE", f"{self._corrections}/{correction}")

    def _changed(self, method: str, path: str, body: JSON) -> Group:
        return Group.of(self._client.call(method, f"{self._groups}/{path}", json=body))
