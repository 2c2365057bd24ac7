# The worker and the simulated shop, without the extra `demo` (embedded Kafka, its Java, and Redis).
FROM python:3.13.14-slim-bookworm AS build

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
WORKDIR /src

# Two environments: one builds the wheel, the other stays in the image and needs no pip.
COPY requirements/build.txt requirements/worker.txt ./
RUN python -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes --only-binary=:all: -r build.txt \
    && python -m venv --without-pip /opt/retention \
    && /opt/build/bin/pip --python /opt/retention/bin/python install --require-hashes --only-binary=:all: -r worker.txt

COPY pyproject.toml README.md LICENSE ./
COPY models models
COPY streams streams
COPY prometheus prometheus
RUN /opt/build/bin/python -m hatchling build -t wheel -d /tmp/wheel \
    && /opt/build/bin/pip --python /opt/retention/bin/python install --no-deps /tmp/wheel/*.whl \
    && /opt/retention/bin/python -m compileall -q /opt/retention/lib


FROM python:3.13.14-slim-bookworm

LABEL org.opencontainers.image.title="retention" \
      org.opencontainers.image.description="Live customer retention, response times and feedback from Kafka" \
      org.opencontainers.image.licenses="Apache-2.0"

RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin retention \
    && install -d -o retention -g retention /var/lib/retention
COPY --from=build /opt/retention /opt/retention

ENV PATH=/opt/retention/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    RETENTION_HOST=0.0.0.0 \
    RETENTION_DATA_DIR=/var/lib/retention
USER 10001:10001
WORKDIR /var/lib/retention
EXPOSE 6066
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=6 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:6066/live', timeout=2)"]
ENTRYPOINT ["retention"]
CMD ["worker"]
