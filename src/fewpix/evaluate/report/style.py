"""The style sheet of reports: light and dark, on a phone, on paper."""

from __future__ import annotations

BASE = """
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1f2328; --faint: #8886; --soft: #f3f4f6;
  --good: #1f8a62; --bad: #c2403a; --note: #fff7e0; }
@media (prefers-color-scheme: dark) { :root { --paper: #15181c; --ink: #dfe3e8; --soft: #1f2429;
  --good: #4cc598; --bad: #f0837c; --note: #2e2a1b; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 64rem; margin: 0 auto; padding: 1.5rem 1.25rem 4rem; }
h1 { font-size: 1.7rem; margin: 0 0 .5rem; }
h2 { font-size: 1.2rem; margin: 2.75rem 0 .75rem; padding-top: 1rem; border-top: 1px solid var(--faint); }
p, li { max-width: 46rem; }
.lead { font-size: 1.15rem; }
.note { background: var(--note); padding: .75rem 1rem; border-radius: .5rem; }
code { background: var(--soft); padding: .1em .3em; border-radius: .25em; }
svg { display: block; width: 100%; height: auto; margin: .5rem 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding-bottom: .35rem; }
th, td { padding: .3rem .7rem; text-align: left; border-bottom: 1px solid var(--faint); white-space: nowrap; }
th { font-weight: 500; }
figure { margin: 0; }
figcaption { font-size: .82rem; opacity: .9; }
"""

CSS = (
    BASE
    + """
h3 { font-size: 1rem; font-weight: 600; margin: 1.5rem 0 .6rem; }
th[scope=col] { white-space: normal; vertical-align: bottom; }
td small { display: block; opacity: .75; }
th, td { vertical-align: top; }
h1, h2, figcaption, p, .long { overflow-wrap: anywhere; }
.long { white-space: normal; min-width: 15rem; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr));
  gap: .5rem 1.5rem; max-width: 60rem; }
.plots svg { max-width: 34rem; }
details { margin: .75rem 0; }
summary { cursor: pointer; opacity: .85; }
.faces { display: grid; grid-template-columns: repeat(auto-fill, minmax(13.5rem, 1fr)); gap: 1.1rem; }
.tiles { display: flex; gap: 3px; margin-bottom: 3px; }
.tiles img, .gone { width: 100px; height: 100px; border-radius: 4px; }
.tiles img { image-rendering: pixelated; }
.sharp img, .sharp .gone { width: 60px; height: 60px; image-rendering: auto; }
.gone { display: grid; place-items: center; background: var(--soft); font-size: .75rem; text-align: center; }
.wrong figcaption b { color: var(--bad); }
.right figcaption b { color: var(--good); }
figcaption small { display: block; opacity: .8; }
@media print { body { font-size: 10.5pt; } main { max-width: none; padding: 0; } details { display: none; }
  .wide { overflow: visible; } table { font-size: 8.5pt; } th, td { padding: .15rem .4rem; }
  h2, h3 { break-after: avoid; } section, figure, .plots > * { break-inside: avoid; }
  section:has(.faces) { break-inside: auto; } }
"""
)
