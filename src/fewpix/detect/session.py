"""How the networks of detection run in onnxruntime."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnxruntime import InferenceSession


def cpu_session(model: bytes, threads: int) -> InferenceSession:
    """A network on the CPU. What it raises is onnxruntime's own.

    Args:
        model: the ONNX file's bytes.
        threads: 0 leaves it to onnxruntime (one per core).
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Threads that wait for the next layer sleep; spinning takes cores from whatever else runs there.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3  # warnings are nothing that a user could act on
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
