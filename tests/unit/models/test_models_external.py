"""Weights in files beside an ONNX model: part of what the model is, and read from its folder only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from fewpix.cli import main
from fewpix.data.cache import TeacherCache
from fewpix.embed.open import open_encoder, teacher_file
from fewpix.errors import SpaceError, WeightsError
from fewpix.files import sha256_file
from fewpix.gallery.store import Gallery
from fewpix.models import onnx_file
from fewpix.models.chain import read_chain
from fewpix.models.fold import folded
from fewpix.models.onnx_file import content_sha256, read_onnx, read_whole
from fewpix.models.teacher import foreign
from linear_onnx import linear, weights, write_card, write_single, write_split

FACE = np.random.default_rng(1).integers(0, 256, (112, 112, 3), dtype=np.uint8)


def test_the_hash_covers_the_weights_beside_it_and_is_that_of_one_file(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    split, single = write_split(tmp_path / "a" / "w.onnx"), write_single(tmp_path / "w.onnx")
    assert foreign(single).card.sha256 == sha256_file(single), "that of a single file is its own, as before"
    assert foreign(split).card.sha256 == foreign(single).card.sha256
    assert foreign(split).card.space == foreign(single).card.space
    weights(9).tofile(split.with_name("w.bin"))
    assert foreign(split).card.sha256 == sha256_file(write_single(tmp_path / "w9.onnx", seed=9))


def test_a_net_trained_anew_is_another_model(tmp_path: Path) -> None:
    """Fault 1b: its embeddings were compared with those of the old one, without a word."""
    path = write_split(tmp_path / "w.onnx")
    encoder = open_encoder(str(path), threads=1)
    with Gallery.open(tmp_path / "g.db", encoder.card.space) as gallery:
        (row,) = encoder.embed([FACE])
        gallery.add(
            "a", row, pixels=112, encoder_sha256=encoder.card.sha256, state_id="", source="a", quality=None
        )
    weights(9).tofile(tmp_path / "w.bin")
    other = open_encoder(str(path), threads=1)
    assert other.card.sha256 != encoder.card.sha256
    assert float(other.embed([FACE])[0] @ row) < 0.9
    with pytest.raises(SpaceError):
        Gallery.open(tmp_path / "g.db", other.card.space)


def test_the_cache_of_teacher_embeddings_follows(tmp_path: Path) -> None:
    path = write_split(tmp_path / "w.onnx")
    seen = []
    for seed in (0, 9):
        weights(seed).tofile(tmp_path / "w.bin")
        teacher = open_encoder(str(path), threads=1)
        cache = TeacherCache(tmp_path / "teacher.db", teacher.card.sha256, teacher.card.space.dim)
        seen.append(cache.embeddings(["face"], lambda n: FACE, teacher.embed))
        np.testing.assert_array_equal(seen[-1], teacher.embed([FACE]))
    assert not np.allclose(*seen)


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_the_working_directory_does_not_matter(
    runtime: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(runtime)
    (tmp_path / "m").mkdir()
    write_split(tmp_path / "m" / "w.onnx")
    single = open_encoder(str(write_single(tmp_path / "one.onnx")), runtime=runtime, threads=1)
    (tmp_path / "elsewhere").mkdir()
    weights(9).tofile(tmp_path / "elsewhere" / "w.bin")
    for folder, model in ((tmp_path / "elsewhere", "../m/w.onnx"), (tmp_path / "m", "w.onnx")):
        monkeypatch.chdir(folder)
        encoder = open_encoder(model, runtime=runtime, threads=1)
        assert encoder.card.sha256 == single.card.sha256
        np.testing.assert_array_equal(encoder.embed([FACE]), single.embed([FACE]))


def test_a_gallery_is_closed_to_the_retrained_net_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import cv2

    monkeypatch.chdir(tmp_path)
    Path("m").mkdir()
    Path("one").mkdir()
    write_split(Path("m/w.onnx"))
    cv2.imwrite("one/a.png", FACE)
    model = ["--crops", "--model", "m/w.onnx"]
    assert main(["embed", "one", *model, "--out", "a.npz"]) == 0
    assert main(["enrol", "one", "--name", "a", *model, "--gallery", "w.db", "--accept-poor"]) == 0
    weights(9).tofile("m/w.bin")
    assert main(["embed", "one", *model, "--out", "b.npz"]) == 0
    with np.load("a.npz") as a, np.load("b.npz") as b:
        assert not np.allclose(a["embeddings"], b["embeddings"])
    capsys.readouterr()
    assert main(["identify", "one", *model, "--gallery", "w.db", "--threshold", "0.1"]) == 7
    assert "space" in capsys.readouterr().err


def test_what_reads_layers_reads_them_whole(tmp_path: Path) -> None:
    """Distilling from a teacher's layers, and the cache of folded models."""
    (tmp_path / "m").mkdir()
    path = tmp_path / "m" / "chain.onnx"
    graph = helper.make_graph(
        [helper.make_node("Flatten", ["x"], ["f"]), helper.make_node("Gemm", ["f", "W"], ["y"], transB=1)],
        "chain",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 2, 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 8])],
        [numpy_helper.from_array(np.ones((8, 12), np.float32), "W")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, str(path), save_as_external_data=True, location="w.bin", size_threshold=16)
    assert teacher_file(str(path)) == path
    first = folded(path, content_sha256(path))
    assert float(read_chain(path)[1].weight.sum()) == 96  # type: ignore[union-attr, operator]
    np.full((8, 12), 2, np.float32).tofile(path.with_name("w.bin"))
    second = folded(path, content_sha256(path))
    assert first != second
    assert float(read_chain(path)[1].weight.sum()) == 192  # type: ignore[union-attr, operator]
    assert float(numpy_helper.to_array(read_onnx(second).graph.initializer[0]).sum()) == 192


