"""The report's style sheet."""

from __future__ import annotations

from fewpix.page import STYLE

CSS = (
    STYLE
    + """
td small { opacity: .65; }
td.best { font-weight: 700; }
td.best small { font-weight: 400; }
.pairs td { vertical-align: top; padding: .4rem .7rem; }
.pairs img { width: 84px; height: 84px; margin-right: 4px; border-radius: 4px; }
.raw { image-rendering: pixelated; }
.pairs .right figcaption, tr.right td:last-child, tr.rejected td:last-child { color: var(--good); }
.pairs .wrong figcaption, tr.wrong td:last-child { color: var(--bad); }
.scene { display: block; max-width: 100%; height: auto; border-radius: .5rem; }
"""
)
