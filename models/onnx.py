"""ONNX files on the CPU, and what onnxruntime raises on those that are not right."""

import os
from pathlib import Path

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as raised

from models.errors import CheckpointBroken

# Its errors have no base of their own.
ERRORS = (
    raised.Fail, raised.InvalidArgument, raised.InvalidGraph, raised.InvalidProtobuf,
    raised.NoModel, raised.NoSuchFile, raised.NotImplemented, raised.RuntimeException,
    OSError, RuntimeError, ValueError,
)  # fmt: skip


def open_session(path: Path, inputs: set[str]) -> onnxruntime.InferenceSession:
    """The model in `path`, which takes `inputs` by name; CheckpointBroken where it does not."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads()
    options.enable_cpu_mem_arena = False  # or the longest input's memory would be held for ever
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except ERRORS as error:
        raise broken(path, error) from error
    if {given.name for given in session.get_inputs()} != inputs:
        raise broken(path, f"not of the inputs {sorted(inputs)}")
    return session


def threads() -> int:
    return max(1, min(4, os.cpu_count() or 1))


def broken(path: Path, why: object) -> CheckpointBroken:
    return CheckpointBroken(
        f"模型文件 {path.name} 缺失或损坏，请重新获取：{why}",
        f"The model file {path.name} is missing or damaged; fetch it again: {why}",
    )