def relocate(path: Path, location: str, **more: str) -> None:
    """Say that the weights lie elsewhere."""
    model = onnx.load(str(path), load_external_data=False)
    (tensor,) = model.graph.initializer
    for entry in tensor.external_data:
        if entry.key == "location":
            entry.value = location
        if entry.key in more:
            entry.value = more[entry.key]
    path.write_bytes(model.SerializeToString())


def _absolute(folder: Path) -> str:
    return str(folder / "w.bin")


@pytest.mark.parametrize(
    "where",
    [lambda folder: "../w.bin", _absolute, lambda folder: "a/../../w.bin", lambda folder: "C:\\w.bin"],
)
def test_paths_that_leave_the_folder_are_refused(where: Callable[[Path], str], tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    path = write_split(tmp_path / "m" / "w.onnx")
    weights().tofile(tmp_path / "w.bin")
    relocate(path, where(tmp_path))
    with pytest.raises(WeightsError, match=r"w\.onnx: the weights 'W' are said to lie in .* outside"):
        foreign(path)


def test_links_that_leave_the_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    path = write_split(tmp_path / "m" / "w.onnx")
    (tmp_path / "m" / "w.bin").rename(tmp_path / "w.bin")
    (tmp_path / "m" / "w.bin").symlink_to("../w.bin")
    with pytest.raises(WeightsError, match="a link that leaves the model's folder"):
        foreign(path)
    (tmp_path / "m" / "w.bin").unlink()
    (tmp_path / "m" / "other").mkdir()
    (tmp_path / "w.bin").rename(tmp_path / "m" / "other" / "data")
    (tmp_path / "m" / "w.bin").symlink_to("other/data")
    assert foreign(path).card.sha256 == foreign(write_single(tmp_path / "w.onnx")).card.sha256


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"length": "999999"}, "not whole"),
        ({"offset": "1"}, "not whole"),
        ({"length": "9" * 5000}, "no number of bytes"),
        ({"length": "-4"}, "no number of bytes"),
        ({"location": ""}, "outside"),
        ({"location": "absent.bin"}, "is not there"),
        ({"location": "folder"}, "is not a file"),
    ],
)
def test_weights_that_are_not_whole(more: dict[str, str], says: str, tmp_path: Path) -> None:
    path = write_split(tmp_path / "w.onnx")
    (tmp_path / "folder").mkdir()
    relocate(path, more.pop("location", "w.bin"), **more)
    with pytest.raises(WeightsError, match=says):
        foreign(path)


def test_more_than_protobuf_can_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_split(tmp_path / "w.onnx")
    monkeypatch.setattr(onnx_file, "MOST_BYTES", path.stat().st_size + 100)
    with pytest.raises(WeightsError, match="more than 2 GB"):
        foreign(path)


def test_weights_of_inner_graphs_are_found(tmp_path: Path) -> None:
    """Not only the graph's own: constants of nodes, and of graphs within nodes."""
    value = numpy_helper.from_array(np.zeros((1, 3, 1, 1), np.float32), "")
    value.ClearField("raw_data")
    value.data_location = TensorProto.EXTERNAL
    value.external_data.add(key="location", value="c.bin")
    model = linear(
        weights(),
        [helper.make_node("Constant", [], ["c"], value=value), helper.make_node("Add", ["x", "c"], ["z"])],
    )
    path = write_card(tmp_path / "w.onnx")
    path.write_bytes(model.SerializeToString())
    hashes = set()
    for number in (0.0, 1.0):
        np.full(3, number, np.float32).tofile(tmp_path / "c.bin")
        hashes.add(foreign(path).card.sha256)
        assert open_encoder(str(path), threads=1).embed([FACE]).shape == (1, 128)
    assert len(hashes) == 2
    assert b"c.bin" not in read_whole(path)
