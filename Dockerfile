# The worker and the simulated shop, without the extra `demo` (embedded Kafka, its Java, and Redis).
# How to build it behind a mirror: docs/how-to/build-the-image.md.
ARG PYTHON_IMAGE=python:3.13.14-slim-bookworm
FROM ${PYTHON_IMAGE} AS build

ARG PIP_INDEX_URL
# The system's certificates, because pip would not trust the authority of a company.
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt
COPY deploy/certificates /usr/local/share/ca-certificates/retention
RUN update-ca-certificates

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_NO_COMPILE=1
WORKDIR /src

# Two environments: one builds the wheel, the other stays in the image and needs no pip.
COPY requirements/build.txt requirements/worker.txt ./
RUN python -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes --only-binary=:all: -r build.txt \
    && python -m venv --without-pip /opt/retention \
    && /opt/build/bin/pip --python /opt/retention/bin/python install --require-hashes --only-binary=:all: -r worker.txt

# What no command needs: tests, sources of compiled modules and scripts of dependencies, parts of NumPy, the time zones of
# pytz (Python's own are used), and Pygments (Rich colours source code with it).
RUN find /opt/retention/lib -regextype egrep \( -name tests -o -name pygments -o -path '*/pytz/zoneinfo' \
        -o -regex '.*/numpy/(f2py|fft|polynomial|random|_core/(_simd|_[a-z_]+_tests)\.[^/]+)' \
        \) -prune -exec rm -r {} + \
    && find /opt/retention/lib -type f -regextype egrep -regex '.*\.(c|cc|cpp|h|hpp|inc|pxd|pxi|pyi|pyx|a)' -delete \
    && find /opt/retention/bin -mindepth 1 ! -name 'python*' -delete

COPY pyproject.toml README.md LICENSE ./
COPY models models
COPY streams streams
COPY prometheus prometheus
RUN /opt/build/bin/python -m hatchling build -t wheel -d /tmp/wheel \
    && /opt/build/bin/pip --python /opt/retention/bin/python install --no-deps /tmp/wheel/*.whl \
    && /opt/retention/bin/python -m compileall -q -j 0 /opt/retention/lib


FROM ${PYTHON_IMAGE}

LABEL org.opencontainers.image.title="retention" \
      org.opencontainers.image.description="Live customer retention, response times and feedback from Kafka" \
      org.opencontainers.image.licenses="Apache-2.0"

RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin retention \
    && install -d -o retention -g retention /var/lib/retention
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /opt/retention /opt/retention

# RETENTION_IN_IMAGE: an error about a missing package then names no pip, which the environment does not have.
ENV PATH=/opt/retention/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    RETENTION_HOST=0.0.0.0 \
    RETENTION_DATA_DIR=/var/lib/retention \
    RETENTION_IN_IMAGE=1
USER 10001:10001
WORKDIR /var/lib/retention
EXPOSE 6066
STOPSIGNAL SIGTERM
# By a plain socket and without `site`: an HTTP client would take several times as long to import.
HEALTHCHECK --interval=10s --timeout=10s --start-period=10m --retries=6 \
    CMD ["python", "-I", "-S", "-c", "import socket; s = socket.create_connection(('127.0.0.1', 6066), 9); s.sendall(b'GET /live HTTP/1.0\\r\\n\\r\\n'); raise SystemExit(b' 200 ' not in s.recv(64))"]
ENTRYPOINT ["retention"]
CMD ["worker"]
