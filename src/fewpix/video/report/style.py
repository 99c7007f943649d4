"""The style sheet of a page about a film."""

from __future__ import annotations

from fewpix.page import STYLE

CSS = (
    STYLE
    + """
:root { --named: #17766b; --unknown: #7a6a45; --ambiguous: #7b4fa8; --lane: #8882; --edge: #fff; }
@media (prefers-color-scheme: dark) { :root { --named: #58c7b6; --unknown: #c4ad76; --ambiguous: #c39cec;
  --edge: #15181c; } }
main { max-width: 72rem; }
h1, h3, p, dd, figcaption { overflow-wrap: anywhere; }
h3 { margin: 0; font-size: 1.1rem; font-weight: 600; }
a { color: inherit; text-underline-offset: .2em; }
.facts { display: flex; flex-wrap: wrap; gap: .35rem 1.5rem; margin: .75rem 0 0; padding: 0; list-style: none;
  font-size: .9rem; opacity: .85; }
.named { --tone: var(--named); } .unknown, .undecided { --tone: var(--unknown); }
.ambiguous { --tone: var(--ambiguous); }
.who { display: flex; align-items: center; gap: .6rem; min-width: 0; line-height: 1.25;
  text-decoration: none; }
.who:hover b { text-decoration: underline; }
.who b { display: block; font-weight: 600; overflow-wrap: anywhere; }
.who small, .quiet { opacity: .75; font-size: .8rem; }
img.face { image-rendering: pixelated; object-fit: cover; background: var(--soft); border-radius: .3rem;
  flex: none; }
.who img { width: 2.5rem; height: 2.5rem; border: 2px solid var(--tone); }
.timeline { margin: 1rem 0 0; padding: 0; list-style: none; }
.timeline > li { max-width: none; display: grid; grid-template-columns: 13rem 1fr; gap: .75rem;
  align-items: center; padding: .3rem 0; }
.lane { position: relative; height: 2.25rem; border-radius: .35rem; background-color: var(--lane);
  background-image: linear-gradient(to right, var(--faint) 1px, transparent 1px); }
.axis .lane { height: 1.4rem; background: none; font-size: .75rem; opacity: .8;
  font-variant-numeric: tabular-nums; }
.axis .lane span { position: absolute; transform: translateX(-50%); white-space: nowrap; }
.axis .lane span:first-child { transform: none; }
.axis .lane span.end { transform: translateX(-100%); }
.bar { position: absolute; top: .35rem; bottom: .35rem; min-width: .6rem; margin: 0; padding: 0; border: 0;
  border-radius: .25rem; background: var(--tone); box-shadow: 0 0 0 1px var(--edge); cursor: zoom-in; }
.bar:hover { filter: brightness(1.15); }
:focus-visible { outline: 3px solid #3584e4; outline-offset: 2px; }
.people { display: grid; gap: 1rem; }
.person { border: 1px solid var(--faint); border-left: .3rem solid var(--tone); border-radius: .5rem;
  padding: .9rem 1rem 1rem; scroll-margin-top: 1rem; }
.person:target { box-shadow: 0 0 0 2px var(--tone); }
.person > p { margin: .1rem 0 0; }
.track { display: grid; grid-template-columns: 9.5rem minmax(0, 1fr); gap: .25rem 1rem; padding-top: .9rem;
  margin-top: .9rem; border-top: 1px dashed var(--faint); }
.shot { display: block; position: relative; padding: 0; margin: 0; border: 0; background: none;
  border-radius: .35rem; overflow: hidden; }
button.shot { cursor: zoom-in; width: 9.5rem; align-self: start; color: inherit; font: inherit; }
.shot > img { display: block; width: 100%; height: auto; }
.mark { position: absolute; outline: 2px solid #fff; box-shadow: 0 0 0 3px #000; border-radius: 2px; }
.track p { margin: 0; }
.track .said { font-weight: 500; }
.sights { display: flex; flex-wrap: wrap; gap: .5rem; margin: .6rem 0 0; padding: 0; list-style: none; }
.sights li { font-size: .7rem; line-height: 1.3; text-align: center; opacity: .9;
  font-variant-numeric: tabular-nums; }
.sights img { display: block; width: 4.5rem; height: 4.5rem; margin-bottom: .15rem; }
.scores { display: flex; flex-wrap: wrap; gap: .1rem 1rem; margin: .3rem 0 0; padding: 0; list-style: none;
  font-variant-numeric: tabular-nums; font-size: .88rem; }
.still { max-width: min(96vw, 70rem); max-height: 94vh; margin: auto; padding: 0;
  border: 1px solid var(--faint); border-radius: .6rem; background: var(--paper); color: var(--ink);
  overflow: auto; }
.still::backdrop { background: #000a; }
.still .shot { border-radius: 0; }
.below { display: flex; align-items: center; gap: 1rem; padding: .8rem 1rem; }
.below p { margin: 0; flex: 1; min-width: 0; }
.below img { width: 6rem; height: 6rem; }
.close { padding: .45rem .9rem; border: 1px solid var(--faint); border-radius: .35rem;
  background: var(--soft); color: inherit; font: inherit; cursor: pointer; }
@media (max-width: 44rem) {
  main { padding: 1rem .9rem 3rem; }
  .timeline > li { grid-template-columns: minmax(0, 1fr); gap: .3rem; padding: .5rem 0; }
  .axis > .who { display: none; }
  .lane { height: 2.6rem; }
  .track { grid-template-columns: minmax(0, 1fr); }
  button.shot { width: 100%; max-width: 22rem; }
  .below { flex-wrap: wrap; }
  .below img { width: 4rem; height: 4rem; }
}
@media print { .still { display: none; } .person, .track { break-inside: avoid; } main { max-width: none; } }
"""
)
