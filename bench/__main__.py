"""`python -m bench [part …]`: runs parts, prints figure, target and verdict, and writes them into bench/README.md."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import chat, data, engine, load, machine, near_duplicates, readme, recipes, servers, start, upload
from bench.figures import Figure, table, taken_over

PREPARE = (["migrate", "--verbosity=0"], ["compile_translations"], ["collectstatic", "--noinput", "--verbosity=0"])


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """An installation of its own, with data of its own."""
    given = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL", "VAR_DIR")}
    own = {"VAR_DIR": str(folder), "PORT": str(machine.free_port()), "LOG_LEVEL": "WARNING"}
    return {**given, **own, "PYTHONWARNINGS": "ignore", **settings}


def in_django(part: str, **settings: str) -> list[Figure]:
    """Run `bench.<part>.main()` in a portal's own process, on an empty database."""
    with TemporaryDirectory(prefix="bench-var.") as folder:
        env = environment(Path(folder), **settings)
        env["BENCH_FIGURES"] = f"{folder}/figures.json"
        code = f"from bench.{part} import main; main()"
        for line in [*PREPARE, ["shell", "--no-imports", "-c", code]]:
            subprocess.run([sys.executable, "manage.py", *line], cwd=machine.ROOT, env=env, check=True)
        return taken_over(Path(env["BENCH_FIGURES"]))


def lists() -> Iterator[Figure]:
    yield from in_django("lists")
    with servers.postgres() as url:
        yield from in_django("lists", DATABASE_URL=url)


def sweep() -> Iterator[Figure]:
    yield from in_django("sweep")
    with servers.postgres() as url:
        yield from in_django("sweep", DATABASE_URL=url)


def pages() -> Iterator[Figure]:
    yield from in_django("pages")


def paid_runs() -> Iterator[Figure]:
    yield from in_django("paid_runs")
    with servers.postgres() as url:
        yield from in_django("paid_runs", DATABASE_URL=url)


def evaluations() -> Iterator[Figure]:
    yield from in_django("evaluations")
    with servers.postgres() as url:
        yield from in_django("evaluations", DATABASE_URL=url)


PARTS: dict[str, Callable[[], Iterator[Figure]]] = {
    "start": start.figures,
    "upload": upload.figures,
    "lists": lists,
    "sweep": sweep,
    "data": data.figures,
    "near_duplicates": near_duplicates.figures,
    "pages": pages,
    "recipes": recipes.figures,
    "paid_runs": paid_runs,
    "evaluations": evaluations,
    "chat": chat.figures,
    "engine": engine.figures,
}
LOAD = "load"  # not among the parts that run without being named: it takes a quarter of an hour


def measure(name: str) -> list[Figure]:
    about, more = machine.about(), ""
    if name == LOAD:
        figures, more = load.run()
    else:
        figures = list(PARTS[name]())
    print(table(figures), more, sep="\n\n", flush=True)
    readme.write(name, about, figures, more)
    return figures


def main() -> int:
    wanted = sys.argv[1:] or list(PARTS)
    if unknown := set(wanted) - {*PARTS, LOAD}:
        print(f"No such part: {', '.join(sorted(unknown))}. There are: {', '.join([*PARTS, LOAD])}.")
        return 2
    failed = sum(not figure.reached for name in wanted for figure in measure(name))
    print(f"{failed} figures do not reach their target." if failed else "Every target is reached.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
