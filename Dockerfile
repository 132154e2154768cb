# The image of every Airflow container in docker-compose.yaml and deploy/helm/values.yaml.
#
# The official image comes with an Airflow of its own in its user's folder: some ninety
# providers, installed with that release's constraints. This project is pinned by its own locks, whose
# versions differ. So it gets a virtual environment beside it, which sees nothing of the image's
# packages: what runs here is what the locks say and the tests ran on, to the hash. Of the image remain
# the entry point, the user `airflow`, Python and the system's libraries.
ARG AIRFLOW_IMAGE=apache/airflow:3.3.2-python3.12
FROM ${AIRFLOW_IMAGE}

# The image makes pip install into the user's folder, which a virtual environment does not have.
ENV PIP_USER=false \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1

USER root
RUN install --directory --owner=airflow --group=0 --mode=0775 /opt/store-data
USER airflow
WORKDIR /opt/store-data

COPY requirements.txt requirements-cluster.txt ./
RUN python3 -m venv .venv \
    && .venv/bin/python -m pip install --no-deps --require-hashes --requirement requirements.txt --requirement requirements-cluster.txt
ENV VIRTUAL_ENV=/opt/store-data/.venv \
    PATH="/opt/store-data/.venv/bin:${PATH}"

COPY . .

# The code belongs to root: a task cannot change it. It must be readable whatever the umask of the
# machine that built the image was. `var` is where the volume goes; a new volume takes over its owner.
USER root
RUN chown --recursive root:0 config dags include manager plugins sandbox scheduler_manager.py \
    && chmod --recursive a+rX config dags include manager plugins sandbox scheduler_manager.py \
    && install --directory --owner=airflow --group=0 --mode=0770 var var/airflow var/logs
USER airflow

ENV SCHEDULER_ROOT=/opt/store-data \
    SCHEDULER_VAR=/opt/store-data/var \
    PYTHONPATH=/opt/store-data
