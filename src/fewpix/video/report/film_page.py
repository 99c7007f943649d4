"""The page about a film as HTML: nothing is fetched, no script runs; frames open as popovers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fewpix.counted import counted
from fewpix.identify.rating import UNRATED, strangers
from fewpix.image.codec import Image, encode_image
from fewpix.page import data_uri, escape, page
from fewpix.video.report.clip import Clip, Scene, Still
from fewpix.video.report.people import Alikeness, Person, people
from fewpix.video.report.style import CSS
from fewpix.video.report.timeline import Span
from fewpix.video.result import IdentifiedTrack, shown

SIGHTS = 6
"""Sights of a track on the page."""

_ROOM = 0.25
"""Of a face's side, between it and the mark around it."""

_AS_PNG = 40  # pixels; larger patches are smaller as JPEG, and no pixel of them is looked at


@dataclass(frozen=True)
class About:
    """What is said of the film as a whole.

    Args:
        name: of the file or stream.
        facts: short remarks: frames looked at, losses.
        decided: how it was decided who is named; empty for nothing to say.
        alikeness: when two unknown tracks are one person's; None where nothing says it.
    """

    name: str
    facts: Sequence[str]
    decided: str = ""
    alikeness: Alikeness | None = None


def film_page(clip: Clip, about: About) -> str:
    """The whole page."""
    scenes = clip.scenes
    found = people(scenes, about.alikeness)
    span = Span.of(clip.first or 0.0, clip.last)
    body = [_head(clip, about, found), _timeline(found, span)]
    if found:
        body.append(
            f"<section>\n<h2>People</h2>\n{_grouping(found, about.alikeness)}"
            f'<div class="people">\n{"".join(_person(n, each) for n, each in enumerate(found, 1))}</div>\n'
            "</section>\n"
        )
    body += [_opened(scene.track, scene.still) for scene in scenes if scene.still is not None]
    return page(f"{about.name}: who was there", CSS, "".join(body))


def _head(clip: Clip, about: About, found: Sequence[Person]) -> str:
    named = sum(person.kind == "named" for person in found)
    others = len(found) - named
    said = f"{counted(named, 'person', 'people')} named" if named else "Nobody named"
    if others:
        said += f", {others} not"
    if not found:
        said = "No face was followed"
    facts = [f"{shown(clip.first or 0.0)} to {shown(clip.last)}", counted(clip.added, "track"), *about.facts]
    left = clip.added - sum(len(person.scenes) for person in found)
    if left:
        facts.append(f"{left} short tracks not shown")
    items = "".join(f"<li>{escape(fact)}</li>" for fact in facts)
    decided = f'<p class="quiet">{escape(about.decided)}</p>\n' if about.decided else ""
    return (
        f'<header>\n<h1>{escape(about.name)}</h1>\n<p class="lead">{escape(said)}.</p>\n'
        f'<ul class="facts">{items}</ul>\n{decided}</header>\n'
    )


def _timeline(found: Sequence[Person], span: Span) -> str:
    if not found:
        return ""
    ticks = "".join(
        f'<span{" class=end" if span.place(time) > 93 else ""} style="left:{span.place(time):.2f}%">'
        f"{shown(time).replace('.0 s', ' s')}</span>"
        for time in span.ticks()
    )
    axis = (
        f'<li class="axis" aria-hidden="true"><span class="who"></span><div class="lane">{ticks}</div></li>'
    )
    rows = "\n".join(_row(n, person, span) for n, person in enumerate(found, 1))
    return (
        f'<section>\n<h2>Who was there when</h2>\n<ol class="timeline">\n{axis}\n{rows}\n</ol>\n</section>\n'
    )


def _row(number: int, person: Person, span: Span) -> str:
    times = f"{counted(len(person.scenes), 'time')}, " if len(person.scenes) > 1 else ""
    bars = "".join(_bar(person, scene, span) for scene in person.scenes)
    return (
        f'<li class="{person.kind}"><a class="who" href="#p{number}">{_face(_best(person), "")}'
        f"<span><b>{escape(person.label)}</b><small>{times}{shown(person.seconds)}</small></span></a>"
        f'<div class="lane">{bars}</div></li>'
    )


def _bar(person: Person, scene: Scene, span: Span) -> str:
    track = scene.track
    left = span.place(track.first)
    said = f"track {track.track}, {person.label}, {_when(track)}"
    place = f'style="left:min({left:.2f}%, 100% - .6rem);width:{span.place(track.last) - left:.2f}%"'
    if scene.still is None:
        return f'<span class="bar" role="img" aria-label="{escape(said)}" {place}></span>'
    label = f'title="{escape(said)}" aria-label="{escape(said)}: show the frame"'
    return f'<button class="bar" popovertarget="f{track.track}" {label} {place}></button>'


