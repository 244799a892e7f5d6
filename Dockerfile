# syntax=docker/dockerfile:1
# The service, nights and luigid in one image:  docker build --tag nightsieve .
# With the example of examples/django-inbox:    docker build --target inbox --tag nightsieve-inbox .

FROM python:3.11-slim-bookworm AS packages
WORKDIR /source
COPY requirements/core.lock requirements/serve.lock requirements/
RUN python -m venv /opt/nightsieve \
    && /opt/nightsieve/bin/python -m pip install --no-cache-dir --disable-pip-version-check \
        --only-binary :all: --require-hashes \
        --requirement requirements/core.lock --requirement requirements/serve.lock
COPY setup.py pyproject.toml README.md LICENSE ./
COPY config/ config/
COPY scorers/ scorers/
COPY pipeline/ pipeline/
COPY tasks/ tasks/
COPY nightsieve/ nightsieve/
RUN /opt/nightsieve/bin/python -m pip install --no-cache-dir --disable-pip-version-check \
        --no-deps --no-build-isolation .

FROM packages AS inbox-packages
COPY requirements/examples.lock requirements/
RUN /opt/nightsieve/bin/python -m pip install --no-cache-dir --disable-pip-version-check \
        --only-binary :all: --require-hashes \
        --requirement requirements/core.lock --requirement requirements/serve.lock \
        --requirement requirements/examples.lock

FROM python:3.11-slim-bookworm AS base
# Volumes take their owner from these folders. A bucket is a folder of the S3 server.
RUN groupadd --gid 10001 nightsieve \
    && useradd --uid 10001 --gid 10001 --no-log-init --create-home \
        --home-dir /var/lib/nightsieve nightsieve \
    && install --directory --owner 10001 --group 10001 --mode 0700 \
        /var/lib/nightsieve/s3 /var/lib/nightsieve/s3/nightsieve \
        /var/lib/nightsieve/config /var/lib/nightsieve/config/nightsieve \
        /var/lib/nightsieve/luigid /var/lib/nightsieve/cache
ENV PATH=/opt/nightsieve/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    XDG_CONFIG_HOME=/var/lib/nightsieve/config \
    XDG_CACHE_HOME=/var/lib/nightsieve/cache
WORKDIR /var/lib/nightsieve
USER 10001:10001

FROM base AS inbox
LABEL org.opencontainers.image.title="nightsieve-inbox" \
    org.opencontainers.image.description="An inbox whose messages a Nightsieve model labels" \
    org.opencontainers.image.licenses="MIT"
COPY --from=inbox-packages /opt/nightsieve /opt/nightsieve
COPY examples/django-inbox/ /opt/inbox/
WORKDIR /opt/inbox
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/health', timeout=4)"]
CMD ["uvicorn", "--host", "0.0.0.0", "--port", "8080", "--no-server-header", "website.asgi:application"]

FROM base AS nightsieve
LABEL org.opencontainers.image.title="nightsieve" \
    org.opencontainers.image.description="Retrains a message classifier every night, and serves it" \
    org.opencontainers.image.licenses="MIT"
COPY --from=packages /opt/nightsieve /opt/nightsieve
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/live', timeout=4)"]
# No entry point: nightsieve, luigi and python are programs of this image.
CMD ["nightsieve", "serve", "--host", "0.0.0.0"]
