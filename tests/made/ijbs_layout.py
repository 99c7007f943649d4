"""The protocol lists of a small IJB-S; there are no pictures to it, since its reader looks at none."""

from __future__ import annotations

from pathlib import Path


def lay_out(folder: Path) -> Path:
    """Four people, two in each gallery; three videos, one picture from the air."""
    lists = folder / "protocols"
    (lists / "galleries").mkdir(parents=True)

    def write(name: str, header: str, rows: list[str]) -> None:
        (lists / name).write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")

    seen = [(1, "videos/10.mp4"), (2, "videos/10.mp4"), (1, "videos/11.mp4"), (3, "videos/11.mp4")]
    seen += [(4, "videos/12.mp4"), (2, "img/90.png"), (1, "img/1.png"), (3, "img/3.png")]
    # a row for every frame: each comes three times
    rows = [f"{person},{file},{frame},5,5,20,20" for frame in range(3) for person, file in seen]
    write("cs6_metadata.csv", "SUBJECT_ID,FILENAME,FRAME,X,Y,W,H", rows)
    for number, people in ((1, (1, 2)), (2, (3, 4))):
        for kind, files in (
            ("single", lambda p: [f"img/{p}.png"]),
            ("booking", lambda p: [f"img/b{p}_{k}.png" for k in range(3)]),
            ("surveillance", lambda p: ["videos/20.mp4"]),
        ):
            rows = [f"{100 * p + k},{p},{file},0" for p in people for k, file in enumerate(files(p))]
            write(
                f"galleries/cs6_surveillance_to_{kind}_g{number}.csv",
                "TEMPLATE_ID,SUBJECT_ID,FILENAME,X",
                rows,
            )
    write("cs6_surveillance_to_single-booking_probe.csv", "FILENAME", ["videos/10.mp4", "videos/12.mp4"])
    write("cs6_surveillance_to_surveillance_probe.csv", "FILENAME", ["videos/11.mp4", "videos/99.mp4"])
    write("cs6_uav_to_single-booking_probe.csv", "FILENAME", ["img/90.png", "videos/12.mp4"])
    return lists