def _grouping(found: Sequence[Person], alikeness: Alikeness | None) -> str:
    several = sum(person.kind != "named" and len(person.scenes) > 1 for person in found)
    if alikeness is None:
        return ""
    who = f"{counted(several, 'unknown person', 'unknown people')} came several times" if several else ""
    who = who or "No unknown person came several times"
    return (
        f'<p class="quiet">{who}: tracks are put together {escape(alikeness.words)}, never two that were '
        "there at one time. Two strangers can look alike, and small faces more so: look at them.</p>\n"
    )


def _person(number: int, person: Person) -> str:
    times = f"came {counted(len(person.scenes), 'time')}, " if len(person.scenes) > 1 else ""
    tracks = "\n".join(_track(scene) for scene in person.scenes)
    return (
        f'<article class="person {person.kind}" id="p{number}">\n<h3>{escape(person.label)}</h3>\n'
        f'<p class="quiet">{times}seen for {shown(person.seconds)}</p>\n{tracks}\n</article>\n'
    )


def _track(scene: Scene) -> str:
    track, face = scene.track, scene.track.face
    clock = "" if track.clock is None else f", {track.clock[:19].replace('T', ' ')} UTC"
    size = f"{counted(track.frames, 'frame')}, {face.pixels:.0f} px, quality {face.quality.value:.2f}"
    rate = "" if face.fpir is UNRATED else strangers(face.fpir)
    said = str(track.verdict) if track.verdict.name is None else f"named {track.verdict.name}"
    rate = "" if rate in said else f" {rate[:1].upper()}{rate[1:]}."
    scores = "".join(f"<li>{escape(c.name)} {c.score:.3f}</li>" for c in face.candidates)
    sights = "".join(
        f"<li>{_face(item.patch, '')}{shown(item.time)}<br>{item.face.pixels:.0f} px</li>"
        for item in track.samples[:SIGHTS]
    )
    return (
        f'<section class="track" id="t{track.track}" aria-label="track {track.track}">\n'
        f"{_thumbnail(scene)}<div>\n<p><b>#{track.track}</b> {_when(track)}{escape(clock)}"
        f' <span class="quiet">{escape(size)}</span></p>\n'
        f'<p class="said">{escape(said[:1].upper() + said[1:])}.{escape(rate)}</p>\n'
        f'<ul class="scores" aria-label="most alike">{scores}</ul>\n'
        f'<ul class="sights" aria-label="best sights">{sights}</ul>\n</div>\n</section>'
    )


def _thumbnail(scene: Scene) -> str:
    still = scene.still
    if still is None:
        return "<div></div>\n"
    label = f"show the frame at {shown(still.time)}"
    return (
        f'<button class="shot" popovertarget="f{scene.track.track}" aria-label="{label}">'
        f"{_frame(still, still.small)}</button>\n"
    )


def _frame(still: Still, jpeg: bytes) -> str:
    """The frame with a mark around the face."""
    (wide, high), (x, y, width, height) = still.size, still.box
    room = _ROOM * max(width, height)
    place = (
        f"left:{100 * (x - room) / wide:.2f}%;top:{100 * (y - room) / high:.2f}%;"
        f"width:{100 * (width + 2 * room) / wide:.2f}%;height:{100 * (height + 2 * room) / high:.2f}%"
    )
    return (
        f'<img src="{data_uri(jpeg, "jpeg")}" width="{wide}" height="{high}" alt="">'
        f'<span class="mark" style="{place}"></span>'
    )


def _opened(track: IdentifiedTrack, still: Still) -> str:
    who = track.verdict.short or "not decided"
    patch = min(track.samples, key=lambda item: abs(item.time - still.time)).patch if track.samples else None
    return (
        f'<div class="still {track.verdict.kind}" id="f{track.track}" popover role="dialog" '
        f'aria-label="the frame at {shown(still.time)}">\n'
        f'<div class="shot">{_frame(still, still.jpeg)}</div>\n'
        f'<div class="below">{"" if patch is None else _face(patch, "")}'
        f"<p><b>{escape(who)}</b><br>#{track.track} at {shown(still.time)}, {_when(track)}</p>"
        f'<button class="close" popovertarget="f{track.track}" popovertargetaction="hide" autofocus>'
        "Close</button>"
        "</div>\n</div>\n"
    )


def _when(track: IdentifiedTrack) -> str:
    return f"{shown(track.first)} to {shown(track.last)}"


def _best(person: Person) -> Image:
    """The best sight of the best track."""
    best = max(person.scenes, key=lambda scene: scene.track.face.quality.value * scene.track.face.pixels)
    return best.track.samples[0].patch


def _face(patch: Image, alt: str) -> str:
    kind = "png" if max(patch.shape[:2]) <= _AS_PNG else "jpeg"
    data = encode_image(patch, ".png") if kind == "png" else encode_image(patch, ".jpg", 90)
    return f'<img class="face" src="{data_uri(data, kind)}" alt="{escape(alt)}">'
