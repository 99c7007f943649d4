"""The report's style sheet."""

from __future__ import annotations

CSS = """
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
td small { opacity: .65; }
td.best { font-weight: 700; }
td.best small { font-weight: 400; }
.pairs td { vertical-align: top; padding: .4rem .7rem; }
figure { margin: 0; }
figcaption { font-size: .82rem; opacity: .9; }
.pairs img { width: 84px; height: 84px; margin-right: 4px; border-radius: 4px; }
.raw { image-rendering: pixelated; }
.pairs .right figcaption, tr.right td:last-child, tr.rejected td:last-child { color: var(--good); }
.pairs .wrong figcaption, tr.wrong td:last-child { color: var(--bad); }
.scene { display: block; max-width: 100%; height: auto; border-radius: .5rem; }
"""
