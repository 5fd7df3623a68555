"""`python -m trainer.engines.transformers.launch FOLDER`: the same training in TRAINER_PROCESSES processes."""

import os
import signal
import sys

from trainer.engines.transformers import process

process.end_with_parent()

from accelerate.commands.launch import launch_command, launch_command_parser  # noqa: E402 - see above
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError  # noqa: E402

# `--multi_gpu` on a CPU, too: `--cpu` starts one process only, whatever their number. Port 0 is any that is free.
OPTIONS = ["--multi_gpu", "--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no"]
MODULE = ["--main_process_port", "0", "--module", "trainer.engines.transformers.train"]


def main(processes: str, folder: str) -> None:
    line = [*OPTIONS, "--num_processes", processes, *MODULE, folder]
    try:
        launch_command(launch_command_parser().parse_args(line))
    except ChildFailedError as error:
        if any(failure.exitcode == -signal.SIGKILL for failure in error.failures.values()):
            os.kill(os.getpid(), signal.SIGKILL)  # an end that the worker looks for: the kernel's, for lack of memory
        raise


if __name__ == "__main__":
    main(os.environ["TRAINER_PROCESSES"], sys.argv[1])
