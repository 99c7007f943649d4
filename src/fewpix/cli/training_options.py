"""Options of the verbs that train, or look at what was trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Option

from fewpix.cli.targets import READS

Recipe = Annotated[Path, Option(help="TOML recipe; see recipes/"), READS]
Faces = Annotated[
    list[Path],
    Option(help="tar shard, RecordIO (.rec) or folder of aligned faces; may be given again"),
    READS,
]
Teacher = Annotated[str, Option(help='"teacher" (SFace) or the path of an ONNX face encoder')]
TeacherRuntime = Annotated[str, Option(help="of the teacher: auto, onnxruntime, openvino")]
Threads = Annotated[int, Option(help="of torch on the CPU; 0 leaves it to torch")]
Fresh = Annotated[bool, Option(help="throw away the run that is in OUT")]
