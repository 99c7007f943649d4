"""Optional packages: which extra brings each one, and the one error for what is not installed."""

from __future__ import annotations

import importlib.util

from fewpix.errors import UnavailableError

EXTRAS = {
    "torch": ("PyTorch", "train"),
    "openvino": ("OpenVINO", "openvino"),
    "matplotlib": ("matplotlib", "report"),
    "av": ("PyAV", "video"),
    "psycopg": ("psycopg", "postgres"),
    "pgvector": ("pgvector", "postgres"),
    "pyarrow": ("pyarrow", "parquet"),
    "ray": ("Ray", "ray"),
    "fastapi": ("FastAPI", "serve"),
    "uvicorn": ("uvicorn", "serve"),
    "python_multipart": ("python-multipart", "serve"),
    "prometheus_client": ("prometheus-client", "serve"),
    "httpx2": ("HTTPX", "serve"),
    "paho": ("paho-mqtt", "mqtt"),
}
"""Package → its name for people, and the extra of fewpix that brings it."""


def installed(package: str) -> bool:
    """Whether an optional package is there, without importing it."""
    return importlib.util.find_spec(package) is not None


def require(*packages: str, use: str = "") -> None:
    """Check that optional packages are installed, without importing them.

    Args:
        packages: keys of `EXTRAS`.
        use: what needs them, for the error; empty where that is clear.

    Raises:
        UnavailableError: one is not installed.
    """
    for package in packages:
        if not installed(package):
            name, extra = EXTRAS[package]
            needs = f"{use} needs {name}, which is not installed" if use else f"{name} is not installed"
            raise UnavailableError(needs, fix=f'pip install "fewpix[{extra}]"')
