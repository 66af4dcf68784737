# The pipeline and Airflow in one image: every part of Airflow and every task runs from it.
# Built and run as docs/how-to/run-in-containers.md says. Whatever is installed is pinned by hash, the base by digest.
ARG PYTHON=docker.io/library/python:3.11-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b

FROM ${PYTHON} AS build
WORKDIR /src
ENV UV_NO_CACHE=1 UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 SOURCE_DATE_EPOCH=1577836800
COPY requirements-uv.lock requirements-build.lock requirements-image.lock ./
RUN python -m venv /uv \
 && /uv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-uv.lock \
 && /uv/bin/uv venv /build \
 && /uv/bin/uv pip install --require-hashes --no-deps --python /build/bin/python -r requirements-build.lock \
 && /uv/bin/uv venv /opt/gelombang \
 && /uv/bin/uv pip install --require-hashes --no-deps --python /opt/gelombang/bin/python -r requirements-image.lock
COPY pyproject.toml README.md LICENSE ./
COPY data data
COPY checks checks
COPY dags dags
COPY pipeline pipeline
RUN /build/bin/python -m hatchling build --target wheel --directory /dist \
 && /uv/bin/uv pip install --no-deps --no-build-isolation --python /opt/gelombang/bin/python /dist/*.whl

FROM ${PYTHON}
# The user that the official Helm chart runs as. Nothing below / is theirs but what is mounted.
RUN useradd --uid 50000 --gid 0 --home-dir /opt/airflow --no-create-home --shell /usr/sbin/nologin airflow \
 && install --directory --owner 50000 --group 0 --mode 0700 /opt/airflow /opt/airflow/logs \
    /var/lib/gelombang /var/lib/gelombang/mirror /var/lib/gelombang/secrets /var/lib/gelombang/state
COPY --from=build /opt/gelombang /opt/gelombang
RUN ln -s /opt/gelombang/lib/python3.11/site-packages/pipeline/dags /opt/dags
# GELOMBANG_SECRETS names a folder that is mounted; no secret is in the image.
# hadolint ignore=DL3064
ENV PATH=/opt/gelombang/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    AIRFLOW_HOME=/opt/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/dags \
    AIRFLOW__CORE__LOAD_EXAMPLES=False \
    AIRFLOW__USAGE_DATA_COLLECTION__ENABLED=False \
    GX_ANALYTICS_ENABLED=false \
    GELOMBANG_MIRROR=/var/lib/gelombang/mirror \
    GELOMBANG_SECRETS=/var/lib/gelombang/secrets \
    GELOMBANG_STATE=/var/lib/gelombang/state
USER 50000:0
WORKDIR /opt/airflow
CMD ["gelombang", "--help"]
