"""The command line of Docker and of Compose, on the engine that `scripts/containers.sh` provides."""

import json
import shutil
import subprocess
import time

DOCKER_COMPOSE = ["docker-compose"] if shutil.which("docker-compose") else ["docker", "compose"]


def call(command, **options):
    """Run a command and return its standard output; a failure shows all that it printed."""
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, (
        f"{' '.join(map(str, command))}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    )
    return done.stdout


def docker(*arguments, **options):
    return call(["docker", *arguments], **options)


def run_image(image, *command, flags=()):
    """Run a command in a container without a terminal, and return the completed process."""
    return subprocess.run(
        ["docker", "run", "--rm", *flags, image, *command], capture_output=True, text=True, check=False
    )


def has_image(image):
    return (
        subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False).returncode
        == 0
    )


def eventually(ask, seconds, what):
    """Return the first true result of `ask`; OSError counts as false."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if found := ask():
                return found
        except OSError:
            pass
        assert time.monotonic() < deadline, what() if callable(what) else what
        time.sleep(1)


class Project:
    """A Compose project: its file in a checkout, which is the project's directory."""

    def __init__(self, file, directory, name, environ):
        self._command = [*DOCKER_COMPOSE, "-f", str(file), "--project-directory", str(directory), "-p", name]
        self._environ = environ
        self.name = name

    def compose(self, *arguments):
        return call([*self._command, *arguments], env=self._environ)

    def containers(self, service=None):
        """Return the state of each container, as `docker inspect` prints it."""
        only = [f"label=com.docker.compose.project={self.name}"]
        only += [f"label=com.docker.compose.service={service}"] if service else []
        filters = [part for text in only for part in ("--filter", text)]
        ids = docker("ps", "--all", "--quiet", *filters).split()
        return json.loads(docker("inspect", *ids)) if ids else []

    def execute(self, service, *command):
        return docker("exec", self.containers(service)[0]["Id"], *command)

    def logs(self):
        return self.compose("logs", "--no-color", "--tail", "30")


def volumes():
    return set(docker("volume", "ls", "--quiet").split())
