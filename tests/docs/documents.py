"""The Markdown files of the project and the fenced blocks in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]  # also for the programs of this folder, which run by themselves

SNIPPETS = ROOT / "docs_src"


@dataclass(frozen=True)
class Block:
    """One fenced block.

    Args:
        file: the document.
        line: number of its first line of content.
        language: the word behind the fence.
        lines: the content.
        note: the text of an HTML comment on the line before the fence, or "".
    """

    file: Path
    line: int
    language: str
    lines: tuple[str, ...]
    note: str

    def __str__(self) -> str:
        return f"{called(self.file)}:{self.line}"


@dataclass(frozen=True)
class Command:
    """One command of a console block and what the document shows below it."""

    block: Block
    line: int
    text: str
    output: tuple[str, ...]

    def __str__(self) -> str:
        return f"{called(self.block.file)}:{self.line}: {self.text}"


def called(file: Path) -> str:
    """A document's path in the checkout, with `/`."""
    return file.relative_to(ROOT).as_posix()


def documents() -> list[Path]:
    """README.md, and every page in docs/ and below."""
    found = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [path for path in found if path.is_file()]


def blocks(file: Path, *languages: str) -> Iterator[Block]:
    """The fenced blocks of a document in these languages."""
    lines = file.read_text(encoding="utf-8").splitlines()
    start, before = -1, ""
    for n, line in enumerate(lines):
        if not line.startswith("```"):
            continue
        if start < 0:
            start, language = n, line[3:].strip()
            before = lines[n - 1].strip() if n else ""
            continue
        if language in languages:
            note = (
                before.removeprefix("<!--").removesuffix("-->").strip() if before.startswith("<!--") else ""
            )
            yield Block(file, start + 2, language, tuple(lines[start + 1 : n]), note)
        start = -1
    assert start < 0, f"{called(file)}, line {start + 1}: a block that is not closed"


def commands(block: Block) -> Iterator[Command]:
    """The commands of a console block: lines that begin with `$ `, continued after a backslash."""
    text, at, output = "", 0, []
    for n, line in enumerate(block.lines, block.line):
        if text.endswith("\\"):
            text = text[:-1] + line.strip()
        elif line.startswith("$ "):
            if text:
                yield Command(block, at, text, tuple(output))
            text, at, output = line[2:], n, []
        else:
            assert text, f"{called(block.file)}:{n}: output without a command"
            output.append(line)
    if text:
        yield Command(block, at, text, tuple(output))
