"""Apache Kafka's jars: fetched by jgo, pinned one by one by sha256 in kafka.lock.toml, checked before every start.

`python -m deploy.local.kafka_jars` resolves them anew and writes the lock (`make lock`).
"""

import hashlib
import os
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from deploy.local.failures import JarsOutOfReach, WrongChecksum

LOCK = Path(__file__).parent / "kafka.lock.toml"
SERVER = "org.apache.kafka:kafka_2.13:4.3.1+org.apache.kafka:kafka-tools:4.3.1"
# Never in the endpoint of the server: its managed versions would pull kafka-clients down and the broker would not start.
LOGGING = "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4"
# Beyond this a firewall that drops packets would keep a person waiting. Seconds to connect, and between two reads.
FETCH_TIMEOUT_S = 10


def pinned(lock: Path = LOCK) -> dict[str, str]:
    """group:artifact:version -> sha256 of its jar."""
    jars: dict[str, str] = tomllib.loads(lock.read_text(encoding="utf-8"))["jars"]
    return jars


def file_name(coordinate: str) -> str:
    """artifact-version.jar, as Maven names it."""
    _, artifact, version = coordinate.split(":")
    return f"{artifact}-{version}.jar"


def jars(cache: Path, say: Callable[[str], None], pins: Mapping[str, str] | None = None) -> list[Path]:
    """Every pinned jar, in the cache and checked; what is missing is fetched first.

    Raises WrongChecksum for a jar that is not the pinned one, also one in the cache; JarsOutOfReach when fetching fails.
    """
    pins = pinned() if pins is None else pins
    cache.mkdir(parents=True, exist_ok=True)
    paths = {coordinate: cache / file_name(coordinate) for coordinate in pins}
    missing = [coordinate for coordinate, path in paths.items() if not path.exists()]
    if missing:
        say(f"fetching {len(missing)} jars of Apache Kafka 4.3.1 (59 MB in all) into {cache}")
        _fetch(missing, pins, cache)
    for coordinate, path in paths.items():
        _check(path, pins[coordinate])
    return list(paths.values())


def _fetch(coordinates: Iterable[str], pins: Mapping[str, str], cache: Path) -> None:
    """One after another (7 s; the resolving is what is slow, and the lock spares us that), into a folder of our own:

    a jar appears in the cache whole and checked, or not at all, also when two streets fetch at once.
    """
    from jgo.maven import MavenContext  # here: a third of a second for what happens once
    from requests import RequestException

    with tempfile.TemporaryDirectory(dir=cache, prefix=".fetching-") as folder:
        context = MavenContext(repo_cache=Path(folder), timeout=FETCH_TIMEOUT_S)
        for coordinate in coordinates:
            artifact = context.create_dependency(coordinate).artifact
            try:
                jar = artifact.resolve()
            except (RequestException, RuntimeError) as error:
                raise JarsOutOfReach(
                    f"Apache Kafka's jars cannot be fetched from the Maven registry ({type(error).__name__}). "
                    "SLUSS_KAFKA=host:port names a broker of your own, SLUSS_CACHE a folder that has them."
                ) from error
            _check(jar, pins[coordinate])
            os.replace(jar, cache / file_name(coordinate))


def _check(jar: Path, sha256: str) -> None:
    if hashlib.sha256(jar.read_bytes()).hexdigest() != sha256:
        raise WrongChecksum(
            f"{jar.name} is not the jar that kafka.lock.toml pins (sha256 differs). It is not used; remove {jar} to fetch it again."
        )


def resolve() -> dict[str, str]:
    """What the registry resolves today: coordinate -> sha256. Refuses a kafka-clients that is not the server's own version."""
    from jgo.env import EnvironmentBuilder, LinkStrategy
    from jgo.maven import MavenContext

    found: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        for endpoint in (SERVER, LOGGING):
            context = MavenContext(repo_cache=Path(folder) / "m2", timeout=FETCH_TIMEOUT_S)
            builder = EnvironmentBuilder(context=context, link_strategy=LinkStrategy.HARD, cache_dir=Path(folder) / "env")
            environment = builder.from_endpoint(endpoint)
            locked = tomllib.loads((environment.path / "jgo.lock.toml").read_text(encoding="utf-8"))["dependencies"]
            wanted = locked if endpoint == SERVER else [one for one in locked if one["artifactId"] == "log4j-slf4j-impl"]
            found |= {f"{one['groupId']}:{one['artifactId']}:{one['version']}": one["sha256"] for one in wanted}
    if "org.apache.kafka:kafka-clients:4.3.1" not in found:
        raise WrongChecksum("The resolver chose another kafka-clients than 4.3.1: the broker would not start.")
    return dict(sorted(found.items()))


if __name__ == "__main__":
    lines = [f'"{coordinate}" = "{sha256}"\n' for coordinate, sha256 in resolve().items()]
    LOCK.write_text(
        "# Apache Kafka 4.3.1 and what it needs: sha256 of each jar. Written by `make lock`.\n[jars]\n" + "".join(lines), encoding="utf-8"
    )
