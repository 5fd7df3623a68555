"""Copy the front-end files we serve from npm packages into static/vendor, and lock what was copied.

Run by hand after package.json changed: `python scripts/vendor.py`. It installs the locked packages with npm
into a throw-away directory, rebuilds static/vendor from them and writes vendor.lock.json (path -> SHA-256),
which tests/test_vendor.py holds the files against. A `sourceMappingURL` line is dropped: the map is not served,
and Django's manifest storage refuses a reference to a file that is not there.
"""

import hashlib
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "static" / "vendor"
LOCK = VENDOR / "vendor.lock.json"
SOURCE_MAP = re.compile(rb"\n?(//[#@] sourceMappingURL=[^\n]*|/\*[#@] sourceMappingURL=[^*]*\*/)\n?")

# What each package gives: globs inside the package -> where they land under static/vendor/NAME-VERSION/.
TAKE = {
    "pretendard": {
        "dist/LICENSE.txt": "",
        "dist/web/variable/pretendardvariable-dynamic-subset.css": "",
        "dist/web/variable/woff2-dynamic-subset/*.woff2": "woff2-dynamic-subset",
    },
    "uplot": {"LICENSE": "", "dist/uPlot.iife.min.js": "", "dist/uPlot.min.css": ""},
    "idiomorph": {"LICENSE": "", "dist/idiomorph-ext.min.js": ""},
    "lucide-static": {"LICENSE": ""},
}
ICONS = """
    activity archive arrow-left arrow-right ban bell box braces calendar-clock chart-line check chevron-down
    chevron-right chevrons-up-down circle-alert circle-check circle-dashed circle-pause circle-play
    circle-question-mark circle-x clock cloud-upload coins copy cpu database download ellipsis eraser external-link
    eye file-check file-text file-x flag flask-conical git-fork hard-drive history info key-round languages
    life-buoy link list loader-circle lock log-out mail menu messages-square minus monitor moon pause pencil play
    plug plus refresh-cw rotate-ccw save search send settings shield-check sliders-horizontal sparkles square
    sticky-note sun thermometer trash-2 triangle-alert unplug upload user user-plus users wallet wand-sparkles x
""".split()  # noqa: SIM905
TAKE["lucide-static"] |= {f"icons/{name}.svg": "" for name in ICONS}


def install(into: Path) -> Path:
    """Install the locked packages below `into` with npm's ordinary client; their directory."""
    for name in ("package.json", "package-lock.json"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, into)
    command = "ci" if (into / "package-lock.json").exists() else "install"
    flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--omit-lockfile-registry-resolved"]
    subprocess.run(["npm", command, *flags], cwd=into, check=True)  # noqa: S603, S607
    shutil.copy(into / "package-lock.json", ROOT)
    return into / "node_modules"


def copy_package(package: Path, globs: dict[str, str]) -> None:
    """Copy one package's files to static/vendor/NAME-VERSION/."""
    version = json.loads((package / "package.json").read_text())["version"]
    for glob, folder in globs.items():
        found = sorted(package.glob(glob))
        if not found:
            raise SystemExit(f"{package.name} {version} has no {glob}")
        target = VENDOR / f"{package.name}-{version}" / folder
        target.mkdir(parents=True, exist_ok=True)
        for source in found:
            content = source.read_bytes()
            if source.suffix in {".js", ".css"}:
                content = SOURCE_MAP.sub(b"", content)
            (target / source.name).write_bytes(content)


def digests() -> dict[str, str]:
    """SHA-256 of every vendored file by its path below static/vendor."""
    files = sorted(path for path in VENDOR.rglob("*") if path.is_file() and path != LOCK)
    return {path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        modules = install(Path(temporary))
        shutil.rmtree(VENDOR, ignore_errors=True)
        for name, globs in TAKE.items():
            copy_package(modules / name, globs)
    LOCK.write_text(json.dumps(digests(), indent=1) + "\n")


if __name__ == "__main__":
    main()
