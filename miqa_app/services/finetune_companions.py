"""All GPUs of a machine for one fine-tuning: this process leads, and every further GPU gets a process beside it.

Several machines are started by torchrun, which says so in the environment; then nothing is started here. The processes know
of one another through the same variables that torchrun sets.
"""

from __future__ import annotations

import _thread
import os
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

import psutil

from miqa_app import paths
from miqa_app.errors import MiqaError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import IO

_LEADER = "MIQA_LEADER"
"""Variable with the process number of the leader; a companion ends when that one is gone."""

CANCELLED = 130
"""Exit code of a training that was cancelled."""

_ENDS_WITHIN = 5.0
_LOOKS_EVERY = 0.5
_SETTLES_WITHIN = 1.0
"""Seconds: a connection breaks a moment before the process behind it has ended."""
_SPEAKS_WITHIN = 5.0
"""Seconds in which the leader may find the same fault itself, and say it in its own words, before it is interrupted."""


def gpus(device: str) -> int:
    """Return how many GPUs would train: those of this machine, or 1 where none does or torchrun decides."""
    if device not in ("auto", "cuda") or "WORLD_SIZE" in os.environ:
        return 1
    import torch

    return max(1, torch.cuda.device_count())


@contextmanager
def companions(count: int) -> Iterator[None]:
    """Train with `count` processes: this one leads, the others run the same command until it is done.

    Raises:
        MiqaError: one of the others ended before its time; the message holds the last it said.
    """
    if _LEADER in os.environ:
        _end_with_leader(int(os.environ[_LEADER]))
    if count < 2:
        yield
        return
    together = {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(_free_port()),
        "WORLD_SIZE": str(count),
        "LOCAL_WORLD_SIZE": str(count),
        "GROUP_RANK": "0",
        "TORCHELASTIC_RUN_ID": "miqa",
    }
    with ExitStack() as stack:
        said = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(count - 1)]
        started = [
            _start({**together, "RANK": str(rank), "LOCAL_RANK": str(rank)}, log)
            for rank, log in enumerate(said, start=1)
        ]
        stack.callback(_end, started)
        stack.callback(_forget, together)
        stack.enter_context(_watched(started))
        os.environ.update(together, RANK="0", LOCAL_RANK="0")
        try:
            yield
        except (RuntimeError, KeyboardInterrupt) as error:
            # the collective operation that failed says only that a connection is gone
            for rank, (process, log) in enumerate(zip(started, said, strict=True), start=1):
                if _failed(process, _SETTLES_WITHIN):
                    raise MiqaError(_words(rank, log)) from error
            raise


@contextmanager
def _watched(processes: Sequence[subprocess.Popen[bytes]]) -> Iterator[None]:
    """Interrupt the main thread when one of the processes fails: the others would wait for it for half an hour."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_LOOKS_EVERY):
            if any(_failed(process) for process in processes):
                if not over.wait(_SPEAKS_WITHIN):
                    _thread.interrupt_main()
                return

    watcher = threading.Thread(target=watch, daemon=True, name="companions")
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _failed(process: subprocess.Popen[bytes], patience: float = 0) -> bool:
    """Return whether a process has ended, or ends within so many seconds, and not in order."""
    with suppress(subprocess.TimeoutExpired):
        return process.wait(patience) not in (0, CANCELLED)
    return False


def _start(variables: dict[str, str], log: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*paths.own_command(), *sys.argv[1:]],
        env={**os.environ, **variables, _LEADER: str(os.getpid())},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=log,
        # Ctrl-C is meant for the leader, which ends them
        start_new_session=True,
    )


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(_ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _forget(variables: dict[str, str]) -> None:
    for name in (*variables, "RANK", "LOCAL_RANK"):
        os.environ.pop(name, None)


def _words(rank: int, log: IO[bytes]) -> str:
    log.seek(0)
    # without the frames that the command line draws around its errors
    lines = [line.strip(" │╭╮╰╯─") for line in log.read().decode("utf-8", "replace").splitlines()]
    last = next((line for line in reversed(lines) if line), "it said nothing")
    return (
        f"The process of GPU {rank} ended before the training did ({last[:300].rstrip('.')}); start the same again, it goes on "
        "from its last epoch."
    )


def _end_with_leader(leader: int) -> None:
    """End this process once the leader is gone: nobody waits for its gradients any more."""

    def watch() -> None:
        with suppress(psutil.NoSuchProcess):
            psutil.Process(leader).wait()
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="leader").start()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
